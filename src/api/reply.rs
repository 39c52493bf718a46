//! Cacheable answers: a strong entity tag of the bytes, and 304 if the client's copy is current.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, EntityTag, Header as _, HeaderMap, HeaderValue, IfNoneMatch};
use actix_web::{HttpMessage, HttpResponse};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::problem::Problem;

/// Suffix of the tag of a compressed body.
pub(super) const GZIP_SUFFIX: &str = "-gzip";
/// Hex digits of a tag: 128 bits, so collisions are not expected.
const TAG_DIGITS: usize = 32;

/// A complete answer, before the comparison with the client's copy.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    headers: HeaderMap,
}

impl Reply {
    /// A JSON document.
    pub(super) fn json(document: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_vec(document).map_err(Problem::internal)?;
        Ok(Self::new("application/json", body))
    }

    /// A table for spreadsheets, to be saved under this name.
    pub(super) fn csv(file: &str, text: String) -> Self {
        Self::download("text/csv; charset=utf-8", file, text.into_bytes())
    }

    /// A file to be saved under this name.
    pub(super) fn download(content_type: &'static str, file: &str, body: Vec<u8>) -> Self {
        let disposition = format!("attachment; filename=\"{file}\"");
        Self::new(content_type, body).with_header(header::CONTENT_DISPOSITION, &disposition)
    }

    /// Any other body.
    pub(super) fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: StatusCode::OK,
            content_type,
            body,
            headers: HeaderMap::new(),
        }
    }

    /// With another status.
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With one more header, unless its value cannot be one.
    pub(super) fn with_header(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The answer to a request. Cacheable answers have a tag; 304 if the client's copy is current.
    pub(super) fn respond(self, request: &impl HttpMessage, is_cacheable: bool) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.insert_header((header::VARY, "Accept, Accept-Encoding, Authorization, Cookie"));
        if !is_cacheable {
            response.insert_header((header::CACHE_CONTROL, "no-store"));
            return response.content_type(self.content_type).body(self.body);
        }
        let digest = Sha256::digest(&self.body);
        let tag = hex::encode(&digest[..TAG_DIGITS / 2]);
        // Only the client may cache it, and must revalidate it.
        response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
        if let Some(known) = matching(request, &tag) {
            response.insert_header((header::ETAG, format!("\"{known}\"")));
            response.status(StatusCode::NOT_MODIFIED);
            return response.finish();
        }
        response.insert_header((header::ETAG, format!("\"{tag}\"")));
        response.content_type(self.content_type).body(self.body)
    }
}

/// The client's tag that matches this body, compressed or not.
fn matching(request: &impl HttpMessage, tag: &str) -> Option<String> {
    // An unreadable header has no tags.
    match IfNoneMatch::parse(request).ok()? {
        IfNoneMatch::Any => Some(tag.to_owned()),
        IfNoneMatch::Items(known) => known
            .iter()
            .map(EntityTag::tag)
            .find(|known| known.strip_suffix(GZIP_SUFFIX).unwrap_or(known) == tag)
            .map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn answered(if_none_match: Option<&str>, is_cacheable: bool) -> HttpResponse {
        let mut request = TestRequest::get();
        if let Some(value) = if_none_match {
            request = request.insert_header((header::IF_NONE_MATCH, value));
        }
        Reply::json(&[1, 2])
            .unwrap()
            .respond(&request.to_http_request(), is_cacheable)
    }

    fn tagged(if_none_match: Option<&str>) -> (u16, String) {
        let response = answered(if_none_match, true);
        let tag = response.headers().get(header::ETAG).unwrap().to_str().unwrap();
        (response.status().as_u16(), tag.to_owned())
    }

    #[test]
    fn a_client_with_a_current_copy_gets_304() {
        let (status, tag) = tagged(None);
        assert_eq!((status, tag.len()), (200, TAG_DIGITS + 2));
        assert_eq!(tagged(Some(&tag)), (304, tag.clone()));
        assert_eq!(tagged(Some(&format!("\"x\", W/{tag}"))).0, 304);
        assert_eq!(tagged(Some("*")).0, 304);
        let compressed = format!("{}{GZIP_SUFFIX}\"", tag.trim_end_matches('"'));
        assert_eq!(tagged(Some(&compressed)), (304, compressed.clone()));
        assert_eq!(tagged(Some("\"other\"")), (200, tag.clone()));
        // Not an entity tag, which has quotes.
        assert_eq!(tagged(Some(tag.trim_matches('"'))), (200, tag));
    }

    #[test]
    fn an_answer_that_is_not_cacheable_has_no_tag() {
        let response = answered(Some("*"), false);
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers().get(header::ETAG).is_none());
        assert_eq!(response.headers().get(header::CACHE_CONTROL).unwrap(), "no-store");
    }
}
