//! Pages of listings.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use reqwest::header::HeaderMap;
use serde::Deserialize;
use url::Url;

use super::entry::{Entry, ListEntry, ListedManifest, entries};
use super::error::Reason;
use super::google::{GoogleChildren, GoogleManifests};
use super::next_link::next_link;
use super::url_policy::UrlPolicy;
use super::{ClientSettings, limits};
use crate::oci::text::quoted;

/// One page of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries, in the registry's order.
    pub items: Vec<T>,
    /// Invalid entries, shortened and escaped for messages.
    pub invalid: Vec<String>,
    /// The link to the next page; `None` on the last page.
    pub next: Option<PageLink>,
    /// All manifests of the repository, tagged or not, if a listing of tags contains them (Google Artifact Registry).
    pub manifests: Option<Vec<ListedManifest>>,
    /// The names of repositories directly below this one, without its own name, if a listing of tags contains them (Google
    /// Artifact Registry).
    pub children: Option<Vec<String>>,
}

/// The link to the next page. It leads to the registry itself and has not been used in this listing. It remembers
/// what the listing has shown so far, so that an endless listing is noticed.
#[derive(Debug, Clone)]
pub struct PageLink {
    pub(super) url: Url,
    seen: Seen,
    /// Whether the registry did not send this link. It sent as many entries as it was asked for, and some registries
    /// (Sonatype Nexus, nexus-public issue 117) leave out the link although there are more.
    pub(super) is_guess: bool,
}

/// The pages and entries seen so far, as hashes to save memory.
#[derive(Debug, Clone, Default)]
struct Seen {
    hasher: RandomState,
    pages: HashSet<u64>,
    entries: HashSet<u64>,
    repeated: u32,
}

/// The most invalid entries of a page that are returned. Our choice.
const MAX_INVALID: usize = 100;

#[derive(Deserialize)]
struct Catalog<'a> {
    #[serde(borrow, deserialize_with = "entries")]
    repositories: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Tags<'a> {
    #[serde(borrow, deserialize_with = "entries")]
    tags: Vec<Entry<'a>>,
    /// Only Google Artifact Registry sends it.
    #[serde(default, rename = "manifest")]
    manifests: GoogleManifests,
    /// Only Google sends it.
    #[serde(default, rename = "child")]
    children: GoogleChildren,
}

/// Azure's own listing, which includes untagged manifests.
#[derive(Deserialize)]
struct Manifests<'a> {
    #[serde(borrow, deserialize_with = "entries")]
    manifests: Vec<Entry<'a>>,
}

/// The kind of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    Catalog,
    Tags,
    /// Azure's own listing of tags, which states their manifests.
    AzureTags,
    Manifests,
}

impl Listing {
    /// Whether the cost of a page depends on the objects below its entries, so that a smaller page may succeed where a
    /// large one fails.
    pub fn is_expensive(self) -> bool {
        matches!(self, Self::Catalog | Self::Manifests)
    }
}

/// Reads the page at `url`, which `link` led to (`None` for the first page).
pub(super) fn read<T: ListEntry>(
    listing: Listing,
    url: &Url,
    link: Option<PageLink>,
    headers: &HeaderMap,
    body: &[u8],
    url_policy: &UrlPolicy,
    settings: &ClientSettings,
) -> Result<Page<T>, Reason> {
    let unreadable = |error: serde_json::Error| {
        Reason::Malformed(format!(
            "the listing cannot be parsed: {}",
            quoted(&error.to_string())
        ))
    };
    let (mut manifests, mut children) = (None, None);
    let entries = match listing {
        Listing::Catalog => {
            serde_json::from_slice::<Catalog<'_>>(body)
                .map_err(unreadable)?
                .repositories
        }
        Listing::Tags | Listing::AzureTags => {
            let page = serde_json::from_slice::<Tags<'_>>(body).map_err(unreadable)?;
            manifests = page.manifests.listed();
            children = page.children.listed();
            page.tags
        }
        Listing::Manifests => {
            serde_json::from_slice::<Manifests<'_>>(body)
                .map_err(unreadable)?
                .manifests
        }
    };
    let is_guess = link.as_ref().is_some_and(|link| link.is_guess);
    // A registry that has sent a link leaves it out at the end only.
    let sends_links = link.is_some() && !is_guess;
    let mut seen = link.map(|link| link.seen).unwrap_or_default();
    let shows_news = entries.iter().filter_map(Entry::key).any(|key| seen.is_new(key));
    let next = match next_link(headers)? {
        _ if is_guess && !shows_news => None,
        Some(text) => Some((url_policy.next_page(url, &text)?, false)),
        None if sends_links => None,
        None => guessed_next(url, &entries).map(|next| (next, true)),
    };
    let next = match next {
        Some((next, is_guess)) => {
            seen.advance(url, &next, &entries, settings)?;
            Some(PageLink {
                url: next,
                seen,
                is_guess,
            })
        }
        None => None,
    };
    let mut page = Page {
        items: Vec::new(),
        invalid: Vec::new(),
        next,
        manifests,
        children,
    };
    // A registry that ignores `last` sends its first page again.
    if is_guess && !shows_news {
        return Ok(page);
    }
    for entry in &entries {
        match T::read(entry) {
            Ok(item) => page.items.extend(item),
            Err(shown) if page.invalid.len() < MAX_INVALID => page.invalid.push(shown),
            Err(_) => {}
        }
    }
    Ok(page)
}

/// Where the next page of a listing would be that has as many entries as were asked for, but no link.
fn guessed_next(url: &Url, entries: &[Entry<'_>]) -> Option<Url> {
    let size = page_size(url)?;
    if entries.len() != size as usize {
        return None;
    }
    let last = entries.iter().rev().find_map(Entry::key)?;
    let others: Vec<_> = url
        .query_pairs()
        .filter(|(key, _)| !matches!(&**key, "n" | "last"))
        .collect();
    let mut next = url.clone();
    next.query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("last", last)
        .append_pair("n", &size.to_string());
    Some(next)
}

impl<T> Page<T> {
    /// The end of a listing.
    pub(super) fn end() -> Self {
        Self {
            items: Vec::new(),
            invalid: Vec::new(),
            next: None,
            manifests: None,
            children: None,
        }
    }
}

impl Seen {
    fn is_new(&self, key: &str) -> bool {
        !self.entries.contains(&self.hasher.hash_one(key.as_bytes()))
    }

    /// Records a page and its next link. Returns an error for a listing that loops or does not end.
    fn advance(
        &mut self,
        here: &Url,
        next: &Url,
        entries: &[Entry<'_>],
        settings: &ClientSettings,
    ) -> Result<(), Reason> {
        let endless = |problem: String| Err(Reason::Endless(problem));
        self.pages.insert(self.hasher.hash_one(here.as_str()));
        if self.pages.contains(&self.hasher.hash_one(next.as_str())) {
            return endless("a page links to one that was read already".into());
        }
        if self.pages.len() >= settings.max_listing_pages as usize {
            return endless(format!("more than {} pages", settings.max_listing_pages));
        }
        let before = self.entries.len();
        for entry in entries {
            if let Some(key) = entry.key() {
                self.entries.insert(self.hasher.hash_one(key.as_bytes()));
            }
        }
        if self.entries.len() as u64 > settings.max_listing_entries {
            return endless(format!("more than {} entries", settings.max_listing_entries));
        }
        // Registries that filter what we may see send empty pages in between, but not many in a row.
        self.repeated = if self.entries.len() > before {
            0
        } else {
            self.repeated + 1
        };
        if self.repeated >= limits::REPEATED_PAGES {
            return endless(format!("{} pages in a row show nothing new", self.repeated));
        }
        Ok(())
    }
}

impl PageLink {
    /// The same link with another page size.
    pub(super) fn with_page_size(mut self, size: u32) -> Self {
        self.url = with_page_size(&self.url, Some(size));
        self
    }
}

/// A listing's URL with another page size, or without one.
pub(super) fn with_page_size(url: &Url, size: Option<u32>) -> Url {
    let others: Vec<_> = url.query_pairs().filter(|(key, _)| key != "n").collect();
    let mut changed = url.clone();
    changed.set_query(None);
    if size.is_none() && others.is_empty() {
        return changed;
    }
    let mut query = changed.query_pairs_mut();
    query.extend_pairs(others);
    if let Some(size) = size {
        query.append_pair("n", &size.to_string());
    }
    drop(query);
    changed
}

/// The page size in a listing's URL.
pub(super) fn page_size(url: &Url) -> Option<u32> {
    url.query_pairs()
        .find(|(key, _)| key == "n")
        .and_then(|(_, value)| value.parse().ok())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reqwest::header::LINK;

    use super::super::Origin;
    use super::super::address_guard::AddressGuard;
    use super::super::entry::ListedTag;
    use super::*;

    fn linked(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(LINK, value.parse().unwrap());
        headers
    }

    fn page(link: Option<PageLink>, header: &str, body: &str) -> Result<Page<ListedTag>, Reason> {
        let origin = Origin::parse("https://reg.example.com").unwrap();
        let guard = Arc::new(AddressGuard::new("reg.example.com", None, Vec::new()));
        let url_policy = UrlPolicy::new(origin, &[], guard);
        let url = match &link {
            Some(link) => link.url.clone(),
            None => "https://reg.example.com/v2/a/tags/list?n=2".parse().unwrap(),
        };
        let settings = ClientSettings {
            max_listing_pages: 50,
            max_listing_entries: 60,
            ..ClientSettings::default()
        };
        let headers = if header.is_empty() {
            HeaderMap::new()
        } else {
            linked(header)
        };
        read(
            Listing::Tags,
            &url,
            link,
            &headers,
            body.as_bytes(),
            &url_policy,
            &settings,
        )
    }

    #[test]
    fn entries_that_are_no_names_are_told_and_the_others_kept() {
        let page = page(
            None,
            "",
            r#"{"name":"a","tags":["1.0","../x","\u001b[31m",7,null,"latest"]}"#,
        )
        .unwrap();
        let tags: Vec<_> = page.items.iter().map(|listed| listed.tag.as_str()).collect();
        assert_eq!(tags, ["1.0", "latest"]);
        assert_eq!(page.invalid, ["'../x'", r"'\u{1b}[31m'", "not a text"]);
    }

    #[test]
    fn null_is_an_empty_listing_and_another_document_is_none() {
        assert!(
            page(None, "", r#"{"name":"a","tags":null}"#)
                .unwrap()
                .items
                .is_empty()
        );
        for body in ["{}", r#"{"status":"ok"}"#, "<html>", "[]", r#"{"tags":"x"}"#] {
            assert!(page(None, "", body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_listing_must_advance_and_end() {
        let circle = page(None, "<?n=2&last=b>; rel=next", r#"{"tags":["a","b"]}"#).unwrap();
        let back = page(circle.next, "<?n=2>; rel=next", r#"{"tags":["c"]}"#);
        assert!(matches!(back, Err(Reason::Endless(_))), "{back:?}");

        let (mut link, mut error) = (None, None);
        for turn in 0..100 {
            match page(
                link.take(),
                &format!("<?last={turn}>; rel=next"),
                r#"{"tags":["a","b"]}"#,
            ) {
                Ok(page) => link = page.next,
                Err(reason) => {
                    error = Some((turn, reason.to_string()));
                    break;
                }
            }
        }
        let (turn, text) = error.unwrap();
        assert!(turn <= 21 && text.contains("nothing new"), "{turn} {text}");

        let (mut link, mut error) = (None, None);
        for turn in 0..100 {
            let body = format!(r#"{{"tags":["a{turn}","b{turn}"]}}"#);
            match page(link.take(), &format!("<?last={turn}>; rel=next"), &body) {
                Ok(page) => link = page.next,
                Err(reason) => {
                    error = Some(reason.to_string());
                    break;
                }
            }
        }
        assert!(error.unwrap().contains("more than 60 entries"));
    }

    #[test]
    fn the_page_size_is_exchanged() {
        let url: Url = "https://r/v2/_catalog?last=a%26b&n=1000".parse().unwrap();
        assert_eq!(page_size(&url), Some(1000));
        assert_eq!(
            with_page_size(&url, Some(5)).as_str(),
            "https://r/v2/_catalog?last=a%26b&n=5"
        );
        let first: Url = "https://r/v2/_catalog?n=1000".parse().unwrap();
        assert_eq!(with_page_size(&first, None).as_str(), "https://r/v2/_catalog");
    }
}
