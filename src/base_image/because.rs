use std::fmt;
use std::sync::Arc;

use super::BaseName;

/// What shows that an image is built on a base. It is written in plain words only where it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Because {
    /// This annotation or label is the base's digest.
    Digest(&'static str),
    /// A source names the base.
    Named {
        /// The source: an annotation, a label, a builder's note.
        by: &'static str,
        /// The name.
        name: Arc<BaseName>,
    },
    /// So many first layers are the same.
    SameLayers(usize),
    /// So many first uncompressed layers are the same.
    SameDiffIds(usize),
    /// So many first steps read the same.
    SameSteps(usize),
    /// Version variables are set.
    Variables {
        /// The variables.
        names: Arc<[String]>,
        /// How many of them have the same value.
        equal: usize,
    },
}

impl fmt::Display for Because {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(key) => write!(formatter, "{key} is its digest"),
            Self::Named { by, name } => write!(formatter, "{by} says {name}"),
            Self::SameLayers(1) => formatter.write_str("the first layer is the same"),
            Self::SameLayers(count) => write!(formatter, "the first {count} layers are the same"),
            Self::SameDiffIds(1) => formatter.write_str("the first uncompressed layer is the same"),
            Self::SameDiffIds(count) => {
                write!(formatter, "the first {count} uncompressed layers are the same")
            }
            Self::SameSteps(1) => formatter.write_str("the first step reads the same"),
            Self::SameSteps(count) => write!(formatter, "the first {count} steps read the same"),
            Self::Variables { names, equal } => write!(
                formatter,
                "{} {} set, {equal} of {} with the same value",
                names.join(", "),
                if names.len() == 1 { "is" } else { "are" },
                names.len()
            ),
        }
    }
}
