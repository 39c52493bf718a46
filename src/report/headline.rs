//! What to do first, in two or three sentences and as data. Every interface shows this text.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost_on_alpine::Work;
use crate::cost::WorthSums;
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::CheaperPlan;
use crate::units::{ByteCount, Money};

/// What to do first.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Headline {
    /// The headline in words. Modelled figures have two significant digits here and all digits in the other members.
    pub text: String,
    /// What it advises.
    pub advice: Advice,
    /// How many repositories to move: those that are worth it, and where there is no price book those that should switch.
    pub repositories: usize,
    /// How many more could move and are not worth it.
    pub not_worth_it: usize,
    /// How many of `repositories` are in registries without costs, so that nothing tells what they are worth.
    pub without_costs: usize,
    /// What is stored.
    pub stored_bytes: ByteCount,
    /// How much less would be stored if every repository switched that should; the best single estimate.
    pub saving_bytes: i64,
    /// Costs and savings of a month, one entry for each currency; empty without a price book.
    pub costs: Vec<HeadlineCost>,
    /// The registry of the assumed pulls, to import their log for; null if there are none or several.
    pub assumed_pulls_registry: Option<RegistryName>,
    /// Cheaper plans that fit what is stored now, which need no move.
    pub cheaper_plans: Vec<HeadlinePlan>,
    /// When the saving arrives; null if there is nothing to move.
    pub arrival: Option<SavingArrival>,
    /// Whether everything that the registries hold has been read.
    pub complete: bool,
}

/// What a headline advises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Move some repositories.
    Move,
    /// Some repositories could move, but none is worth it.
    NothingWorthIt,
    /// No repository should switch.
    NothingToMove,
    /// Nothing is stored.
    NothingStored,
    /// No registry has figures: all are left out, because their manifests claim sizes that no registry can have.
    AllLeftOut,
}

/// Costs and savings of a month in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HeadlineCost {
    /// What the month costs.
    pub month: Money,
    /// What would be saved if only the repositories moved that are worth it.
    pub worth_it_saving: Money,
    /// The part of `worth_it_saving` that comes from moved bytes and arrives as teams deploy.
    pub transfer_saving: Money,
    /// The part of `worth_it_saving` that comes from stored bytes and arrives when the old tags are deleted.
    pub storage_saving: Money,
    /// What would be saved if every repository switched that should.
    pub saving: Money,
    /// How many repositories are worth it and how many are not.
    pub worth: WorthSums,
    /// The work of moving those that are worth it; null if the effort of one of them is not configured.
    pub work: Option<Work>,
    /// After how many months their saving has paid for the work: a number or `at once`; null without `work`.
    pub payback_months: Option<String>,
    /// The share of `month` that rests on an assumed number of pulls, from 0 to 1; null if the month costs nothing.
    #[schemars(with = "Option<String>")]
    pub assumed_pulls_share: Option<Decimal>,
    /// Why nothing would be saved, where one reason holds for all registries; null where something would.
    pub nothing_saved_because: Option<String>,
}

/// When a saving arrives. Figures on Alpine are of a registry that had always been built so.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SavingArrival {
    /// When it arrives, in words.
    pub text: String,
    /// The oldest image among those to move that a tag still reaches; null where no image says when it was built.
    pub oldest_image: Option<OldestImage>,
}

/// The oldest image that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OldestImage {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// When it was built.
    pub built: DateTime<Utc>,
}

/// A cheaper plan for a registry.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct HeadlinePlan {
    /// The registry.
    pub registry: RegistryName,
    /// The plan.
    #[serde(flatten)]
    pub plan: CheaperPlan,
}
