//! The registry's content: documents by digest, and the history of each tag.

use std::collections::{BTreeMap, HashMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::oci::Digest;

/// A manifest, an index or a configuration as served.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub media_type: &'static str,
    pub digest: Digest,
    pub bytes: Bytes,
}

impl Document {
    pub fn new(media_type: &'static str, value: &Value) -> Self {
        let bytes = Bytes::from(value.to_string());
        Self {
            media_type,
            digest: Digest::sha256_of(&bytes),
            bytes,
        }
    }

    /// The descriptor of the document.
    pub fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "size": self.bytes.len(), "digest": self.digest})
    }
}

/// Where a tag pointed since when, oldest first; `None` from when it was deleted.
type TagHistory = Vec<(DateTime<Utc>, Option<Digest>)>;

/// A repository: its documents, and the history of its tags.
#[derive(Debug, Default)]
pub(super) struct Repository {
    documents: HashSet<Digest>,
    /// By subject: its referrers.
    referrers: HashMap<Digest, Vec<Value>>,
    tags: BTreeMap<String, TagHistory>,
}

impl Repository {
    /// The digest of a tag at a time.
    pub fn tag(&self, tag: &str, time: DateTime<Utc>) -> Option<Digest> {
        self.tags.get(tag).and_then(|moves| at(moves, time))
    }

    /// The tags at a time, sorted.
    pub fn tags(&self, time: DateTime<Utc>) -> impl Iterator<Item = &str> {
        self.tags
            .iter()
            .filter(move |(_, moves)| at(moves, time).is_some())
            .map(|(tag, _)| tag.as_str())
    }

    /// The referrers of a manifest.
    pub fn referrers(&self, subject: &Digest) -> &[Value] {
        self.referrers.get(subject).map_or(&[], Vec::as_slice)
    }

    /// Whether a document was pushed to this repository.
    pub fn holds(&self, digest: &Digest) -> bool {
        self.documents.contains(digest)
    }
}

fn at(moves: &[(DateTime<Utc>, Option<Digest>)], time: DateTime<Utc>) -> Option<Digest> {
    moves
        .iter()
        .rev()
        .find(|(since, _)| *since <= time)
        .and_then(|(_, digest)| *digest)
}

/// Everything the registry held during its year.
#[derive(Debug, Default)]
pub(super) struct Contents {
    documents: HashMap<Digest, Document>,
    repositories: BTreeMap<String, Repository>,
}

impl Contents {
    /// Pushes a document to a repository.
    pub fn push(&mut self, repository: &str, document: Document) {
        self.repository_mut(repository).documents.insert(document.digest);
        self.documents.insert(document.digest, document);
    }

    /// Points a tag to a digest, or deletes it, from a time on. Calls must be in order of time.
    pub fn tag(&mut self, repository: &str, tag: String, time: DateTime<Utc>, digest: Option<Digest>) {
        let moves = self.repository_mut(repository).tags.entry(tag).or_default();
        moves.push((time, digest));
    }

    /// Attaches a manifest to another one with the referrers API.
    pub fn refer(&mut self, repository: &str, subject: Digest, descriptor: Value) {
        let referrers = &mut self.repository_mut(repository).referrers;
        referrers.entry(subject).or_default().push(descriptor);
    }

    pub fn document(&self, digest: &Digest) -> Option<&Document> {
        self.documents.get(digest)
    }

    pub fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }

    /// The repositories that have a tag at a time, sorted.
    pub fn repositories(&self, time: DateTime<Utc>) -> impl Iterator<Item = &str> {
        self.repositories
            .iter()
            .filter(move |(_, repository)| repository.tags(time).next().is_some())
            .map(|(name, _)| name.as_str())
    }

    fn repository_mut(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }
}
