//! The command line: commands and their options.

mod catalogue;
mod cleanup;
mod close;
mod crawl;
mod crawls;
mod examples;
mod export;
mod key;
mod notify;
mod plan;
mod prices;
mod pulls;
mod report;
mod service;
mod shell;
mod store;
mod values;

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::config::Flag;

pub use catalogue::{
    CalibrateOptions, CatalogueCommand, CatalogueListOptions, CatalogueShowOptions, EvaluateOptions,
};
pub use cleanup::CleanupOptions;
pub use close::CloseOptions;
pub use crawl::CrawlOptions;
pub use crawls::{CancelOptions, CrawlsCommand, CrawlsListOptions};
pub use export::{ExportForm, ExportOptions};
pub use key::{CreateOptions, KeyCommand, ListOptions};
pub use notify::{NotifyCommand, PreviewOptions, TestOptions};
pub use plan::PlanOptions;
pub use prices::{PricesCommand, PricesOptions};
pub use pulls::{ImportOptions, PullsCommand, PullsOptions};
pub use report::{ExplainOptions, Format, ReportOptions, Rows, TextOrJson};
pub use service::{DemoOptions, ServeOptions};
pub use shell::{CompletionsOptions, ManOptions};
pub use store::{BackupOptions, CopyOptions, RestoreOptions};
pub(in crate::cli) use values::addresses;

/// The version, with the commit that it was built from.
const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("BUILD_COMMIT"),
    ", ",
    env!("BUILD_COMMIT_DATE"),
    ")"
);

/// Shows what a container registry stores, what that costs, and what it would cost on Alpine.
///
/// Results go to standard output, everything else to standard error. The exit status is 0 when the result is
/// complete, 3 when it is incomplete (the output says what is missing), 2 for wrong usage or configuration, and 1
/// for any other error.
#[derive(Debug, Parser)]
#[command(
    name = "tare",
    version = VERSION,
    max_term_width = 110,
    propagate_version = true,
    after_help = examples::TARE
)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// Options of all commands.
    #[command(flatten)]
    pub common: CommonOptions,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads registries and saves what they contain
    ///
    /// A crawl reads only what is not known yet: a second crawl of the same registry lists its repositories and tags
    /// and sends one small request per tag. You can stop a crawl at any time, even with kill -9. The next crawl
    /// continues from what was saved. Ctrl-C ends the crawl in an orderly way, with status 3. A second Ctrl-C ends it
    /// immediately.
    #[command(after_help = examples::CRAWL)]
    Crawl(CrawlOptions),
    /// Lists the latest crawls, or cancels one
    #[command(subcommand, after_help = examples::CRAWLS)]
    Crawls(CrawlsCommand),
    /// Shows what the crawled registries store and cost, and what Alpine would change
    #[command(after_help = examples::REPORT)]
    Report(ReportOptions),
    /// Lists price books, checks one of your own, or creates one from Azure's published prices
    #[command(after_help = examples::PRICES)]
    Prices(PricesOptions),
    /// Imports pull counts from a registry's logs or counters, or lists what was imported
    #[command(after_help = examples::PULLS)]
    Pulls(PullsOptions),
    /// Exports the costs of a month as FOCUS rows, CSV or an Excel workbook
    ///
    /// For a closed month, the saved statements are exported, with corrections as separate rows. Any other month is
    /// computed from what was stored and pulled. A month that is not over is assumed to continue at the current level.
    #[command(after_help = examples::EXPORT)]
    Export(ExportOptions),
    /// Closes a month: saves its statements, so that later exports give the same figures
    ///
    /// Closing a month again computes it again. If the result is the same to the last byte, Tare says so. Otherwise it
    /// lists the differences, changes nothing, and exits with status 1.
    #[command(after_help = examples::CLOSE)]
    Close(CloseOptions),
    /// Simulates a clean-up: which tags and manifests would go, and what that frees in bytes and money
    ///
    /// Nothing is deleted. A tag goes if a rule deletes it and no rule keeps it. With a tag go its manifest, the images of
    /// an index, and signatures and SBOMs that are attached, unless something that stays reaches them. Bytes that other
    /// tags or repositories share are not freed.
    #[command(after_help = examples::CLEANUP)]
    Cleanup(CleanupOptions),
    /// Shows in which order repositories are best switched to Alpine, in waves
    ///
    /// Repositories share layers, so the saving of one depends on the others. After each wave, no other choice of
    /// repositories saves more for the same or less effort; this is proven, and in between the table states how much could
    /// be missed. The effort is that of [[effort]] in the configuration, else one day for each repository.
    #[command(after_help = examples::PLAN)]
    Plan(PlanOptions),
    /// Explains one image: its base image, each layer, and its predicted size on Alpine
    #[command(after_help = examples::EXPLAIN)]
    Explain(ExplainOptions),
    /// Shows the known base images and their Alpine variants
    #[command(subcommand, after_help = examples::CATALOGUE)]
    Catalogue(CatalogueCommand),
    /// Measures the error of the size model on images that exist on Alpine and on another system
    #[command(after_help = examples::EVALUATE)]
    Evaluate(EvaluateOptions),
    /// Fits the size model to the crawled images, and shows its error
    ///
    /// Each repository is judged by a model that was fitted on the others. Nothing is written without --output.
    #[command(after_help = examples::CALIBRATE)]
    Calibrate(CalibrateOptions),
    /// Shows the registries, the age of their figures, the next crawls, and what is missing
    #[command(after_help = examples::STATUS)]
    Status(StatusOptions),
    /// Shows the settings in force and the source of each, as TOML; secrets are masked
    #[command(after_help = examples::CONFIG)]
    Config(ConfigOptions),
    /// Runs the service: web page, REST API (documented at /docs), Prometheus metrics, scheduled crawls
    ///
    /// It serves everything in the database, and shows new data within seconds, whichever process crawled it. Ctrl-C
    /// or SIGTERM stops it after the requests in progress are answered.
    #[command(after_help = examples::SERVE)]
    Serve(ServeOptions),
    /// Creates, lists and revokes API keys of the service
    #[command(subcommand, after_help = examples::KEY)]
    Key(KeyCommand),
    /// Shows notifications as receivers get them, or tries a receiver
    #[command(subcommand, after_help = examples::NOTIFY)]
    Notify(NotifyCommand),
    /// Checks the configuration and everything Tare depends on, and says what to do about each problem
    ///
    /// It checks the configuration, the database, each registry with its credentials and the right to list the
    /// catalogue, identity providers, the clock and the price books. The exit status is 3 if there is a problem.
    #[command(after_help = examples::DOCTOR)]
    Doctor(DoctorOptions),
    /// Asks the service on this machine whether it is ready, for health checks of containers
    ///
    /// It sends a request to /readyz at the address of the configuration. The exit status is 0 if the service is ready.
    #[command(after_help = examples::READY)]
    Ready,
    /// Copies everything into an empty database, such as from the embedded database to a PostgreSQL server
    ///
    /// It copies what the registries hold, reports, closed months, pulls and keys as they are at one moment, in one
    /// transaction, and compares the number of rows at the end. The source is not changed. Stop the service first: what it
    /// stores during the copy is not in the copy.
    #[command(after_help = examples::COPY)]
    Copy(CopyOptions),
    /// Writes everything in the database to a file
    #[command(after_help = examples::BACKUP)]
    Backup(BackupOptions),
    /// Fills an empty database from a file that tare backup wrote
    ///
    /// Choose a new folder with --data-dir, or an empty database with DATABASE_URL. A database with content is refused.
    #[command(after_help = examples::RESTORE)]
    Restore(RestoreOptions),
    /// Shows Tare with the registry of a made-up company: crawls it, prints the report, starts the service
    #[command(after_help = examples::DEMO)]
    Demo(DemoOptions),
    /// Prints the completions for a shell: bash, elvish, fish, powershell or zsh
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsOptions),
    /// Writes manual pages, one for each command
    #[command(after_help = examples::MAN)]
    Man(ManOptions),
}

/// Options of `tare status`.
#[derive(Debug, Args)]
pub struct StatusOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare doctor`.
#[derive(Debug, Args)]
pub struct DoctorOptions {
    /// Only work everything out again from what was crawled, and compare it with the saved answers and reports. Status 1 if
    /// something is different
    #[arg(long)]
    pub recompute: bool,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare config`.
#[derive(Debug, Args)]
pub struct ConfigOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of all commands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub struct CommonOptions {
    /// The configuration file [default: ~/.config/tare/tare.toml if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder of the embedded database [default: tare in the user's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// Format of log lines
    #[arg(long, global = true, value_name = "FORMAT", value_enum)]
    log: Option<LogStyle>,
    /// Logs only errors and shows no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Logs more; -vv logs everything
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogStyle {
    Text,
    Json,
}

impl CommonOptions {
    /// These options as settings.
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
    use super::values::month;
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
