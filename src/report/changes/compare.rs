use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::causes::{BYTES, COMBINATIONS, ChangeCauses, CostChange, PRICES, PULLS};
use crate::cost::{self, CostError, Labels, RegistryUsage, RepositoryUsage, Statement};
use crate::oci::{RegistryName, RepositoryName};
use crate::pulls::{PullCount, PullSource};
use crate::report::analysed::Analysed;
use crate::report::analysed_registry::AnalysedRegistry;
use crate::report::inputs::AnalysisInputs;
use crate::report::usage::{CostPeriod, registry_usage};
use crate::units::{ByteCount, Money, Period};

/// The registries at one moment, with the pulls of that time.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The registries.
    pub analysed: &'a Analysed,
    /// The inputs, with the pulls up to the moment.
    pub inputs: &'a AnalysisInputs,
}

/// What changed about a repository, or about the part of a registry's bill that is not allocated to one.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryChange {
    /// The registry.
    pub registry: RegistryName,
    /// The repository; `None` for the part of the bill that is not allocated to one.
    pub repository: Option<RepositoryName>,
    /// Its labels at the second moment, or at the first if it is gone.
    pub labels: Labels,
    /// Whether it existed at the first moment.
    pub is_in_first: bool,
    /// Whether it existed at the second moment.
    pub is_in_second: bool,
    /// Its attributed bytes at both moments.
    pub bytes: (ByteCount, ByteCount),
    /// Its pulls a month at both moments.
    pub pulls: (u64, u64),
    /// The change of its cost; `None` without a price book at both moments.
    pub cost: Option<CostChange>,
}

/// One registry at one moment.
struct Side {
    usage: RegistryUsage,
    bytes: HashMap<RepositoryName, ByteCount>,
    period: Period,
}

impl Side {
    fn new(registry: &AnalysedRegistry, inputs: &AnalysisInputs) -> Result<Self, CostError> {
        let month = CostPeriod::MonthAt(registry.content.source.as_of.date_naive());
        let rows = registry.accounting.repositories.iter();
        Ok(Self {
            usage: registry_usage(registry, &registry.analysis.outcome, &inputs.costs, month),
            bytes: rows
                .map(|row| (row.repository.clone(), row.attributed_bytes))
                .collect(),
            period: month.period().map_err(|_| CostError::EndOfCalendar)?,
        })
    }

    fn repository(&self, name: &RepositoryName) -> Option<&RepositoryUsage> {
        self.usage.repositories.iter().find(|own| own.repository == *name)
    }

    fn is_there(&self, name: &RepositoryName) -> bool {
        self.bytes.contains_key(name)
    }
}

/// What changed between two moments, registry by registry, sorted by name. The second list says for which registries costs
/// could not be computed, and why.
pub fn changes(
    before: Moment<'_>,
    after: Moment<'_>,
) -> (Vec<RepositoryChange>, Vec<(RegistryName, CostError)>) {
    let find = |moment: &Moment<'_>, name: &RegistryName| -> Option<Result<Side, CostError>> {
        let registry = moment.analysed.registries.iter().find(|own| own.name() == name)?;
        Some(Side::new(registry, moment.inputs))
    };
    let names: BTreeSet<&RegistryName> = [&before, &after]
        .into_iter()
        .flat_map(|moment| moment.analysed.registries.iter().map(AnalysedRegistry::name))
        .collect();
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for name in names {
        let sides = (find(&before, name).transpose(), find(&after, name).transpose());
        match sides {
            (Ok(first), Ok(second)) => {
                let costs = Combinations::new(first.as_ref(), second.as_ref(), after.inputs);
                let costs = costs.unwrap_or_else(|error| {
                    failed.push((name.clone(), error));
                    None
                });
                rows.extend(registry_changes(
                    name,
                    first.as_ref(),
                    second.as_ref(),
                    costs.as_ref(),
                ));
            }
            (Err(error), _) | (_, Err(error)) => failed.push((name.clone(), error)),
        }
    }
    (rows, failed)
}

fn registry_changes(
    registry: &RegistryName,
    first: Option<&Side>,
    second: Option<&Side>,
    costs: Option<&Combinations>,
) -> Vec<RepositoryChange> {
    let sides = [first, second];
    let names: BTreeSet<&RepositoryName> = sides
        .into_iter()
        .flatten()
        .flat_map(|side| side.bytes.keys())
        .collect();
    let row = |name: &RepositoryName| {
        let [one, other] = sides.map(|side| side.and_then(|side| side.repository(name)));
        let bytes = |side: Option<&Side>| {
            side.and_then(|side| side.bytes.get(name))
                .copied()
                .unwrap_or_default()
        };
        let labels = other.or(one).map(|own| own.labels.clone()).unwrap_or_default();
        let is_there = |side: Option<&Side>| side.is_some_and(|side| side.is_there(name));
        let existed = (is_there(first), is_there(second));
        RepositoryChange {
            registry: registry.clone(),
            repository: Some(name.clone()),
            labels,
            is_in_first: existed.0,
            is_in_second: existed.1,
            bytes: (bytes(first), bytes(second)),
            pulls: (
                one.map_or(0, |own| own.pulls.count),
                other.map_or(0, |own| own.pulls.count),
            ),
            cost: costs.and_then(|costs| costs.change(Some(name), existed)),
        }
    };
    let mut rows: Vec<RepositoryChange> = names.into_iter().map(row).collect();
    let unallocated = costs.and_then(|costs| costs.change(None, (first.is_some(), second.is_some())));
    rows.extend(unallocated.map(|change| RepositoryChange {
        registry: registry.clone(),
        repository: None,
        labels: Labels::default(),
        is_in_first: first.is_some(),
        is_in_second: second.is_some(),
        bytes: (ByteCount::ZERO, ByteCount::ZERO),
        pulls: (0, 0),
        cost: Some(change),
    }));
    rows
}

/// What each repository of a registry would have cost in every combination of bytes, pulls and prices of the two
/// moments.
struct Combinations {
    statements: Vec<HashMap<Option<RepositoryName>, Money>>,
    zero: Money,
}

impl Combinations {
    /// `None` if the registry has no price book.
    fn new(
        first: Option<&Side>,
        second: Option<&Side>,
        inputs: &AnalysisInputs,
    ) -> Result<Option<Self>, CostError> {
        let mut statements = Vec::with_capacity(COMBINATIONS);
        let mut zero = None;
        for combination in 0..COMBINATIONS {
            let choose = |factor: usize| if combination & factor == 0 { first } else { second };
            // A registry that did not exist cost nothing, whatever its prices and pulls.
            let Some(bytes) = choose(BYTES) else {
                statements.push(HashMap::new());
                continue;
            };
            let period = choose(PRICES).unwrap_or(bytes).period;
            let usage = mixed(bytes, choose(PULLS));
            let Some(statement) = cost::statement(&inputs.costs, &usage, period)? else {
                return Ok(None);
            };
            zero = Some(Money::zero(statement.book.currency));
            statements.push(costs_of(statement));
        }
        Ok(zero.map(|zero| Self { statements, zero }))
    }

    /// The change of a repository's cost, and its causes; `None` if both are zero and always were.
    fn change(&self, repository: Option<&RepositoryName>, existed: (bool, bool)) -> Option<CostChange> {
        let key = repository.cloned();
        let costs: Vec<Money> = self
            .statements
            .iter()
            .map(|statement| statement.get(&key).copied().unwrap_or(self.zero))
            .collect();
        let costs: [Money; COMBINATIONS] = costs.try_into().ok()?;
        let (before, after) = (costs[0], costs[COMBINATIONS - 1]);
        if repository.is_none() && costs.iter().all(|cost| cost.is_zero()) {
            return None;
        }
        // All statements have the currency of one book, so amounts can be subtracted.
        let difference = after.checked_sub(before).ok()?;
        let because = match existed {
            (true, true) => ChangeCauses::from_combinations(&costs).ok()?,
            _ => ChangeCauses {
                new_or_gone: difference,
                ..ChangeCauses::zero(self.zero.currency())
            },
        };
        Some(CostChange {
            before,
            after,
            difference,
            because,
        })
    }
}

/// The cost of each repository in a statement, and under `None` the part that is not allocated to one.
fn costs_of(statement: Statement) -> HashMap<Option<RepositoryName>, Money> {
    let repositories = statement.repositories.into_iter();
    let mut costs: HashMap<Option<RepositoryName>, Money> = repositories
        .map(|own| (Some(own.repository), own.now.total))
        .collect();
    costs.insert(None, statement.unallocated);
    costs
}

/// What one side stored, pulled as often as on another side. Alpine does not count.
fn mixed(bytes: &Side, pulls: Option<&Side>) -> RegistryUsage {
    let known: BTreeMap<&RepositoryName, PullCount> = pulls
        .into_iter()
        .flat_map(|side| &side.usage.repositories)
        .map(|own| (&own.repository, own.pulls))
        .collect();
    let nothing = PullCount {
        count: 0,
        source: PullSource::None,
        bytes_each: None,
    };
    let repositories = bytes.usage.repositories.iter().map(|own| RepositoryUsage {
        pulls: PullCount {
            // How much a pull moves belongs to the bytes.
            bytes_each: own.pulls.bytes_each,
            ..known.get(&own.repository).copied().unwrap_or(nothing)
        },
        alpine: None,
        solo_saving: None,
        switches: false,
        ..own.clone()
    });
    RegistryUsage {
        registry: bytes.usage.registry.clone(),
        stored: bytes.usage.stored.clone(),
        tagged: bytes.usage.tagged.clone(),
        alpine: None,
        repositories: repositories.collect(),
        total_pulls: None,
    }
}
