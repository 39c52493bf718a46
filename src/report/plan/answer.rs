use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::MoneyEstimate;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::part::stored_of_part;
use crate::units::{ByteCount, Money};
use crate::whatif::SavingEstimate;

/// In which order repositories with the verdict `switch` are best switched, and what that saves.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SwitchPlan {
    /// What the whole plan saves.
    pub saving_bytes: SavingEstimate,
    /// What the whole plan saves in a month. Null if a registry of the plan has no price book, or if they are billed in
    /// several currencies.
    pub saving_cost: Option<MoneyEstimate>,
    /// The bytes that the registries of the plan store now.
    pub stored_bytes: ByteCount,
    /// The effort of the whole plan, in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// The largest effort that was allowed, in days; null if there was no limit.
    #[schemars(with = "Option<String>")]
    pub most_effort_days: Option<Decimal>,
    /// How much more than the plan another choice within the allowed effort could save at most, in bytes. 0 without a limit:
    /// no choice saves more than the whole plan.
    pub missed_at_most_bytes: ByteCount,
    /// The waves, in order. They are nested: each rests on those before it.
    pub waves: Vec<PlanWave>,
    /// The curve of the largest saving over the effort, from nothing to the whole plan. At each point, no other choice saves more
    /// for the same or less effort; between two points, none lies above the straight line.
    pub curve: Vec<CurvePoint>,
    /// The repositories of the plan, in order.
    pub repositories: Vec<PlanRepository>,
    /// The repositories with the verdict `switch` that are not in the plan, by registry and name.
    pub unplanned: Vec<UnplannedRepository>,
    /// What the plan asks of each cost centre.
    pub cost_centres: Vec<PlanCostCentre>,
    /// The registries that were examined.
    pub registries: Vec<PlanRegistry>,
    /// What a reader must know about the figures.
    pub notes: Vec<String>,
}

/// Repositories that are switched one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlanWave {
    /// The number of the wave, from 1.
    pub wave: usize,
    /// How many repositories it has.
    pub repositories: usize,
    /// Its effort in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// The effort of all waves up to this one.
    #[schemars(with = "String")]
    pub total_effort_days: Decimal,
    /// What the effort of the wave costs; null if it is not configured for all of its repositories, or in several currencies.
    pub effort_cost: Option<Money>,
    /// The expected saving of the wave. Those of its repositories add up to it.
    pub saving_bytes: i64,
    /// What all waves up to this one save. The expected value is the sum of their savings, or more if a note says so.
    pub total_saving_bytes: SavingEstimate,
    /// What all waves up to this one save in a month: the registries' bills before and after. Null if a registry of the plan has
    /// no price book, or if they are billed in several currencies.
    pub total_saving_cost: Option<MoneyEstimate>,
    /// What the last step of the wave saves for each day of effort, in bytes. At any higher price of a day, the step is not part
    /// of the best choice. Null if it takes no effort.
    pub saving_bytes_per_day: Option<i64>,
    /// If the plan is stopped after any step of this wave or before it: how much more another choice with less effort than the
    /// next step ends with could save at most, in bytes.
    pub missed_at_most_bytes: ByteCount,
}

/// A corner of the curve of saving over effort.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CurvePoint {
    /// How many repositories have switched.
    pub repositories: usize,
    /// Their effort in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// What that saves, as expected.
    pub saving_bytes: i64,
}

/// A repository of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlanRepository {
    /// The number of its wave.
    pub wave: usize,
    /// The number of its step. Repositories of one step save what they save only together.
    pub step: usize,
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The cost centre; null if it has none.
    pub cost_centre: Option<String>,
    /// The effort in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// Whether one day was assumed, because no effort is configured for it.
    pub effort_is_assumed: bool,
    /// Its part of the saving of its step: bytes that several of them free or add are divided evenly. Negative if it adds more than
    /// it frees, which others of its step need.
    pub saving_bytes: i64,
    /// The change to its Dockerfile in one line; null if its base has no name.
    pub change: Option<String>,
}

/// A repository that is not in the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UnplannedRepository {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The effort in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// Why it is not in the plan.
    pub reason: String,
}

/// The part of a cost centre in the plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlanCostCentre {
    /// The cost centre; null for repositories that have none.
    pub cost_centre: Option<String>,
    /// How many of its repositories switch.
    pub repositories: usize,
    /// Their effort in days, as a decimal number.
    #[schemars(with = "String")]
    pub effort_days: Decimal,
    /// Their part of the saving.
    pub saving_bytes: i64,
}

/// A registry that was examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlanRegistry {
    /// The registry.
    pub registry: RegistryName,
    /// The moment of its last crawl.
    pub as_of: DateTime<Utc>,
    /// Whether that crawl ended and read everything.
    pub complete: bool,
    /// The bytes that tags reach now.
    pub stored_bytes: ByteCount,
    /// How many of its repositories switch.
    pub repositories: usize,
}

impl SwitchPlan {
    /// Whether the last crawls of all registries ended and read everything.
    pub fn is_complete(&self) -> bool {
        self.registries.iter().all(|registry| registry.complete)
    }

    /// The same for a reader who may see a part of the registries: `stored` is what that part stores.
    #[must_use]
    pub fn of_part(mut self, stored: &BTreeMap<RegistryName, ByteCount>) -> Self {
        let rows = self.registries.iter_mut();
        self.stored_bytes = stored_of_part(rows.map(|row| (&row.registry, &mut row.stored_bytes)), stored);
        self
    }
}
