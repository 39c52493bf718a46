use std::net::SocketAddr;
use std::sync::Arc;

use super::outcome::UsageError;
use crate::clock::{Clock, SystemClock};
use crate::config::{CrawlSection, Environment, RegistrySection};
use crate::demo;
use crate::registry::credentials::{Credentials, from_docker_config};
use crate::registry::{Client, ClientSettings, Origin};

/// A client of a registry, with the credentials that are configured for it, else those that Docker has.
///
/// # Errors
/// If configured credentials cannot be read, or the client's settings are invalid.
pub(super) async fn client_of(
    target: &RegistrySection,
    crawl: &CrawlSection,
    environment: &Environment,
) -> anyhow::Result<Client> {
    let credentials = match target.credentials(environment)? {
        Some(credentials) => credentials,
        None => dockers(target, crawl, environment).await?,
    };
    Ok(Client::new(
        target.url.origin().clone(),
        credentials,
        target.client_settings(crawl),
        Arc::new(SystemClock),
    )?)
}

/// The credentials that Docker has for the registry, else none.
async fn dockers(
    target: &RegistrySection,
    crawl: &CrawlSection,
    environment: &Environment,
) -> anyhow::Result<Credentials> {
    let chosen = crawl.docker_config.is_some();
    let file = crawl.docker_config.clone().or_else(|| environment.docker_file());
    let Some(file) = file else {
        return Ok(Credentials::Anonymous);
    };
    if chosen && !file.is_file() {
        let message = format!("there is no Docker configuration {}", file.display());
        return Err(UsageError(message).into());
    }
    match from_docker_config(target.url.origin(), &file, crawl.credential_helper_timeout).await {
        Ok(credentials) => Ok(credentials.unwrap_or_default()),
        Err(error) if chosen => Err(error.into()),
        // Not an error unless it was requested: many registries can be read anonymously.
        Err(error) => {
            tracing::warn!(registry = %target.url.registry(), %error, "crawling without credentials");
            Ok(Credentials::Anonymous)
        }
    }
}

/// The origin of the demo's registry. The name is the same at every start, and no name server knows it.
///
/// # Errors
/// Never: the name is a constant that can be parsed.
pub(super) fn demo_origin() -> anyhow::Result<Origin> {
    Ok(Origin::parse(&format!("http://{}", demo::REGISTRY))?)
}

/// A client of the demo's registry, which is at this address, without a limit of requests.
pub(super) fn demo_client(address: SocketAddr, clock: Arc<dyn Clock>) -> anyhow::Result<Client> {
    let settings = ClientSettings {
        requests_per_minute: 0,
        connect_to: Some(address),
        ..ClientSettings::default()
    };
    Ok(Client::new(
        demo_origin()?,
        Credentials::Anonymous,
        settings,
        clock,
    )?)
}
