use rust_decimal::Decimal;

use super::labels::Labels;
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{ByteHistory, Share};
use crate::pulls::PullCount;
use crate::units::ByteCount;
use crate::whatif::{Estimate, SavingEstimate};

/// What a registry stored and served: all that a statement depends on beside the plan and the period.
#[derive(Debug, Clone)]
pub struct RegistryUsage {
    /// The registry.
    pub registry: RegistryName,
    /// Its stored bytes over time, those that no tag reaches among them where they are known.
    pub stored: ByteHistory,
    /// The part of them that tags reach; `None` if untagged content is unknown.
    pub tagged: Option<ByteHistory>,
    /// The bytes that it would store on Alpine; `None` if they were not computed.
    /// What no tag reaches stays as it is.
    pub alpine: Option<AlpineBytes>,
    /// Its repositories, in the order in which rows are wanted.
    pub repositories: Vec<RepositoryUsage>,
    /// How often all of them together were pulled in the period, by the registry's own metrics; `None` if unknown.
    pub total_pulls: Option<u64>,
}

/// What a repository stored and served.
#[derive(Debug, Clone)]
pub struct RepositoryUsage {
    /// The repository.
    pub repository: RepositoryName,
    /// Its owner.
    pub labels: Labels,
    /// Its share of the registry's stored bytes over time, of those that no tag reaches as well.
    pub attributed: ByteHistory,
    /// What would go with it alone.
    pub exclusive: ByteCount,
    /// Its share on Alpine; `None` if it was not computed.
    pub alpine: Option<AlpineBytes>,
    /// The bytes freed if only this repository switches.
    pub solo_saving: Option<SavingEstimate>,
    /// Whether it is among those that switch.
    pub switches: bool,
    /// How often it was pulled in the period.
    pub pulls: PullCount,
    /// What one pull moves today, and on Alpine.
    pub pulled: Option<PulledBytes>,
}

/// Bytes of today and in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlpineBytes {
    /// Stored, or attributed, today.
    pub before: ByteCount,
    /// On Alpine.
    pub after: Estimate,
}

impl AlpineBytes {
    /// With as many bytes beside them that stay as they are.
    pub fn beside(self, untouched: ByteCount) -> Self {
        let with = |bytes: ByteCount| bytes.checked_add(untouched).unwrap_or(ByteCount::MAX);
        Self {
            before: with(self.before),
            after: Estimate {
                low: with(self.after.low),
                expected: with(self.after.expected),
                high: with(self.after.high),
            },
        }
    }

    /// A reading of the past, as it would have been on Alpine: changed in proportion to what changes today.
    pub(super) fn scaled(self, reading: ByteCount, after: ByteCount) -> ByteCount {
        if self.before == ByteCount::ZERO {
            return reading;
        }
        let scaled = u128::from(reading.get()) * u128::from(after.get()) / u128::from(self.before.get());
        ByteCount::try_from(scaled).unwrap_or(ByteCount::MAX)
    }
}

/// What one pull of a repository's images moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulledBytes {
    /// To a node that has nothing of it.
    pub cold: ByteCount,
    /// To a node that has its base.
    pub warm: ByteCount,
    /// The same on Alpine; `None` if its images do not move.
    pub alpine: Option<(Estimate, Estimate)>,
}

impl PulledBytes {
    /// The share of cold pulls at which a pull moves so many bytes on average.
    pub(super) fn cold_share(&self, bytes_each: ByteCount) -> Share {
        let above = |bytes: ByteCount| Decimal::from(bytes.get().saturating_sub(self.warm.get()));
        above(bytes_each)
            .checked_div(above(self.cold))
            .and_then(|share| Share::new(share.min(Decimal::ONE).round_dp(9)).ok())
            // No difference if cold and warm pulls move the same bytes.
            .unwrap_or(Share::ALL)
    }
}
