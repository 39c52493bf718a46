use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::address::RegistryAddress;
use super::azure::AzureLogin;
use super::crawl::CrawlSection;
use super::credentials::{CredentialSettings, SecretPlaces};
use super::environment::Environment;
use super::events::EventSettings;
use super::missing_secret::MissingSecret;
use super::prices::AllocationRule;
use super::quantities::{Bytes, Number};
use super::reported_usage::{ReportedUsageError, UsageSetting};
use super::section::{Section, problem};
use super::values::{ProxyUrl, Secret, duration, maybe_whole, whole};
use crate::crawl::{CrawlPlan, ReferrersPolicy, RepositoryChoice};
use crate::inventory::DedupScope;
use crate::jobs::{InvalidSchedule, Schedule};
use crate::oci::{InvalidRepositoryPattern, PlatformFilter, Vendor};
use crate::registry::{ClientSettings, Credentials, is_azure_registry};
use crate::report::RegistryOwnFigure;
use crate::units::ByteCount;

/// `[[registry]]`: a registry with what is particular to it.
///
/// A user name goes with a password; a token stands alone. Each secret may be written here, or stand in
/// a file, or in an environment variable, which are safer places.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrySection {
    /// Where it is.
    pub url: RegistryAddress,
    /// Globs and names of the repositories to read; all where there are none. Names alone need no right
    /// to list the catalogue.
    #[serde(default)]
    pub repositories: Vec<String>,
    /// The user to log in as.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A file with the password on its first line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The name of an environment variable with the password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// A bearer token, in place of user and password.
    #[serde(default)]
    pub token: Option<Secret>,
    /// A file with the token on its first line.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// The name of an environment variable with the token.
    #[serde(default)]
    pub token_env: Option<String>,
    /// The identity of Entra ID to log in to Azure Container Registry as, in place of a stored secret.
    #[serde(default)]
    pub azure_identity: Option<AzureLogin>,
    /// Which identity, in place of `AZURE_CLIENT_ID` in the environment.
    #[serde(default)]
    pub azure_client_id: Option<String>,
    /// Whether the registry is Azure's though its host is not below Azure's domains.
    #[serde(default)]
    pub azure_custom_domain: bool,
    /// Where the registry keeps one copy of a blob, if that is not what its host tells.
    #[serde(default)]
    pub dedup_scope: Option<DedupScope>,
    /// Certificates, in PEM files, of authorities to trust beside those that the system trusts.
    #[serde(default)]
    pub extra_ca: Vec<PathBuf>,
    /// Other hosts that may issue tokens for this registry and are sent its credentials for it.
    #[serde(default)]
    pub trusted_realm_hosts: Vec<String>,
    /// A proxy for all requests to this registry.
    #[serde(default)]
    pub proxy: Option<ProxyUrl>,
    /// When the service crawls it, as a cron expression; only when asked to where there is none.
    #[serde(default)]
    pub schedule: Option<String>,
    /// The time zone in which the schedule is read.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// By how much each time of the schedule may be put off, so that not all registries are asked at once.
    #[serde(default, with = "duration")]
    pub jitter: Duration,
    /// In place of `crawl.concurrency`.
    #[serde(default, deserialize_with = "maybe_whole::<1, 1024, _, _>")]
    pub concurrency: Option<usize>,
    /// In place of `crawl.requests_per_minute`.
    #[serde(default, deserialize_with = "maybe_whole::<0, 1_000_000, _, _>")]
    pub requests_per_minute: Option<u32>,
    /// In place of `crawl.page_size`.
    #[serde(default, deserialize_with = "maybe_whole::<1, 100_000, _, _>")]
    pub page_size: Option<u32>,
    /// In place of `crawl.platforms`.
    #[serde(default)]
    pub platforms: Option<Vec<PlatformFilter>>,
    /// In place of `crawl.referrers`.
    #[serde(default)]
    pub referrers: Option<ReferrersPolicy>,
    /// Whether the registry is asked for the manifests that no tag reaches.
    #[serde(default)]
    pub untagged: AskForUntagged,
    /// In place of `prices.book`.
    #[serde(default)]
    pub price_book: Option<String>,
    /// How many users are paid for, where the plan is priced per user.
    #[serde(default = "one", deserialize_with = "whole::<1, 1_000_000, _, _>")]
    pub seats: u32,
    /// Which registry pays the fee, where the plan is priced per account.
    #[serde(default)]
    pub account_fee: AccountFee,
    /// The regions beyond the first that keep a copy.
    #[serde(default)]
    pub replicas: Vec<String>,
    /// What the account's other registries store, which fills quota and tiers first.
    #[serde(default = "no_bytes")]
    pub stored_elsewhere: Bytes,
    /// What everything else in the account moves each month, by zone, which fills the tiers first.
    #[serde(default)]
    pub moved_elsewhere: BTreeMap<String, Bytes>,
    /// The price of one more unit moved, by zone, in place of the book's tiers.
    #[serde(default)]
    pub transfer_price: BTreeMap<String, Number>,
    /// The account within the one that is billed, such as a subscription, as exports call it.
    #[serde(default)]
    pub sub_account_id: Option<String>,
    /// Its name.
    #[serde(default)]
    pub sub_account_name: Option<String>,
    /// The region the registry is in, as exports call it.
    #[serde(default)]
    pub region: Option<String>,
    /// What the registry reports that it stores: a number with its unit, or a file with its own answer.
    #[serde(default)]
    pub reported_usage: Option<UsageSetting>,
    /// When that was read, where the file does not say.
    #[serde(default)]
    pub reported_at: Option<DateTime<Utc>>,
    /// Whether it includes the copies in replicas, where that is not what its source tells.
    #[serde(default)]
    pub reported_includes_replicas: Option<bool>,
    /// In place of `prices.allocate_storage`.
    #[serde(default)]
    pub allocate_storage: Option<AllocationRule>,
    /// In place of `prices.allocate_included`.
    #[serde(default)]
    pub allocate_included: Option<AllocationRule>,
    /// In place of `prices.allocate_fees`.
    #[serde(default)]
    pub allocate_fees: Option<AllocationRule>,
    /// In place of `prices.allocate_transfer`.
    #[serde(default)]
    pub allocate_transfer: Option<AllocationRule>,
    /// How the registry shows that it is the sender of events.
    #[serde(default)]
    pub events: EventSettings,
    /// Credentials from the command line, in place of all others.
    #[serde(skip)]
    given_credentials: Option<Credentials>,
}

/// Which registries are asked for the manifests that no tag reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskForUntagged {
    /// Those that are Azure Container Registry by their hosts' names.
    #[default]
    Auto,
    /// This one, such as an Azure registry behind a name of the company's own.
    Always,
    /// Not this one.
    Never,
}

/// Which registry of an account pays a fee that is charged once for all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountFee {
    /// This one.
    #[default]
    Here,
    /// Another one.
    Elsewhere,
}

impl RegistrySection {
    /// A registry of which nothing is known but its address.
    pub fn at(url: RegistryAddress) -> Self {
        Self {
            url,
            repositories: Vec::new(),
            username: None,
            password: None,
            password_file: None,
            password_env: None,
            token: None,
            token_file: None,
            token_env: None,
            azure_identity: None,
            azure_client_id: None,
            azure_custom_domain: false,
            dedup_scope: None,
            extra_ca: Vec::new(),
            trusted_realm_hosts: Vec::new(),
            proxy: None,
            schedule: None,
            time_zone: utc(),
            jitter: Duration::ZERO,
            concurrency: None,
            requests_per_minute: None,
            page_size: None,
            platforms: None,
            referrers: None,
            untagged: AskForUntagged::Auto,
            price_book: None,
            seats: one(),
            replicas: Vec::new(),
            account_fee: AccountFee::Here,
            stored_elsewhere: no_bytes(),
            moved_elsewhere: BTreeMap::new(),
            transfer_price: BTreeMap::new(),
            sub_account_id: None,
            sub_account_name: None,
            region: None,
            reported_usage: None,
            reported_at: None,
            reported_includes_replicas: None,
            allocate_storage: None,
            allocate_included: None,
            allocate_fees: None,
            allocate_transfer: None,
            events: EventSettings::default(),
            given_credentials: None,
        }
    }

    /// Where the registry keeps one copy of a blob: as set, else in each repository for AWS ECR and in the
    /// whole registry for any other.
    pub fn dedup_scope(&self) -> DedupScope {
        let host = self.url.origin().url().host_str().unwrap_or_default();
        self.dedup_scope.unwrap_or_else(|| {
            if Vendor::of(host) == Vendor::AmazonEcr {
                DedupScope::Repository
            } else {
                DedupScope::Registry
            }
        })
    }

    /// The default limit: none for a registry on the same machine, which nothing bills or
    /// throttles and which may be a test's, else the client's own.
    fn usual_requests_per_minute(&self) -> u32 {
        let is_here = match self.url.origin().url().host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if is_here {
            0
        } else {
            ClientSettings::default().requests_per_minute
        }
    }

    /// How a client of this registry behaves: as it says for itself, else as `[crawl]` says for all.
    pub fn client_settings(&self, crawl: &CrawlSection) -> ClientSettings {
        ClientSettings {
            max_concurrent_requests: self.concurrency.unwrap_or(crawl.concurrency),
            requests_per_minute: self
                .requests_per_minute
                .or(crawl.requests_per_minute)
                .unwrap_or_else(|| self.usual_requests_per_minute()),
            connect_timeout: crawl.connect_timeout,
            read_timeout: crawl.read_timeout,
            attempt_timeout: crawl.attempt_timeout,
            max_attempts: crawl.max_attempts,
            retry_base_delay: crawl.retry_base_delay,
            retry_max_delay: crawl.retry_max_delay,
            max_retry_after: crawl.max_retry_after,
            extra_ca: self.extra_ca.clone(),
            proxy: self.proxy.as_ref().map(|proxy| proxy.secret().clone()),
            trusted_realm_hosts: self.trusted_realm_hosts.clone(),
            page_size: self.page_size.unwrap_or(crawl.page_size),
            is_azure: self.azure_custom_domain || self.asks_for_untagged(),
            is_ecr: matches!(
                self.dedup_scope,
                Some(DedupScope::Repository | DedupScope::Mounted)
            ),
            ..ClientSettings::default()
        }
    }

    /// What a crawl of this registry is to read.
    ///
    /// # Errors
    /// If a repository is neither a name nor a glob.
    pub fn plan(&self, crawl: &CrawlSection) -> Result<CrawlPlan, InvalidRepositoryPattern> {
        Ok(CrawlPlan {
            repositories: RepositoryChoice::matching(&self.repositories)?,
            tags: None,
            platforms: self.platforms(crawl).to_vec(),
            referrers: self.referrers.unwrap_or(crawl.referrers),
            untagged: self.asks_for_untagged(),
            listed_manifests: self.untagged != AskForUntagged::Never,
            kept_labels: crawl.image_labels().names().map(str::to_owned).collect(),
            concurrent_repositories: crawl.concurrent_repositories,
            concurrent_tags: crawl.concurrent_tags,
        })
    }

    /// What it reports about its own size, and how that is compared; `None` if nothing is set.
    ///
    /// # Errors
    /// If the file cannot be read, or is none of the known answers.
    pub(super) fn own_figure(
        &self,
        crawl: &CrawlSection,
    ) -> Result<Option<RegistryOwnFigure>, ReportedUsageError> {
        let Some(setting) = &self.reported_usage else {
            return Ok(None);
        };
        let mut usage = setting.read().map_err(|problem| ReportedUsageError {
            registry: self.url.registry().clone(),
            problem,
        })?;
        usage.read_at = self.reported_at.or(usage.read_at);
        usage.includes_replicas = self.reported_includes_replicas.unwrap_or(usage.includes_replicas);
        Ok(Some(RegistryOwnFigure {
            usage,
            is_azure: self.azure_custom_domain || self.asks_for_untagged(),
            is_partly_read: !self.repositories.is_empty() || !self.platforms(crawl).is_empty(),
        }))
    }

    /// Whether all manifests of each repository are listed: as set, else for Azure's registries alone.
    fn asks_for_untagged(&self) -> bool {
        match self.untagged {
            AskForUntagged::Always => true,
            AskForUntagged::Never => false,
            AskForUntagged::Auto => {
                let host = self.url.origin().url().host_str();
                host.is_some_and(is_azure_registry)
            }
        }
    }

    /// The platforms whose images are read and counted: its own, else those of `[crawl]`.
    pub fn platforms<'a>(&'a self, crawl: &'a CrawlSection) -> &'a [PlatformFilter] {
        self.platforms.as_ref().unwrap_or(&crawl.platforms)
    }

    /// A setting that says something about costs, where there is one.
    pub(super) fn money_setting(&self) -> Option<&'static str> {
        let said = [
            ("seats", self.seats != one()),
            ("account_fee", self.account_fee != AccountFee::Here),
            ("replicas", !self.replicas.is_empty()),
            ("stored_elsewhere", self.stored_elsewhere != no_bytes()),
            ("moved_elsewhere", !self.moved_elsewhere.is_empty()),
            ("transfer_price", !self.transfer_price.is_empty()),
            ("allocate_storage", self.allocate_storage.is_some()),
            ("allocate_included", self.allocate_included.is_some()),
            ("allocate_fees", self.allocate_fees.is_some()),
            ("allocate_transfer", self.allocate_transfer.is_some()),
        ];
        said.into_iter()
            .find(|(_, is_said)| *is_said)
            .map(|(field, _)| field)
    }

    /// When the service crawls it.
    ///
    /// # Errors
    /// If schedule, time zone or jitter make no sense.
    pub fn schedule(&self) -> Result<Option<Schedule>, InvalidSchedule> {
        let schedule = self.schedule.as_deref();
        schedule
            .map(|expression| Schedule::new(expression, &self.time_zone, self.jitter))
            .transpose()
    }

    /// The credentials for this registry, as far as its settings give any.
    ///
    /// # Errors
    /// If a secret is not where the settings say it is.
    pub fn credentials(&self, environment: &Environment) -> Result<Option<Credentials>, MissingSecret> {
        if let Some(given) = &self.given_credentials {
            return Ok(Some(given.clone()));
        }
        let settings = CredentialSettings {
            registry: self.url.registry(),
            username: self.username.as_deref(),
            password: SecretPlaces {
                written: self.password.as_ref(),
                file: ("password_file", self.password_file.as_deref()),
                variable: ("password_env", self.password_env.as_deref()),
            },
            token: SecretPlaces {
                written: self.token.as_ref(),
                file: ("token_file", self.token_file.as_deref()),
                variable: ("token_env", self.token_env.as_deref()),
            },
            azure_identity: self.azure_identity,
            azure_client_id: self.azure_client_id.as_deref(),
            azure_custom_domain: self.azure_custom_domain,
        };
        settings.read(environment)
    }

    /// The secret that the registry sends with its events, if the settings give one.
    ///
    /// # Errors
    /// If the secret is not where the settings say it is.
    pub fn event_secret(&self, environment: &Environment) -> Result<Option<SecretString>, MissingSecret> {
        self.events.secret(self.url.registry(), environment)
    }

    /// Uses these credentials in place of those of the settings.
    pub fn log_in(&mut self, username: Option<String>, secret: Secret) {
        let secret = secret.secret().clone();
        self.given_credentials = Some(match username {
            Some(username) => Credentials::Basic {
                username,
                password: secret,
            },
            None => Credentials::BearerToken(secret),
        });
    }

    /// What is wrong with the settings taken together.
    fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let passwords = [
            self.password.is_some(),
            self.password_file.is_some(),
            self.password_env.is_some(),
        ];
        let tokens = [
            self.token.is_some(),
            self.token_file.is_some(),
            self.token_env.is_some(),
        ];
        let count = |given: [bool; 3]| given.into_iter().filter(|given| *given).count();
        if self.azure_identity.is_some()
            && (self.username.is_some() || count(passwords) > 0 || count(tokens) > 0)
        {
            return Some((
                "azure_identity",
                "give either an identity of Azure, or a user name with a password, or a token",
            ));
        }
        if self.azure_identity.is_none() && (self.azure_client_id.is_some() || self.azure_custom_domain) {
            let field = match self.azure_client_id {
                Some(_) => "azure_client_id",
                None => "azure_custom_domain",
            };
            return Some((field, "it says something of azure_identity, which is not set"));
        }
        if self.reported_usage.is_none() {
            let field = match (self.reported_at, self.reported_includes_replicas) {
                (Some(_), _) => Some("reported_at"),
                (None, Some(_)) => Some("reported_includes_replicas"),
                (None, None) => None,
            };
            if let Some(field) = field {
                return Some((field, "it says something of reported_usage, which is not set"));
            }
        }
        match (self.username.is_some(), count(passwords), count(tokens)) {
            (_, 2.., _) => Some(("password", "give one of password, password_file and password_env")),
            (_, _, 2..) => Some(("token", "give one of token, token_file and token_env")),
            (true, _, 1) | (_, 1, 1) => {
                Some(("token", "give either a user name with a password, or a token"))
            }
            (true, 0, _) => Some((
                "username",
                "a user name needs a password: give one of password, password_file and password_env",
            )),
            (false, 1, _) => Some(("password", "a password needs a username")),
            _ => None,
        }
    }
}

const fn one() -> u32 {
    1
}

const fn no_bytes() -> Bytes {
    Bytes(ByteCount::ZERO)
}

impl Section for RegistrySection {
    const NAME: &'static str = "registry";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([("url".to_owned(), Value::from("registry.invalid"))])
    }

    fn problems(&self, earlier: &[Self]) -> Vec<(&'static str, String)> {
        let registry = self.url.registry();
        let is_known = earlier.iter().any(|other| other.url.registry() == registry);
        let repeated = || format!("{registry} has a section already; give each registry one");
        self.contradiction()
            .or_else(|| self.events.contradiction())
            .map(|(field, message)| (field, message.to_owned()))
            .into_iter()
            .chain(problem("schedule", self.schedule()))
            .chain(problem(
                "repositories",
                RepositoryChoice::matching(&self.repositories),
            ))
            .chain(is_known.then(|| ("url", repeated())))
            .collect()
    }
}

fn utc() -> String {
    "UTC".to_owned()
}
