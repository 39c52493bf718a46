use comfy_table::{Cell, CellAlignment, Table, presets};

/// A table for people, whose first column names the registry where there are several.
pub(super) struct Rows {
    table: Table,
    names_registry: bool,
    texts: usize,
}

impl Rows {
    /// A table with this header, of which the first `texts` columns are texts and all others numbers.
    pub(super) fn new(header: &[&str], texts: usize, names_registry: bool) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let registry = names_registry.then_some("REGISTRY");
        table.set_header(registry.iter().chain(header).map(Cell::new));
        Self {
            table,
            names_registry,
            texts: texts + usize::from(names_registry),
        }
    }

    /// Adds a row; `registry` is empty for what is of several.
    pub(super) fn add(&mut self, registry: &str, cells: Vec<String>) {
        let registry = self.names_registry.then(|| registry.to_owned());
        self.table.add_row(registry.into_iter().chain(cells));
    }

    /// The table as text.
    pub(super) fn text(self) -> String {
        lines(self.table, |place| place >= self.texts)
    }
}

/// A table as text, without spaces at the ends of lines. `is_number` says which columns end below each
/// other.
pub(super) fn lines(mut table: Table, is_number: impl Fn(usize) -> bool) -> String {
    for (place, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if place == 0 { 0 } else { 2 }, 0));
        if is_number(place) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
