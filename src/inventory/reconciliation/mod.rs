//! What a registry itself says that it stores, compared with what Tare counts.
//!
//! A [`ReportedUsage`] is read from a saved answer of the vendor, or typed by the operator. [`Reconciliation`] takes the
//! difference apart by cause. The parts and the remainder add up to the reported bytes exactly; each part has bounds, so
//! that a reader sees whether the remainder can be explained.

mod content;
mod difference;
#[cfg(test)]
mod difference_tests;
mod reported;

pub use content::{converted_bytes, pushed_since};
pub use difference::{DifferenceCause, DifferencePart, Reconciliation, ReconciliationFacts};
pub use reported::{ReportedUsage, UnreadableUsage, UsageSource};
