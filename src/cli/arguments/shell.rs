//! Options of the commands that describe the program itself.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// Options of `tare completions`.
#[derive(Debug, Args)]
pub struct CompletionsOptions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(in crate::cli) shell: Shell,
}

/// Options of `tare man`.
#[derive(Debug, Args)]
pub struct ManOptions {
    /// The folder for the pages, which is created if necessary
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) output: PathBuf,
}
