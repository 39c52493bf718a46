//! Tables for people that fit the width of their terminal.

use textwrap::core::display_width;

use super::cells::shortened_in_the_middle;
use crate::wording::wrapped;

/// The spaces between two columns.
const GAP: usize = 2;
/// The fewest characters that a text is shortened to where leaving out columns is not enough. Our choice: both ends of
/// a name can still be recognised.
const SHORTEST: usize = 12;

/// A column of a [`TextTable`].
#[derive(Debug, Clone, Copy)]
pub struct Column {
    title: &'static str,
    is_number: bool,
    /// The fewest characters that its texts are shortened to before other columns are left out; `None` if they never are.
    shortest: Option<usize>,
    /// Columns with a higher rank are left out first, those with 0 never.
    rank: u8,
}

impl Column {
    /// A column of texts, which start below each other.
    pub const fn text(title: &'static str) -> Self {
        Self {
            title,
            is_number: false,
            shortest: None,
            rank: 0,
        }
    }

    /// A column of numbers, which end below each other.
    pub const fn number(title: &'static str) -> Self {
        Self {
            is_number: true,
            ..Self::text(title)
        }
    }

    /// Its texts may be shortened to so many characters.
    pub const fn shortened_to(self, shortest: usize) -> Self {
        Self {
            shortest: Some(shortest),
            ..self
        }
    }

    /// It is left out where the table is too wide. Of several columns, those with the highest rank go first.
    pub const fn optional(self, rank: u8) -> Self {
        Self { rank, ..self }
    }
}

/// A table of texts with a header.
#[derive(Debug, Clone)]
pub struct TextTable {
    columns: Vec<Column>,
    has_header: bool,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// An empty table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            columns: columns.into_iter().collect(),
            has_header: true,
            rows: Vec::new(),
        }
    }

    /// The same table without a header.
    pub fn without_header(self) -> Self {
        Self {
            has_header: false,
            ..self
        }
    }

    /// Adds a row. Cells that are missing at its end are empty.
    pub fn add(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<String> = cells.into_iter().collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }

    /// The table in lines of at most so many characters, without spaces at their ends. Where it is wider, columns are left
    /// out, named in a line below the table, and long texts are shortened in the middle.
    pub fn text(&self, width: usize) -> String {
        let mut shown: Vec<usize> = (0..self.columns.len()).collect();
        // A column without any content says nothing.
        shown.retain(|&place| {
            self.columns[place].rank == 0 || self.rows.iter().any(|row| !row[place].is_empty())
        });
        let mut left_out = Vec::new();
        while self.narrowest(&shown) > width {
            // Of columns with the same rank, the last one goes first.
            let Some(index) = (0..shown.len()).max_by_key(|&index| (self.columns[shown[index]].rank, index))
            else {
                break;
            };
            if self.columns[shown[index]].rank == 0 {
                break;
            }
            left_out.push(shown.remove(index));
        }
        let widths = self.widths(&shown, width);
        let mut text = String::new();
        if self.has_header {
            let titles: Vec<&str> = self.columns.iter().map(|column| column.title).collect();
            self.line(&titles, &shown, &widths, &mut text);
        }
        for row in &self.rows {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            self.line(&cells, &shown, &widths, &mut text);
        }
        if !left_out.is_empty() {
            left_out.sort_unstable();
            let mut titles: Vec<&str> = left_out.iter().map(|&place| self.columns[place].title).collect();
            // The ranges of bytes and of money have the same title.
            titles.dedup();
            let words = format!(
                "Columns left out to fit {width} characters: {}.",
                titles.join(", ")
            );
            text.push_str(&wrapped(&words, width));
            text.push('\n');
        }
        text
    }

    /// The width of a column's widest cell, which its title is too.
    fn natural(&self, place: usize) -> usize {
        let title = if self.has_header {
            self.columns[place].title
        } else {
            ""
        };
        let cells = self.rows.iter().map(|row| display_width(&row[place]));
        cells.chain([display_width(title)]).max().unwrap_or(0)
    }

    /// The width of these columns when texts are as short as they may be.
    fn narrowest(&self, shown: &[usize]) -> usize {
        let widths = shown.iter().map(|&place| {
            let natural = self.natural(place);
            self.columns[place]
                .shortest
                .map_or(natural, |shortest| natural.min(shortest))
        });
        widths.sum::<usize>() + GAP * shown.len().saturating_sub(1)
    }

    /// The width of each of these columns: the widest texts give way first.
    fn widths(&self, shown: &[usize], width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = shown.iter().map(|&place| self.natural(place)).collect();
        let gaps = GAP * shown.len().saturating_sub(1);
        let titles = |index: usize| display_width(self.columns[shown[index]].title);
        for is_last_resort in [false, true] {
            while widths.iter().sum::<usize>() + gaps > width {
                let shortest = |index: usize| {
                    let shortest = self.columns[shown[index]].shortest?;
                    let shortest = if is_last_resort {
                        shortest.min(SHORTEST)
                    } else {
                        shortest
                    };
                    Some(shortest.max(titles(index)))
                };
                let widest = (0..widths.len())
                    .filter(|&index| shortest(index).is_some_and(|shortest| widths[index] > shortest))
                    .max_by_key(|&index| widths[index]);
                let Some(index) = widest else { break };
                widths[index] -= 1;
            }
        }
        widths
    }

    fn line(&self, cells: &[&str], shown: &[usize], widths: &[usize], text: &mut String) {
        let start = text.len();
        for (index, (&place, &width)) in shown.iter().zip(widths).enumerate() {
            if index > 0 {
                text.extend(std::iter::repeat_n(' ', GAP));
            }
            let cell = shortened_in_the_middle(cells[place], width);
            let padding = std::iter::repeat_n(' ', width.saturating_sub(display_width(&cell)));
            if self.columns[place].is_number {
                text.extend(padding);
                text.push_str(&cell);
            } else {
                text.push_str(&cell);
                text.extend(padding);
            }
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(name: &str) -> TextTable {
        let mut table = TextTable::new([
            Column::text("NAME").shortened_to(20),
            Column::text("TEAM").optional(2),
            Column::number("MONTH"),
            Column::number("LIKELY").optional(1),
        ]);
        table.add([name, "shop", "1.00 USD", "0.90 to 1.10"].map(str::to_owned));
        table.add(["b", "", "12.00 USD"].map(str::to_owned));
        table
    }

    #[test]
    fn texts_start_and_numbers_end_below_each_other() {
        assert_eq!(
            table("shop/api").text(80),
            "NAME      TEAM      MONTH        LIKELY\n\
             shop/api  shop   1.00 USD  0.90 to 1.10\n\
             b               12.00 USD\n"
        );
    }

    #[test]
    fn columns_go_by_rank_and_are_named() {
        let text = table("shop/api").text(34);
        assert!(text.starts_with("NAME          MONTH        LIKELY\n"), "{text}");
        assert!(text.contains("left out to fit 34\ncharacters: TEAM."), "{text}");
        let text = table("shop/api").text(30);
        assert!(text.contains("TEAM, LIKELY"), "{text}");
    }

    #[test]
    fn long_names_keep_both_ends() {
        let text = table("company/platform/a-very-long-name/service").text(48);
        let line = text.lines().nth(1).unwrap();
        assert!(
            line.starts_with("company/") && line.contains('…') && line.contains("service"),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_longer_than_the_terminal(
            names in proptest::collection::vec("[a-z/äß漢-]{0,90}", 0..8),
            width in 50usize..200,
        ) {
            let mut table = TextTable::new([
                Column::text("NAME").shortened_to(20),
                Column::text("BASE").shortened_to(14).optional(1),
                Column::number("MONTH"),
                Column::number("LIKELY").optional(2),
            ]);
            for name in &names {
                table.add([name.clone(), name.clone(), "123,456.78 USD".to_owned(), "1 to 2".to_owned()]);
            }
            for line in table.text(width).lines() {
                prop_assert!(display_width(line) <= width, "{line}");
                prop_assert_eq!(line, line.trim_end());
            }
        }
    }
}
