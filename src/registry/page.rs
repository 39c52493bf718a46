//! Pages of listings.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use reqwest::header::{HeaderMap, LINK};
use serde::Deserialize;
use url::Url;

use super::entry::{Entry, ListEntry, entries};
use super::error::Reason;
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
}

/// The link to the next page. It leads to the registry itself and has not been used in this listing. It remembers
/// what the listing has shown so far, so that an endless listing is noticed.
#[derive(Debug, Clone)]
pub struct PageLink {
    pub(super) url: Url,
    seen: Seen,
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
    let entries = match listing {
        Listing::Catalog => {
            serde_json::from_slice::<Catalog<'_>>(body)
                .map_err(unreadable)?
                .repositories
        }
        Listing::Tags => serde_json::from_slice::<Tags<'_>>(body).map_err(unreadable)?.tags,
        Listing::Manifests => {
            serde_json::from_slice::<Manifests<'_>>(body)
                .map_err(unreadable)?
                .manifests
        }
    };
    let next = match next_link(headers)? {
        Some(text) => {
            let next = url_policy.next_page(url, &text)?;
            let mut seen = link.map(|link| link.seen).unwrap_or_default();
            seen.advance(url, &next, &entries, settings)?;
            Some(PageLink { url: next, seen })
        }
        None => None,
    };
    let mut page = Page {
        items: Vec::new(),
        invalid: Vec::new(),
        next,
    };
    for entry in &entries {
        match T::read(entry) {
            Ok(item) => page.items.push(item),
            Err(shown) if page.invalid.len() < MAX_INVALID => page.invalid.push(shown),
            Err(_) => {}
        }
    }
    Ok(page)
}

impl Seen {
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

/// The target of the first `Link` with the relation `next` (RFC 8288).
pub(super) fn next_link(headers: &HeaderMap) -> Result<Option<String>, Reason> {
    for value in headers.get_all(LINK) {
        let text = std::str::from_utf8(value.as_bytes())
            .ok()
            .filter(|text| text.len() <= limits::URL)
            .ok_or_else(|| Reason::Malformed("a Link header that cannot be parsed".into()))?;
        let mut rest = text;
        while let Some((_, after)) = rest.split_once('<') {
            let Some((target, parameters)) = after.split_once('>') else {
                return Err(Reason::Malformed("a Link header that cannot be parsed".into()));
            };
            let end = end_of_parameters(parameters);
            if is_next(&parameters[..end]) {
                return Ok(Some(target.to_owned()));
            }
            rest = &parameters[end..];
        }
    }
    Ok(None)
}

/// The end of a link's parameters: a comma outside quotes.
fn end_of_parameters(text: &str) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return at,
            _ => {}
        }
    }
    text.len()
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').any(|parameter| {
        parameter.split_once('=').is_some_and(|(key, value)| {
            key.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split_ascii_whitespace()
                    .any(|relation| relation.eq_ignore_ascii_case("next"))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Origin;
    use super::super::address_guard::AddressGuard;
    use super::*;
    use crate::oci::Tag;

    fn linked(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, value.parse().unwrap());
        }
        headers
    }

    fn page(link: Option<PageLink>, header: &str, body: &str) -> Result<Page<Tag>, Reason> {
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
            linked(&[header])
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
    fn the_next_link_is_found_in_all_its_forms() {
        for (values, expected) in [
            (
                &[r#"</v2/_catalog?last=x&n=2&orderby=>; rel="next""#][..],
                Some("/v2/_catalog?last=x&n=2&orderby="),
            ),
            (&["<?last=x>;rel=next"], Some("?last=x")),
            (
                &[r#"<a>; rel="prev", <b>; title="x, <c>; rel=next"; REL="first Next""#],
                Some("b"),
            ),
            (&[r#"<a>; rel="prev""#, r#"<b>; rel="next""#], Some("b")),
            (&[r#"<a>; rel="prev""#], None),
            (&[r#"<a>; rel="nextish""#], None),
            (&["nonsense"], None),
            (&[], None),
        ] {
            assert_eq!(
                next_link(&linked(values)).unwrap().as_deref(),
                expected,
                "{values:?}"
            );
        }
        assert!(next_link(&linked(&["<a; rel=next"])).is_err());
        assert!(next_link(&linked(&[&format!("<{}>; rel=next", "a".repeat(10_000))])).is_err());
    }

    #[test]
    fn entries_that_are_no_names_are_told_and_the_others_kept() {
        let page = page(
            None,
            "",
            r#"{"name":"a","tags":["1.0","../x","\u001b[31m",7,null,"latest"]}"#,
        )
        .unwrap();
        let tags: Vec<_> = page.items.iter().map(Tag::as_str).collect();
        assert_eq!(tags, ["1.0", "latest"]);
        assert_eq!(
            page.invalid,
            ["'../x'", r"'\u{1b}[31m'", "not a text", "not a text"]
        );
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
