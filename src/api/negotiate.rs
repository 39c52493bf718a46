//! Content negotiation: the form of an answer that the client prefers.

use actix_web::http::header::{Accept, Quality};

/// The index of the media type that a client prefers among those offered: the first of equals, `None` if the client
/// accepts none of them. A client that names no media range accepts anything.
pub(super) fn preferred(accept: &Accept, offered: &[&str]) -> Option<usize> {
    if accept.is_empty() {
        return (!offered.is_empty()).then_some(0);
    }
    let mut best: Option<(usize, Quality)> = None;
    for (index, media_type) in offered.iter().enumerate() {
        // The most specific range that covers a type gives its quality.
        let quality = accept
            .iter()
            .filter_map(|range| Some((specificity(range.item.essence_str(), media_type)?, range.quality)))
            .max_by_key(|&(specificity, _)| specificity)
            .map_or(Quality::ZERO, |(_, quality)| quality);
        if quality > best.map_or(Quality::ZERO, |(_, quality)| quality) {
            best = Some((index, quality));
        }
    }
    best.map(|(index, _)| index)
}

/// How specifically a range covers a media type: 2 exactly, 1 by its type, 0 as `*/*`.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    if range == "*/*" {
        return Some(0);
    }
    let (kind, _) = media_type.split_once('/')?;
    let wanted = range.strip_suffix("/*")?;
    wanted.eq_ignore_ascii_case(kind).then_some(1)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{self, Header as _};
    use actix_web::test::TestRequest;

    use super::*;

    fn chosen(accept: &[&str]) -> Option<usize> {
        let mut request = TestRequest::get();
        for value in accept {
            request = request.append_header((header::ACCEPT, *value));
        }
        let accept = Accept::parse(&request.to_http_request()).unwrap();
        preferred(&accept, &["application/json", "text/csv"])
    }

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        for (accept, expected) in [
            ("", Some(0)),
            ("*/*", Some(0)),
            ("text/csv", Some(1)),
            ("Text/CSV", Some(1)),
            ("text/csv; charset=utf-8", Some(1)),
            ("text/*;q=0.5, application/json;q=0.4", Some(1)),
            ("text/html, application/xhtml+xml, */*;q=0.8", Some(0)),
            ("application/json;q=0, */*", Some(1)),
            ("text/csv;q=0", None),
            ("image/png", None),
        ] {
            assert_eq!(chosen(&[accept]), expected, "{accept:?}");
        }
        assert_eq!(chosen(&[]), Some(0), "no header");
        assert_eq!(
            chosen(&["text/csv", "application/json;q=0.1"]),
            Some(1),
            "two headers"
        );
    }

    #[test]
    fn ranges_that_cannot_be_read_count_as_not_sent() {
        for (accept, expected) in [
            ("text/csv;q=nonsense", Some(0)),
            ("text/csv;q=7", Some(0)),
            ("text/csv;q=nonsense, image/png", None),
            ("*; q=0.2, */*; q=0.2", Some(0)),
            (",,", Some(0)),
        ] {
            assert_eq!(chosen(&[accept]), expected, "{accept:?}");
        }
    }
}
