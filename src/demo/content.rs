//! What a registry of this room serves, and the company's content: documents by digest, and the history of each tag.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::oci::Digest;

/// The content of a registry, as the server asks for it.
pub(super) trait Content: Send + Sync {
    /// How many entries a page of a listing has at most.
    fn page_sizes(&self) -> PageSizes;
    /// The repositories after one of them, in order: at most so many.
    fn repositories(&self, after: Option<&str>, most: usize) -> Page;
    /// The tags of a repository after one of them, in order; `None` if the repository is unknown.
    fn tags(&self, repository: &str, after: Option<&str>, most: usize) -> Option<Page>;
    /// A manifest or an index, by tag or digest.
    fn manifest(&self, repository: &str, reference: &str) -> Option<Document>;
    /// A configuration. Layers have no content.
    fn blob(&self, repository: &str, digest: &str) -> Option<Document>;
    /// The descriptors of the referrers of a manifest; `None` if the repository is unknown or the digest is none.
    fn referrers(&self, repository: &str, digest: &str) -> Option<Vec<Value>>;
}

/// The largest pages of a registry's listings.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageSizes {
    pub repositories: usize,
    pub tags: usize,
}

/// One page of a sorted listing.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub entries: Vec<String>,
    pub has_more: bool,
}

impl Page {
    /// The first entries of a sorted listing that come after one of them.
    pub fn of<'a>(sorted: impl Iterator<Item = &'a str>, after: Option<&str>, most: usize) -> Self {
        let mut rest = sorted
            .skip_while(|entry| after.is_some_and(|after| *entry <= after))
            .map(str::to_owned)
            .fuse();
        let entries: Vec<String> = rest.by_ref().take(most).collect();
        Self {
            entries,
            has_more: rest.next().is_some(),
        }
    }
}

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

/// The company's content as of one moment of its year.
pub(super) struct ShownContents {
    pub contents: Contents,
    /// The moment, in seconds since 1970.
    time: AtomicI64,
}

impl ShownContents {
    /// The content as of `time`.
    pub fn new(contents: Contents, time: DateTime<Utc>) -> Self {
        Self {
            contents,
            time: AtomicI64::new(time.timestamp()),
        }
    }

    /// Shows another moment.
    pub fn show(&self, time: DateTime<Utc>) {
        self.time.store(time.timestamp(), Ordering::Relaxed);
    }

    fn time(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.time.load(Ordering::Relaxed), 0).unwrap_or_default()
    }

    fn held(&self, repository: &str, digest: &Digest) -> Option<Document> {
        let held = self.contents.repository(repository)?.holds(digest);
        held.then(|| self.contents.document(digest).cloned()).flatten()
    }
}

impl Content for ShownContents {
    fn page_sizes(&self) -> PageSizes {
        // Our choice: few enough to need several pages.
        PageSizes {
            repositories: 20,
            tags: 100,
        }
    }

    fn repositories(&self, after: Option<&str>, most: usize) -> Page {
        Page::of(self.contents.repositories(self.time()), after, most)
    }

    fn tags(&self, repository: &str, after: Option<&str>, most: usize) -> Option<Page> {
        let repository = self.contents.repository(repository)?;
        Some(Page::of(repository.tags(self.time()), after, most))
    }

    fn manifest(&self, repository: &str, reference: &str) -> Option<Document> {
        let digest = match reference.parse() {
            Ok(digest) => digest,
            Err(_) => self
                .contents
                .repository(repository)?
                .tag(reference, self.time())?,
        };
        self.held(repository, &digest)
    }

    fn blob(&self, repository: &str, digest: &str) -> Option<Document> {
        self.held(repository, &digest.parse().ok()?)
    }

    fn referrers(&self, repository: &str, digest: &str) -> Option<Vec<Value>> {
        let repository = self.contents.repository(repository)?;
        Some(repository.referrers(&digest.parse().ok()?).to_vec())
    }
}
