//! The headline of some repositories.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::cost::{RegistryCost, in_months};
use super::cost_on_alpine::Work;
use super::document::RepositoryRow;
use super::group::{GroupError, GroupRow};
use super::group_cost::GroupCost;
use super::headline::{Advice, Headline, HeadlineCost, HeadlinePlan, OldestImage, SavingArrival};
use super::headline_text;
use crate::cost::Worth;
use crate::oci::RegistryName;
use crate::pricing::{Effort, payback};
use crate::pulls::PullSource;
use crate::units::{Currency, Money, MoneyError};
use crate::whatif::Verdict;

/// The effort of the repositories that are worth moving in one currency.
#[derive(Default)]
struct Efforts {
    days: Decimal,
    cost: Option<Money>,
    is_unknown: bool,
}

impl Headline {
    /// The headline of these repositories. `registries` holds the registries of which all repositories are among `rows`,
    /// with their costs.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn new<'a>(
        rows: impl IntoIterator<Item = &'a RepositoryRow>,
        registries: impl IntoIterator<Item = (&'a RegistryName, &'a RegistryCost)>,
        complete: bool,
    ) -> Result<Self, GroupError> {
        let rows: Vec<&RepositoryRow> = rows.into_iter().collect();
        let registries: Vec<_> = registries.into_iter().collect();
        let mut sums = GroupRow::from_rows(rows.iter().copied())?;
        for (_, cost) in &registries {
            sums.add_unallocated(cost.unallocated)?;
        }
        let counted = |is: &dyn Fn(&RepositoryRow) -> bool| rows.iter().filter(|row| is(row)).count();
        let worth_it = counted(&|row| row.worth == Some(Worth::WorthIt));
        let not_worth_it = counted(&|row| row.worth.is_some_and(|worth| worth != Worth::WorthIt));
        let without_costs = counted(&is_unpriced_switch);
        let repositories = worth_it + without_costs;
        let efforts = efforts(&rows)?;
        let costs = sums.costs.iter().map(|cost| {
            let reasons = registries.iter().filter_map(|(_, own)| {
                let alpine = own.alpine.as_ref()?;
                (own.parts.total.currency() == cost.parts.total.currency()).then_some(alpine)
            });
            let mut reasons = reasons.map(|alpine| alpine.nothing_saved_because.as_ref());
            let first = reasons.next().flatten();
            let reason = first.filter(|first| reasons.all(|other| other == Some(first)));
            HeadlineCost::new(cost, efforts.get(cost.parts.total.currency().code()), reason)
        });
        let mut headline = Self {
            text: String::new(),
            advice: match (repositories, not_worth_it) {
                _ if rows.is_empty() => Advice::NothingStored,
                (0, 0) => Advice::NothingToMove,
                (0, _) => Advice::NothingWorthIt,
                _ => Advice::Move,
            },
            repositories,
            not_worth_it,
            without_costs,
            stored_bytes: sums.attributed_bytes,
            saving_bytes: sums.joint_saving_bytes,
            costs: costs.collect::<Result<_, _>>()?,
            assumed_pulls_registry: assumed_pulls_registry(&rows),
            cheaper_plans: registries
                .iter()
                .filter_map(|(registry, cost)| {
                    Some(HeadlinePlan {
                        registry: (*registry).clone(),
                        plan: cost.cheaper_plan.clone()?,
                    })
                })
                .collect(),
            arrival: None,
            complete,
        };
        if headline.advice == Advice::Move {
            let oldest_image = oldest_image(&rows);
            headline.arrival = Some(SavingArrival {
                text: headline_text::arrival(&headline.costs, oldest_image.as_ref()),
                oldest_image,
            });
        }
        headline.text = headline_text::text(&headline);
        Ok(headline)
    }

    /// The headline if there are registries and all of them are left out.
    ///
    /// # Errors
    /// As with [`Self::new`].
    pub(super) fn of_left_out() -> Result<Self, GroupError> {
        let mut headline = Self::new([], [], false)?;
        headline.advice = Advice::AllLeftOut;
        headline.text = headline_text::text(&headline);
        Ok(headline)
    }
}

impl HeadlineCost {
    fn new(
        cost: &GroupCost,
        efforts: Option<&Efforts>,
        nothing_saved_because: Option<&String>,
    ) -> Result<Self, MoneyError> {
        let work = efforts.filter(|efforts| !efforts.is_unknown).and_then(|efforts| {
            Some(Work {
                days: efforts.days.normalize(),
                cost: efforts.cost?,
            })
        });
        let whole = |work: &Work| Effort {
            days: Decimal::ONE,
            day_rate: work.cost,
        };
        // The effort is in the currency of the saving, else it could not have been compared with it.
        let payback = work
            .as_ref()
            .and_then(|work| payback(whole(work), cost.worth_it_saving).ok());
        Ok(Self {
            month: cost.parts.total,
            worth_it_saving: cost.worth_it_saving,
            transfer_saving: cost.worth_it_transfer_saving,
            storage_saving: cost.worth_it_saving.checked_sub(cost.worth_it_transfer_saving)?,
            saving: cost.saving,
            worth: cost.worth.clone(),
            work,
            payback_months: payback.map(in_months),
            assumed_pulls_share: cost.pulls.assumed_pulls_share,
            nothing_saved_because: nothing_saved_because.cloned(),
        })
    }
}

/// The oldest image of the repositories to move.
fn oldest_image(rows: &[&RepositoryRow]) -> Option<OldestImage> {
    let oldest = rows
        .iter()
        .filter(|row| row.worth == Some(Worth::WorthIt) || is_unpriced_switch(row))
        .filter_map(|row| Some((row.oldest_image?, row)))
        .min_by_key(|(built, _)| *built);
    oldest.map(|(built, row)| OldestImage {
        registry: row.registry.clone(),
        repository: row.totals.repository.clone(),
        built,
    })
}

/// Whether a repository should switch and nothing tells what that is worth.
fn is_unpriced_switch(row: &RepositoryRow) -> bool {
    let verdict = row.judged.as_ref().map(|judged| judged.verdict);
    row.cost.is_none() && verdict == Some(Verdict::Switch)
}

/// The registry of all repositories whose pulls are assumed; `None` if there are several.
fn assumed_pulls_registry(rows: &[&RepositoryRow]) -> Option<RegistryName> {
    let is_assumed = |row: &RepositoryRow| {
        let cost = row.cost.as_ref();
        cost.is_some_and(|cost| cost.pulls.source == PullSource::Assumed)
    };
    let mut registries = rows.iter().filter(|row| is_assumed(row)).map(|row| &row.registry);
    let first = registries.next()?;
    registries.all(|other| other == first).then(|| first.clone())
}

/// The efforts of the repositories that are worth moving, by the code of the currency.
fn efforts(rows: &[&RepositoryRow]) -> Result<BTreeMap<&'static str, Efforts>, MoneyError> {
    let mut efforts: BTreeMap<&'static str, Efforts> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.worth == Some(Worth::WorthIt)) {
        let Some(alpine) = row.cost.as_ref().and_then(|cost| cost.alpine.as_ref()) else {
            continue;
        };
        let currency: Currency = alpine.joint_saving.expected.currency();
        let own = efforts.entry(currency.code()).or_default();
        match alpine.work {
            None => own.is_unknown = true,
            Some(work) => {
                let so_far = own.cost.unwrap_or(Money::zero(work.cost.currency()));
                own.cost = Some(so_far.checked_add(work.cost)?);
                own.days += work.days;
            }
        }
    }
    Ok(efforts)
}
