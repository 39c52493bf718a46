//! What each repository saves, in money.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::charges::{Billing, EstimatePoint, OnAlpine};
use super::error::CostError;
use super::parts::{Charges, MoneyEstimate};
use super::usage::RepositoryUsage;
use crate::units::Money;

/// The number of decimals to which the ends of an interval are cut. They are estimates; the expected values are exact. Our
/// choice: far finer than any unit of a currency.
const BOUND_DECIMALS: u32 = 9;

/// What a repository saves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Saved {
    pub(super) joint: MoneyEstimate,
    pub(super) solo: MoneyEstimate,
}

/// A repository's part of what is saved if all that should switch do.
#[derive(Debug, Clone, Copy)]
pub(super) struct JointSaving {
    pub(super) saving: MoneyEstimate,
    /// The part of the expected saving that comes from moved bytes; the rest comes from stored bytes.
    pub(super) transfer: Money,
}

/// What each repository saves, in the order of the usage.
pub(super) fn by_repository(
    billing: &Billing<'_>,
    now: &Charges,
    on_alpine: &OnAlpine,
) -> Result<Vec<Saved>, CostError> {
    let joint = jointly(billing, now, on_alpine)?;
    joint
        .into_iter()
        .enumerate()
        .map(|(index, joint)| {
            Ok(Saved {
                joint: joint.saving,
                solo: alone(billing, now, index)?,
            })
        })
        .collect()
}

/// What each repository saves if all that should switch do, in the order of the usage.
///
/// What the registry saves on stored bytes is divided by the drop of attributed bytes, what it saves on bytes moved to
/// a destination by the drop of those; so the parts add up to what the registry saves, and where a quota swallows the
/// saving, the repositories save nothing either.
pub(super) fn jointly(
    billing: &Billing<'_>,
    now: &Charges,
    on_alpine: &OnAlpine,
) -> Result<Vec<JointSaving>, CostError> {
    let kept = |charges: &Charges| charges.parts.total.checked_sub(charges.parts.transfer);
    let stored_saving = kept(now)?.checked_sub(kept(&on_alpine.charges)?)?;
    let repositories = &billing.usage.repositories;
    let stored = Divided::new(
        stored_saving,
        repositories
            .iter()
            .map(|repository| EstimatePoint::ALL.map(|point| dropped(repository, point)))
            .collect(),
    )?;
    // Each destination has its own price, so a byte that stays in the region is worth nothing beside one that
    // leaves it.
    let moved = zones(billing)
        .into_iter()
        .map(|zone| {
            let saving = moved_to(now, zone)?.checked_sub(moved_to(&on_alpine.charges, zone)?)?;
            let drops = billing.moved.iter().map(|moved| {
                let bytes = |zones: &BTreeMap<String, u128>| zones.get(zone).copied().unwrap_or(0) as i128;
                EstimatePoint::ALL.map(|point| bytes(&moved.zones) - bytes(moved.on_alpine(point)))
            });
            Divided::new(saving, drops.collect())
        })
        .collect::<Result<Vec<_>, CostError>>()?;
    (0..repositories.len())
        .map(|index| {
            let mut joint = JointSaving {
                saving: stored.estimate(index)?,
                transfer: Money::zero(billing.currency),
            };
            for zone in &moved {
                let saved = zone.estimate(index)?;
                joint.saving = joint.saving.checked_add(saved)?;
                joint.transfer = joint.transfer.checked_add(saved.expected)?;
            }
            Ok(joint)
        })
        .collect()
}

/// Every destination that something is moved to.
fn zones<'b>(billing: &'b Billing<'_>) -> BTreeSet<&'b str> {
    let zones = billing.moved.iter().flat_map(|moved| moved.zones.keys());
    zones.map(String::as_str).collect()
}

/// What is charged for bytes moved to a destination.
fn moved_to(charges: &Charges, zone: &str) -> Result<Money, CostError> {
    let lines = charges.pieces.iter().flat_map(|piece| &piece.bill.lines);
    let costs = lines
        .filter(|line| line.charge.is_transfer() && line.place.as_deref() == Some(zone))
        .map(|line| line.cost);
    Ok(Money::checked_total(charges.parts.total.currency(), costs)?)
}

impl EstimatePoint {
    const ALL: [Self; 3] = [Self::Low, Self::Expected, Self::High];
}

/// By how much a repository's attributed bytes drop with sizes at one end of their interval.
fn dropped(repository: &RepositoryUsage, point: EstimatePoint) -> i128 {
    repository.alpine.map_or(0, |bytes| {
        i128::from(bytes.before.as_i64()) - i128::from(point.of(bytes.after).as_i64())
    })
}

/// A saving divided by drops in bytes.
struct Divided {
    saving: Money,
    parts: Vec<Money>,
    /// With small, expected and large sizes on Alpine.
    drops: Vec<[i128; 3]>,
    dropped: i128,
}

impl Divided {
    fn new(saving: Money, drops: Vec<[i128; 3]>) -> Result<Self, CostError> {
        let expected: Vec<i128> = drops.iter().map(|drop| drop[1]).collect();
        let parts = if saving.is_zero() {
            vec![saving; drops.len()]
        } else {
            saving.divide(&expected)?
        };
        Ok(Self {
            saving,
            parts,
            dropped: expected.iter().sum(),
            drops,
        })
    }

    /// A repository's part. The ends of its interval are worth as much a byte as the expected drop is.
    fn estimate(&self, index: usize) -> Result<MoneyEstimate, CostError> {
        let expected = self.parts[index];
        let [small, _, large] = self.drops[index];
        let worth = |drop: i128| {
            let amount = Decimal::try_from_i128_with_scale(drop, 0)
                .ok()
                .zip(Decimal::try_from_i128_with_scale(self.dropped, 0).ok())
                .and_then(|(drop, dropped)| drop.checked_div(dropped))
                .and_then(|share| share.checked_mul(self.saving.amount()));
            amount.map_or(expected, |amount| {
                Money::new(amount.round_dp(BOUND_DECIMALS), expected.currency())
            })
        };
        let (low, high) = (worth(large), worth(small));
        let [low, high] = [
            if low.amount() < expected.amount() {
                low
            } else {
                expected
            },
            if high.amount() > expected.amount() {
                high
            } else {
                expected
            },
        ];
        Ok(MoneyEstimate { low, expected, high })
    }
}

/// The saving if only this repository switches, by recomputing the registry's bill.
fn alone(billing: &Billing<'_>, now: &Charges, index: usize) -> Result<MoneyEstimate, CostError> {
    let repository = &billing.usage.repositories[index];
    let Some(freed) = repository.solo_saving else {
        return Ok(MoneyEstimate::zero(billing.currency));
    };
    let saved = |freed: i64, point| -> Result<Money, CostError> {
        let after = billing.total(&billing.history_alone(index, freed, point)?)?;
        Ok(now.parts.total.checked_sub(after)?)
    };
    let expected = saved(freed.expected, EstimatePoint::Expected)?;
    if freed.low == freed.high {
        return Ok(MoneyEstimate {
            low: expected,
            expected,
            high: expected,
        });
    }
    Ok(MoneyEstimate {
        low: saved(freed.low, EstimatePoint::High)?,
        expected,
        high: saved(freed.high, EstimatePoint::Low)?,
    })
}
