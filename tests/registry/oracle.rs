//! What our client reads equals what an independent one reads: `oci-client` (once `oci-distribution`), from the
//! registry of these tests and from CNCF Distribution.

use oci_distribution::Client as OracleClient;
use oci_distribution::client::{ClientConfig, ClientProtocol};
use oci_distribution::config::ConfigFile;
use oci_distribution::manifest::{OciDescriptor, OciManifest};
use oci_distribution::secrets::RegistryAuth;
use tare::oci::{Descriptor, Digest, ImageConfig, Manifest, Platform, Reference, RepositoryName};
use tare::registry::{Client, Credentials};

use super::harness::{by_digest, client_with, name, quick, tag};
use crate::support::docker_registry::DockerRegistry;
use crate::support::faulty_registry::{FaultyRegistry, helm_chart, image, index};
use crate::support::storage_folder::StorageFolder;

/// One registry, seen by both clients.
struct Registry {
    address: String,
    ours: Client,
    oracle: OracleClient,
}

impl Registry {
    fn at(url: &str) -> Self {
        let ours = client_with(url, Credentials::Anonymous, quick());
        let config = ClientConfig {
            protocol: ClientProtocol::Http,
            ..ClientConfig::default()
        };
        Self {
            address: url.trim_start_matches("http://").to_owned(),
            ours,
            oracle: OracleClient::new(config),
        }
    }

    fn reference(&self, repository: &RepositoryName, reference: &Reference) -> oci_distribution::Reference {
        let (address, repository) = (self.address.clone(), repository.to_string());
        match reference {
            Reference::Tag(tag) => {
                oci_distribution::Reference::with_tag(address, repository, tag.to_string())
            }
            Reference::Digest(digest) => {
                oci_distribution::Reference::with_digest(address, repository, digest.to_string())
            }
        }
    }

    /// Compares everything that the tags of a repository reach, layers excepted. Returns how many tags and how many
    /// manifests that was.
    async fn compare(&self, repository: &str) -> (usize, usize) {
        let repository = name(repository);
        let any = self.reference(&repository, &tag("latest"));
        let listed = self.oracle.list_tags(&any, &RegistryAuth::Anonymous, None, None);
        let mut expected = listed.await.expect("tags").tags;
        expected.sort();
        let page = self.ours.tags_page(&repository, None).await.expect("tags");
        assert!(page.next.is_none());
        let mut tags: Vec<String> = page.items.iter().map(ToString::to_string).collect();
        tags.sort();
        assert_eq!(tags, expected);

        let mut manifests = 0;
        for one in &tags {
            manifests += self.compare_manifest(&repository, &tag(one)).await;
        }
        (tags.len(), manifests)
    }

    /// Compares a manifest, what it names, and if it is an index its children. Returns how many manifests that was.
    async fn compare_manifest(&self, repository: &RepositoryName, reference: &Reference) -> usize {
        let (ours, theirs) = (&self.ours, &self.oracle);
        let there = self.reference(repository, reference);
        let digest = theirs.fetch_manifest_digest(&there, &RegistryAuth::Anonymous);
        let digest = digest.await.expect("a digest");
        let head = ours.head_manifest(repository, reference).await.expect("a head");
        assert_eq!(head.digest.expect("a digest").to_string(), digest);

        let accepted = [head.media_type.as_deref().expect("a media type")];
        let raw = theirs.pull_manifest_raw(&there, &RegistryAuth::Anonymous, &accepted);
        let (content, digest) = raw.await.expect("a manifest");
        let fetched = ours
            .get_manifest(repository, reference)
            .await
            .expect("a manifest");
        assert_eq!((fetched.digest.to_string(), &fetched.content), (digest, &content));
        assert_eq!(fetched.size.get(), content.len() as u64);
        assert_eq!(head.size, Some(fetched.size));

        let manifest =
            Manifest::parse(&fetched.content, fetched.content_type.as_deref()).expect("a manifest of ours");
        match serde_json::from_slice::<OciManifest>(&content).expect("a manifest of theirs") {
            OciManifest::Image(theirs) => {
                let config = manifest.config.as_ref().expect("a configuration");
                assert_same(config, &theirs.config);
                assert_eq!(manifest.layers.len(), theirs.layers.len());
                for (layer, theirs) in manifest.layers.iter().zip(&theirs.layers) {
                    assert_same(layer, theirs);
                }
                self.compare_config(repository, &there, config.digest, &theirs.config)
                    .await;
                1
            }
            OciManifest::ImageIndex(theirs) => {
                assert_eq!(manifest.children.len(), theirs.manifests.len());
                let mut manifests = 1;
                for (child, theirs) in manifest.children.iter().zip(&theirs.manifests) {
                    assert_eq!(child.digest.to_string(), theirs.digest);
                    assert_eq!(i64::try_from(child.size.get()), Ok(theirs.size));
                    let platform = theirs.platform.as_ref().map(|platform| Platform {
                        os: platform.os.to_string(),
                        architecture: platform.architecture.to_string(),
                        variant: platform.variant.clone(),
                        os_version: platform.os_version.clone(),
                    });
                    assert_eq!(child.platform, platform);
                    manifests += Box::pin(self.compare_manifest(repository, &by_digest(child.digest))).await;
                }
                manifests
            }
        }
    }

    async fn compare_config(
        &self,
        repository: &RepositoryName,
        there: &oci_distribution::Reference,
        digest: Digest,
        descriptor: &OciDescriptor,
    ) {
        let mut expected = Vec::new();
        let pulled = self.oracle.pull_blob(there, descriptor, &mut expected);
        pulled.await.expect("a configuration");
        let content = self.ours.get_config(repository, &digest).await;
        let content = content.expect("a configuration");
        assert_eq!(content, expected);
        // A chart's configuration is no image's.
        if descriptor.media_type.contains("helm") {
            return;
        }
        let theirs: ConfigFile = serde_json::from_slice(&expected).expect("a configuration of theirs");
        let ours = ImageConfig::parse(&content).expect("a configuration of ours");
        assert_eq!(ours.platform.os, theirs.os.to_string());
        assert_eq!(ours.platform.architecture, theirs.architecture.to_string());
        let diff_ids: Vec<String> = ours.diff_ids.iter().map(ToString::to_string).collect();
        assert_eq!(diff_ids, theirs.rootfs.diff_ids);
    }
}

fn assert_same(ours: &Descriptor, theirs: &OciDescriptor) {
    assert_eq!(ours.digest.to_string(), theirs.digest);
    assert_eq!(i64::try_from(ours.size.get()), Ok(theirs.size));
    assert_eq!(ours.media_type, theirs.media_type);
}

#[tokio::test]
async fn from_the_registry_of_the_tests_both_clients_read_the_same() {
    let registry = FaultyRegistry::holding(|content| {
        let amd = image().layer("base", 1000).layer("app", 20).build();
        let arm = image()
            .platform("linux/arm64/v8")
            .layer("arm base", 900)
            .layer("app", 20);
        let windows = image().platform("windows/amd64").foreign_layer(
            "windows",
            5_000,
            "https://mcr.example.com/layer",
        );
        let docker = image().docker().layer("base", 1000).layer("old", 7).build();
        let both = index().child(amd.clone()).child(arm).child(windows);
        let repository = content.repository("team/deep/app");
        repository
            .tag("1", amd)
            .tag("2", both)
            .tag("2-docker", docker.clone())
            .tag("3", index().docker().child(docker));
        content.repository("charts/web").tag("1", helm_chart("web", 500));
    })
    .start();
    let both = Registry::at(registry.url());
    // Tags 1 and 2-docker are an image each, 2 an index of three, 3 an index of one.
    assert_eq!(both.compare("team/deep/app").await, (4, 8));
    assert_eq!(both.compare("charts/web").await, (1, 1));
}

/// Vendors: Distribution.
#[tokio::test]
async fn from_cncf_distribution_both_clients_read_the_same() {
    let folder = StorageFolder::new();
    let (base, app) = ([7_u8; 4_000], [9_u8; 500]);
    folder.image("team/api", "1", &[&base, &app]);
    folder.image("team/api", "latest", &[&base, &app, &[1, 2, 3]]);
    folder.image("team/web", "1", &[&base]);
    let registry = DockerRegistry::serve(folder.path());
    let both = Registry::at(registry.url());
    assert_eq!(both.compare("team/api").await, (2, 2));
    assert_eq!(both.compare("team/web").await, (1, 1));
}
