//! `tare doctor`: checks what Tare needs, one by one, and says what to do.

mod checkup;
mod finding;
mod notifications;
mod recompute;
mod vendor;

use chrono::{NaiveDate, TimeDelta};

use self::checkup::Checkup;
use self::finding::Finding::{self, Amiss, Well};
use self::notifications::notifications;
use self::vendor::vendor;
use crate::cli::arguments::{DoctorOptions, TextOrJson};
use crate::cli::client::client_of;
use crate::cli::context::Context;
use crate::cli::outcome::{Outcome, in_words, print};
use crate::clock::{Clock, SystemClock};
use crate::config::{AzureLogin, CrawlSection, RegistrySection};
use crate::crawl::CrawlPlan;
use crate::identity::{IssuerSettings, check_issuer};
use crate::oci::{RegistryName, RepositoryName};
use crate::registry::{Client, ErrorKind, RegistryError};
use crate::report::{self, AnalysisInputs};
use crate::store::Store;

/// How far the clocks of the database and of this machine may differ. Our choice: machines that synchronise their clocks
/// differ by far less than a second, and leases last longer.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::seconds(5);

/// `tare doctor`.
pub(super) async fn doctor(options: &DoctorOptions, context: &Context) -> anyhow::Result<Outcome> {
    if options.recompute {
        return recompute::recompute(options, context).await;
    }
    let mut checkup = Checkup::new();
    // It would not have come here with a configuration that is wrong.
    checkup.note("configuration", Well(file_of(context)));
    let inputs = match context.settings.analysis_inputs() {
        Ok(inputs) => Some(inputs),
        Err(error) => {
            let advice = "correct the file that the configuration names, or remove the setting".to_owned();
            checkup.note("catalogue, model, price books", Amiss(error.to_string(), advice));
            None
        }
    };
    let store = match context.open_store().await {
        Ok(store) => {
            checkup.note(
                "database",
                Well("answers, and its schema is up to date".to_owned()),
            );
            Some(store)
        }
        Err(error) => {
            let advice = "set DATABASE_URL to a PostgreSQL server of version 14 or later that answers, or \
                          --data-dir to a folder that no other tare has open";
            checkup.note("database", Amiss(in_words(&error), advice.to_owned()));
            None
        }
    };
    if let Some(store) = &store {
        checkup.note("clock", clock(store).await);
        checkup.note("dates of crawls", dates(store).await);
    }
    for section in &context.settings.registries {
        let name = format!("registry {}", section.url.registry());
        checkup.note(&name, registry(section, context).await);
        let host = section.url.registry();
        checkup.note(&format!("vendor of {host}"), vendor(host));
    }
    if context.settings.registries.is_empty() {
        let found = "none configured; name one with tare crawl or tare serve --registry";
        checkup.note("registries", Well(found.to_owned()));
    }
    if let Some(inputs) = &inputs {
        price_books(inputs, context, store.as_ref(), &mut checkup).await;
    }
    for settings in context.settings.issuers() {
        checkup.note(&format!("issuer {}", settings.issuer), issuer(&settings).await);
    }
    for (name, finding) in notifications(context).await {
        checkup.note(&name, finding);
    }
    checkup.note("service", service(context, store.as_ref()).await);
    if let Some(store) = store {
        store.close().await;
    }
    print(&match options.format {
        TextOrJson::Table => checkup.text(context.widths.output),
        TextOrJson::Json => report::json(&checkup)?,
    })?;
    Ok(Outcome::from_completeness(checkup.ok))
}

fn file_of(context: &Context) -> String {
    match context.settings.file() {
        Some(file) => format!("{} is sound", file.display()),
        None => "no configuration file; defaults and environment variables are used".to_owned(),
    }
}

/// Whether a crawl is dated in the future. Opening the store gives such crawls the present date, unless the clocks differ.
async fn dates(store: &Store) -> Finding {
    let advice = || {
        "set the clocks of this machine and of the database; then start tare again, which corrects the dates"
            .to_owned()
    };
    match store.dated_in_the_future(SystemClock.now()).await {
        Ok(found) if found.is_empty() => Well("no crawl is dated in the future".to_owned()),
        Ok(found) => {
            let named = found
                .iter()
                .map(|(registry, latest)| format!("{registry} on {}", latest.format("%Y-%m-%d")));
            let named: Vec<String> = named.collect();
            Amiss(
                format!("crawls are dated in the future: {}", named.join(", ")),
                advice(),
            )
        }
        Err(error) => Amiss(error.to_string(), advice()),
    }
}

async fn clock(store: &Store) -> Finding {
    let before = SystemClock.now();
    let theirs = match store.database_time().await {
        Ok(theirs) => theirs,
        Err(error) => {
            return Amiss(
                error.to_string(),
                "solve the problem with the database first".to_owned(),
            );
        }
    };
    let after = SystemClock.now();
    if before - MAX_CLOCK_SKEW <= theirs && theirs <= after + MAX_CLOCK_SKEW {
        return Well("this machine and the database agree on the time".to_owned());
    }
    Amiss(
        format!(
            "this machine says {}, the database {}",
            after.to_rfc3339(),
            theirs.to_rfc3339()
        ),
        "synchronise both clocks (NTP): leases of crawls and the validity of keys depend on them".to_owned(),
    )
}

/// Whether a registry lets Tare read what it is to read.
async fn registry(section: &RegistrySection, context: &Context) -> Finding {
    // Report the problem now and not after all retries.
    let crawl = CrawlSection {
        max_attempts: 1,
        ..context.settings.crawl.clone()
    };
    let client = match client_of(section, &crawl, &context.environment).await {
        Ok(client) => client,
        Err(error) => {
            let advice = match section.azure_identity {
                Some(AzureLogin::Workload) => {
                    "run Tare where a federation sets AZURE_TENANT_ID, AZURE_CLIENT_ID and \
                     AZURE_FEDERATED_TOKEN_FILE (in Kubernetes the label azure.workload.identity/use: \"true\" on the \
                     pod), or set them"
                }
                Some(AzureLogin::Managed) => {
                    "run Tare on a machine or in an app of Azure's with a managed identity, and reach the registry by \
                     https under its own name"
                }
                None => "give it a user name with a password, or a token, in its [[registry]]",
            };
            return Amiss(in_words(&error), advice.to_owned());
        }
    };
    let plan = match section.plan(&crawl) {
        Ok(plan) => plan,
        Err(error) => return Amiss(error.to_string(), "correct its repositories".to_owned()),
    };
    match plan.repositories.named().first() {
        Some(name) if !plan.repositories.needs_catalogue() => match client.tags_page(name, None).await {
            Ok(page) => {
                let well = format!("can read {name} ({} tags on the first page)", page.items.len());
                lists_manifests(&client, &plan, name, well).await
            }
            Err(error) => refused(
                &error,
                &format!(
                    "grant the identity to pull {name} (on Azure: AcrPull, or Container Registry Repository Reader)"
                ),
            ),
        },
        _ => lists_catalogue(&client, &plan).await,
    }
}

async fn lists_catalogue(client: &Client, plan: &CrawlPlan) -> Finding {
    match client.catalog_page(None).await {
        Ok(page) if page.items.is_empty() => Amiss(
            "lists no repository".to_owned(),
            "either it is empty, or the identity may not see any repository: some registries then return an \
             empty list instead of an error"
                .to_owned(),
        ),
        Ok(page) => {
            let well = format!(
                "can list the catalogue ({} repositories on the first page)",
                page.items.len()
            );
            lists_manifests(client, plan, &page.items[0], well).await
        }
        Err(error) => refused(
            &error,
            "grant the identity to list the catalogue (on Azure: AcrPull, with attribute-based access control the \
             roles Container Registry Repository Reader and Container Registry Repository Catalog Lister), or name \
             its repositories in its [[registry]]",
        ),
    }
}

/// Checks whether the registry lists untagged manifests, if that is configured.
async fn lists_manifests(
    client: &Client,
    plan: &CrawlPlan,
    repository: &RepositoryName,
    well: String,
) -> Finding {
    if !plan.untagged {
        return Well(well);
    }
    match client.manifests_page(repository, None).await {
        Ok(_) => Well(format!("{well}, and untagged manifests")),
        Err(error) => refused(
            &error,
            "untagged manifests are not counted: grant the identity to read metadata (on Azure: AcrPull, or \
             Container Registry Repository Reader), or set untagged = \"never\" in its [[registry]]",
        ),
    }
}

fn refused(error: &RegistryError, if_denied: &str) -> Finding {
    let advice = match error.kind() {
        ErrorKind::Denied => if_denied.to_owned(),
        ErrorKind::NotFound => "check the address and the names of the repositories".to_owned(),
        ErrorKind::Unavailable => "check the address, the network and the certificate (extra_ca)".to_owned(),
        ErrorKind::Invalid => "the server may not be a registry: check the address".to_owned(),
    };
    Amiss(error.to_string(), advice)
}

/// Whether the prices that registries are billed by still hold.
async fn price_books(
    inputs: &AnalysisInputs,
    context: &Context,
    store: Option<&Store>,
    checkup: &mut Checkup,
) {
    let today = SystemClock.now().date_naive();
    let configured = context.settings.registries.iter();
    let mut names: Vec<RegistryName> = configured.map(|section| section.url.registry().clone()).collect();
    if let Some(store) = store {
        let crawled = store.registries().await.unwrap_or_default();
        names.extend(crawled.into_iter().map(|record| record.registry.name));
    }
    names.sort();
    names.dedup();
    for name in names {
        let finding = price_book(inputs, &name, today);
        checkup.note(&format!("prices of {name}"), finding);
    }
}

fn price_book(inputs: &AnalysisInputs, registry: &RegistryName, today: NaiveDate) -> Finding {
    let Some(terms) = inputs.costs.terms(registry) else {
        return Well("no price book, so reports show no costs; set book in [prices]".to_owned());
    };
    match inputs.costs.books.get(&terms.book, today) {
        Err(error) => Amiss(
            error.to_string(),
            "`tare prices list` shows all price books".to_owned(),
        ),
        Ok(book) if book.valid_until < today => Amiss(
            format!("{} was valid until {}", book.id, book.valid_until),
            format!("compare its prices with {} and update it", book.source),
        ),
        Ok(book) => Well(format!("{}, valid until {}", book.id, book.valid_until)),
    }
}

/// Whether tokens of an identity provider could be checked now, and whether people could log in if they should.
async fn issuer(settings: &IssuerSettings) -> Finding {
    match check_issuer(settings).await {
        Ok(keys) => {
            let logins = settings.login.as_ref().map_or("", |_| "; people can log in");
            Well(format!(
                "matches the configuration; usable signing keys: {keys}{logins}"
            ))
        }
        Err(error) => Amiss(error.to_string(), error.advice().to_owned()),
    }
}

/// Checks whether `tare serve` would start and accept callers.
async fn service(context: &Context, store: Option<&Store>) -> Finding {
    if let Err(error) = context.settings.check_service() {
        return Amiss(
            error.to_string(),
            "tare serve does not start with this configuration".to_owned(),
        );
    }
    let listen = context.settings.serve.listen;
    if !context.settings.asks_for_credentials() {
        return Well(format!("{listen}, without keys"));
    }
    let now = SystemClock.now();
    let keys = match store {
        Some(store) => store.api_keys().await.unwrap_or_default(),
        None => Vec::new(),
    };
    let valid = keys
        .iter()
        .filter(|key| key.revoked_at.is_none() && key.expires_at.is_none_or(|end| now < end))
        .count();
    let issuers: Vec<String> = context
        .settings
        .oidc
        .iter()
        .map(|section| section.issuer.to_string())
        .collect();
    match (valid, issuers.is_empty()) {
        (0, true) => Amiss(
            format!("{listen} requires keys, but there is none"),
            "create one: tare key create NAME --scope read, or name your identity provider in [[oidc]]"
                .to_owned(),
        ),
        (valid, true) => Well(format!("{listen}, with {valid} valid keys")),
        (valid, false) => Well(format!(
            "{listen}, with {valid} valid keys and tokens of {}",
            issuers.join(", ")
        )),
    }
}
