use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::outcome::UsageError;
use super::prices::PricesOptions;
use crate::config::{Flag, InvalidAddress, RegistryAddress};
use crate::inventory::DedupScope;
use crate::oci::PlatformFilter;
use crate::report::SortOrder;

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
    /// Shows what the crawled registries store, repository by repository
    Report(ReportOptions),
    /// Lists the known price books, checks one of your own, or makes one of Azure's published prices
    Prices(PricesOptions),
    /// Shows the settings in force as TOML, with where each comes from; secrets are masked
    Config,
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
    /// The order of the repositories: attributed, stored, exclusive, logical, tags (largest first) or name;
    /// -tags and so on for the reverse
    #[arg(
        long,
        value_name = "KEY",
        default_value = "attributed",
        allow_hyphen_values = true
    )]
    pub sort: SortOrder,
    /// How many repositories to show; the table sums the others in a row of their own
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Counts only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
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

/// Options of `tare demo`.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// For people, for programs or for spreadsheets
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
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

/// Reads addresses. Not by clap, whose message would repeat a password in one.
fn addresses(texts: &[String]) -> Result<Vec<RegistryAddress>, UsageError> {
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
