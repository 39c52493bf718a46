use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::Analyst;
use crate::cost::{CostError, Statement};
use crate::oci::RegistryName;
use crate::pricing::{Period, PriceBook};
use crate::report::{CostPeriod, Knowledge};
use crate::store::ClosedStatement;

/// What a registry cost in a month.
#[derive(Debug, Clone)]
pub struct RegistryMonth {
    /// The registry.
    pub registry: RegistryName,
    /// The statement, and after it those that correct it where the month was closed and corrected.
    pub statements: Vec<Statement>,
    /// Whether the month was closed, so that the statements no longer change.
    pub is_closed: bool,
}

/// A statement drawn up anew, with what is kept of it when its month is closed.
#[derive(Debug, Clone)]
pub struct DrawnUp {
    /// The statement.
    pub statement: Statement,
    /// The moment as which the registry was looked at.
    pub as_of: DateTime<Utc>,
    /// The editions of the price book that are in it.
    pub books: Vec<PriceBook>,
}

impl Analyst {
    /// What each registry cost in a month: as it was closed, else drawn up from what was stored and pulled. A
    /// registry without a price book, or of which nothing is known in that month, is left out.
    ///
    /// # Errors
    /// Where the store fails, and where a bill cannot be drawn up.
    pub async fn months(&self, month: Period, now: DateTime<Utc>) -> anyhow::Result<Vec<RegistryMonth>> {
        let mut closed: BTreeMap<RegistryName, Vec<ClosedStatement>> = BTreeMap::new();
        for statement in self.store.closed_statements(month).await? {
            closed
                .entry(statement.registry.clone())
                .or_default()
                .push(statement);
        }
        let known = self.store.registries().await?;
        let is_open = known
            .iter()
            .any(|record| !closed.contains_key(&record.registry.name));
        let mut months = Vec::new();
        for (registry, revisions) in &closed {
            let statements = revisions.iter().map(ClosedStatement::statement);
            months.push(RegistryMonth {
                registry: registry.clone(),
                statements: statements.collect::<Result<_, _>>()?,
                is_closed: true,
            });
        }
        if is_open {
            for drawn_up in self.draw_up(month, now).await? {
                if !closed.contains_key(&drawn_up.statement.registry) {
                    months.push(RegistryMonth {
                        registry: drawn_up.statement.registry.clone(),
                        statements: vec![drawn_up.statement],
                        is_closed: false,
                    });
                }
            }
        }
        months.sort_by(|one, other| one.registry.cmp(&other.registry));
        Ok(months)
    }

    /// Draws up the statements of a month, whether or not it was closed: from the stored bytes as they were over
    /// its days, the pulls of its days, and the images at its end (or now, where it is not over).
    ///
    /// # Errors
    /// Where the store fails, and where a bill cannot be drawn up.
    pub async fn draw_up(&self, month: Period, now: DateTime<Utc>) -> anyhow::Result<Vec<DrawnUp>> {
        let end = month.end().and_time(NaiveTime::MIN).and_utc() - TimeDelta::seconds(1);
        let as_of = end.min(now);
        let analysed = if as_of == now {
            self.analysed().await?
        } else {
            Arc::new(self.analysed_at(as_of).await?)
        };
        let knowledge = Knowledge::clone(&self.knowledge);
        let knowledge = self.store.with_pulls(knowledge, Some(month.start())).await?;
        let mut statements = Vec::new();
        for registry in &analysed.registries {
            let name = registry.name();
            let Some(history) = self.store.byte_history(name, month).await? else {
                continue;
            };
            let over = CostPeriod::History(month, &history);
            let statement = registry.statement(&registry.analysis.outcome, &knowledge, over);
            let Some(statement) = statement.with_context(|| format!("cannot draw up the bill of {name}"))?
            else {
                continue;
            };
            let books = knowledge
                .costs
                .books
                .over(&statement.book.id, month)
                .map_err(CostError::from)?;
            statements.push(DrawnUp {
                books: books.into_iter().map(|(_, book)| book.clone()).collect(),
                statement,
                as_of,
            });
        }
        Ok(statements)
    }
}
