//! What `tare serve` and `tare demo` are told.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Format, addresses};
use crate::cli::outcome::UsageError;
use crate::config::{Flag, RegistryAddress};

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
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
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
