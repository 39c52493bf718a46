use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::de::{self, Deserialize, Deserializer};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};
use toml::{Table, Value};

use super::quantities::{Amount, Number, ShareOf};
use super::section::{Section, problem};
use super::values::whole;
use crate::cost::{Destination, EffortRule, TransferPlan};
use crate::oci::{InvalidRepositoryPatterns, RepositoryPatterns};
use crate::pricing::{Destinations, Effort, Rule, Share};
use crate::pulls::PullAssumption;

/// `[prices]`: what bytes cost, for all registries.
#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PricesSection {
    /// The price book of registries that name none; without one they have no costs.
    pub book: Option<String>,
    /// Files of price books beside the shipped ones, or folders of such files.
    pub books: Vec<PathBuf>,
    /// Which share of pulls finds a node without the image's base.
    pub cold_share: ShareOf,
    /// At which bandwidth the duration of a cold pull is stated; 0 states none.
    #[serde(deserialize_with = "whole::<0, 1_000_000, _, _>")]
    pub megabits_per_second: u64,
    /// How what is paid for stored bytes is divided among repositories.
    pub allocate_storage: AllocationRule,
    /// Who gets the benefit of the quota.
    pub allocate_included: AllocationRule,
    /// How flat fees are divided.
    pub allocate_fees: AllocationRule,
    /// How what is paid for moved bytes is divided.
    pub allocate_transfer: AllocationRule,
}

impl Default for PricesSection {
    fn default() -> Self {
        let transfer = TransferPlan::default();
        Self {
            book: None,
            books: Vec::new(),
            cold_share: ShareOf(transfer.cold_share),
            megabits_per_second: transfer.bits_per_second / 1_000_000,
            allocate_storage: AllocationRule::default(),
            allocate_included: AllocationRule::default(),
            allocate_fees: AllocationRule::default(),
            allocate_transfer: AllocationRule::default(),
        }
    }
}

impl Section for PricesSection {
    const NAME: &'static str = "prices";

    /// Shares by name are about the repositories of one registry.
    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        [
            ("allocate_storage", &self.allocate_storage),
            ("allocate_included", &self.allocate_included),
            ("allocate_fees", &self.allocate_fees),
            ("allocate_transfer", &self.allocate_transfer),
        ]
        .into_iter()
        .filter(|(_, rule)| matches!(rule.0, Rule::Fixed(_)))
        .map(|(field, _)| {
            let message = "shares by repository are about one registry: set them in its [[registry]]";
            (field, message.to_owned())
        })
        .collect()
    }
}

/// How a charge is divided among repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllocationRule(pub Rule);

const RULES: &str = "expected \"attributed\", \"even\", \"proportional\", or in a [[registry]] shares by repository \
                     such as { \"team-a/api\" = 0.5 }";

impl<'de> Deserialize<'de> for AllocationRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rule = match Value::deserialize(deserializer)? {
            Value::String(word) => word.parse().ok(),
            Value::Table(shares) => Some(Rule::Fixed(
                shares
                    .into_iter()
                    .map(|(name, share)| Ok((name, ShareOf::deserialize(share)?.0.get())))
                    .collect::<Result<_, toml::de::Error>>()
                    .map_err(|error| de::Error::custom(error.message()))?,
            )),
            _ => None,
        };
        rule.map(Self).ok_or_else(|| de::Error::custom(RULES))
    }
}

impl Serialize for AllocationRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Rule::Fixed(shares) => {
                serializer.collect_map(shares.iter().map(|(name, share)| (name, Number(*share))))
            }
            word => word.serialize(serializer),
        }
    }
}

/// `[[pulls]]`: what is assumed about the pulls of some repositories.
#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub struct PullsSection {
    /// The repositories, by name or glob, with or without their registry in front.
    pub repositories: Vec<String>,
    /// The assumed pulls of each repository in a month, if they were not counted.
    #[serde(default)]
    pub per_month: Option<u64>,
    /// Where the pulled bytes go: shares by zone that add up to 1.
    #[serde(default)]
    pub destinations: Option<BTreeMap<String, ShareOf>>,
    /// In place of `prices.cold_share`.
    #[serde(default)]
    pub cold_share: Option<ShareOf>,
}

impl Section for PullsSection {
    const NAME: &'static str = "pulls";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([("repositories".to_owned(), Value::Array(Vec::new()))])
    }

    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        Vec::from_iter(self.assumption().err())
    }
}

impl PullsSection {
    /// How often the repositories are pulled, and where to.
    ///
    /// # Errors
    /// With the setting that is wrong and what is wrong with it.
    pub(super) fn assumption(&self) -> Result<(PullAssumption, Destination), (&'static str, String)> {
        let repositories = RepositoryPatterns::new(&self.repositories)
            .map_err(|error: InvalidRepositoryPatterns| ("repositories", error.to_string()))?;
        let shares = match &self.destinations {
            Some(shares) => {
                let shares: BTreeMap<String, Share> = shares
                    .iter()
                    .map(|(zone, share)| (zone.clone(), share.0))
                    .collect();
                Destinations::new(shares).map_err(|error| ("destinations", error.to_string()))?
            }
            None => Destinations::only(TransferPlan::SAME_REGION),
        };
        let assumption = PullAssumption {
            repositories: repositories.clone(),
            per_month: self.per_month,
        };
        let destination = Destination {
            repositories,
            shares,
            cold_share: self.cold_share.map(|share| share.0),
        };
        Ok((assumption, destination))
    }
}

/// `[[effort]]`: what it takes to move some repositories to Alpine.
#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(deny_unknown_fields)]
pub struct EffortSection {
    /// The repositories, by name or glob, with or without their registry in front.
    pub repositories: Vec<String>,
    /// The days of work on each of them.
    pub days: Number,
    /// What a day costs.
    pub day_rate: Amount,
}

impl Section for EffortSection {
    const NAME: &'static str = "effort";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([
            ("repositories".to_owned(), Value::Array(Vec::new())),
            ("days".to_owned(), Value::Integer(1)),
            ("day_rate".to_owned(), Value::from("1 USD")),
        ])
    }

    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        Vec::from_iter(problem("repositories", self.rule()))
    }
}

impl EffortSection {
    /// The rule that the section is.
    ///
    /// # Errors
    /// If a pattern cannot be read or there is none.
    pub(super) fn rule(&self) -> Result<EffortRule, InvalidRepositoryPatterns> {
        Ok(EffortRule {
            repositories: RepositoryPatterns::new(&self.repositories)?,
            effort: Effort {
                days: self.days.0,
                day_rate: self.day_rate.0,
            },
        })
    }
}
