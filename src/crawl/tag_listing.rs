//! The tags of a repository: from the listing of the distribution protocol, or from those of Azure and Google, which say
//! where tags point.

use std::collections::{HashMap, HashSet};

use super::repository::Visit;
use super::run::report_refused_names;
use super::untagged::AllManifests;
use crate::inventory::FaultKind;
use crate::oci::{Digest, Reference, Tag};
use crate::registry::{ErrorKind, ListedManifest, ListedTag, Page, PageLink, RegistryError};

/// Azure was reported to list ten tags of a manifest at most (azure-cli issue 7438, 2019).
const MAX_TAGS_OF_A_MANIFEST: usize = 10;

/// How many known tags that are not listed are asked for one by one. Our choice: hidden tags are rare.
const MAX_HIDDEN: usize = 100;

/// The tags of a repository.
#[derive(Default)]
pub(super) struct TagListing {
    pub(super) tags: Vec<Tag>,
    /// Where they point, as far as the listing says.
    pub(super) digests: HashMap<Tag, Digest>,
    /// All manifests, if they came with the tags.
    pub(super) manifests: Option<AllManifests>,
    pub(super) listed_to_the_end: bool,
    pub(super) lossless: bool,
    /// These credentials may not list them.
    pub(super) is_denied: bool,
}

/// Which listing is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    Distribution,
    Azure,
}

impl Visit<'_> {
    /// Lists the tags of a repository. `manifests` is what the registry lists besides.
    pub(super) async fn list(&self, manifests: &AllManifests) -> TagListing {
        let AllManifests::Listed {
            manifests: rows,
            lossless,
            is_whole,
        } = manifests
        else {
            return self.list_pages(Source::Distribution, false).await;
        };
        let mut listing = match tags_of(rows).filter(|_| *lossless && *is_whole) {
            Some(listing) => listing,
            // Metadata can be read, so this listing can.
            None => self.list_pages(Source::Azure, !rows.is_empty()).await,
        };
        self.add_hidden(&mut listing).await;
        self.check_count(&mut listing).await;
        listing
    }

    /// Says so where Azure counts more tags in a new repository than it lists, and takes none for deleted.
    async fn check_count(&self, listing: &mut TagListing) {
        if self.known.tags.contains_key(self.repository) || !listing.listed_to_the_end {
            return;
        }
        let counted = self.azure_counts().await.and_then(|counts| counts.tags);
        let listed = listing.tags.len();
        if let Some(counted) = counted.filter(|counted| *counted > listed as u64) {
            listing.listed_to_the_end = false;
            let fault = format!(
                "Azure counts {counted} tags and lists {listed}: the listing may be partial, or some are hidden \
                 (listEnabled is false). What only they reach is not counted"
            );
            self.fault("_tags", FaultKind::Unlisted, fault).await;
        }
    }

    /// Adds known tags that Azure leaves out of its listings (`listEnabled` is false) and still stores. The repository
    /// states how many tags it has, so that a deleted tag costs one request.
    async fn add_hidden(&self, listing: &mut TagListing) {
        let listed: HashSet<&Tag> = listing.tags.iter().collect();
        let known = self.known.tags.get(self.repository);
        let missing: Vec<Tag> = known
            .into_iter()
            .flatten()
            .filter(|tag| !listed.contains(tag))
            .take(MAX_HIDDEN)
            .cloned()
            .collect();
        if !listing.listed_to_the_end || missing.is_empty() {
            return;
        }
        let client = self.walk.client;
        let counts = self.azure_counts().await;
        if counts.is_some_and(|counts| counts.tags == Some(listed.len() as u64)) {
            return;
        }
        for tag in missing {
            match client
                .head_manifest(self.repository, &Reference::Tag(tag.clone()))
                .await
            {
                Ok(head) => {
                    listing
                        .digests
                        .extend(head.digest.map(|digest| (tag.clone(), digest)));
                    listing.tags.push(tag);
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                // Not known, so nothing counts as deleted this time.
                Err(_) => listing.listed_to_the_end = false,
            }
        }
    }

    /// Reads a listing of tags. `exists` says that the repository is known to exist.
    async fn list_pages(&self, mut source: Source, exists: bool) -> TagListing {
        let mut listed = TagListing {
            lossless: true,
            ..TagListing::default()
        };
        let mut seen = HashSet::new();
        let mut refused = Vec::new();
        let mut next = None;
        loop {
            let is_first = next.is_none();
            let error = match self.page(source, next.take()).await {
                Ok(page) => {
                    for ListedTag { tag, digest } in page.items {
                        if seen.insert(tag.clone()) {
                            listed.digests.extend(digest.map(|digest| (tag.clone(), digest)));
                            listed.tags.push(tag);
                        }
                    }
                    refused.extend(page.invalid);
                    if let Some(manifests) = page.manifests {
                        self.add_manifests(&mut listed, manifests);
                    }
                    next = page.next;
                    if next.is_none() {
                        listed.listed_to_the_end = true;
                        break;
                    }
                    continue;
                }
                Err(error) => error,
            };
            let is_missing = error.kind() == ErrorKind::NotFound;
            if is_first
                && source == Source::Azure
                && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Denied)
            {
                source = Source::Distribution;
                continue;
            }
            // Tags that were chosen one by one are read if they exist.
            if self.walk.plan.tags.is_some() && is_missing {
                break;
            }
            if is_first && is_missing && self.is_unknown_by_name() && !exists {
                // The operator named this repository and must learn of it.
                let fault = "there is no such repository, or these credentials may not see it";
                self.fault("tags/list", FaultKind::Unavailable, fault.to_owned())
                    .await;
                listed.lossless = false;
                break;
            }
            // A repository without tags may have no tag listing. In Distribution a failed push leaves a repository that is
            // in the catalogue for ever and has never had a manifest.
            if is_first && is_missing && (exists || !self.known.tags.contains_key(self.repository)) {
                listed.listed_to_the_end = true;
                break;
            }
            if is_first && error.kind() == ErrorKind::Denied && self.walk.gathers_denied() {
                self.walk.denied.lock().push(self.repository.clone());
                (listed.is_denied, listed.lossless) = (true, false);
                break;
            }
            listed.lossless = self.failed("tags/list", &error).await;
            // A repository that does not exist has no tags, so the list is complete.
            listed.listed_to_the_end = is_first && listed.lossless;
            break;
        }
        report_refused_names(&self.walk.sender, Some(self.repository), "tag", &refused).await;
        listed.lossless &= refused.is_empty();
        listed
    }

    async fn page(&self, source: Source, next: Option<PageLink>) -> Result<Page<ListedTag>, RegistryError> {
        let client = self.walk.client;
        match source {
            Source::Distribution => client.tags_page(self.repository, next).await,
            Source::Azure => client.azure_tags_page(self.repository, next).await,
        }
    }

    /// Adds the manifests that came with a page of tags.
    fn add_manifests(&self, listed: &mut TagListing, rows: Vec<ListedManifest>) {
        for row in &rows {
            for tag in &row.tags {
                listed.digests.insert(tag.clone(), row.digest);
            }
        }
        if self.walk.plan.tags.is_some() || !self.walk.plan.listed_manifests {
            return;
        }
        match &mut listed.manifests {
            Some(AllManifests::Listed { manifests, .. }) => manifests.extend(rows),
            other => {
                *other = Some(AllManifests::Listed {
                    manifests: rows,
                    lossless: true,
                    is_whole: true,
                });
            }
        }
    }

    /// Whether the operator named this repository, and no crawl has seen it.
    fn is_unknown_by_name(&self) -> bool {
        self.walk.plan.repositories.named().contains(self.repository)
            && !self.known.tags.contains_key(self.repository)
    }
}

/// The tags that a listing of manifests states; `None` if it may leave out some.
fn tags_of(rows: &[ListedManifest]) -> Option<TagListing> {
    let is_cut = rows.iter().any(|row| row.tags.len() >= MAX_TAGS_OF_A_MANIFEST);
    let has_tags = rows.iter().any(|row| !row.tags.is_empty());
    if is_cut || !has_tags {
        return None;
    }
    let mut listing = TagListing {
        listed_to_the_end: true,
        lossless: true,
        ..TagListing::default()
    };
    for row in rows {
        for tag in &row.tags {
            if listing.digests.insert(tag.clone(), row.digest).is_none() {
                listing.tags.push(tag.clone());
            }
        }
    }
    Some(listing)
}
