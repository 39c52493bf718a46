use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::cost::Statement;
use crate::pricing::{Period, PriceBook};
use crate::store::{PullsState, SavedState};

/// A draft of a month's statement, with what is stored with it when the month is closed.
#[derive(Debug, Clone)]
pub struct DraftStatement {
    /// The statement.
    pub statement: Statement,
    /// The moment of the registry's content that it is based on.
    pub as_of: DateTime<Utc>,
    /// The editions of the price book that it uses.
    pub books: Vec<PriceBook>,
}

/// What the drafts of past months depend on besides the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DraftState {
    pub(super) crawls: SavedState,
    pub(super) pulls: PullsState,
}

/// The drafts of past months, in one state of the store.
#[derive(Debug, Default)]
pub(super) struct KeptDrafts {
    state: Option<DraftState>,
    months: HashMap<Period, Vec<DraftStatement>>,
}

impl KeptDrafts {
    /// The drafts of a month; `None` if there are none of this state.
    pub(super) fn get(&self, month: Period, state: &DraftState) -> Option<Vec<DraftStatement>> {
        let is_current = self.state.as_ref() == Some(state);
        is_current.then(|| self.months.get(&month).cloned()).flatten()
    }

    /// Keeps the drafts of a month. Those of another state are forgotten.
    pub(super) fn keep(&mut self, month: Period, state: DraftState, drafts: Vec<DraftStatement>) {
        if self.state.as_ref() != Some(&state) {
            self.months.clear();
            self.state = Some(state);
        }
        self.months.insert(month, drafts);
    }
}
