/// The registries or cost centres that a caller may see.
///
/// It fails closed: a list says all that is visible, so one that is empty, or that became empty because its entries
/// cannot be read, shows nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible<T> {
    /// All there are, also those to come.
    All,
    /// Only what an entry names.
    Only(Vec<T>),
}

impl<T> Visible<T> {
    /// Whether all are visible.
    pub fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }

    /// Whether all are visible or an entry matches.
    pub fn includes(&self, matches: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Only(entries) => entries.iter().any(matches),
        }
    }

    /// The entries that limit what is visible; `None` if all are visible.
    pub fn limits(&self) -> Option<&[T]> {
        match self {
            Self::All => None,
            Self::Only(entries) => Some(entries),
        }
    }
}

/// Lists are stored and configured as optional: `None` is all.
impl<T> From<Option<Vec<T>>> for Visible<T> {
    fn from(entries: Option<Vec<T>>) -> Self {
        entries.map_or(Self::All, Self::Only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_shows_nothing() {
        assert!(Visible::<u8>::from(None).includes(|_| false));
        let one = Visible::from(Some(vec![1]));
        assert!(one.includes(|&entry| entry == 1) && !one.includes(|&entry| entry == 2));
        let nothing = Visible::<u8>::from(Some(Vec::new()));
        assert!(!nothing.is_all() && !nothing.includes(|_| true));
        assert_eq!(nothing.limits(), Some(&[][..]));
    }
}
