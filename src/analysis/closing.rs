//! Closing a month: its statements are stored as they are and no longer change.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, Utc};

use super::drafts::DraftStatement;
use super::{AnalysisError, AnalysisService};
use crate::cost::Statement;
use crate::oci::RegistryName;
use crate::pricing::{Period, Warning};
use crate::report::Versions;
use crate::store::{ClosedStatement, NewClosedStatement};
use crate::units::Money;

/// How to close a month.
#[derive(Debug, Clone, Default)]
pub struct Closing {
    /// The registries to close; empty for all.
    pub registries: Vec<RegistryName>,
    /// Whether a closed month gets a correction if its statement differs now.
    pub correct: bool,
    /// Whether a month is closed even if the registry was not crawled after its end.
    pub even_if_assumed: bool,
}

/// The result of closing a registry's month.
#[derive(Debug, Clone)]
pub enum Closed {
    /// The month is now closed.
    Now(Statement),
    /// The month was closed before, and the new statement is identical.
    Same {
        /// The statement.
        statement: Statement,
        /// When the month was closed or last corrected.
        at: DateTime<Utc>,
    },
    /// The month was closed before, and a correction was added.
    Corrected(Difference),
    /// The month was closed before, and the new statement differs. Nothing was changed.
    Differs(Difference),
    /// The registry was not crawled after the end of the month, so the month's last days would be assumed. Nothing was
    /// changed.
    NotRead(RegistryName),
}

/// How two statements of one month differ.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The registry.
    pub registry: RegistryName,
    /// When the earlier statement was closed.
    pub closed_at: DateTime<Utc>,
    /// The month's cost in the earlier and in the new statement.
    pub total: (Money, Money),
    /// The inputs whose versions differ, as `what: before, now`.
    pub versions: Vec<String>,
    /// The repositories whose cost changed, with the change, largest first; empty if the currencies differ.
    pub repositories: Vec<(String, Money)>,
}

impl AnalysisService {
    /// Closes a month: drafts the statement of each registry and stores it. A month that was closed before is drafted
    /// again and compared with the stored statement.
    ///
    /// # Errors
    /// If the month is not over, if the store fails, or if a statement cannot be drafted.
    pub async fn close(
        &self,
        month: Period,
        closing: &Closing,
        now: DateTime<Utc>,
    ) -> Result<Vec<Closed>, AnalysisError> {
        if now < month.end().and_time(NaiveTime::MIN).and_utc() {
            let name = month.start().format("%Y-%m").to_string();
            return Err(AnalysisError::MonthNotOver(name));
        }
        // The last revision of each registry.
        let before: BTreeMap<RegistryName, ClosedStatement> = self
            .store
            .closed_statements(month)
            .await?
            .into_iter()
            .map(|closed| (closed.registry.clone(), closed))
            .collect();
        let mut results = Vec::new();
        for draft in self.draft_statements(month, now).await? {
            let registry = &draft.statement.registry;
            if closing.registries.is_empty() || closing.registries.contains(registry) {
                self.require_tags(&draft).await?;
                let before = before.get(registry);
                results.push(self.close_one(month, draft, before, closing, now).await?);
            }
        }
        Ok(results)
    }

    async fn close_one(
        &self,
        month: Period,
        draft: DraftStatement,
        before: Option<&ClosedStatement>,
        closing: &Closing,
        now: DateTime<Utc>,
    ) -> Result<Closed, AnalysisError> {
        let statement = &draft.statement;
        let text = json("the statement", statement)?;
        let versions = self.inputs.versions();
        if let Some(before) = before {
            if before.text == text {
                return Ok(Closed::Same {
                    statement: draft.statement,
                    at: before.closed_at,
                });
            }
            let difference = difference(before, statement, &versions)?;
            if !closing.correct {
                return Ok(Closed::Differs(difference));
            }
            self.keep(month, &draft, &text, before.revision + 1, now).await?;
            return Ok(Closed::Corrected(difference));
        }
        let is_assumed = statement
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::AssumedAfter { .. }));
        if is_assumed && !closing.even_if_assumed {
            return Ok(Closed::NotRead(statement.registry.clone()));
        }
        self.keep(month, &draft, &text, 0, now).await?;
        Ok(Closed::Now(draft.statement))
    }

    async fn keep(
        &self,
        month: Period,
        draft: &DraftStatement,
        text: &str,
        revision: i32,
        now: DateTime<Utc>,
    ) -> Result<(), AnalysisError> {
        let books = json("the price book", &draft.books)?;
        let closed = NewClosedStatement {
            month,
            statement: &draft.statement,
            text,
            as_of: draft.as_of,
            price_books: &books,
            versions: self.inputs.versions(),
            revision,
        };
        Ok(self.store.close_month(&closed, now).await?)
    }
}

fn json(document: &'static str, value: &impl serde::Serialize) -> Result<String, AnalysisError> {
    serde_json::to_string(value).map_err(|reason| AnalysisError::Json { document, reason })
}

/// How a statement differs from the stored one.
fn difference(
    before: &ClosedStatement,
    now: &Statement,
    versions: &Versions,
) -> Result<Difference, AnalysisError> {
    let old = before.statement()?;
    let rests_on = [
        ("price book", &before.price_book, &now.book.id),
        (
            "edition of the price book",
            &before.price_book_version,
            &now.book.version,
        ),
        ("tare", &before.tare_version, &versions.tare.to_owned()),
        ("catalogue", &before.catalogue_version, &versions.catalogue),
        ("model", &before.model_version, &versions.model),
    ];
    let versions = rests_on
        .into_iter()
        .filter(|(_, before, now)| before != now)
        .map(|(what, before, now)| format!("{what}: {before}, now {now}"))
        .collect();
    let mut costs: BTreeMap<&str, (Option<Money>, Option<Money>)> = BTreeMap::new();
    for repository in &old.repositories {
        costs.entry(repository.repository.as_str()).or_default().0 = Some(repository.now.total);
    }
    for repository in &now.repositories {
        costs.entry(repository.repository.as_str()).or_default().1 = Some(repository.now.total);
    }
    let mut repositories = Vec::new();
    for (name, (before, after)) in costs {
        let zero = Money::zero(now.book.currency);
        // Another currency is a difference that needs no figures.
        let change = after.unwrap_or(zero).checked_sub(before.unwrap_or(zero));
        repositories.extend(
            change
                .ok()
                .filter(|change| !change.is_zero())
                .map(|change| (name.to_owned(), change)),
        );
    }
    // The largest first.
    repositories.sort_by_key(|(_, change)| std::cmp::Reverse(change.amount().abs()));
    Ok(Difference {
        registry: now.registry.clone(),
        closed_at: before.closed_at,
        total: (old.now.parts.total, now.now.parts.total),
        versions,
        repositories,
    })
}
