use crate::units::{ByteOverflow, Inexact, MoneyError, NoWeight};

/// Why a bill cannot be drawn up. A wrong book never gets this far; see [`BookFaults`](super::BookFaults).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// Usage names a destination the book has no price for.
    #[error("price book `{book}` has no transfer zone `{zone}`; it has {}", list(known))]
    UnknownZone {
        /// The book's id.
        book: String,
        /// The name that was given.
        zone: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// Usage names a class of storage the book has no price for.
    #[error("price book `{book}` has no storage class `{class}`; it has {}", list(known))]
    UnknownClass {
        /// The book's id.
        book: String,
        /// The name that was given.
        class: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The registry has replicas and the plan offers none.
    #[error(
        "price book `{book}` has no price for replicas; choose a plan that offers them or add [replicas]"
    )]
    NoReplicas {
        /// The book's id.
        book: String,
    },
    /// Two bills or a bill and a rule that do not belong together.
    #[error("{0}")]
    Mismatch(String),
    /// A share or a set of shares that is none.
    #[error("{0}")]
    BadShare(String),
    /// A quantity beyond what can be counted.
    #[error("a quantity is too large to be billed exactly")]
    Overflow,
    /// An amount that cannot be reckoned with.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A cost that nobody has a claim on.
    #[error(transparent)]
    NoWeight(#[from] NoWeight),
}

impl From<Inexact> for PricingError {
    fn from(_: Inexact) -> Self {
        Self::Overflow
    }
}

impl From<ByteOverflow> for PricingError {
    fn from(_: ByteOverflow) -> Self {
        Self::Overflow
    }
}

/// Names in a sentence.
pub(super) fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
