//! Options of `tare crawl`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{TextOrJson, addresses};
use crate::cli::outcome::UsageError;
use crate::config::{Flag, RegistryAddress};
use crate::inventory::DedupScope;
use crate::oci::PlatformFilter;

/// Options of `tare crawl`.
#[derive(Debug, Args)]
pub struct CrawlOptions {
    /// A registry, such as https://reg.example.com, http://127.0.0.1:5001 or reg.example.com/team-a/*
    ///
    /// By default, all registries of the configuration are crawled.
    #[arg(value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Reads only repositories that match this name or glob; may be repeated
    ///
    /// In a glob, * matches anything but /, ** any number of path components, {a,b} one of the words. With names only,
    /// the catalogue is not listed, so a token without the right to list it is enough.
    #[arg(short, long = "repository", value_name = "GLOB")]
    pub repositories: Vec<String>,
    /// Reads only images for this platform, such as linux/amd64; may be repeated
    #[arg(long = "platform", value_name = "PLATFORM")]
    pub platforms: Vec<PlatformFilter>,
    /// Output format; json is one object in a line for each registry
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    format: TextOrJson,
    /// The former name of --format json
    #[arg(long)]
    json: bool,
    /// User name for the registry; TARE_USERNAME sets it too
    #[arg(long, value_name = "NAME")]
    pub username: Option<String>,
    /// Reads the password from the first line of standard input; TARE_PASSWORD and TARE_TOKEN are alternatives
    #[arg(long, requires = "username")]
    pub password_stdin: bool,
    /// Docker configuration file with credentials [default: ~/.docker/config.json]
    #[arg(long, value_name = "FILE")]
    docker_config: Option<String>,
    /// PEM file with an additional certificate authority to trust; may be repeated
    #[arg(long = "ca", value_name = "FILE")]
    pub extra_ca: Vec<PathBuf>,
    /// Where the registry keeps one copy of a blob
    #[arg(long, value_name = "SCOPE", value_enum)]
    pub dedup_scope: Option<Scope>,
    /// Maximum number of concurrent requests
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Maximum number of requests per minute; 0 for no limit
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
    /// In each repository, but repositories may mount layers of each other: AWS ECR with blob mounting
    Mounted,
}

impl CrawlOptions {
    /// Whether results are printed as JSON.
    pub(in crate::cli) fn as_json(&self) -> bool {
        self.json || self.format == TextOrJson::Json
    }

    /// The registries to crawl; none for those of the configuration.
    ///
    /// # Errors
    /// If one is not a registry's address.
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }

    /// These options as settings.
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

impl From<Scope> for DedupScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Registry => Self::Registry,
            Scope::Repository => Self::Repository,
            Scope::Mounted => Self::Mounted,
        }
    }
}
