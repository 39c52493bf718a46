use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::arguments::{CreateOptions, KeyCommand, ListOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::identity::{self, NewKey};
use crate::oci::RegistryPattern;
use crate::oci::text::printable;
use crate::report::{self, Column, TextTable};
use crate::store::{ApiKeyRecord, Store};

/// The longest name of a key, in characters. Our choice: it fits into a line of `tare key list`.
const LONGEST_NAME: usize = 100;

/// `tare key`.
pub(super) async fn key(command: &KeyCommand, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let done = match command {
        KeyCommand::Create(options) => create(options, &store, context).await,
        KeyCommand::List(options) => list(options, &store, context).await,
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
    for pattern in &options.registries {
        RegistryPattern::new(pattern).map_err(|error| UsageError(format!("--registry: {error}")))?;
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
    print(&match options.format {
        TextOrJson::Table => format!("{}\n", new.key),
        TextOrJson::Json => report::json(&Created {
            key: &new.key,
            record: Listed::new(&record, now),
        })?,
    })?;
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

/// A key that was just created: as it is listed, and the key itself.
#[derive(Serialize)]
struct Created<'a> {
    key: &'a str,
    #[serde(flatten)]
    record: Listed<'a>,
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
    fn new(record: &'a ApiKeyRecord, now: DateTime<Utc>) -> Self {
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

async fn list(options: &ListOptions, store: &Store, context: &Context) -> anyhow::Result<()> {
    let records = store.api_keys().await?;
    let now = SystemClock.now();
    let keys: Vec<Listed<'_>> = records.iter().map(|record| Listed::new(record, now)).collect();
    print(&match options.format {
        TextOrJson::Json => report::json(&keys)?,
        TextOrJson::Table => table(&keys, context.widths.output),
    })?;
    Ok(())
}

fn table(keys: &[Listed<'_>], width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("ID"),
        Column::text("NAME").shortened_to(20),
        Column::text("SCOPES").optional(1),
        Column::text("REGISTRIES").shortened_to(16).optional(2),
        Column::text("COST CENTRES").shortened_to(16).optional(3),
        Column::text("CREATED").optional(4),
        Column::text("EXPIRES").optional(1),
        Column::text("STATE"),
    ]);
    let shown = |limits: &[String], sees_all: bool| match limits {
        [] if sees_all => "all".to_owned(),
        [] => "none".to_owned(),
        limits => printable(&limits.join(" ")),
    };
    let day = |moment: DateTime<Utc>| moment.format("%Y-%m-%d").to_string();
    for key in keys {
        table.add([
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
    table.text(width)
}
