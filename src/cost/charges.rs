//! Bills of one registry: as it is, on Alpine, and divided among its repositories.

use std::collections::BTreeMap;

use super::error::CostError;
use super::parts::{Charges, CleanUp, CostParts, MoneyEstimate, PricedPiece};
use super::plan::{CostPlan, RegistryTerms};
use super::usage::{AlpineBytes, PulledBytes, RegistryUsage, RepositoryUsage};
use crate::pricing::{
    AllocatedRow, AllocationRules, AllocationTarget, AllocationTargets, Bill, MovedBytes, MovedEstimate,
    NoSaving, Period, PriceBook, Pulls, UsageHistory, Warning, allocate, bill, saving,
};
use crate::units::{Currency, Money};
use crate::whatif::Estimate;

/// All that the bills of one registry over one period are drawn up from.
pub(super) struct Billing<'a> {
    pub(super) usage: &'a RegistryUsage,
    pub(super) period: Period,
    pub(super) currency: Currency,
    /// What was stored and moved as it is.
    pub(super) history: UsageHistory,
    /// What each repository moved.
    pub(super) moved: Vec<Moved>,
    /// How bills are divided.
    pub(super) allocation: &'a AllocationRules,
    books: Vec<(Period, &'a PriceBook)>,
}

/// What the pulls of a repository moved.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    /// As it is, whatever the destination.
    pub(super) now: MovedEstimate,
    /// As it is, by zone.
    pub(super) zones: BTreeMap<String, u128>,
    /// On Alpine, by zone, for small, expected and large sizes; as it is where nothing moves.
    alpine: [BTreeMap<String, u128>; 3],
}

/// Which end of an interval of sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EstimatePoint {
    Low,
    Expected,
    High,
}

/// A registry's charges on Alpine.
pub(super) struct OnAlpine {
    pub(super) charges: Charges,
    pub(super) history: UsageHistory,
    pub(super) total: MoneyEstimate,
    pub(super) saving: MoneyEstimate,
    pub(super) nothing_saved_because: Option<NoSaving>,
}

impl<'a> Billing<'a> {
    pub(super) fn new(
        plan: &'a CostPlan,
        terms: &'a RegistryTerms,
        usage: &'a RegistryUsage,
        period: Period,
    ) -> Result<Self, CostError> {
        let books = plan.books.over(&terms.book, period)?;
        let currency = one_currency(&terms.book, &books)?;
        let moved = usage
            .repositories
            .iter()
            .map(|repository| moved(plan, usage, repository))
            .collect::<Result<Vec<_>, CostError>>()?;
        let mut history = terms.history(usage);
        history.moved = spread(moved.iter().map(|moved| &moved.zones), period)?;
        Ok(Self {
            usage,
            period,
            currency,
            history,
            moved,
            allocation: terms.allocation.as_ref().unwrap_or(&plan.allocation),
            books,
        })
    }

    /// The charges for what is stored and moved as it is.
    pub(super) fn now(&self) -> Result<Charges, CostError> {
        self.divided(&self.history, |repository| {
            (repository.attributed.byte_seconds_in(self.period), None)
        })
    }

    /// The charges on Alpine, and what they save.
    pub(super) fn on_alpine(&self, bytes: AlpineBytes, now: &Charges) -> Result<OnAlpine, CostError> {
        let history = self.history_on_alpine(bytes, EstimatePoint::Expected)?;
        let charges = self.divided(&history, |repository| {
            let attributed = repository.alpine.map_or(repository.attributed.clone(), |alpine| {
                repository
                    .attributed
                    .map(|reading| alpine.scaled(reading, alpine.after.expected))
            });
            (
                attributed.byte_seconds_in(self.period),
                Some(EstimatePoint::Expected),
            )
        })?;
        let low = self.total(&self.history_on_alpine(bytes, EstimatePoint::Low)?)?;
        let high = self.total(&self.history_on_alpine(bytes, EstimatePoint::High)?)?;
        let total = MoneyEstimate {
            low,
            expected: charges.parts.total,
            high,
        };
        let mut nothing_saved_because = None;
        for (before, after) in now.pieces.iter().zip(&charges.pieces) {
            nothing_saved_because = saving(&before.bill, &after.bill)?.nothing_because;
            if nothing_saved_because.is_none() {
                break;
            }
        }
        Ok(OnAlpine {
            charges,
            history,
            saving: total.left_of(now.parts.total)?,
            total,
            nothing_saved_because,
        })
    }

    /// The saving if all untagged content were deleted; `None` if there is none.
    pub(super) fn clean_up(&self, now: &Charges) -> Result<Option<CleanUp>, CostError> {
        let tagged = self
            .usage
            .tagged
            .as_ref()
            .filter(|&tagged| *tagged != self.usage.stored);
        let Some(tagged) = tagged else {
            return Ok(None);
        };
        let history = self.history.with_stored(tagged.clone());
        let mut saved = Money::zero(self.currency);
        let mut nothing_saved_because = None;
        for (&(period, book), before) in self.books.iter().zip(&now.pieces) {
            let saving = saving(&before.bill, &bill(book, &history, period)?)?;
            saved = saved.checked_add(saving.amount)?;
            nothing_saved_because = saving.nothing_because.or(nothing_saved_because);
        }
        Ok(Some(CleanUp {
            nothing_saved_because: nothing_saved_because.filter(|_| saved.is_zero()),
            saving: saved,
        }))
    }

    /// What is charged for other usage, over all editions of the book.
    pub(super) fn total(&self, history: &UsageHistory) -> Result<Money, CostError> {
        let mut total = Money::zero(self.currency);
        for &(period, book) in &self.books {
            total = total.checked_add(bill(book, history, period)?.total)?;
        }
        Ok(total)
    }

    fn history_on_alpine(&self, bytes: AlpineBytes, point: EstimatePoint) -> Result<UsageHistory, CostError> {
        let after = point.of(bytes.after);
        let stored = self.usage.stored.map(|reading| bytes.scaled(reading, after));
        let mut history = self.history.with_stored(stored);
        history.moved = spread(self.moved.iter().map(|moved| moved.on_alpine(point)), self.period)?;
        Ok(history)
    }

    /// Usage if only one repository switched.
    pub(super) fn history_alone(
        &self,
        index: usize,
        freed: i64,
        point: EstimatePoint,
    ) -> Result<UsageHistory, CostError> {
        let stored = self.usage.stored.map(|reading| {
            let left = i128::from(reading.as_i64()) - i128::from(freed);
            let left = u128::try_from(left).unwrap_or_default();
            left.try_into().unwrap_or(crate::units::ByteCount::MAX)
        });
        let mut history = self.history.with_stored(stored);
        if self.moved[index].on_alpine(point) != &self.moved[index].zones {
            let zones = self.moved.iter().enumerate().map(|(place, moved)| {
                if place == index {
                    moved.on_alpine(point)
                } else {
                    &moved.zones
                }
            });
            history.moved = spread(zones, self.period)?;
        }
        Ok(history)
    }

    fn divided(
        &self,
        history: &UsageHistory,
        usage: impl Fn(&RepositoryUsage) -> (u128, Option<EstimatePoint>),
    ) -> Result<Charges, CostError> {
        let targets: Vec<AllocationTarget> = self
            .usage
            .repositories
            .iter()
            .zip(&self.moved)
            .map(|(repository, moved)| {
                let (attributed, point) = usage(repository);
                AllocationTarget {
                    key: repository.repository.to_string(),
                    attributed,
                    exclusive: u128::from(repository.exclusive.get()),
                    moved: point.map_or(&moved.zones, |point| moved.on_alpine(point)).clone(),
                }
            })
            .collect();
        let targets = AllocationTargets {
            targets,
            unattributed: 0,
        };
        let mut pieces = Vec::with_capacity(self.books.len());
        let mut parts = CostParts::zero(self.currency);
        let mut included_worth = Money::zero(self.currency);
        for &(period, book) in &self.books {
            let bill = bill(book, history, period)?;
            let allocation = allocate(&bill, &targets, self.allocation)?;
            parts = parts.checked_add(parts_of_bill(&bill)?)?;
            included_worth = included_worth.checked_add(bill.quota_benefit()?)?;
            pieces.push(PricedPiece { bill, allocation });
        }
        Ok(Charges {
            pieces,
            parts,
            included_worth,
        })
    }
}

impl Charges {
    /// What the repository at this place bears.
    pub(super) fn parts_of(&self, index: usize) -> Result<CostParts, CostError> {
        let mut parts = CostParts::zero(self.parts.total.currency());
        for piece in &self.pieces {
            parts = parts.checked_add(parts_of(&piece.bill, &piece.allocation.rows[index])?)?;
        }
        Ok(parts)
    }

    /// What no repository bears.
    pub(super) fn unallocated(&self) -> Result<Money, CostError> {
        let unassigned = self
            .pieces
            .iter()
            .flat_map(|piece| &piece.allocation.rows)
            .filter(|row| row.key.is_none())
            .map(|row| row.total);
        Ok(Money::checked_total(self.parts.total.currency(), unassigned)?)
    }

    /// What must be said of any of the bills, each thing once.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = Vec::new();
        for warning in self.pieces.iter().flat_map(|piece| &piece.bill.warnings) {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        warnings
    }
}

/// A share of a bill, by kind.
pub(super) fn parts_of(bill: &Bill, row: &AllocatedRow) -> Result<CostParts, CostError> {
    let mut parts = CostParts::zero(bill.currency);
    for part in &row.parts {
        parts.add(bill.lines[part.line].charge, part.cost)?;
    }
    Ok(parts)
}

impl CostParts {
    fn add(&mut self, charge: crate::pricing::Charge, cost: Money) -> Result<(), CostError> {
        let part = if charge.is_fee() {
            &mut self.fee
        } else if charge.is_transfer() {
            &mut self.transfer
        } else {
            &mut self.storage
        };
        *part = part.checked_add(cost)?;
        self.total = self.total.checked_add(cost)?;
        Ok(())
    }
}

impl EstimatePoint {
    /// This end of an interval.
    pub(super) fn of(self, estimate: Estimate) -> crate::units::ByteCount {
        match self {
            Self::Low => estimate.low,
            Self::Expected => estimate.expected,
            Self::High => estimate.high,
        }
    }
}

impl Moved {
    pub(super) fn on_alpine(&self, point: EstimatePoint) -> &BTreeMap<String, u128> {
        &self.alpine[point as usize]
    }
}

fn parts_of_bill(bill: &Bill) -> Result<CostParts, CostError> {
    let mut parts = CostParts::zero(bill.currency);
    for line in &bill.lines {
        parts.add(line.charge, line.cost)?;
    }
    Ok(parts)
}

pub(super) fn one_currency(book: &str, books: &[(Period, &PriceBook)]) -> Result<Currency, CostError> {
    let mut currencies = books.iter().map(|(_, book)| book.currency);
    // A period is never empty, so there is an edition for it.
    let first = currencies.next().unwrap_or(Currency::USD);
    match currencies.find(|&other| other != first) {
        None => Ok(first),
        Some(other) => Err(CostError::CurrencyChanges {
            book: book.to_owned(),
            from: first,
            to: other,
        }),
    }
}

/// What a repository's pulls moved, now and on Alpine.
fn moved(plan: &CostPlan, usage: &RegistryUsage, repository: &RepositoryUsage) -> Result<Moved, CostError> {
    let (destinations, cold_share) = plan.transfer.of(&usage.registry, &repository.repository);
    let measured = repository.pulls.bytes_each;
    // Charts and other artifacts are no images, but what was served for them is known.
    let served = measured.map(|bytes| PulledBytes {
        cold: bytes,
        warm: bytes,
        alpine: None,
    });
    let Some(pulled) = repository
        .pulled
        .or(served)
        .filter(|_| repository.pulls.count > 0)
    else {
        return Ok(Moved {
            now: MovedEstimate::default(),
            zones: BTreeMap::new(),
            alpine: Default::default(),
        });
    };
    let cold_share = measured.map_or(cold_share, |bytes| pulled.cold_share(bytes));
    let pulls = Pulls {
        count: repository.pulls.count,
        cold_bytes: pulled.cold,
        warm_bytes: pulled.warm,
        cold_share,
    };
    let now = pulls.moved();
    let zones = destinations.split(now.expected)?;
    let on_alpine = |point: EstimatePoint| match pulled.alpine.filter(|_| repository.switches) {
        None => Ok(zones.clone()),
        Some((cold, warm)) => {
            let pulls = Pulls {
                cold_bytes: point.of(cold),
                warm_bytes: point.of(warm),
                ..pulls
            };
            destinations.split(pulls.moved().expected)
        }
    };
    Ok(Moved {
        now,
        alpine: [
            on_alpine(EstimatePoint::Low)?,
            on_alpine(EstimatePoint::Expected)?,
            on_alpine(EstimatePoint::High)?,
        ],
        zones,
    })
}

/// Bytes by zone, of all repositories together, spread over the days of a period.
fn spread<'m>(
    zones: impl Iterator<Item = &'m BTreeMap<String, u128>>,
    period: Period,
) -> Result<Vec<MovedBytes>, CostError> {
    let mut sums: BTreeMap<&str, u128> = BTreeMap::new();
    for (zone, bytes) in zones.flatten() {
        let sum = sums.entry(zone).or_default();
        *sum = sum
            .checked_add(*bytes)
            .ok_or(crate::pricing::PricingError::Overflow)?;
    }
    let mut moved = Vec::new();
    for (zone, bytes) in sums.into_iter().filter(|&(_, bytes)| bytes > 0) {
        moved.extend(MovedBytes::spread(zone, bytes, period)?);
    }
    Ok(moved)
}
