use super::text_table::{Column, TextTable};

/// How much of a repository's name is shown at least. Our choice: names of two parts usually fit.
const SHORTEST_REPOSITORY: usize = 30;
/// How much of a registry's name is shown at least.
const SHORTEST_REGISTRY: usize = 24;

/// The column of repositories.
pub(super) const REPOSITORY: Column = Column::text("REPOSITORY").shortened_to(SHORTEST_REPOSITORY);

/// A table for people, whose first column names the registry where there are several.
pub(super) struct Rows {
    table: TextTable,
    names_registry: bool,
}

impl Rows {
    /// A table with these columns.
    pub(super) fn new(columns: &[Column], names_registry: bool) -> Self {
        let registry = Column::text("REGISTRY").shortened_to(SHORTEST_REGISTRY);
        let registry = names_registry.then_some(registry);
        Self {
            table: TextTable::new(registry.into_iter().chain(columns.iter().copied())),
            names_registry,
        }
    }

    /// Adds a row; `registry` is empty for what is of several.
    pub(super) fn add(&mut self, registry: &str, cells: Vec<String>) {
        let registry = self.names_registry.then(|| registry.to_owned());
        self.table.add(registry.into_iter().chain(cells));
    }

    /// The table in lines of at most so many characters.
    pub(super) fn text(self, width: usize) -> String {
        self.table.text(width)
    }
}
