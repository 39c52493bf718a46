use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::drafts::{DraftState, DraftStatement};
use super::{AnalysisError, AnalysisService};
use crate::cost::{CostError, Statement};
use crate::oci::RegistryName;
use crate::pricing::Period;
use crate::report::CostPeriod;
use crate::report::costs::DailyUsage;
use crate::store::{ClosedStatement, SavedState};

/// What a registry cost in a month.
#[derive(Debug, Clone)]
pub struct RegistryMonth {
    /// The registry.
    pub registry: RegistryName,
    /// The statement, followed by its corrections if the month was closed and corrected.
    pub statements: Vec<Statement>,
    /// Whether the month is closed, so that the statements no longer change.
    pub is_closed: bool,
}

impl AnalysisService {
    /// What each registry cost in a month: the closed statements, or a draft. A registry without a price book, or
    /// without data for that month, is left out.
    ///
    /// # Errors
    /// If the month has not begun, if the store fails, or if a statement cannot be drafted.
    pub async fn months(
        &self,
        month: Period,
        now: DateTime<Utc>,
    ) -> Result<Vec<RegistryMonth>, AnalysisError> {
        month.not_in_the_future(now.date_naive())?;
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
            for draft in self.draft_statements(month, now).await? {
                if !closed.contains_key(&draft.statement.registry) {
                    self.require_tags(&draft).await?;
                    months.push(RegistryMonth {
                        registry: draft.statement.registry.clone(),
                        statements: vec![draft.statement],
                        is_closed: false,
                    });
                }
            }
        }
        months.sort_by(|one, other| one.registry.cmp(&other.registry));
        Ok(months)
    }

    /// What each registry's repositories stored and served on each day of a month, where that is known.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn daily_usage(
        &self,
        month: Period,
    ) -> Result<BTreeMap<RegistryName, DailyUsage>, AnalysisError> {
        let inputs = self.inputs_with_pulls(Some(month.start())).await?;
        let mut usage = BTreeMap::new();
        for record in self.store.registries().await? {
            let registry = record.registry.name;
            if let Some(history) = self.store.byte_history(&registry, month).await? {
                let daily = DailyUsage::new(&registry, month, &history, &inputs.costs.pulls);
                usage.insert(registry, daily);
            }
        }
        Ok(usage)
    }

    /// Drafts the statements of a month, whether or not it was closed: from the stored bytes as they were over
    /// its days, the pulls of its days, and the images at its end (or now, where it is not over).
    ///
    /// # Errors
    /// If the store fails, or if a statement cannot be drafted.
    pub async fn draft_statements(
        &self,
        month: Period,
        now: DateTime<Utc>,
    ) -> Result<Vec<DraftStatement>, AnalysisError> {
        let end = month.end().and_time(NaiveTime::MIN).and_utc() - TimeDelta::seconds(1);
        let as_of = end.min(now);
        if as_of == now || !self.keeps {
            return self.draft(month, as_of, now).await;
        }
        // The past changes only with another crawl or with pulls that become known later.
        let state = DraftState {
            crawls: SavedState::new(&self.store.registries().await?),
            pulls: self.store.pulls_state().await?,
        };
        if let Some(drafts) = self.drafts.lock().await.get(month, &state) {
            return Ok(drafts);
        }
        let drafts = self.draft(month, as_of, now).await?;
        self.drafts.lock().await.keep(month, state, drafts.clone());
        Ok(drafts)
    }

    async fn draft(
        &self,
        month: Period,
        as_of: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<DraftStatement>, AnalysisError> {
        let analysed = if as_of == now {
            self.analysed().await?
        } else {
            Arc::new(self.analysed_at(as_of).await?)
        };
        let inputs = self.inputs_with_pulls(Some(month.start())).await?;
        let mut statements = Vec::new();
        for registry in &analysed.registries {
            let name = registry.name();
            let Some(history) = self.store.byte_history(name, month).await? else {
                continue;
            };
            let over = CostPeriod::History(month, &history);
            let statement = registry.statement(&registry.analysis.outcome, &inputs, over);
            let failed = |reason| AnalysisError::Statement {
                registry: name.clone(),
                reason,
            };
            let Some(statement) = statement.map_err(failed)? else {
                continue;
            };
            let books = inputs
                .costs
                .books
                .over(&statement.book.id, month)
                .map_err(CostError::from)
                .map_err(failed)?;
            statements.push(DraftStatement {
                books: books.into_iter().map(|(_, book)| book.clone()).collect(),
                statement,
                as_of,
            });
        }
        Ok(statements)
    }
}
