//! What was checked, as a table and as JSON.

use serde::Serialize;

use super::finding::Finding::{self, Amiss, Well};
use crate::oci::text::printable;
use crate::wording::wrapped;

/// The room for the mark in front of each check.
const MARGIN: &str = "       ";

/// What was checked. Serialized, it is the JSON of `tare doctor`: keys are added, never renamed or removed.
#[derive(Serialize)]
pub(super) struct Checkup {
    /// Whether every check passed.
    pub(super) ok: bool,
    checks: Vec<Check>,
}

/// One check.
#[derive(Serialize)]
struct Check {
    check: String,
    ok: bool,
    found: String,
    /// What to do; null if it passed.
    advice: Option<String>,
}

impl Checkup {
    /// Nothing has been checked yet.
    pub(super) fn new() -> Self {
        Self {
            ok: true,
            checks: Vec::new(),
        }
    }

    /// Adds what a check found.
    pub(super) fn note(&mut self, what: &str, finding: Finding) {
        let (found, advice) = match finding {
            Well(found) => (found, None),
            Amiss(found, advice) => (found, Some(advice)),
        };
        self.ok &= advice.is_none();
        self.checks.push(Check {
            check: what.to_owned(),
            ok: advice.is_none(),
            found: printable(&found),
            advice,
        });
    }

    /// What was found, for a terminal of this width.
    pub(super) fn text(&self, width: usize) -> String {
        let mut text = String::new();
        for check in &self.checks {
            let mark = if check.ok { "ok   " } else { "FAIL " };
            let found = wrapped(&format!("{MARGIN}{}: {}", check.check, check.found), width);
            text.push_str(&format!("{mark}  {}\n", found.trim_start()));
            if let Some(advice) = &check.advice {
                text.push_str(&wrapped(&format!("{MARGIN}{advice}\n"), width));
            }
        }
        text
    }
}
