/// Something in a file of pulls that cannot be right, with what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {}{problem}; {remedy}", place(.column))]
pub struct PullFileFault {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The column or key, where one is meant.
    pub column: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

impl PullFileFault {
    /// A fault of a whole line.
    pub(super) fn new(file: &str, line: u64, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            column: None,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// A fault of a cell. What it says is repeated, escaped and cut short.
    pub(super) fn in_cell(
        file: &str,
        line: u64,
        column: &str,
        text: &str,
        remedy: impl Into<String>,
    ) -> Self {
        let shown: String = text.chars().take(80).collect();
        Self {
            column: Some(column.to_owned()),
            ..Self::new(file, line, format!("{shown:?} is wrong"), remedy)
        }
    }
}

fn place(column: &Option<String>) -> String {
    column
        .as_ref()
        .map_or_else(String::new, |column| format!("{column}: "))
}
