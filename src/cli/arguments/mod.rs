//! What may be typed: the commands, and what each is told.

mod catalogue;
mod crawl;
mod report;
mod service;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::close::CloseOptions;
use super::export::ExportOptions;
use super::key::KeyCommand;
use super::prices::PricesOptions;
use super::pulls::PullsOptions;
use crate::config::Flag;

pub use catalogue::{
    CalibrateOptions, CatalogueCommand, CatalogueListOptions, CatalogueShowOptions, EvaluateOptions,
};
pub use crawl::CrawlOptions;
pub use report::{ExplainOptions, Format, ReportOptions, Rows, TextOrJson};
pub use service::{DemoOptions, ServeOptions};
pub(in crate::cli) use values::{addresses, month};

/// What a container registry stores, repository by repository, in totals that add up.
///
/// Results go to standard output, everything else to standard error. The exit status is 0 when all is
/// complete, 3 when something is missing (what, is said), 2 for wrong usage or settings, and 1 for
/// anything else.
#[derive(Debug, Parser)]
#[command(name = "tare", version, max_term_width = 110, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of all commands.
    #[command(flatten)]
    pub common: CommonOptions,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads registries and saves what they hold
    ///
    /// Reads only what is not known yet, so a second crawl of the same registry costs a listing and one
    /// small request for each tag. Stopping it (Ctrl-C, or even kill -9) loses at most the requests in
    /// flight: the next crawl goes on from there. Ctrl-C ends it in order, with status 3; a second
    /// Ctrl-C ends it at once.
    Crawl(CrawlOptions),
    /// Shows what the crawled registries store, repository by repository, and what Alpine would change
    Report(ReportOptions),
    /// Lists the known price books, checks one of your own, or makes one of Azure's published prices
    Prices(PricesOptions),
    /// Imports what a registry's own logs or counters say about pulls, or lists what was imported
    Pulls(PullsOptions),
    /// Writes a month's costs as FOCUS rows, as CSV or as a workbook
    ///
    /// Of a month that was closed the statements that were kept are exported, and corrections as rows of their own;
    /// any other month is drawn up from what was stored and pulled. A month that is not over is taken to go on as it
    /// is.
    Export(ExportOptions),
    /// Closes a month: its statements are kept, whatever is learnt later
    ///
    /// Closing a month again draws it up once more and says that nothing has changed to the last byte, or else
    /// what has, with status 1.
    Close(CloseOptions),
    /// Explains one image: its base, each layer, and what Alpine would make of it and why
    Explain(ExplainOptions),
    /// Shows the base images that are known and their twins on Alpine
    #[command(subcommand)]
    Catalogue(CatalogueCommand),
    /// Measures the model of sizes on Alpine on images that exist on both
    Evaluate(EvaluateOptions),
    /// Fits the model of sizes on Alpine to what has been crawled, and shows how good that is
    ///
    /// Each repository is judged by a model that was fitted on the others. Nothing is written unless a
    /// file is named.
    Calibrate(CalibrateOptions),
    /// Shows the settings in force as TOML, with where each comes from; secrets are masked
    Config,
    /// Answers over HTTP what the crawled registries store: REST, documented at /docs
    ///
    /// It serves what is in the store, whoever crawled it, and takes up what is new within seconds. Ctrl-C or
    /// SIGTERM ends it once the requests under way have been answered.
    Serve(ServeOptions),
    /// Makes, lists and revokes the keys by which the service is reached
    #[command(subcommand)]
    Key(KeyCommand),
    /// Checks what Tare needs, one by one, and says what to do where something is amiss
    ///
    /// The configuration, the database, each registry with its login and the right to list its catalogue, the
    /// clock and the price books. The exit status is 3 where something is amiss.
    Doctor,
    /// Asks the service on this machine whether it is ready, as a container's health check does
    ///
    /// It asks where the settings say that the service listens. The status is 0 where it is ready.
    Ready,
    /// Serves a made-up company's registry, crawls it into a temporary store and shows the report
    Demo(DemoOptions),
}

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct CommonOptions {
    /// The configuration file [default: ~/.config/tare/tare.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where Tare's own database lives [default: tare in the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// How log lines look
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    log: Option<LogStyle>,
    /// Says nothing but errors, and shows no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Says more; twice says everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogStyle {
    Text,
    Json,
}

impl CommonOptions {
    /// The settings that these options are.
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        let mut add = |name, key, text: &str| {
            flags.push(Flag {
                name,
                key,
                text: text.to_owned(),
            });
        };
        if let Some(data_dir) = &self.data_dir {
            add("--data-dir", "store.data_dir", data_dir);
        }
        if let Some(style) = self.log {
            let text = match style {
                LogStyle::Text => "text",
                LogStyle::Json => "json",
            };
            add("--log", "log.format", text);
        }
        if self.quiet {
            add("-q", "log.level", "error");
        }
        match self.verbose {
            0 => {}
            1 => add("-v", "log.level", "debug"),
            _ => add("-v", "log.level", "trace"),
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_month_is_a_year_and_a_month() {
        assert_eq!(month("2026-02").unwrap().days(), 28);
        for wrong in ["2026-13", "2026-2", "26-02", "2026", "2026-02-01", "+026-02"] {
            assert_eq!(
                month(wrong),
                Err("expected a month such as 2026-11".to_owned()),
                "{wrong}"
            );
        }
    }

    #[test]
    fn options_of_all_commands_may_stand_anywhere() {
        let before = Cli::try_parse_from(["tare", "--data-dir", "/x", "-v", "config"]).unwrap();
        let after = Cli::try_parse_from(["tare", "config", "-v", "--data-dir", "/x"]).unwrap();
        let keys = |cli: &Cli| -> Vec<(&str, String)> {
            cli.common
                .flags()
                .into_iter()
                .map(|flag| (flag.key, flag.text))
                .collect()
        };
        assert_eq!(keys(&before), keys(&after));
        assert_eq!(keys(&before)[1], ("log.level", "debug".to_owned()));
    }

    #[test]
    fn a_sort_order_may_start_with_a_hyphen() {
        let cli = Cli::try_parse_from(["tare", "report", "--sort", "-tags"]).unwrap();
        let Command::Report(options) = cli.command else {
            panic!("not a report")
        };
        assert!(options.sort.reverse);
        assert!(Cli::try_parse_from(["tare", "report", "--sort", "size"]).is_err());
    }
}
