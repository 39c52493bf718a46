use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::aggregate::Aggregate;
use super::daily::DailyUsage;
use super::step::Step;
use crate::cost::{CostParts, Labels, RepositoryStatement, Statement};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::Warning;
use crate::units::{Currency, Money, MoneyError, Period};

/// What is asked.
#[derive(Debug, Clone)]
pub struct CostSeriesQuery {
    /// The days.
    pub window: Period,
    /// How they are divided.
    pub step: Step,
    /// What costs are grouped by.
    pub aggregate: Vec<Aggregate>,
}

/// What a registry cost in a month.
#[derive(Debug, Clone, Copy)]
pub struct MonthlyCosts<'a> {
    /// The registry.
    pub registry: &'a RegistryName,
    /// The month.
    pub month: Period,
    /// Its statement, with all corrections; `None` if there is none.
    pub statement: Option<&'a Statement>,
    /// Whether the month is closed.
    pub is_closed: bool,
    /// The usage by day; needed only if a step covers a part of the month.
    pub daily: Option<&'a DailyUsage>,
}

/// Costs over time.
#[derive(Debug, Clone, PartialEq)]
pub struct CostSeries {
    /// The steps in order.
    pub steps: Vec<CostStep>,
    /// The groups of all steps: by step, then the most expensive first.
    pub rows: Vec<CostRow>,
    /// The sums over the window, one entry for each currency.
    pub totals: Vec<CostAmounts>,
}

/// One step of a window.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CostStep {
    /// The first day.
    pub start: NaiveDate,
    /// The day after the last.
    pub end: NaiveDate,
    /// Whether stored bytes are known for all of its days. Otherwise the nearest known reading is assumed for the other days, or a
    /// registry is missing.
    pub complete: bool,
    /// Whether all of its months are closed, so that its figures no longer change.
    pub closed: bool,
    /// Why it is not complete, one sentence for each registry.
    pub incomplete_because: Vec<String>,
    /// The sums over all groups, one entry for each currency.
    pub totals: Vec<CostAmounts>,
}

/// The cost of a group in one step, in one currency.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CostRow {
    /// The first day of the step.
    pub start: NaiveDate,
    /// The day after the last day of the step.
    pub end: NaiveDate,
    /// Whether the step is complete.
    pub complete: bool,
    /// The group: its keys joined by `/`. `__unassigned__` stands for costs without the key.
    pub name: String,
    /// The group by key, such as `{"cost_centre": "CC-1"}`.
    pub keys: BTreeMap<String, String>,
    /// The amounts.
    #[serde(flatten)]
    pub amounts: CostAmounts,
}

/// Amounts in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct CostAmounts {
    /// The whole cost.
    pub cost: Money,
    /// Flat fees.
    pub fee: Money,
    /// What stored bytes cost.
    pub storage: Money,
    /// What moved bytes cost.
    pub transfer: Money,
    /// What it would have cost if every repository had switched whose verdict is `switch`; the best single estimate. Null if
    /// that was not computed.
    pub on_alpine: Option<Money>,
    /// What would have been saved; the best single estimate. Null if that was not computed.
    pub saving: Option<Money>,
}

impl CostAmounts {
    /// Nothing.
    pub fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            cost: zero,
            fee: zero,
            storage: zero,
            transfer: zero,
            on_alpine: Some(zero),
            saving: Some(zero),
        }
    }

    fn new(parts: CostParts, saving: Option<Money>) -> Result<Self, MoneyError> {
        let on_alpine = saving.map(|saving| parts.total.checked_sub(saving)).transpose()?;
        Ok(Self {
            cost: parts.total,
            fee: parts.fee,
            storage: parts.storage,
            transfer: parts.transfer,
            on_alpine,
            saving,
        })
    }

    fn add(&mut self, other: Self) -> Result<(), MoneyError> {
        let optional = |one: Option<Money>, other: Option<Money>| {
            one.zip(other)
                .map(|(one, other)| one.checked_add(other))
                .transpose()
        };
        *self = Self {
            cost: self.cost.checked_add(other.cost)?,
            fee: self.fee.checked_add(other.fee)?,
            storage: self.storage.checked_add(other.storage)?,
            transfer: self.transfer.checked_add(other.transfer)?,
            on_alpine: optional(self.on_alpine, other.on_alpine)?,
            saving: optional(self.saving, other.saving)?,
        };
        Ok(())
    }
}

/// Sums by currency.
#[derive(Debug, Default)]
struct Sums(Vec<CostAmounts>);

impl Sums {
    fn add(&mut self, amounts: CostAmounts) -> Result<(), MoneyError> {
        let currency = amounts.cost.currency();
        match self.0.iter_mut().find(|sum| sum.cost.currency() == currency) {
            Some(sum) => sum.add(amounts),
            None => {
                self.0.push(amounts);
                Ok(())
            }
        }
    }
}

/// What a repository bears of a month, or the part of the bill that is not allocated to one.
struct Share<'a> {
    repository: Option<&'a RepositoryStatement>,
    parts: CostParts,
    saving: Option<Money>,
}

impl CostSeries {
    /// Costs over time, from the months that overlap with the window. `is_chosen` says which repositories count, and with
    /// `None` whether the part of a registry's bill that is not allocated to one does. `image_label` is the value of a label of a
    /// repository's newest image.
    ///
    /// # Errors
    /// If sums exceed the range of exact numbers.
    pub fn new(
        query: &CostSeriesQuery,
        months: &[MonthlyCosts<'_>],
        is_chosen: impl Fn(&RegistryName, Option<&RepositoryStatement>) -> bool,
        image_label: impl Fn(&RegistryName, &RepositoryName, &str) -> Option<String>,
    ) -> Result<Self, MoneyError> {
        let steps = query.step.divide(query.window);
        let mut groups: BTreeMap<(usize, Vec<String>), Sums> = BTreeMap::new();
        for month in months {
            let Some(statement) = month.statement else {
                continue;
            };
            for share in shares(statement)? {
                if !is_chosen(month.registry, share.repository) {
                    continue;
                }
                let owner = share.repository.map(|own| (&own.repository, &own.labels));
                let keys: Vec<String> = query
                    .aggregate
                    .iter()
                    .map(|aggregate| key(aggregate, month.registry, owner, &image_label))
                    .collect();
                for (step, amounts) in share.by_step(month, &steps)? {
                    groups.entry((step, keys.clone())).or_default().add(amounts)?;
                }
            }
        }
        Self::from_groups(query, &steps, months, groups)
    }

    fn from_groups(
        query: &CostSeriesQuery,
        steps: &[Period],
        months: &[MonthlyCosts<'_>],
        groups: BTreeMap<(usize, Vec<String>), Sums>,
    ) -> Result<Self, MoneyError> {
        let mut totals = Sums::default();
        let mut by_step: Vec<Sums> = steps.iter().map(|_| Sums::default()).collect();
        let mut described: Vec<CostStep> = steps.iter().map(|step| described(*step, months)).collect();
        let mut rows = Vec::new();
        for ((step, keys), sums) in groups {
            let place = &described[step];
            for amounts in sums.0 {
                totals.add(amounts)?;
                by_step[step].add(amounts)?;
                let names = query.aggregate.iter().map(ToString::to_string);
                rows.push(CostRow {
                    start: place.start,
                    end: place.end,
                    complete: place.complete,
                    name: keys.join("/"),
                    keys: names.zip(keys.iter().cloned()).collect(),
                    amounts,
                });
            }
        }
        for (step, sums) in described.iter_mut().zip(by_step) {
            step.totals = sums.0;
        }
        rows.sort_by(|one, other| {
            let expense = other.amounts.cost.amount().cmp(&one.amounts.cost.amount());
            let name = || one.name.cmp(&other.name);
            one.start.cmp(&other.start).then(expense).then_with(name)
        });
        Ok(Self {
            steps: described,
            rows,
            totals: totals.0,
        })
    }
}

fn key(
    aggregate: &Aggregate,
    registry: &RegistryName,
    owner: Option<(&RepositoryName, &Labels)>,
    image_label: impl Fn(&RegistryName, &RepositoryName, &str) -> Option<String>,
) -> String {
    aggregate.key(registry, owner, |repository, label| {
        image_label(registry, repository, label)
    })
}

/// What each repository bears, and the part of the bill that is not allocated to one.
fn shares(statement: &Statement) -> Result<Vec<Share<'_>>, MoneyError> {
    let mut left = statement.now.parts;
    let mut shares = Vec::with_capacity(statement.repositories.len() + 1);
    for repository in &statement.repositories {
        let own = repository.now;
        left = CostParts {
            total: left.total.checked_sub(own.total)?,
            fee: left.fee.checked_sub(own.fee)?,
            storage: left.storage.checked_sub(own.storage)?,
            transfer: left.transfer.checked_sub(own.transfer)?,
        };
        let saving = repository.alpine.map(|alpine| alpine.joint_saving.expected);
        shares.push(Share {
            repository: Some(repository),
            parts: own,
            saving,
        });
    }
    if !left.total.is_zero() {
        let nothing = Money::zero(left.total.currency());
        shares.push(Share {
            repository: None,
            parts: left,
            saving: statement.alpine.as_ref().map(|_| nothing),
        });
    }
    Ok(shares)
}

impl Share<'_> {
    /// The amounts of the steps that overlap with the month.
    fn by_step(
        &self,
        month: &MonthlyCosts<'_>,
        steps: &[Period],
    ) -> Result<Vec<(usize, CostAmounts)>, MoneyError> {
        let period = month.month;
        let overlaps = |step: &Period| step.start() < period.end() && period.start() < step.end();
        let mut amounts = Vec::new();
        let mut days: Option<Vec<CostAmounts>> = None;
        for (place, step) in steps.iter().enumerate().filter(|(_, step)| overlaps(step)) {
            if step.start() <= period.start() && period.end() <= step.end() {
                amounts.push((place, CostAmounts::new(self.parts, self.saving)?));
                continue;
            }
            let days = match &days {
                Some(days) => days,
                None => days.insert(self.by_day(month)?),
            };
            let mut sum = CostAmounts::zero(self.parts.total.currency());
            let begin = step.start().max(period.start()) - period.start();
            let end = step.end().min(period.end()) - period.start();
            let place_of = |days: chrono::TimeDelta| usize::try_from(days.num_days()).unwrap_or_default();
            for day in &days[place_of(begin)..place_of(end)] {
                sum.add(*day)?;
            }
            amounts.push((place, sum));
        }
        Ok(amounts)
    }

    /// The amounts of each day of the month, which add up to those of the month.
    fn by_day(&self, month: &MonthlyCosts<'_>) -> Result<Vec<CostAmounts>, MoneyError> {
        let even = vec![1; usize::try_from(month.month.days()).unwrap_or_default()];
        let name = self.repository.map(|repository| &repository.repository);
        let usage = month.daily.zip(name);
        let stored = usage.and_then(|(daily, name)| daily.byte_seconds(name));
        let pulled = usage.and_then(|(daily, name)| daily.pulls(name));
        let fee = self.parts.fee.divide(&even)?;
        let storage = self.parts.storage.divide(stored.unwrap_or(&even))?;
        let transfer = self.parts.transfer.divide(pulled.unwrap_or(&even))?;
        let saving = self.saving.map(|saving| saving.divide(&even)).transpose()?;
        (0..even.len())
            .map(|day| {
                let parts = CostParts {
                    total: fee[day].checked_add(storage[day])?.checked_add(transfer[day])?,
                    fee: fee[day],
                    storage: storage[day],
                    transfer: transfer[day],
                };
                CostAmounts::new(parts, saving.as_ref().map(|saving| saving[day]))
            })
            .collect()
    }
}

/// A step without its totals: whether it is complete, and why not.
fn described(step: Period, months: &[MonthlyCosts<'_>]) -> CostStep {
    let overlapping = months
        .iter()
        .filter(|month| step.start() < month.month.end() && month.month.start() < step.end());
    let mut reasons: Vec<String> = Vec::new();
    let (mut closed, mut any) = (true, false);
    for month in overlapping {
        any = true;
        closed &= month.is_closed;
        let Some(statement) = month.statement else {
            reasons.push(format!(
                "{}: no costs for {}: it had not been crawled yet, or has no price book",
                month.registry,
                month.month.start().format("%Y-%m")
            ));
            continue;
        };
        for warning in &statement.warnings {
            match warning {
                Warning::AssumedBefore { day } if step.start() <= *day => {
                    reasons.push(format!(
                        "{}: nothing is known of days before {day}",
                        month.registry
                    ));
                }
                Warning::AssumedAfter { day } if *day < step.end() => {
                    reasons.push(format!(
                        "{}: nothing is known of days after {day}",
                        month.registry
                    ));
                }
                _ => {}
            }
        }
    }
    reasons.dedup();
    CostStep {
        start: step.start(),
        end: step.end(),
        complete: any && reasons.is_empty(),
        closed: any && closed,
        incomplete_because: reasons,
        totals: Vec::new(),
    }
}
