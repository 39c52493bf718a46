use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::labels::CostCentres;
use super::usage::RegistryUsage;
use super::worth_rule::WorthRule;
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::pricing::{AllocationRules, Destinations, Effort, PriceBooks, Share, UsageHistory};
use crate::pulls::PullCounts;
use crate::units::ByteCount;

/// What costs rest on: the operator's settings, read once. By default no registry is billed by anything and every
/// repository is unassigned.
#[derive(Debug, Clone, Default)]
pub struct CostPlan {
    /// The price books at hand.
    pub books: PriceBooks,
    /// What each registry is billed by; the first that matches counts. One that nothing matches has no costs.
    pub registries: Vec<RegistryTerms>,
    /// How a bill is divided among repositories.
    pub allocation: AllocationRules,
    /// What is assumed of pulls.
    pub transfer: TransferPlan,
    /// The owner of each repository.
    pub centres: CostCentres,
    /// How often each repository is pulled, as counted or assumed.
    pub pulls: PullCounts,
    /// What moving takes; the first that matches a repository counts.
    pub efforts: Vec<EffortRule>,
    /// What makes a move worth it.
    pub worth: WorthRule,
}

/// How a registry is billed.
#[derive(Debug, Clone)]
pub struct RegistryTerms {
    /// The registry that this is about; `None` for all.
    pub registries: Option<RegistryName>,
    /// The id of the price book.
    pub book: String,
    /// The regions beyond the first that keep a copy.
    pub replicas: Vec<String>,
    /// How many users are paid for, where a plan is priced per user.
    pub seats: u32,
    /// Whether another registry of the account pays the fee, where a plan is priced per account.
    pub fee_elsewhere: bool,
    /// Bytes that other registries of the account store, and that fill its quota and tiers first.
    pub stored_elsewhere: ByteCount,
    /// Bytes that everything else in the account moves to a zone each month, and that fill its tiers first.
    pub moved_elsewhere: BTreeMap<String, ByteCount>,
    /// The price of one more unit moved to a zone, where the operator knows it.
    pub transfer_price: BTreeMap<String, Decimal>,
    /// How its bill is divided, where that is not as the plan says for all.
    pub allocation: Option<AllocationRules>,
}

impl RegistryTerms {
    /// One book for every registry, without replicas, one user.
    pub fn everywhere(book: impl Into<String>) -> Self {
        Self {
            registries: None,
            book: book.into(),
            replicas: Vec::new(),
            seats: 1,
            fee_elsewhere: false,
            stored_elsewhere: ByteCount::ZERO,
            moved_elsewhere: BTreeMap::new(),
            transfer_price: BTreeMap::new(),
            allocation: None,
        }
    }

    /// Usage as the pricing room takes it, without what is moved.
    pub(super) fn history(&self, usage: &RegistryUsage) -> UsageHistory {
        UsageHistory {
            replicas: self.replicas.clone(),
            seats: self.seats,
            fee_elsewhere: self.fee_elsewhere,
            repositories: usage.repositories.len() as u64,
            stored_elsewhere: self.stored_elsewhere,
            moved_elsewhere: self.moved_elsewhere.clone(),
            transfer_price: self.transfer_price.clone(),
            ..UsageHistory::from_stored(usage.stored.clone())
        }
    }
}

/// What is assumed about how images are pulled.
#[derive(Debug, Clone)]
pub struct TransferPlan {
    /// Which share of pulls finds a node without the image's base, where it was not measured.
    pub cold_share: Share,
    /// Where pulled bytes go; the first that matches a repository counts, else all stay in the region.
    pub destinations: Vec<Destination>,
    /// The bandwidth in bits per second at which the duration of a cold pull is stated; zero for none.
    pub bits_per_second: u64,
}

/// Where the bytes of some repositories go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The repositories.
    pub repositories: RepositoryPatterns,
    /// The shares by the price book's zones.
    pub shares: Destinations,
    /// Their own share of cold pulls, where it differs.
    pub cold_share: Option<Share>,
}

/// What it takes to move some repositories to Alpine.
#[derive(Debug, Clone)]
pub struct EffortRule {
    /// The repositories.
    pub repositories: RepositoryPatterns,
    /// The work on each of them.
    pub effort: Effort,
}

impl Default for TransferPlan {
    /// No pull is known to be cold or warm, so half of them are taken to be cold; all within the region; durations at 100 Mbit/s.
    fn default() -> Self {
        Self {
            cold_share: Share::HALF,
            destinations: Vec::new(),
            bits_per_second: 100_000_000,
        }
    }
}

impl CostPlan {
    /// The terms of a registry; `None` if it is not billed.
    pub fn terms(&self, registry: &RegistryName) -> Option<&RegistryTerms> {
        self.registries
            .iter()
            .find(|terms| terms.registries.as_ref().is_none_or(|own| own == registry))
    }

    /// The work of moving a repository, where it is known.
    pub fn effort(&self, registry: &RegistryName, repository: &RepositoryName) -> Option<Effort> {
        self.efforts
            .iter()
            .find(|rule| rule.repositories.matches(registry, repository))
            .map(|rule| rule.effort)
    }
}

impl TransferPlan {
    /// The zone in which bytes stay where nothing else is known: every shipped book has it.
    pub const SAME_REGION: &str = "same-region";

    /// Where a repository's bytes go, and its share of cold pulls.
    pub(super) fn of(&self, registry: &RegistryName, repository: &RepositoryName) -> (Destinations, Share) {
        let rule = self
            .destinations
            .iter()
            .find(|rule| rule.repositories.matches(registry, repository));
        match rule {
            Some(rule) => (rule.shares.clone(), rule.cold_share.unwrap_or(self.cold_share)),
            None => (Destinations::only(Self::SAME_REGION), self.cold_share),
        }
    }
}
