use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::units::{ByteCount, Period, Window, apportion};

/// Where the number of pulls comes from, the more trusted the greater.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PullSource {
    /// Nothing is known; the number is taken to be 0.
    None,
    /// An assumption of the configuration.
    Assumed,
    /// A log or a counter of the registry that was imported.
    Imported,
    /// Events that the registry sent when they happened.
    Metered,
}

impl PullSource {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What counted pulls.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CountedBy {
    /// The registry, in a log or by a counter that was imported.
    Imported,
    /// Tare, from events.
    Metered,
}

impl CountedBy {
    /// The word in the database and in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl From<CountedBy> for PullSource {
    fn from(by: CountedBy) -> Self {
        match by {
            CountedBy::Imported => Self::Imported,
            CountedBy::Metered => Self::Metered,
        }
    }
}

/// Pulls of a repository that were counted over some days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPulls {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The days. A count over several days is spread evenly over them.
    pub period: Period,
    /// The number of pulls.
    pub count: u64,
    /// The source.
    pub by: CountedBy,
}

/// Days on which all pulls were counted, so that a repository without a count was not pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedSpan {
    /// The registry.
    pub registry: RegistryName,
    /// The one repository whose pulls were counted; `None` if those of all repositories were.
    pub repository: Option<RepositoryName>,
    /// The days.
    pub period: Period,
    /// The source.
    pub by: CountedBy,
}

/// An assumed number of pulls of some repositories, for days without counts.
#[derive(Debug, Clone)]
pub struct PullAssumption {
    /// The repositories.
    pub repositories: RepositoryPatterns,
    /// How often each of them is pulled in a calendar month; `None` if it is not set.
    pub per_month: Option<u64>,
}

/// The pulls of each repository. For each day the most trusted source counts: metered before imported before assumed.
/// Two sources are never added up for one day.
#[derive(Debug, Clone, Default)]
pub struct PullCounts {
    assumptions: Vec<PullAssumption>,
    counts: HashMap<(RegistryName, RepositoryName), BTreeMap<(NaiveDate, CountedBy), u64>>,
    spans: HashMap<RegistryName, Vec<CountedSpan>>,
    served: HashMap<(RegistryName, RepositoryName), BTreeMap<(NaiveDate, CountedBy), u64>>,
    totals: HashMap<RegistryName, BTreeMap<NaiveDate, u64>>,
    /// What every count is multiplied by; `None` for 1.
    factor: Option<Decimal>,
}

/// Bytes that were served for the pulls of a repository on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedBytes {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The source.
    pub by: CountedBy,
    /// The number of bytes.
    pub bytes: u64,
}

/// How often all repositories of a registry together were pulled on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullTotal {
    /// The registry.
    pub registry: RegistryName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The number of pulls.
    pub count: u64,
}

/// How often a repository was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullCount {
    /// How often, in the period of the statement.
    pub count: u64,
    /// How that is known.
    pub source: PullSource,
    /// How many bytes one of them moved on average, where that was metered.
    pub bytes_each: Option<ByteCount>,
}

/// The number of past days that the present rate of pulls is taken from. Our choice: about a month, the period of a bill.
const PACE_DAYS: u64 = 30;

impl PullCounts {
    /// What is assumed for days without counts.
    pub fn assumptions(&self) -> &[PullAssumption] {
        &self.assumptions
    }

    /// What is assumed where nothing was counted; the first assumption about a repository counts.
    pub fn assuming(assumptions: Vec<PullAssumption>) -> Self {
        Self {
            assumptions,
            ..Self::default()
        }
    }

    /// These counts and more. What one source counted on one day adds up.
    #[must_use]
    pub fn with(
        mut self,
        counted: impl IntoIterator<Item = CountedPulls>,
        spans: impl IntoIterator<Item = CountedSpan>,
    ) -> Self {
        for pulls in counted {
            let days = self.counts.entry((pulls.registry, pulls.repository)).or_default();
            for (day, count) in spread(pulls.count, pulls.period) {
                let known = days.entry((day, pulls.by)).or_default();
                *known = known.saturating_add(count);
            }
        }
        for span in spans {
            self.spans.entry(span.registry.clone()).or_default().push(span);
        }
        self
    }

    /// These counts together with others. What one source counted on one day adds up.
    #[must_use]
    pub fn merged(mut self, other: Self) -> Self {
        self.assumptions.extend(other.assumptions);
        for (repository, days) in other.counts {
            let known = self.counts.entry(repository).or_default();
            for (day, count) in days {
                let sum = known.entry(day).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        for (registry, spans) in other.spans {
            self.spans.entry(registry).or_default().extend(spans);
        }
        for (repository, days) in other.served {
            let known = self.served.entry(repository).or_default();
            for (day_and_source, bytes) in days {
                let sum = known.entry(day_and_source).or_default();
                *sum = sum.saturating_add(bytes);
            }
        }
        for (registry, days) in other.totals {
            self.totals.entry(registry).or_default().extend(days);
        }
        self
    }

    /// These counts with the sums of all repositories.
    #[must_use]
    pub fn with_totals(mut self, totals: impl IntoIterator<Item = PullTotal>) -> Self {
        for total in totals {
            self.totals
                .entry(total.registry)
                .or_default()
                .insert(total.day, total.count);
        }
        self
    }

    /// How often all repositories of a registry together were pulled in a period; `None` unless each of its days is known.
    pub fn total_in(&self, registry: &RegistryName, period: Period) -> Option<u64> {
        let known = self.totals.get(registry)?;
        let days = period.split(Window::Day).into_iter().map(Period::start);
        let sum = days.map(|day| known.get(&day).copied()).sum::<Option<u64>>()?;
        Some(self.given(sum))
    }

    /// How often all repositories of a registry together are pulled in the calendar month of a day, at the pace of the
    /// known ones of the thirty days up to and with it.
    pub fn monthly_total(&self, registry: &RegistryName, day: NaiveDate) -> Option<u64> {
        let known = self.totals.get(registry)?;
        let recent = recent(day)?;
        let days: Vec<u64> = known
            .range(recent.start()..recent.end())
            .map(|(_, count)| *count)
            .collect();
        let sum: u128 = days.iter().map(|count| u128::from(*count)).sum();
        let days_of_month = Period::month_containing(day).map_or(PACE_DAYS, Period::days);
        let pace = (sum * u128::from(days_of_month)).checked_div(days.len() as u128)?;
        Some(self.given(u64::try_from(pace).unwrap_or(u64::MAX)))
    }

    /// These counts with what was served for them.
    #[must_use]
    pub fn with_bytes(mut self, served: impl IntoIterator<Item = ServedBytes>) -> Self {
        for bytes in served {
            let days = self.served.entry((bytes.registry, bytes.repository)).or_default();
            let known = days.entry((bytes.day, bytes.by)).or_default();
            *known = known.saturating_add(bytes.bytes);
        }
        self
    }

    /// How many bytes a pull of a repository moved on average, over the days of a period on which one source counted both;
    /// `None` if there are no such days. Of two sources, the most trusted counts.
    pub fn bytes_each(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        period: Period,
    ) -> Option<ByteCount> {
        let name = (registry.clone(), repository.clone());
        let (served, counts) = (self.served.get(&name)?, self.counts.get(&name)?);
        let (mut bytes, mut pulls) = (0_u128, 0_u128);
        for ((day, by), served) in served.iter().filter(|((day, _), _)| period.contains(*day)) {
            let is_best = *by == CountedBy::Metered || !counts.contains_key(&(*day, CountedBy::Metered));
            if let Some(count) = counts.get(&(*day, *by)).filter(|_| is_best) {
                bytes += u128::from(*served);
                pulls += u128::from(*count);
            }
        }
        let each = bytes.checked_div(pulls)?;
        Some(ByteCount::try_from(each).unwrap_or(ByteCount::MAX))
    }

    /// The same over the days that the present pace is taken from.
    pub fn recent_bytes_each(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        day: NaiveDate,
    ) -> Option<ByteCount> {
        self.bytes_each(registry, repository, recent(day)?)
    }

    /// The same counts, each multiplied: what if there were twice as many pulls?
    #[must_use]
    pub fn scaled(mut self, factor: Decimal) -> Self {
        self.factor = Some(factor);
        self
    }

    /// A count as it is given: multiplied and rounded to whole pulls.
    fn given(&self, count: u64) -> u64 {
        let Some(factor) = self.factor else {
            return count;
        };
        let product = Decimal::from(count).checked_mul(factor);
        let whole = product.and_then(|product| product.round().to_u64());
        whole.unwrap_or(u64::MAX)
    }

    /// The pulls of a repository in a period, with their source: of the sources of the days, the
    /// one with most days, the more trusted among equals.
    pub fn pulls_in(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        period: Period,
    ) -> (u64, PullSource) {
        let days = self.days(registry, repository, period);
        let sum = days
            .iter()
            .fold(0, |sum: u64, &(count, _)| sum.saturating_add(count));
        let mut by_source: BTreeMap<PullSource, usize> = BTreeMap::new();
        for (_, source) in days {
            *by_source.entry(source).or_default() += 1;
        }
        let known = by_source
            .into_iter()
            .filter(|&(source, _)| source != PullSource::None);
        let source = known.max_by_key(|&(source, days)| (days, source));
        (
            self.given(sum),
            source.map_or(PullSource::None, |(source, _)| source),
        )
    }

    /// The last day on which a pull of a repository was counted.
    pub fn last_day(&self, registry: &RegistryName, repository: &RepositoryName) -> Option<NaiveDate> {
        let counted = self.counts.get(&(registry.clone(), repository.clone()))?;
        let pulled = counted.iter().filter(|(_, count)| **count > 0);
        pulled.map(|((day, _), _)| *day).max()
    }

    /// The days without a gap on which all pulls of a repository were counted, up to the last such day.
    pub fn counted(&self, registry: &RegistryName, repository: &RepositoryName) -> Option<Period> {
        let spans = self.spans.get(registry)?.iter();
        let own = spans.filter(|span| span.repository.as_ref().is_none_or(|only| only == repository));
        let mut periods: Vec<Period> = own.map(|span| span.period).collect();
        periods.sort_by_key(|period| std::cmp::Reverse(period.end()));
        let end = periods.first()?.end();
        let mut start = end;
        for period in periods {
            if period.end() >= start {
                start = start.min(period.start());
            }
        }
        Period::new(start, end).ok()
    }

    /// The pulls of each day of a period.
    pub fn daily(&self, registry: &RegistryName, repository: &RepositoryName, period: Period) -> Vec<u64> {
        let days = self.days(registry, repository, period).into_iter();
        days.map(|(count, _)| count).collect()
    }

    /// How often a repository is pulled in the calendar month of a day at the pace of the thirty days up to and
    /// with it. Only days on which pulls were counted make a pace, and those of the most trusted source alone;
    /// without any it is what is assumed.
    pub fn monthly_pace(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        day: NaiveDate,
    ) -> (u64, PullSource) {
        let days_of_month = Period::month_containing(day).map_or(PACE_DAYS, Period::days);
        let days = recent(day).map_or_else(Vec::new, |recent| self.days(registry, repository, recent));
        let best = days.iter().map(|&(_, source)| source).max();
        match best {
            Some(best @ (PullSource::Metered | PullSource::Imported)) => {
                let counted = || days.iter().filter(|&&(_, source)| source == best);
                let sum: u128 = counted().map(|&(count, _)| u128::from(count)).sum();
                // At least one day is of the best source, so this never divides by zero.
                let days = counted().count() as u128;
                let pace = (sum * u128::from(days_of_month) + days / 2) / days;
                (self.given(u64::try_from(pace).unwrap_or(u64::MAX)), best)
            }
            _ => match self.assumed(registry, repository) {
                Some(count) => (self.given(count), PullSource::Assumed),
                None => (0, PullSource::None),
            },
        }
    }

    /// How often a repository is taken to be pulled in a calendar month.
    fn assumed(&self, registry: &RegistryName, repository: &RepositoryName) -> Option<u64> {
        let mut assumptions = self.assumptions.iter();
        assumptions
            .find(|assumption| assumption.repositories.matches(registry, repository))?
            .per_month
    }

    /// The pulls of each day of a period, with their source.
    fn days(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        period: Period,
    ) -> Vec<(u64, PullSource)> {
        let counted = self.counts.get(&(registry.clone(), repository.clone()));
        let assumed = self.assumed(registry, repository);
        let spans: Vec<&CountedSpan> = self
            .spans
            .get(registry)
            .into_iter()
            .flatten()
            .filter(|span| span.repository.as_ref().is_none_or(|only| only == repository))
            .collect();
        let mut days = Vec::new();
        for month in period.split(Window::Month) {
            // A month's assumption is cut up over the whole month, whichever part of it is asked for.
            let whole = Period::month_containing(month.start()).unwrap_or(month);
            let assumed: Option<BTreeMap<NaiveDate, u64>> =
                assumed.map(|count| spread(count, whole).into_iter().collect());
            for day in month.split(Window::Day).into_iter().map(Period::start) {
                let in_span = |by| {
                    spans
                        .iter()
                        .any(|span| span.by == by && span.period.contains(day))
                };
                let on_day = |by| counted.and_then(|counts| counts.get(&(day, by)).copied());
                let known = [CountedBy::Metered, CountedBy::Imported]
                    .into_iter()
                    .find_map(|by| {
                        let count = on_day(by).or_else(|| in_span(by).then_some(0));
                        count.map(|count| (count, by.into()))
                    });
                days.push(known.unwrap_or_else(|| match &assumed {
                    Some(assumed) => (assumed.get(&day).copied().unwrap_or(0), PullSource::Assumed),
                    None => (0, PullSource::None),
                }));
            }
        }
        days
    }
}

/// The days up to and with one that the present pace is taken from.
fn recent(day: NaiveDate) -> Option<Period> {
    let start = day.checked_sub_days(Days::new(PACE_DAYS - 1))?;
    Period::new(start, day.succ_opt()?).ok()
}

/// A count over a period by day; the parts add up to it.
fn spread(count: u64, period: Period) -> Vec<(NaiveDate, u64)> {
    let days: Vec<NaiveDate> = period.split(Window::Day).into_iter().map(Period::start).collect();
    // There is at least one day and each has a weight, so there is always a share.
    let parts = apportion(u128::from(count), &vec![1; days.len()]).unwrap_or_default();
    // No part is larger than the count.
    let parts = parts.into_iter().map(|part| u64::try_from(part).unwrap_or(count));
    days.into_iter().zip(parts).collect()
}
