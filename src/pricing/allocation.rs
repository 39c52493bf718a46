use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use strum::EnumString;

use crate::units::{Money, apportion};

use super::bill::Bill;
use super::error::PricingError;
use super::line::{Charge, Line};
use super::meter::{self, Billionths, UNIT};

/// A repository (or registry, or team) that bears a part of a bill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllocationTarget {
    /// Its name, repeated in the result.
    pub key: String,
    /// Its attributed bytes, or byte-seconds if a history is known.
    pub attributed: u128,
    /// Its exclusive bytes: what would be freed if it alone were deleted.
    pub exclusive: u128,
    /// The bytes moved from it, by zone.
    pub moved: BTreeMap<String, u128>,
}

/// All targets among which a bill is divided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllocationTargets {
    /// The targets, in the order of the resulting rows.
    pub targets: Vec<AllocationTarget>,
    /// Stored bytes that belong to no target, such as untagged ones, in the measure of [`AllocationTarget::attributed`].
    pub unattributed: u128,
}

/// How a charge is divided. What a rule leaves over is in the row without a name.
///
/// A word is parsed as in settings; [`Fixed`](Self::Fixed) has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Rule {
    /// By attributed bytes, or for traffic by moved bytes: each target pays for what it uses. The default.
    #[default]
    Attributed,
    /// Equal parts.
    Even,
    /// In proportion to exclusive bytes. Shared bytes follow them.
    Proportional,
    /// Shares chosen by the user, from 0 to 1, by name. If they add up to less than 1, a remainder is left over.
    #[strum(disabled)]
    Fixed(BTreeMap<String, Decimal>),
}

impl Rule {
    /// The rule's name and version, as FOCUS's AllocatedMethodId.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Attributed => "attributed-bytes-v1",
            Self::Even => "even-v1",
            Self::Proportional => "proportional-v1",
            Self::Fixed(_) => "fixed-v1",
        }
    }
}

/// The rule for each kind of charge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocationRules {
    /// Storage that is paid for, and retrieval.
    pub storage: Rule,
    /// Bytes within the quota: who benefits from them.
    pub included: Rule,
    /// Flat fees of the plan and of replicas.
    pub fees: Rule,
    /// Moved bytes.
    pub transfer: Rule,
}

impl AllocationRules {
    /// The rule for a charge.
    pub const fn rule(&self, charge: Charge) -> &Rule {
        match charge {
            Charge::Fee | Charge::ReplicaFee => &self.fees,
            Charge::IncludedStorage | Charge::IncludedReplicaStorage => &self.included,
            Charge::Storage | Charge::ReplicaStorage | Charge::Retrieval => &self.storage,
            Charge::IncludedTransfer | Charge::Transfer => &self.transfer,
        }
    }
}

/// A divided bill. For each line of the bill, the quantities and costs of all rows add up to the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// A row for each target in the given order, then one without a name if something is left over.
    pub rows: Vec<AllocatedRow>,
}

/// What one target bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatedRow {
    /// The target's name; null for what is left over.
    pub key: Option<String>,
    /// Its parts of the bill's lines. Lines in which it has no part are left out.
    pub parts: Vec<AllocatedPart>,
    /// The exact sum of its parts.
    pub total: Money,
}

/// A target's part of one line of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllocatedPart {
    /// The index of the line in the bill.
    pub line: usize,
    /// Its part of the line's quantity.
    pub quantity: Decimal,
    /// The line's unit price times that quantity, exactly.
    pub cost: Money,
}

/// Divides a bill. Quantities are divided to nine decimals, and costs follow from them. So every part is unit price ×
/// quantity, and the parts of each line add up to it exactly.
///
/// # Errors
/// If fixed shares name an unknown target, are negative or add up to more than 1.
pub fn allocate(
    bill: &Bill,
    targets: &AllocationTargets,
    rules: &AllocationRules,
) -> Result<Allocation, PricingError> {
    let unallocated = targets.targets.len();
    let mut parts: Vec<Vec<AllocatedPart>> = vec![Vec::new(); unallocated + 1];
    for (index, line) in bill.lines.iter().enumerate() {
        let weights = weights(line, targets, rules.rule(line.charge))?;
        for (owner, quantity) in apportion(billionths(line.quantity)?, &weights)?
            .into_iter()
            .enumerate()
        {
            if quantity > 0 {
                let quantity = meter::decimal(quantity)?;
                let cost = line.unit_price.checked_mul(quantity)?;
                parts[owner].push(AllocatedPart {
                    line: index,
                    quantity,
                    cost,
                });
            }
        }
    }
    let mut rows = Vec::with_capacity(parts.len());
    for (owner, parts) in parts.into_iter().enumerate() {
        let key = targets.targets.get(owner).map(|target| target.key.clone());
        if key.is_some() || !parts.is_empty() {
            let total = Money::checked_total(bill.currency, parts.iter().map(|part| part.cost))?;
            rows.push(AllocatedRow { key, parts, total });
        }
    }
    Ok(Allocation { rows })
}

/// The weight of each target in a line; the last weight is that of the remainder.
fn weights(line: &Line, targets: &AllocationTargets, rule: &Rule) -> Result<Vec<u128>, PricingError> {
    let of_each = |weight: &dyn Fn(&AllocationTarget) -> u128| {
        targets.targets.iter().map(weight).collect::<Vec<u128>>()
    };
    let (mut weights, unallocated) = match rule {
        Rule::Attributed if line.charge.is_transfer() => {
            let zone = line.place.as_deref().unwrap_or_default();
            (of_each(&|target| target.moved.get(zone).copied().unwrap_or(0)), 0)
        }
        Rule::Attributed => (of_each(&|target| target.attributed), targets.unattributed),
        Rule::Even => (vec![1; targets.targets.len()], 0),
        Rule::Proportional => (of_each(&|target| target.exclusive), 0),
        Rule::Fixed(shares) => fixed(targets, shares)?,
    };
    // If no target has weight, the charge goes to the row without a name; it does not vanish.
    let unallocated = if unallocated == 0 && weights.iter().all(|&weight| weight == 0) {
        1
    } else {
        unallocated
    };
    weights.push(unallocated);
    Ok(weights)
}

/// Fixed shares as weights out of 10⁹, and the remainder.
fn fixed(
    targets: &AllocationTargets,
    shares: &BTreeMap<String, Decimal>,
) -> Result<(Vec<u128>, u128), PricingError> {
    if let Some(stranger) = shares
        .keys()
        .find(|key| targets.targets.iter().all(|target| target.key != **key))
    {
        return Err(PricingError::BadShare(format!(
            "a fixed share names `{stranger}`, which does not exist"
        )));
    }
    let weights = targets
        .targets
        .iter()
        .map(|target| shares.get(&target.key).map_or(Ok(0), |&share| billionths(share)))
        .collect::<Result<Vec<u128>, PricingError>>()?;
    let given = weights
        .iter()
        .try_fold(0_u128, |sum, &weight| sum.checked_add(weight));
    let left = given
        .and_then(|given| UNIT.checked_sub(given))
        .ok_or_else(|| PricingError::BadShare("fixed shares add up to more than 1; lower them".to_owned()))?;
    Ok((weights, left))
}

/// A quantity of at most nine decimals in billionths, exactly.
fn billionths(quantity: Decimal) -> Result<Billionths, PricingError> {
    let scaled = quantity.normalize();
    let missing = meter::QUANTITY_DECIMALS
        .checked_sub(scaled.scale())
        .ok_or_else(|| {
            PricingError::BadShare(format!(
                "{quantity} has more than {} decimals",
                meter::QUANTITY_DECIMALS
            ))
        })?;
    let mantissa = u128::try_from(scaled.mantissa())
        .map_err(|_| PricingError::BadShare(format!("{quantity} is negative; give zero or more")))?;
    mantissa
        .checked_mul(10_u128.pow(missing))
        .ok_or(PricingError::Overflow)
}
