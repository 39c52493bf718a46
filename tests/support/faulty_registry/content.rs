use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use tare::oci::Digest;

use super::{Document, index};

/// What the registry holds, by the names that it will say; it says any name, however hostile.
#[derive(Debug, Default)]
pub struct Content {
    pub(super) repositories: BTreeMap<String, Repository>,
    /// Deleted repositories that are still stored, with the time of their deletion.
    pub(super) soft_deleted: Vec<(String, String)>,
}

impl Content {
    /// A repository, made where there is none of that name.
    pub fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    /// The names directly below a path, as Google lists them.
    pub(super) fn children(&self, path: &str) -> Vec<&str> {
        let mut children: Vec<&str> = self
            .repositories
            .keys()
            .filter_map(|name| name.strip_prefix(path)?.strip_prefix('/')?.split('/').next())
            .collect();
        children.dedup();
        children
    }

    /// Deletes a repository as Azure does with soft delete.
    pub fn soft_delete(&mut self, name: &str, at: &str) {
        self.repositories.remove(name);
        self.soft_deleted.push((name.to_owned(), at.to_owned()));
    }

    /// Removes a repository.
    pub fn remove(&mut self, name: &str) {
        self.repositories.remove(name);
    }
}

/// A manifest as it is served.
#[derive(Debug, Clone)]
pub(super) struct Served {
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

/// One repository's contents.
#[derive(Debug, Default)]
pub struct Repository {
    /// In the order in which they were pushed, as Debian's registry lists them.
    pub(super) tags: Vec<(String, Digest)>,
    pub(super) manifests: HashMap<Digest, Served>,
    pub(super) blobs: HashMap<Digest, Vec<u8>>,
    pub(super) listing: Listing,
    /// Manifests that are said to be locked against being read.
    pub(super) locked: Vec<Digest>,
    /// Tags that are left out of listings, as Azure does where `listEnabled` is false.
    pub(super) hidden: Vec<String>,
}

/// How a repository's tags are listed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    #[default]
    Honest,
    /// In the catalogue, but unknown when asked.
    Dead,
    /// `"tags": null`.
    Null,
}

impl Repository {
    /// Points a tag to a document and stores everything beneath.
    pub fn tag(&mut self, tag: &str, document: impl Into<Document>) -> &mut Self {
        let document = document.into();
        let digest = document.digest();
        self.store(document);
        match self.tags.iter_mut().find(|(held, _)| held == tag) {
            Some((_, pointed_to)) => *pointed_to = digest,
            None => self.tags.push((tag.to_owned(), digest)),
        }
        self
    }

    /// Stores a document that no tag points to, such as one that is attached to another.
    pub fn store(&mut self, document: impl Into<Document>) -> &mut Self {
        let document = document.into();
        self.manifests.insert(
            document.digest(),
            Served {
                media_type: document.media_type,
                bytes: document.bytes,
            },
        );
        for blob in document.blobs {
            self.blobs.insert(Digest::sha256_of(&blob), blob);
        }
        for child in document.beneath {
            self.store(child);
        }
        self
    }

    /// Attaches a document as clients do where the registry has no referrers API: by an index under
    /// the tag `sha256-…` of its subject.
    pub fn attach_by_tag(&mut self, subject: &Document, attached: &Document) -> &mut Self {
        let tag = format!("sha256-{}", subject.digest().hex());
        self.tag(&tag, index().child(attached.clone()))
    }

    pub fn untag(&mut self, tag: &str) -> &mut Self {
        self.tags.retain(|(held, _)| held != tag);
        self
    }

    /// Lists a tag, but has nothing under it.
    pub fn vanished_tag(&mut self, tag: &str) -> &mut Self {
        self.tags
            .push((tag.to_owned(), Digest::sha256_of(tag.as_bytes())));
        self
    }

    /// Loses a manifest or blob, but not what refers to it.
    pub fn lose(&mut self, digest: Digest) -> &mut Self {
        self.manifests.remove(&digest);
        self.blobs.remove(&digest);
        self
    }

    /// Says that a manifest is locked against being read.
    pub fn lock(&mut self, digest: Digest) -> &mut Self {
        self.locked.push(digest);
        self
    }

    /// Leaves a tag out of listings.
    pub fn hide(&mut self, tag: &str) -> &mut Self {
        self.hidden.push(tag.to_owned());
        self
    }

    /// Stays in the catalogue, but is unknown when its tags are asked for.
    pub fn dead(&mut self) -> &mut Self {
        self.listing = Listing::Dead;
        self
    }

    /// Says `"tags": null`.
    pub fn null_tags(&mut self) -> &mut Self {
        self.listing = Listing::Null;
        self
    }

    pub(super) fn resolve(&self, reference: &str) -> Option<(Digest, &Served)> {
        let digest = match reference.parse() {
            Ok(digest) => digest,
            Err(_) => self.tags.iter().find(|(tag, _)| tag == reference)?.1,
        };
        Some((digest, self.manifests.get(&digest)?))
    }

    /// How Azure lists a manifest: without `tags` where it has none.
    pub(super) fn row(&self, digest: &str) -> Value {
        let served = digest.parse().ok().and_then(|digest| self.manifests.get(&digest));
        let mut row = serde_json::json!({
            "digest": digest,
            // The length of the document, as recordings of Azure's own clients show.
            "imageSize": served.map_or(0, |served| served.bytes.len()),
            "createdTime": "2026-11-01T00:00:00Z",
            "changeableAttributes": {
                "deleteEnabled": true, "writeEnabled": true, "listEnabled": true,
                "readEnabled": !self.locked.iter().any(|locked| locked.to_string() == digest),
            },
        });
        let tags = self
            .tags
            .iter()
            .filter(|(tag, target)| target.to_string() == digest && !self.hidden.contains(tag));
        let tags: Vec<&str> = tags.map(|(tag, _)| tag.as_str()).collect();
        if !tags.is_empty() {
            row["tags"] = serde_json::json!(tags);
        }
        row
    }

    /// How Google lists all manifests with the tags.
    pub(super) fn google_map(&self) -> Value {
        let rows = self.manifests.iter().map(|(digest, served)| {
            let tags = self.tags.iter().filter(|(_, target)| target == digest);
            let tags: Vec<&str> = tags.map(|(tag, _)| tag.as_str()).collect();
            let row = serde_json::json!({
                "imageSizeBytes": "123", "layerId": "", "mediaType": served.media_type, "tag": tags,
                "timeCreatedMs": "0", "timeUploadedMs": "1793491200000",
            });
            (digest.to_string(), row)
        });
        Value::Object(rows.collect())
    }

    /// How the referrers API lists what is attached to a manifest, in the order of digests.
    pub(super) fn referrers(&self, subject: Digest) -> Vec<Value> {
        let mut attached: Vec<_> = self
            .manifests
            .iter()
            .filter_map(|(digest, served)| {
                let document: Value = serde_json::from_slice(&served.bytes).ok()?;
                let is_attached = document["subject"]["digest"] == subject.to_string();
                is_attached.then(|| {
                    serde_json::json!({
                        "mediaType": served.media_type, "digest": digest, "size": served.bytes.len(),
                        "artifactType": document["artifactType"],
                    })
                })
            })
            .collect();
        attached.sort_by_key(|descriptor| descriptor["digest"].to_string());
        for descriptor in &mut attached {
            if descriptor["artifactType"].is_null() {
                descriptor
                    .as_object_mut()
                    .expect("written as one")
                    .remove("artifactType");
            }
        }
        attached
    }
}
