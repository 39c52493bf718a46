//! `tare completions` and `tare man`: files about the program for shells and manuals. They need no settings.

use std::fs;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::arguments::{Cli, CompletionsOptions, ManOptions};
use super::outcome::{Outcome, print};

/// Prints the completions of a shell.
pub(super) fn completions(options: &CompletionsOptions) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "tare", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Complete)
}

/// Writes a manual page for each command.
pub(super) fn man(options: &ManOptions) -> anyhow::Result<Outcome> {
    let folder = &options.output;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    print(&format!(
        "Manual pages are in {}. To read one: man {}/tare.1\n",
        folder.display(),
        folder.display()
    ))?;
    Ok(Outcome::Complete)
}
