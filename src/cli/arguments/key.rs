use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::report::TextOrJson;
use super::values::whole;

/// The commands of `tare key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Creates a key and prints it once, on the last line of standard output
    ///
    /// A running service accepts it within seconds. Only its digest is stored.
    #[command(after_help = examples::KEY_CREATE)]
    Create(CreateOptions),
    /// Lists the names and rights of all keys, including revoked ones; never the keys themselves
    #[command(after_help = examples::KEY_LIST)]
    List(ListOptions),
    /// Revokes a key: it is rejected within seconds
    #[command(after_help = examples::KEY_REVOKE)]
    Revoke {
        /// Its name or its id
        key: String,
    },
}

/// Options of `tare key create`.
#[derive(Debug, Args)]
pub struct CreateOptions {
    /// Name of the key: the person or program that uses it
    pub(in crate::cli) name: String,
    /// What the key allows; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_enum, default_value = "read")]
    pub(in crate::cli) scopes: Vec<Scope>,
    /// Limits the key to registries that match this name or glob; may be repeated [default: all]
    #[arg(long = "registry", value_name = "GLOB")]
    pub(in crate::cli) registries: Vec<String>,
    /// Limits the key to the repositories of this cost centre; may be repeated [default: all]
    #[arg(long = "cost-centre", value_name = "NAME")]
    pub(in crate::cli) cost_centres: Vec<String>,
    /// Number of days until the key expires [default: never]
    #[arg(long, value_name = "DAYS", value_parser = whole::<1, 3650>)]
    pub(in crate::cli) expires_in_days: Option<u32>,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(in crate::cli) format: TextOrJson,
}

/// Options of `tare key list`.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub(in crate::cli) format: TextOrJson,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Read everything
    Read,
    /// Start crawls
    Crawl,
    /// Send pull notifications
    Ingest,
    /// All of these
    Admin,
}

impl From<Scope> for crate::identity::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Crawl => Self::Crawl,
            Scope::Ingest => Self::Ingest,
            Scope::Admin => Self::Admin,
        }
    }
}
