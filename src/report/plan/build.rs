use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::answer::{
    CurvePoint, PlanCostCentre, PlanRegistry, PlanRepository, PlanWave, SwitchPlan, UnplannedRepository,
};
use super::effort::{RepositoryEffort, common_unit, days, parts, per_day};
use super::money::{Bill, effort_cost, total};
use crate::oci::{RegistryName, RepositoryName};
use crate::plan::{Candidate, Step, SwitchGraph, SwitchOrder, waves};
use crate::report::cells::grouped;
use crate::report::{AnalysedRegistry, AnalysisInputs, LastCrawl, ReportError};
use crate::units::{ByteCount, ByteOverflow};
use crate::whatif::{Composition, SavingEstimate, Verdict};

/// The largest number of waves. Our choice: each wave is billed, and more of them tell no more.
pub const MOST_WAVES: usize = 100;

/// The question that a plan answers.
pub struct PlanQuestion<'a> {
    /// What the analysis rests on; the costs have price books, efforts and cost centres.
    pub inputs: &'a AnalysisInputs,
    /// Which repositories may switch, of those that should. All others stay as they are.
    pub is_chosen: &'a (dyn Fn(&RegistryName, &RepositoryName) -> bool + Sync),
    /// The largest number of waves.
    pub most_waves: usize,
    /// The largest effort in days; `None` for no limit.
    pub most_effort: Option<Decimal>,
}

/// A registry with the best order of its repositories.
struct Ordered<'a> {
    registry: &'a AnalysedRegistry,
    candidates: Vec<Candidate>,
    efforts: Vec<RepositoryEffort>,
    /// The candidates that are in no step.
    left_out: Vec<u32>,
    has_steps: bool,
    undecided_bytes: i128,
    bill: Bill<'a>,
    cost_centres: Vec<Option<String>>,
    /// Whether each repository, by its place in the registry, has switched in the waves so far.
    is_switched: Vec<bool>,
}

/// A step of one of the registries.
struct PlannedStep {
    registry: usize,
    step: Step,
}

impl SwitchPlan {
    /// The plan of these registries.
    ///
    /// # Errors
    /// If bytes, efforts or amounts are too large to add up.
    pub fn new<'a>(
        registries: impl IntoIterator<Item = &'a AnalysedRegistry>,
        question: &PlanQuestion<'a>,
    ) -> Result<Self, ReportError> {
        let mut ordered = Vec::new();
        let mut steps = Vec::new();
        for (number, registry) in registries.into_iter().enumerate() {
            let (own, order) = Ordered::new(registry, question)?;
            ordered.push(own);
            let own = order.steps.into_iter();
            steps.extend(own.map(|step| PlannedStep {
                registry: number,
                step,
            }));
        }
        // Stable: the steps of each registry stay in their order.
        steps.sort_by(|one, other| one.step.compare(&other.step));
        let unit = common_unit(
            ordered
                .iter()
                .flat_map(|own| own.efforts.iter().map(|effort| effort.parts)),
        );
        let (steps, missed) = within(steps, question.most_effort.map(parts), unit);

        let mut plan = Self::empty(&ordered, question)?;
        plan.missed_at_most_bytes = bytes(missed)?;
        plan.curve = curve(&steps)?;
        plan.effort_days = days(steps.iter().map(|own| own.step.effort).sum());
        let ends = waves(steps.iter().map(|own| &own.step), question.most_waves);
        let mut begin = 0;
        for (number, end) in (1..).zip(ends) {
            plan.add_wave(number, begin, &steps[begin..end], unit, &mut ordered)?;
            begin = end;
        }
        if let Some(last) = plan.waves.last() {
            plan.saving_bytes = last.total_saving_bytes;
            plan.saving_cost = last.total_saving_cost;
        }
        plan.finish(&ordered);
        Ok(plan)
    }

    /// A plan in which nothing switches.
    fn empty(ordered: &[Ordered<'_>], question: &PlanQuestion<'_>) -> Result<Self, ReportError> {
        let mut stored_bytes = ByteCount::ZERO;
        for own in ordered {
            let stored = own.stored_bytes();
            stored_bytes = stored_bytes
                .checked_add(stored)
                .map_err(ReportError::overflow(own.registry.name()))?;
        }
        Ok(Self {
            saving_bytes: SavingEstimate::default(),
            saving_cost: None,
            stored_bytes,
            effort_days: Decimal::ZERO,
            most_effort_days: question.most_effort,
            missed_at_most_bytes: ByteCount::ZERO,
            waves: Vec::new(),
            curve: Vec::new(),
            repositories: Vec::new(),
            unplanned: Vec::new(),
            cost_centres: Vec::new(),
            registries: Vec::new(),
            notes: Vec::new(),
        })
    }

    fn add_wave(
        &mut self,
        wave: usize,
        first_step: usize,
        steps: &[PlannedStep],
        unit: u64,
        ordered: &mut [Ordered<'_>],
    ) -> Result<(), ReportError> {
        let mut configured = Vec::new();
        for (number, planned) in (first_step + 1..).zip(steps) {
            let own = &mut ordered[planned.registry];
            for (&index, &share) in planned.step.repositories.iter().zip(&planned.step.shares) {
                let effort = own.efforts[index as usize];
                configured.push(effort.configured);
                self.repositories
                    .push(own.row(index as usize, (wave, number), signed(share)?));
                own.is_switched[own.candidates[index as usize].place] = true;
            }
        }
        let mut savings = Vec::new();
        let mut saved = SavingEstimate::default();
        for own in ordered.iter().filter(|own| own.has_steps) {
            let overflow = |source| ReportError::overflow(own.registry.name())(source);
            let graph = &own.registry.analysis.counterfactual;
            let outcome = graph
                .switching(|place| own.is_switched[place])
                .map_err(overflow)?;
            saved = saved
                .checked_add(outcome.registry.saving_bytes)
                .map_err(overflow)?;
            savings.push(own.bill.saving(&outcome)?);
        }
        let effort: u64 = steps.iter().map(|own| own.step.effort).sum();
        let missed = steps.iter().map(|own| own.step.missed_at_most(unit)).max();
        let last = steps.last().map(|own| &own.step);
        let per_day = last.and_then(|step| per_day(step.saving, step.effort));
        let days_before = self
            .waves
            .last()
            .map_or(Decimal::ZERO, |before| before.total_effort_days);
        self.waves.push(PlanWave {
            wave,
            repositories: configured.len(),
            effort_days: days(effort),
            total_effort_days: (days_before + days(effort)).normalize(),
            effort_cost: effort_cost(configured)?,
            saving_bytes: signed(steps.iter().map(|own| own.step.saving).sum())?,
            total_saving_bytes: saved,
            total_saving_cost: total(savings)?,
            saving_bytes_per_day: per_day.map(signed).transpose()?,
            missed_at_most_bytes: bytes(missed.unwrap_or_default())?,
        });
        Ok(())
    }

    /// Adds what is said of registries and cost centres.
    fn finish(&mut self, ordered: &[Ordered<'_>]) {
        for own in ordered {
            own.add_unplanned(&mut self.unplanned, self.most_effort_days.is_some());
            own.add_notes(&mut self.notes);
            let source = &own.registry.content.source;
            self.registries.push(PlanRegistry {
                registry: source.registry.clone(),
                as_of: source.as_of,
                complete: source.last_crawl == LastCrawl::Complete,
                stored_bytes: own.stored_bytes(),
                repositories: own.is_switched.iter().filter(|switched| **switched).count(),
            });
        }
        let assumed = self
            .repositories
            .iter()
            .filter(|row| row.effort_is_assumed)
            .count();
        if assumed > 0 {
            self.notes.push(format!(
                "No [[effort]] is configured for {} of the repositories in the plan; one day is assumed for each.",
                grouped(assumed)
            ));
        }
        let mut centres: BTreeMap<Option<String>, PlanCostCentre> = BTreeMap::new();
        for row in &self.repositories {
            let centre = centres.entry(row.cost_centre.clone());
            let centre = centre.or_insert_with(|| PlanCostCentre {
                cost_centre: row.cost_centre.clone(),
                repositories: 0,
                effort_days: Decimal::ZERO,
                saving_bytes: 0,
            });
            centre.repositories += 1;
            centre.effort_days += row.effort_days;
            // Parts of the plan's saving, which fits.
            centre.saving_bytes = centre.saving_bytes.saturating_add(row.saving_bytes);
        }
        self.cost_centres = centres.into_values().collect();
    }
}

impl<'a> Ordered<'a> {
    fn new(
        registry: &'a AnalysedRegistry,
        question: &PlanQuestion<'a>,
    ) -> Result<(Self, SwitchOrder), ReportError> {
        let costs = &question.inputs.costs;
        let name = registry.name();
        let graph = &registry.analysis.counterfactual;
        let nodes = &registry.content.inventory.repositories;
        let should_switch = |place: usize| {
            registry.analysis.repositories[place].verdict.verdict == Verdict::Switch
                && (question.is_chosen)(name, &nodes[place].name)
        };
        let places: Vec<usize> = (0..nodes.len()).filter(|&place| should_switch(place)).collect();
        let efforts: Vec<RepositoryEffort> = places
            .iter()
            .map(|&place| RepositoryEffort::new(costs, name, &nodes[place].name))
            .collect();
        let candidates: Vec<Candidate> = places
            .iter()
            .zip(&efforts)
            .map(|(&place, effort)| Candidate {
                place,
                effort: effort.parts,
            })
            .collect();
        let graph = SwitchGraph::from_counterfactual(graph, &candidates);
        let graph = graph.map_err(|source| ReportError::Plan {
            registry: name.clone(),
            source,
        })?;
        let bill = Bill::new(registry, costs);
        let order = graph.order();
        let own = Self {
            registry,
            candidates,
            efforts,
            left_out: order.left_out.clone(),
            has_steps: !order.steps.is_empty(),
            undecided_bytes: graph.undecided_bytes(),
            cost_centres: bill.cost_centres(),
            bill,
            is_switched: vec![false; nodes.len()],
        };
        Ok((own, order))
    }

    fn stored_bytes(&self) -> ByteCount {
        self.registry.accounting.registry.stored_bytes
    }

    fn repository(&self, index: usize) -> &RepositoryName {
        let place = self.candidates[index].place;
        &self.registry.content.inventory.repositories[place].name
    }

    fn row(&self, index: usize, (wave, step): (usize, usize), saving_bytes: i64) -> PlanRepository {
        let place = self.candidates[index].place;
        let effort = self.efforts[index];
        let analysis = &self.registry.analysis;
        let representative = analysis.repositories[place].representative;
        let composition = representative.and_then(|image| analysis.images[image].composition.as_ref());
        PlanRepository {
            wave,
            step,
            registry: self.registry.name().clone(),
            repository: self.repository(index).clone(),
            cost_centre: self.cost_centres[place].clone(),
            effort_days: days(effort.parts),
            effort_is_assumed: effort.configured.is_none(),
            saving_bytes,
            change: composition.and_then(Composition::change),
        }
    }

    fn add_unplanned(&self, unplanned: &mut Vec<UnplannedRepository>, is_limited: bool) {
        let mut add = |index: usize, reason: &str| {
            unplanned.push(UnplannedRepository {
                registry: self.registry.name().clone(),
                repository: self.repository(index).clone(),
                effort_days: days(self.efforts[index].parts),
                reason: reason.to_owned(),
            });
        };
        for index in 0..self.candidates.len() {
            if self.left_out.binary_search(&(index as u32)).is_ok() {
                add(
                    index,
                    "its switch would add at least as many bytes as it frees, whichever others switch",
                );
            } else if is_limited && !self.is_switched[self.candidates[index].place] {
                add(index, "it comes after the allowed effort");
            }
        }
    }

    fn add_notes(&self, notes: &mut Vec<String>) {
        let name = self.registry.name();
        if self.registry.content.source.last_crawl != LastCrawl::Complete {
            notes.push(format!(
                "{name}: the last crawl has not read everything, so something may be missing."
            ));
        }
        let undecided = ByteCount::try_from(self.undecided_bytes.unsigned_abs()).unwrap_or(ByteCount::MAX);
        if undecided > ByteCount::ZERO {
            notes.push(format!(
                "{name}: {undecided} are in layers that some repositories would release and others would start to use. The order \
                 counts them as kept, so another order could save at most that much more."
            ));
        }
    }
}

/// The steps that fit into an effort, and how much more another choice could save with it at most.
fn within(mut steps: Vec<PlannedStep>, most: Option<u64>, unit: u64) -> (Vec<PlannedStep>, i128) {
    let Some(most) = most else { return (steps, 0) };
    let mut effort = 0_u64;
    let fitting = steps.iter().take_while(|own| {
        effort = effort.saturating_add(own.step.effort);
        effort <= most
    });
    let count = fitting.count();
    let next = steps.get(count).map(|own| &own.step);
    let missed = next.map_or(0, |next| {
        let left = most - (effort - next.effort);
        // Efforts are multiples of the unit.
        next.saving * i128::from(left - left % unit) / i128::from(next.effort)
    });
    steps.truncate(count);
    (steps, missed)
}

fn curve(steps: &[PlannedStep]) -> Result<Vec<CurvePoint>, ReportError> {
    let mut points = Vec::with_capacity(steps.len() + 1);
    let (mut repositories, mut effort, mut saving) = (0, 0, 0);
    points.push((repositories, effort, saving));
    for own in steps {
        repositories += own.step.repositories.len();
        effort += own.step.effort;
        saving += own.step.saving;
        points.push((repositories, effort, saving));
    }
    let points = points.into_iter().map(|(repositories, effort, saving)| {
        Ok(CurvePoint {
            repositories,
            effort_days: days(effort),
            saving_bytes: signed(saving)?,
        })
    });
    points.collect()
}

fn signed(bytes: i128) -> Result<i64, ReportError> {
    i64::try_from(bytes).map_err(|_| too_large())
}

fn bytes(bytes: i128) -> Result<ByteCount, ReportError> {
    let bytes = u128::try_from(bytes).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(too_large)
}

/// The registries together come to more than 63 bits.
fn too_large() -> ReportError {
    ReportError::OverflowOfAll(ByteOverflow.into())
}
