//! The command line: what may be typed, and the wiring of every room that a command needs.
//!
//! Results go to standard output; logs, progress and what is missing go to standard error. The exit
//! status is 0 for complete, 3 for incomplete, 2 for wrong usage or settings, 1 for anything else.

mod arguments;
mod crawl_result;
mod interrupt;
mod outcome;
mod progress;
mod report;
mod targets;

use std::process::ExitCode;

use clap::Parser;

use crate::config::{Environment, LogFormat, Settings};
use crate::telemetry::{self, Console};
use arguments::{Cli, Command};
use outcome::{Outcome, failure_code, print};

/// What every command has at hand.
struct Context {
    settings: Settings,
    environment: Environment,
    console: Console,
    quiet: bool,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::of_process();
    let mut flags = cli.common.flags();
    if let Command::Crawl(options) = &cli.command {
        flags.extend(options.flags());
    }
    let settings = match Settings::load(cli.common.config.as_deref(), &environment, &flags) {
        Ok(settings) => settings,
        Err(error) => {
            let error = error.into();
            complain(&Console::default(), LogFormat::Text, &error);
            return failure_code(&error);
        }
    };
    let console = Console::default();
    telemetry::init(&settings.log, &console);
    let format = settings.log.format;
    let context = Context {
        settings,
        environment,
        console: console.clone(),
        quiet: cli.common.quiet,
    };
    match run(cli.command, context) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            complain(&console, format, &error);
            failure_code(&error)
        }
    }
}

fn run(command: Command, context: Context) -> anyhow::Result<Outcome> {
    match command {
        Command::Config => {
            print(&context.settings.show())?;
            Ok(Outcome::Complete)
        }
        _ => todo!(),
    }
}

/// Says why a command failed, in the form in which everything else is said.
fn complain(console: &Console, format: LogFormat, error: &anyhow::Error) {
    match format {
        LogFormat::Text => console.write(&format!("error: {error:#}\n")),
        LogFormat::Json => tracing::error!("{error:#}"),
    }
}
