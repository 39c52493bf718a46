use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::close::CloseOptions;
use super::export::ExportOptions;
use super::key::KeyCommand;
use super::outcome::UsageError;
use super::prices::PricesOptions;
use super::pulls::PullsOptions;
use crate::config::{Flag, InvalidAddress, RegistryAddress};
use crate::inventory::DedupScope;
use crate::oci::PlatformFilter;
use crate::pricing::Period;
use crate::report::{GroupBy, SortOrder};
use crate::whatif::Verdict;

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

/// Options of `tare crawl`.
#[derive(Debug, Args)]
pub struct CrawlOptions {
    /// A registry: https://reg.example.com, http://127.0.0.1:5001, reg.example.com/team-a/*
    ///
    /// Without any, the registries of the configuration are crawled.
    #[arg(value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Reads only repositories like this one; may be repeated
    ///
    /// In a glob, * stands for anything but /, ** for any number of components, {a,b} for one of the words.
    /// A name need not be listed by the registry, so names alone do for a token that may not list the
    /// catalogue.
    #[arg(short, long = "repository", value_name = "GLOB")]
    pub repositories: Vec<String>,
    /// Reads only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
    /// Prints one JSON object for each registry in place of a summary
    #[arg(long)]
    pub json: bool,
    /// Logs in as this user; TARE_USERNAME does so too
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Reads the password from the first line of standard input; TARE_PASSWORD or TARE_TOKEN is another way
    #[arg(long, requires = "username")]
    pub password_stdin: bool,
    /// Docker's configuration with the credentials to use [default: ~/.docker/config.json]
    #[arg(long, value_name = "FILE")]
    docker_config: Option<String>,
    /// Trusts this certificate authority too, from a PEM file; may be repeated
    #[arg(long = "ca", value_name = "FILE")]
    pub extra_ca: Vec<PathBuf>,
    /// Where the registry keeps one copy of a blob
    #[arg(long, value_name = "SCOPE", value_enum)]
    pub dedup_scope: Option<Scope>,
    /// Requests in flight at once
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Requests in a minute; 0 for no limit
    #[arg(long, value_name = "N")]
    requests_per_minute: Option<String>,
}

/// Where a registry keeps one copy of a blob.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Scope {
    /// In the whole registry: Azure Container Registry, Distribution, Harbor
    Registry,
    /// In each repository: AWS ECR
    Repository,
}

/// Options of `tare report`.
#[derive(Debug, Default, Args)]
pub struct ReportOptions {
    /// For people, for programs or for spreadsheets
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// What gets a row: repositories, or images for one platform each
    #[arg(long, value_name = "WHAT", value_enum, default_value = "repository")]
    pub by: Rows,
    /// Puts repositories together: registry, team, cost-centre, environment, base or verdict
    #[arg(long, value_name = "KEY", conflicts_with_all = ["by", "verdicts", "limit"])]
    pub group_by: Option<GroupBy>,
    /// Bills every registry by this price book, whatever the configuration says; tare prices list shows which
    /// there are
    #[arg(long, value_name = "BOOK")]
    pub price_book: Option<String>,
    /// The order: attributed, stored, exclusive, logical, tags, saving, cost, alpine_cost (largest first) or
    /// name; -tags and so on for the reverse
    ///
    /// Images are ordered by size, unless it is by tags, saving or name.
    #[arg(
        long,
        value_name = "KEY",
        default_value = "attributed",
        allow_hyphen_values = true
    )]
    pub sort: SortOrder,
    /// How many rows to show; the table sums the other repositories in a row of their own
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Shows only what has this verdict, such as switch; may be repeated
    #[arg(long = "verdict", value_name = "VERDICT", value_parser = verdict)]
    pub verdicts: Vec<Verdict>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Counts only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
}

/// What gets a row in a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Rows {
    /// Each repository
    #[default]
    Repository,
    /// Each image for one platform
    Image,
}

/// What a report looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: sizes in IEC units, totals first
    #[default]
    Table,
    /// For programs: sizes in bytes
    Json,
    /// For spreadsheets: sizes in bytes, one row for each repository
    Csv,
}

/// Options of `tare explain`.
#[derive(Debug, Args)]
pub struct ExplainOptions {
    /// An image that has been crawled: reg.example.com/team/api:1.2, team/api:1.2, team/api@sha256:…
    ///
    /// The registry may be left out where only one has it, and the tag where it is latest.
    #[arg(value_name = "REFERENCE")]
    pub reference: String,
    /// The platform [default: linux/amd64 if the image is there for it]
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// The commands of `tare catalogue`.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Lists base images: those that come with Tare, those of your files, and those that registries show
    List(CatalogueListOptions),
    /// Shows all that is known of a base image
    Show(CatalogueShowOptions),
    /// Says which entries of the catalogue match an image, and why
    Explain(ExplainOptions),
    /// Reads today's tags of the known base images from a registry that has them, such as a mirror
    ///
    /// Nothing but the tags of known base images is read. A path after the registry is the folder they are
    /// in: mirror.example.com/library. -r chooses among them by their own names (node, python). What is
    /// read is kept like any other crawl; tare report --registry leaves it out.
    Refresh(CrawlOptions),
}

/// Options of `tare catalogue list`.
#[derive(Debug, Args)]
pub struct CatalogueListOptions {
    /// A part of the name: node, node:22, alpine
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare catalogue show`.
#[derive(Debug, Args)]
pub struct CatalogueShowOptions {
    /// The base image: node:22
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only for this platform, such as linux/amd64
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<PlatformFilter>,
}

/// Options of `tare evaluate`.
#[derive(Debug, Args)]
pub struct EvaluateOptions {
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// Options of `tare calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateOptions {
    /// Writes the new model to this file, which alpine.model may then name
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: TextOrJson,
}

/// What an answer that is no list of rows looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    /// For people
    #[default]
    Table,
    /// For programs: sizes in bytes
    Json,
}

/// Options of `tare serve`.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// The address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Asks for no keys, though others than this machine may reach the address
    #[arg(long)]
    allow_anonymous: bool,
    /// Crawls this registry too, beside those of the configuration; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// What this process does [default: all]
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<Role>,
}

/// What a process of the service does. Several may share one database.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Answers, and crawls nothing
    Api,
    /// Crawls by schedule and on request, and listens to nobody
    Crawler,
    /// Both
    All,
}

impl ServeOptions {
    /// The registries beside those of the configuration.
    ///
    /// # Errors
    /// Where one is not a registry's address.
    pub(super) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }

    /// The settings that these options are.
    pub fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        if let Some(listen) = &self.listen {
            flags.push(Flag {
                name: "--listen",
                key: "serve.listen",
                text: listen.clone(),
            });
        }
        if self.allow_anonymous {
            flags.push(Flag {
                name: "--allow-anonymous",
                key: "serve.access",
                text: "anonymous".to_owned(),
            });
        }
        if let Some(role) = self.role {
            let text = match role {
                Role::Api => "api",
                Role::Crawler => "crawler",
                Role::All => "all",
            };
            flags.push(Flag {
                name: "--role",
                key: "serve.role",
                text: text.to_owned(),
            });
        }
        flags
    }
}

/// Options of `tare demo`.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// For people, for programs or for spreadsheets
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// Where the service listens, with port 0 for any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Prints the report and ends, without opening the service
    #[arg(long)]
    pub once: bool,
    /// Keeps the store and its settings in this new folder, to try other commands on
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Serves the made-up registry alone, at the address to listen on, for another Tare to read
    #[arg(long, conflicts_with = "once")]
    pub registry_only: bool,
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

impl CrawlOptions {
    /// The registries to crawl; none for those of the configuration.
    ///
    /// # Errors
    /// Where one is not a registry's address.
    pub(super) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }

    /// The settings that these options are.
    pub fn flags(&self) -> Vec<Flag> {
        let given = [
            ("--docker-config", "crawl.docker_config", &self.docker_config),
            ("--concurrency", "crawl.concurrency", &self.concurrency),
            (
                "--requests-per-minute",
                "crawl.requests_per_minute",
                &self.requests_per_minute,
            ),
        ];
        given
            .into_iter()
            .filter_map(|(name, key, text)| {
                let text = text.clone()?;
                Some(Flag { name, key, text })
            })
            .collect()
    }
}

impl ReportOptions {
    /// The registries to show; none for all.
    ///
    /// # Errors
    /// Where one is not a registry's address.
    pub(super) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }
}

/// Reads a verdict as it is written in answers, with hyphens too.
fn verdict(text: &str) -> Result<Verdict, String> {
    let text = text.replace('-', "_");
    Verdict::ALL
        .into_iter()
        .find(|verdict| verdict.as_str() == text)
        .ok_or_else(|| {
            let known: Vec<&str> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
            format!("expected one of {}", known.join(", "))
        })
}

/// Reads a month, such as 2026-11.
pub(super) fn month(text: &str) -> Result<Period, String> {
    let wrong = || "expected a month such as 2026-11".to_owned();
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(wrong());
    }
    match (year.len(), month.len(), year.parse(), month.parse()) {
        (4, 2, Ok(year), Ok(month)) => Period::month(year, month).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// Reads addresses. Not by clap, whose message would repeat a password in one.
pub(super) fn addresses(texts: &[String]) -> Result<Vec<RegistryAddress>, UsageError> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error: InvalidAddress| UsageError(error.to_string()))
        })
        .collect::<Result<_, _>>()
}

impl From<Scope> for DedupScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Registry => Self::Registry,
            Scope::Repository => Self::Repository,
        }
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
