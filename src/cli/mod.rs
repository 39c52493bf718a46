//! The command line: what may be typed, and the wiring of every room that a command needs.
//!
//! Results go to standard output; logs, progress and what is missing go to standard error. The exit
//! status is 0 for complete, 3 for incomplete, 2 for wrong usage or settings, 1 for anything else.

mod arguments;
mod catalogue;
mod choice;
mod cleanup;
mod client;
mod close;
mod config;
mod context;
mod copy;
mod crawl;
mod crawl_result;
mod crawls;
mod demo;
mod demo_service;
mod doctor;
mod evaluate;
mod explain;
mod export;
mod interrupt;
mod key;
mod notify;
mod outcome;
mod plan;
mod prices;
mod progress;
mod pulls;
mod ready;
mod report;
mod serve;
mod shell;
mod status;
mod targets;
mod terminal;

use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser};

use crate::config::{Environment, Settings};
use crate::telemetry::{self, Console};
use arguments::{CatalogueCommand, Cli, Command};
use context::Context;
use outcome::{Outcome, failure_code, in_words};
use terminal::Widths;

/// What may be typed, for programs that check command lines without running them.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = Environment::from_process();
    let widths = Widths::detect(&environment);
    // What is about the program itself works with any settings.
    let about_itself = match &cli.command {
        Command::Completions(options) => Some(shell::completions(options)),
        Command::Man(options) => Some(shell::man(options)),
        _ => None,
    };
    if let Some(done) = about_itself {
        let console = Console::default().wrapped_to(widths.messages);
        return done.map_or_else(|error| failed(&console, &error), Outcome::exit_code);
    }
    let mut flags = cli.common.flags();
    if let Command::Crawl(options) | Command::Catalogue(CatalogueCommand::Refresh(options)) = &cli.command {
        flags.extend(options.flags());
    }
    if let Command::Serve(options) = &cli.command {
        flags.extend(options.flags());
    }
    let settings = match Settings::load(cli.common.config.as_deref(), &environment, &flags) {
        Ok(settings) => Arc::new(settings),
        // There is no log yet: its format is a setting too.
        Err(error) => return failed(&Console::default().wrapped_to(widths.messages), &error.into()),
    };
    let console = Console::new(settings.log.format).wrapped_to(widths.messages);
    telemetry::init(settings.logging(), &console);
    let context = Context {
        settings,
        environment,
        console,
        quiet: cli.common.quiet,
        widths,
    };
    match run(cli.command, &context) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => failed(&context.console, &error),
    }
}

fn run(command: Command, context: &Context) -> anyhow::Result<Outcome> {
    // Two TLS providers may be compiled in, so one has to be chosen before the first use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Crawl(options) => crawl::crawl(&options, context).await,
            Command::Report(options) => report::report(&options, context).await,
            Command::Cleanup(options) => cleanup::cleanup(&options, context).await,
            Command::Plan(options) => plan::plan(&options, context).await,
            Command::Explain(options) => explain::explain(&options, context).await,
            Command::Catalogue(command) => catalogue::catalogue(&command, context).await,
            Command::Evaluate(options) => evaluate::evaluated(&options, context).await,
            Command::Calibrate(options) => evaluate::calibrated(&options, context).await,
            Command::Config(options) => config::config(&options, context),
            Command::Prices(options) => prices::prices(&options, context),
            Command::Export(options) => export::export(&options, context).await,
            Command::Close(options) => close::close(&options, context).await,
            Command::Pulls(options) => pulls::pulls(&options, context).await,
            Command::Key(command) => key::key(&command, context).await,
            Command::Crawls(command) => crawls::crawls(&command, context).await,
            Command::Notify(command) => notify::notify(&command, context).await,
            Command::Doctor(options) => doctor::doctor(&options, context).await,
            Command::Status(options) => status::status(&options, context).await,
            Command::Copy(options) => copy::copy(&options, context).await,
            Command::Backup(options) => copy::backup(&options, context).await,
            Command::Restore(options) => copy::restore(&options, context).await,
            Command::Completions(options) => shell::completions(&options),
            Command::Man(options) => shell::man(&options),
            Command::Serve(options) => serve::serve(&options, context).await,
            Command::Ready => ready::ready(context).await,
            Command::Demo(options) => demo::demo(&options, context).await,
        }
    });
    // A computation that still runs on another thread must not delay the exit.
    runtime.shutdown_background();
    outcome
}

/// Says why a command failed, and gives its exit status.
fn failed(console: &Console, error: &anyhow::Error) -> ExitCode {
    console.complain(&format!("error: {}", in_words(error)));
    failure_code(error)
}
