use std::sync::Arc;
use std::time::Duration;

use tare::clock::SystemClock;
use tare::oci::{Digest, Reference, RepositoryName};
use tare::registry::{Client, ClientSettings, Credentials, Origin, Page, PageLink, RegistryError};

use crate::support::faulty_registry::{Content, Document, FaultyRegistry, Setup, image};

/// Settings under which nothing waits longer than a test can bear.
pub fn quick() -> ClientSettings {
    ClientSettings {
        requests_per_minute: 0,
        connect_timeout: Duration::from_secs(2),
        read_timeout: Duration::from_secs(5),
        attempt_timeout: Duration::from_secs(10),
        max_attempts: 3,
        retry_base_delay: Duration::from_millis(1),
        retry_max_delay: Duration::from_millis(5),
        max_retry_after: Duration::from_millis(40),
        ..ClientSettings::default()
    }
}

pub fn client_with(url: &str, credentials: Credentials, settings: ClientSettings) -> Client {
    Client::new(
        Origin::parse(url).unwrap(),
        credentials,
        settings,
        Arc::new(SystemClock),
    )
    .unwrap()
}

pub fn client(registry: &FaultyRegistry) -> Client {
    client_with(registry.url(), Credentials::Anonymous, quick())
}

pub fn user(name: &str, password: &str) -> Credentials {
    Credentials::Basic {
        username: name.into(),
        password: password.into(),
    }
}

/// A registry with the repository `app`, one image in it and the tag `1` on that.
pub fn small() -> (Setup, Document) {
    let app = image().layer("base", 100).build();
    (
        FaultyRegistry::holding(|content: &mut Content| _ = content.repository("app").tag("1", app.clone())),
        app,
    )
}

/// A server of a third party, which records what reaches it.
pub fn stranger() -> FaultyRegistry {
    FaultyRegistry::holding(|_| {}).start()
}

pub fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

pub fn tag(text: &str) -> Reference {
    Reference::Tag(text.parse().unwrap())
}

pub fn by_digest(digest: Digest) -> Reference {
    Reference::Digest(digest)
}

/// The digest of a built image's configuration.
pub fn config_of(document: &Document) -> Digest {
    Digest::sha256_of(&document.blobs[0])
}

/// A listing to its end: how many pages, and what they showed.
pub async fn catalog(client: &Client) -> Result<(usize, Vec<String>), RegistryError> {
    let (mut pages, mut names, mut next) = (0, Vec::new(), None::<PageLink>);
    loop {
        let page: Page<RepositoryName> = client.catalog_page(next).await?;
        pages += 1;
        names.extend(page.items.iter().map(ToString::to_string));
        next = page.next;
        if next.is_none() {
            return Ok((pages, names));
        }
    }
}
