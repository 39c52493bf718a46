//! Registries for users and tests who have none, served in the process over real HTTP: a fictional company's, and
//! generated ones of any size.
//!
//! The company's images use the true sizes and digests of current public bases (`bases.toml` and `config/base-images`).
//! The company, its repositories and a year of releases are invented (`company.toml`) and the same every time; only the
//! day on which the year ends can be chosen, and all times move with it. A generated registry (`synthetic`) has the
//! structure of a large one and is computed from a seed while it is asked. One server serves both. Only `cli` uses this
//! room, which itself uses only `oci`.

mod artifact;
mod base;
mod blueprint;
mod company;
mod content;
mod error;
mod generated;
mod image;
mod server;
mod synthetic;

use std::net::SocketAddr;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

pub use error::DemoError;
pub use synthetic::{SyntheticRegistry, SyntheticTotals, serve_synthetic};

use content::{Content, ShownContents};
use server::RegistryServer;

/// The company's name.
pub const COMPANY: &str = "Norrwind Logistics";

/// The name of the registry in the demo, the same at every start. The domain `example` is reserved (RFC 2606).
pub const REGISTRY: &str = "registry.norrwind.example";

/// The company's settings, in the form of a configuration file.
pub const SETTINGS: &str = include_str!("tare.toml");

/// The company's running registry. It stops when dropped.
pub struct DemoRegistry {
    server: RegistryServer,
    url: String,
    shown: Arc<ShownContents>,
    ends: DateTime<Utc>,
}

/// Serves the registry on a free loopback port, in its own thread, as of the last day of its year, which is the one in
/// `company.toml`.
///
/// # Errors
/// If no port can be opened, or the data are inconsistent.
pub fn serve() -> Result<DemoRegistry, DemoError> {
    serve_at(SocketAddr::from(([127, 0, 0, 1], 0)), None)
}

/// Serves the registry at a given address. Its year ends on the day `ends`, else on the one in `company.toml`.
///
/// # Errors
/// If the address cannot be bound, or the data are inconsistent.
pub fn serve_at(address: SocketAddr, ends: Option<NaiveDate>) -> Result<DemoRegistry, DemoError> {
    let (contents, ends) = company::build(ends)?;
    let shown = Arc::new(ShownContents::new(contents, ends));
    let content: Arc<dyn Content> = Arc::<ShownContents>::clone(&shown);
    let server = RegistryServer::start(address, content, 1)?;
    Ok(DemoRegistry {
        url: format!("http://{}", server.address),
        server,
        shown,
        ends,
    })
}

impl DemoRegistry {
    /// Its URL: `http://`, address and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The last moment of the registry's year, shown by default.
    pub fn ends(&self) -> DateTime<Utc> {
        self.ends
    }

    /// Shows the registry as of a time: the tags of that time, and where they pointed.
    pub fn show(&self, time: DateTime<Utc>) {
        self.shown.show(time);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap};

    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};

    use super::*;
    use crate::oci::{Digest, ImageConfig, Manifest, ManifestKind, MediaType};
    use crate::units::ByteCount;

    /// Walks everything that the tags of a moment reach, as a client would.
    #[derive(Default)]
    struct Walk {
        manifests: HashMap<Digest, Manifest>,
        sizes: HashMap<Digest, ByteCount>,
        kinds: BTreeMap<ManifestKind, usize>,
        platforms: BTreeSet<String>,
    }

    impl Walk {
        fn visit(&mut self, shown: &ShownContents, repository: &str, digest: Digest) {
            assert!(shown.contents.repository(repository).unwrap().holds(&digest));
            if self.manifests.contains_key(&digest) {
                return;
            }
            let document = shown.contents.document(&digest).unwrap();
            assert_eq!(Digest::sha256_of(&document.bytes), digest);
            let manifest = Manifest::parse(&document.bytes, Some(document.media_type)).unwrap();
            *self.kinds.entry(manifest.kind).or_default() += 1;
            for child in &manifest.children {
                self.visit(shown, repository, child.digest);
            }
            for blob in manifest.config.iter().chain(&manifest.layers) {
                let known = *self.sizes.entry(blob.digest).or_insert(blob.size);
                assert_eq!(known, blob.size, "one digest, two sizes: {}", blob.digest);
            }
            let Some(config) = &manifest.config else {
                self.manifests.insert(digest, manifest);
                return;
            };
            let bytes = &shown.contents.document(&config.digest).unwrap().bytes;
            if config.kind() == MediaType::ImageConfig && manifest.kind == ManifestKind::Image {
                let config = ImageConfig::parse(bytes).unwrap();
                let steps = config.history.iter().filter(|step| !step.empty_layer).count();
                // cosign's signatures under a tag look like images but have no history.
                assert!(steps == manifest.layers.len() || config.history.is_empty());
                assert_eq!(config.diff_ids.len(), manifest.layers.len());
                self.platforms.insert(config.platform.to_string());
            }
            self.manifests.insert(digest, manifest);
        }
    }

    #[test]
    fn the_registry_holds_what_a_company_holds_and_is_the_same_every_time() {
        let (contents, ends) = company::build(None).unwrap();
        let (again, _) = company::build(None).unwrap();
        let shown = ShownContents::new(contents, ends);
        let mut walk = Walk::default();
        let (mut repositories, mut tags) = (0, 0);
        for name in shown.contents.repositories(ends) {
            let repository = shown.contents.repository(name).unwrap();
            repositories += 1;
            for tag in repository.tags(ends) {
                let digest = repository.tag(tag, ends).unwrap();
                assert_eq!(
                    again.repository(name).unwrap().tag(tag, ends),
                    Some(digest),
                    "{name}:{tag}"
                );
                walk.visit(&shown, name, digest);
                tags += 1;
            }
        }
        assert!(
            repositories >= 36 && tags > 900,
            "{repositories} repositories, {tags} tags"
        );
        for kind in [
            ManifestKind::Image,
            ManifestKind::Index,
            ManifestKind::Attestation,
            ManifestKind::Artifact,
        ] {
            assert!(
                walk.kinds.get(&kind).is_some_and(|count| *count > 10),
                "{kind:?}: {:?}",
                walk.kinds
            );
        }
        assert!(walk.platforms.contains("linux/arm64") && walk.platforms.contains("windows/amd64"));
        let layers = walk.manifests.values().flat_map(|manifest| &manifest.layers);
        assert!(layers.clone().any(|layer| !layer.is_stored()));
        // The newest node:22 uses the layer that the catalogue records for it.
        assert!(
            layers
                .clone()
                .any(|layer| layer.digest.hex().starts_with("eaac70c68abd")
                    && layer.size == ByteCount::from(48_503_440_u32))
        );
    }

    #[test]
    fn another_last_day_moves_every_time_and_changes_nothing_else() {
        let (story, ends) = company::build(None).unwrap();
        let day = NaiveDate::from_ymd_opt(2027, 7, 1).unwrap();
        let (moved, moved_ends) = company::build(Some(day)).unwrap();
        assert_eq!(moved_ends.date_naive(), day);
        let shift = moved_ends - ends;
        for back in [0, 40, 200, 360] {
            let (then, moved_then) = (
                ends - chrono::Duration::days(back),
                moved_ends - chrono::Duration::days(back),
            );
            let names: Vec<&str> = story.repositories(then).collect();
            assert_eq!(names, moved.repositories(moved_then).collect::<Vec<_>>());
            for name in names {
                let count = |contents: &content::Contents, time| {
                    contents
                        .repository(name)
                        .map(|repository| repository.tags(time).count())
                };
                assert_eq!(
                    count(&story, then),
                    count(&moved, moved_then),
                    "{name}, {back} days ago"
                );
            }
        }
        assert!(shift > chrono::Duration::days(200));
    }

    #[test]
    fn the_registry_grows_over_its_year() {
        let (contents, ends) = company::build(None).unwrap();
        let count = |time| -> usize {
            contents
                .repositories(time)
                .filter_map(|name| contents.repository(name))
                .map(|repository| repository.tags(time).count())
                .sum()
        };
        let half_a_year_ago = ends - chrono::Duration::days(183);
        assert!(count(half_a_year_ago) > 100 && count(half_a_year_ago) < count(ends) * 3 / 4);
        let kept = contents.repository("ml/price-model").unwrap();
        assert_eq!(
            kept.tags(ends)
                .filter(|tag| tag.matches('.').count() == 2)
                .count(),
            8
        );
    }

    #[actix_web::test]
    async fn listings_lead_from_page_to_page_and_what_is_unknown_is_404() {
        let (contents, ends) = company::build(None).unwrap();
        let shown = Arc::new(ShownContents::new(contents, ends));
        let content: Arc<dyn Content> = Arc::<ShownContents>::clone(&shown);
        let app = init_service(App::new().configure(|service| server::routes(service, &content))).await;
        let mut next = Some("/v2/_catalog?n=1000".to_owned());
        let mut names: Vec<String> = Vec::new();
        while let Some(path) = next {
            let response = call_service(&app, TestRequest::get().uri(&path).to_request()).await;
            next = response.headers().get("link").map(|link| {
                let link = link.to_str().unwrap();
                link[1..link.find('>').unwrap()].to_owned()
            });
            let body: serde_json::Value = serde_json::from_slice(&read_body(response).await).unwrap();
            let page = body["repositories"].as_array().unwrap();
            names.extend(page.iter().map(|name| name.as_str().unwrap().to_owned()));
        }
        let all: Vec<&str> = shown.contents.repositories(ends).collect();
        assert_eq!(names, all);

        // Before the first release, the registry was empty.
        shown.show(ends - chrono::Duration::days(500));
        let request = TestRequest::get().uri("/v2/_catalog").to_request();
        assert_eq!(
            read_body(call_service(&app, request).await).await,
            r#"{"repositories":[]}"#
        );
        shown.show(ends);

        for (path, status) in [
            ("/v2/", 200),
            ("/v2/mirror/library/node/tags/list", 200),
            ("/v2/mirror/library/node/manifests/22", 200),
            ("/v2/mirror/library/node/manifests/1", 404),
            ("/v2/unknown/tags/list", 404),
            ("/v2/shop/static/manifests/sha256:00", 404),
        ] {
            let request = TestRequest::get().uri(path).to_request();
            assert_eq!(call_service(&app, request).await.status(), status, "{path}");
        }
    }

    #[test]
    fn it_is_served_until_it_is_dropped() {
        let registry = serve().unwrap();
        let address = registry.url().strip_prefix("http://").unwrap().to_owned();
        assert!(std::net::TcpStream::connect(&address).is_ok());
        drop(registry);
        assert!(std::net::TcpStream::connect(&address).is_err());
    }
}
