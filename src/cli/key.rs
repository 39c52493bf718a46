use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand, ValueEnum};
use comfy_table::{Table, presets};
use globset::Glob;
use serde::Serialize;

use super::Context;
use super::arguments::TextOrJson;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::identity::{self, NewKey};
use crate::oci::text::printable;
use crate::report;
use crate::store::{ApiKeyRecord, Store};

/// The longest name of a key.
const LONGEST_NAME: usize = 100;

/// The commands of `tare key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Creates a key and prints it once, on the last line of standard output
    ///
    /// A running service accepts it within seconds. Only its digest is stored.
    Create(CreateOptions),
    /// Lists the names and rights of all keys, including revoked ones; never the keys themselves
    List(ListOptions),
    /// Revokes a key: it is rejected within seconds
    Revoke {
        /// Its name or its id
        key: String,
    },
}

/// Options of `tare key create`.
#[derive(Debug, Args)]
pub struct CreateOptions {
    /// Name of the key: the person or program that uses it
    name: String,
    /// What the key allows; may be repeated
    #[arg(long = "scope", value_name = "SCOPE", value_enum, default_value = "read")]
    scopes: Vec<Scope>,
    /// Limits the key to registries that match this name or glob; may be repeated [default: all]
    #[arg(long = "registry", value_name = "GLOB")]
    registries: Vec<String>,
    /// Limits the key to the repositories of this cost centre; may be repeated [default: all]
    #[arg(long = "cost-centre", value_name = "NAME")]
    cost_centres: Vec<String>,
    /// Number of days until the key expires [default: never]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_in_days: Option<u32>,
}

/// Options of `tare key list`.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    format: TextOrJson,
}

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scope {
    /// Read everything
    Read,
    /// Start crawls
    Crawl,
    /// Send pull notifications
    Ingest,
    /// All of these
    Admin,
}

impl From<Scope> for identity::Scope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Crawl => Self::Crawl,
            Scope::Ingest => Self::Ingest,
            Scope::Admin => Self::Admin,
        }
    }
}

/// `tare key`.
pub(super) async fn key(command: &KeyCommand, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let done = match command {
        KeyCommand::Create(options) => create(options, &store, context).await,
        KeyCommand::List(options) => list(options, &store).await,
        KeyCommand::Revoke { key } => revoke(key, &store, context).await,
    };
    store.close().await;
    done.map(|()| Outcome::Complete)
}

async fn create(options: &CreateOptions, store: &Store, context: &Context) -> anyhow::Result<()> {
    let name = options.name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(UsageError(format!("a key's name has 1 to {LONGEST_NAME} characters")).into());
    }
    for glob in &options.registries {
        Glob::new(glob).map_err(|error| UsageError(format!("--registry {glob}: {error}")))?;
    }
    let now = SystemClock.now();
    let new = NewKey::generate()?;
    let record = ApiKeyRecord {
        id: new.id,
        name: name.to_owned(),
        secret_sha256: new.secret_sha256,
        scopes: options
            .scopes
            .iter()
            .map(|&scope| identity::Scope::from(scope).as_str().to_owned())
            .collect(),
        registries: limits(&options.registries),
        cost_centres: limits(&options.cost_centres),
        created_at: now,
        expires_at: options
            .expires_in_days
            .map(|days| now + TimeDelta::days(i64::from(days))),
        revoked_at: None,
    };
    if !store.add_api_key(&record).await? {
        return Err(UsageError(format!(
            "there is a key called {name} already: choose another name, or revoke that one first with \
             `tare key revoke`"
        ))
        .into());
    }
    context.console.tell(&format!(
        "The key {} ({}) for {}. It is shown only now; send it as `Authorization: Bearer …`.",
        printable(name),
        record.id,
        record.scopes.join(", ")
    ));
    print(&format!("{}\n", new.key))?;
    Ok(())
}

/// What an option that may be repeated limits a key to; without it, the key is not limited.
fn limits(named: &[String]) -> Option<Vec<String>> {
    (!named.is_empty()).then(|| named.to_vec())
}

async fn revoke(key: &str, store: &Store, context: &Context) -> anyhow::Result<()> {
    if !store.revoke_api_key(key, SystemClock.now()).await? {
        return Err(UsageError(format!(
            "there is no key {} to revoke; `tare key list` shows all keys",
            printable(key)
        ))
        .into());
    }
    context.console.tell("Revoked.");
    Ok(())
}

/// A key as it is listed.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    name: &'a str,
    scopes: &'a [String],
    /// Empty if the key sees all, or none at all: `sees_all_registries` says which.
    registries: &'a [String],
    sees_all_registries: bool,
    cost_centres: &'a [String],
    sees_all_cost_centres: bool,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
    state: &'static str,
}

impl<'a> Listed<'a> {
    fn of(record: &'a ApiKeyRecord, now: DateTime<Utc>) -> Self {
        let state = match (record.revoked_at, record.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "valid",
        };
        Self {
            id: &record.id,
            name: &record.name,
            scopes: &record.scopes,
            registries: record.registries.as_deref().unwrap_or_default(),
            sees_all_registries: record.registries.is_none(),
            cost_centres: record.cost_centres.as_deref().unwrap_or_default(),
            sees_all_cost_centres: record.cost_centres.is_none(),
            created_at: record.created_at,
            expires_at: record.expires_at,
            revoked_at: record.revoked_at,
            state,
        }
    }
}

async fn list(options: &ListOptions, store: &Store) -> anyhow::Result<()> {
    let records = store.api_keys().await?;
    let now = SystemClock.now();
    let keys: Vec<Listed<'_>> = records.iter().map(|record| Listed::of(record, now)).collect();
    print(&match options.format {
        TextOrJson::Json => report::json(&keys)?,
        TextOrJson::Table => table(&keys),
    })?;
    Ok(())
}

fn table(keys: &[Listed<'_>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header([
        "ID",
        "NAME",
        "SCOPES",
        "REGISTRIES",
        "COST CENTRES",
        "CREATED",
        "EXPIRES",
        "STATE",
    ]);
    let shown = |limits: &[String], sees_all: bool| match limits {
        [] if sees_all => "all".to_owned(),
        [] => "none".to_owned(),
        limits => printable(&limits.join(" ")),
    };
    let day = |moment: DateTime<Utc>| moment.format("%Y-%m-%d").to_string();
    for key in keys {
        table.add_row([
            key.id.to_owned(),
            printable(key.name),
            key.scopes.join(" "),
            shown(key.registries, key.sees_all_registries),
            shown(key.cost_centres, key.sees_all_cost_centres),
            day(key.created_at),
            key.expires_at.map_or_else(|| "never".to_owned(), day),
            key.state.to_owned(),
        ]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim().to_owned()).collect();
    lines.join("\n") + "\n"
}
