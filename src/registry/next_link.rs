//! The `Link` header that leads to the next page of a listing (RFC 8288).
//!
//! A link that is overlooked ends a listing too early, and what is missing would count as deleted. So a header that
//! cannot be understood is an error, never the end.

use reqwest::header::{HeaderMap, LINK};

use super::error::Reason;
use super::limits;

/// A link of a header.
struct WebLink {
    target: String,
    /// Its relations; `None` if it states none.
    relations: Option<String>,
}

impl WebLink {
    fn is_next(&self) -> bool {
        let relations = self.relations.as_deref().unwrap_or_default();
        let mut relations = relations.split_ascii_whitespace();
        relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    }
}

/// The target of the link to the next page: the first with the relation `next`, or else the only one without a relation.
///
/// # Errors
/// If a header cannot be parsed, or several links without a relation could be meant.
pub(super) fn next_link(headers: &HeaderMap) -> Result<Option<String>, Reason> {
    let mut links = Vec::new();
    for value in headers.get_all(LINK) {
        let text = std::str::from_utf8(value.as_bytes())
            .ok()
            .filter(|text| text.len() <= limits::URL)
            .ok_or_else(unreadable)?;
        read_links(text, &mut links)?;
    }
    if let Some(next) = links.iter().find(|link| link.is_next()) {
        return Ok(Some(next.target.clone()));
    }
    let mut unrelated = links.into_iter().filter(|link| link.relations.is_none());
    match (unrelated.next(), unrelated.next()) {
        (None, _) => Ok(None),
        (Some(only), None) => Ok(Some(only.target)),
        (Some(_), Some(_)) => Err(Reason::Malformed(
            "several links of which none has rel=\"next\", so the next page is not known".into(),
        )),
    }
}

fn unreadable() -> Reason {
    Reason::Malformed("a Link header that cannot be parsed, so the next page is not known".into())
}

fn read_links(text: &str, links: &mut Vec<WebLink>) -> Result<(), Reason> {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return Ok(());
        }
        let (target, after) = match rest.strip_prefix('<') {
            Some(bracketed) => bracketed.split_once('>').ok_or_else(unreadable)?,
            // Some registries leave out the brackets. A comma may then be part of the URL.
            None => {
                let end = rest
                    .find(|c: char| c == ';' || c.is_whitespace())
                    .unwrap_or(rest.len());
                let (target, after) = rest.split_at(end);
                let is_url = ["/", "?", "http://", "https://"]
                    .iter()
                    .any(|start| target.starts_with(start));
                if !is_url || target.contains([',', '<']) {
                    return Err(unreadable());
                }
                (target, after)
            }
        };
        let end = end_of_parameters(after);
        links.push(WebLink {
            target: target.to_owned(),
            relations: relations(&after[..end]),
        });
        rest = &after[end..];
    }
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

/// The value of the parameter `rel`.
fn relations(parameters: &str) -> Option<String> {
    parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        key.trim().eq_ignore_ascii_case("rel").then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linked(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, value.parse().unwrap());
        }
        headers
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
            (&[""], None),
            (&[], None),
            // Forms that break the standard but can mean only one thing.
            (&["<?last=x>; rel='next'"], Some("?last=x")),
            (&["<?last=x>"], Some("?last=x")),
            (&[r#"<a>; rel="prev", <b>"#], Some("b")),
            (
                &[r#"/v2/_catalog?last=x&n=2; rel="next""#],
                Some("/v2/_catalog?last=x&n=2"),
            ),
            (
                &["https://r/v2/_catalog?last=x; rel=next"],
                Some("https://r/v2/_catalog?last=x"),
            ),
            (&["?last=x"], Some("?last=x")),
        ] {
            assert_eq!(
                next_link(&linked(values)).unwrap().as_deref(),
                expected,
                "{values:?}"
            );
        }
    }

    #[test]
    fn a_link_that_could_mean_anything_is_not_the_end() {
        for values in [
            &["<a; rel=next"][..],
            &["nonsense"],
            &["rel=next"],
            &["<a>, <b>"],
            &["<a>", "<b>"],
            &["/a, /b; rel=next"],
            &[&format!("<{}>; rel=next", "a".repeat(10_000))],
        ] {
            assert!(next_link(&linked(values)).is_err(), "{values:.60?}");
        }
    }
}
