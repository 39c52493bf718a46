//! Options of `tare serve` and `tare demo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::values::whole;
use super::{Format, addresses};
use crate::cli::outcome::UsageError;
use crate::config::{Flag, RegistryAddress, listen_address};

/// Options of `tare serve`.
#[derive(Debug, Args)]
pub struct ServeOptions {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Requires no key, even if other machines can reach the address
    #[arg(long)]
    allow_anonymous: bool,
    /// Also crawls this registry, besides those of the configuration; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// What this process does [default: all]
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Option<Role>,
}

/// What a process of the service does. Several may share one database.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Serves requests, never crawls
    Api,
    /// Crawls by schedule and on request, does not listen
    Crawler,
    /// Both
    All,
}

impl ServeOptions {
    /// The registries besides those of the configuration.
    ///
    /// # Errors
    /// If one is not the address of a registry.
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }

    /// These options as settings.
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
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// Address and port of the service; port 0 chooses a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = listen_address)]
    pub listen: std::net::SocketAddr,
    /// Prints the report and exits, without starting the service
    #[arg(long)]
    pub once: bool,
    /// Keeps the database and its configuration in this new folder, to try other commands with it
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Ends the made-up year on this day, such as 2026-11-20, where the clock of the demo then stands [default: today]
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<chrono::NaiveDate>,
    /// How many months back the made-up history goes; fewer take less time
    #[arg(long, value_name = "N", default_value = "12", value_parser = whole::<1, 12>)]
    pub months: u32,
    /// Serves only the made-up registry, at the address of --listen, for another Tare to crawl
    #[arg(long, conflicts_with = "once")]
    pub registry_only: bool,
    /// Serves a generated registry with this many tags instead of the company's, to measure with
    #[arg(long, value_name = "N", requires = "registry_only", conflicts_with = "as_of", value_parser = whole::<1, 10_000_000>)]
    pub tags: Option<u32>,
    /// Number that the generated registry is computed from: the same number, the same registry
    #[arg(long, value_name = "NUMBER", requires = "tags", default_value = "1")]
    pub seed: u64,
}
