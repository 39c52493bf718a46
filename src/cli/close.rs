//! `tare close`: a month's statements, kept as they are.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::arguments::{CloseOptions, TextOrJson, addresses};
use super::context::Context;
use super::outcome::{Outcome, begun, print, unanswered};
use crate::analysis::{Closed, Closing, Difference};
use crate::clock::{Clock, SystemClock};
use crate::oci::RegistryName;
use crate::report;
use crate::units::Money;

/// Does what `tare close` was asked.
pub(super) async fn close(options: &CloseOptions, context: &Context) -> anyhow::Result<Outcome> {
    let closing = Closing {
        registries: addresses(&options.registries)?
            .iter()
            .map(|address| address.registry().clone())
            .collect(),
        correct: options.correct,
        even_if_assumed: options.even_if_assumed,
    };
    begun(options.month, SystemClock.now())?;
    let store = context.open_store().await?;
    let closed = match context.analysis(&store) {
        Ok(analysis) => analysis
            .close(options.month, &closing, SystemClock.now())
            .await
            .map_err(unanswered),
        Err(error) => Err(error),
    };
    store.close().await;
    let closed = closed?;
    let name = options.month.start().format("%Y-%m").to_string();
    if closed.is_empty() {
        anyhow::bail!(
            "there is nothing to close for {name}: a registry needs a price book (prices.book) and a crawl in that month \
             or before"
        );
    }
    let rows: Vec<Row<'_>> = closed.iter().map(|closed| Row::new(closed, &name)).collect();
    let (refused, done): (Vec<&Row<'_>>, Vec<&Row<'_>>) = rows.iter().partition(|row| row.state.is_refusal());
    print(&match options.format {
        TextOrJson::Table => done.iter().map(|row| format!("{}\n", row.text)).collect(),
        TextOrJson::Json => report::json(&rows)?,
    })?;
    if refused.is_empty() {
        Ok(Outcome::Complete)
    } else {
        let reasons: Vec<&str> = refused.iter().map(|row| row.text.as_str()).collect();
        anyhow::bail!("{}", reasons.join("\n"))
    }
}

/// What became of a registry's month.
#[derive(Serialize)]
struct Row<'a> {
    registry: &'a RegistryName,
    month: &'a str,
    state: State,
    /// What the month costs; null if that was not computed.
    total: Option<Money>,
    /// What it cost in the earlier statement; null if there is none.
    total_before: Option<Money>,
    /// When the earlier statement was closed; null if there is none.
    closed_at: Option<DateTime<Utc>>,
    /// The inputs whose versions differ from those of the earlier statement.
    changed_inputs: &'a [String],
    /// The repositories whose cost differs from the earlier statement, by how much.
    changed_repositories: Vec<ChangedRepository<'a>>,
    text: String,
}

/// A repository whose cost differs from the earlier statement.
#[derive(Serialize)]
struct ChangedRepository<'a> {
    repository: &'a str,
    change: Money,
}

/// What became of a month, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It is closed now.
    Closed,
    /// It was closed before and is the same.
    Unchanged,
    /// It was closed before; a correction was added.
    Corrected,
    /// It was closed before and differs; nothing was changed.
    Different,
    /// The registry was not crawled after the month; nothing was changed.
    NotCrawled,
}

impl State {
    /// Whether the month was left as it was although that was not asked for.
    fn is_refusal(self) -> bool {
        matches!(self, Self::Different | Self::NotCrawled)
    }
}

impl<'a> Row<'a> {
    fn new(closed: &'a Closed, month: &'a str) -> Self {
        let row = |registry, state, text| Self {
            registry,
            month,
            state,
            total: None,
            total_before: None,
            closed_at: None,
            changed_inputs: &[],
            changed_repositories: Vec::new(),
            text,
        };
        let day = |moment: DateTime<Utc>| moment.format("%F %R UTC").to_string();
        match closed {
            Closed::Now(statement) => {
                let (registry, total) = (&statement.registry, statement.now.parts.total);
                let text = format!("{registry}: {month} is closed: {total}");
                Self {
                    total: Some(total),
                    ..row(registry, State::Closed, text)
                }
            }
            Closed::Same { statement, at } => {
                let (registry, total) = (&statement.registry, statement.now.parts.total);
                let text = format!(
                    "{registry}: {month} was closed on {}: {total}; computed again, it is the same to the last byte",
                    day(*at)
                );
                Self {
                    total: Some(total),
                    total_before: Some(total),
                    closed_at: Some(*at),
                    ..row(registry, State::Unchanged, text)
                }
            }
            Closed::Corrected(difference) => {
                let text = format!(
                    "{}: {month} has a correction: {}",
                    difference.registry,
                    described(difference)
                );
                row(&difference.registry, State::Corrected, text).with(difference)
            }
            Closed::Differs(difference) => {
                let text = format!(
                    "{}: {month} was closed on {} and is different today: {}; nothing was changed; --correct adds a \
                     correction",
                    difference.registry,
                    day(difference.closed_at),
                    described(difference)
                );
                row(&difference.registry, State::Different, text).with(difference)
            }
            Closed::NotRead(registry) => {
                let text = format!(
                    "{registry}: has not been crawled since {month} ended, so its last days are not known; crawl it \
                     first, or close with --even-if-assumed"
                );
                row(registry, State::NotCrawled, text)
            }
        }
    }

    /// The same with what differs from the earlier statement.
    fn with(self, difference: &'a Difference) -> Self {
        let changed = difference.repositories.iter();
        Self {
            total: Some(difference.total.1),
            total_before: Some(difference.total.0),
            closed_at: Some(difference.closed_at),
            changed_inputs: &difference.versions,
            changed_repositories: changed
                .map(|(repository, change)| ChangedRepository {
                    repository,
                    change: *change,
                })
                .collect(),
            ..self
        }
    }
}

/// How many repositories are named one by one. Our choice: they fit onto one screen.
const NAMED: usize = 10;

fn described(difference: &Difference) -> String {
    let (before, now) = difference.total;
    let mut parts = vec![if before == now {
        format!("{now} as before")
    } else {
        format!("{before} before, {now} now")
    }];
    parts.extend(difference.versions.iter().cloned());
    if before != now && difference.versions.is_empty() {
        parts.push("prices and catalogue are the same, so settings or known pulls have changed".to_owned());
    }
    for (repository, change) in difference.repositories.iter().take(NAMED) {
        let sign = if change.amount().is_sign_positive() {
            "+"
        } else {
            ""
        };
        parts.push(format!("{repository} {sign}{change}"));
    }
    if difference.repositories.len() > NAMED {
        parts.push(format!(
            "and {} more repositories",
            difference.repositories.len() - NAMED
        ));
    }
    if before == now && difference.versions.is_empty() && difference.repositories.is_empty() {
        parts.push("only estimates, labels or remarks differ".to_owned());
    }
    parts.join(", ")
}
