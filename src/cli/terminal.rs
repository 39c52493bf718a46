//! How wide output may be.

use std::io;

use crate::config::Environment;

/// The width where nothing says otherwise: a pipe or a file. Our choice: most editors and windows show that much.
const DEFAULT_WIDTH: usize = 120;
/// The narrowest output. Our choice: no table fits into less.
const NARROWEST: usize = 40;

/// The widths of the two outputs, in characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    /// Of standard output.
    pub(super) output: usize,
    /// Of standard error; `None` if lines are not broken, because it is no terminal.
    pub(super) messages: Option<usize>,
}

impl Widths {
    /// `COLUMNS` if it is set, else the width of the terminal, else 120 characters for results and any for messages.
    pub(super) fn detect(environment: &Environment) -> Self {
        let set = environment
            .get("COLUMNS")
            .and_then(|text| text.to_str()?.trim().parse::<usize>().ok())
            .filter(|columns| *columns > 0)
            .map(|columns| columns.max(NARROWEST));
        Self {
            output: set.or_else(|| width_of(&io::stdout())).unwrap_or(DEFAULT_WIDTH),
            messages: set.or_else(|| width_of(&io::stderr())),
        }
    }
}

/// The width of a terminal; `None` if the output is something else.
fn width_of<Output: io::IsTerminal + std::os::fd::AsFd>(output: &Output) -> Option<usize> {
    if !output.is_terminal() {
        return None;
    }
    let (width, _) = terminal_size::terminal_size_of(output)?;
    Some(usize::from(width.0).max(NARROWEST))
}
