//! The digest of Docker schema 1 manifests, which contain their own signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

#[derive(Deserialize)]
struct Signed {
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    protected: String,
}

#[derive(Deserialize)]
struct Protected {
    #[serde(rename = "formatLength")]
    length: usize,
    #[serde(rename = "formatTail")]
    tail: String,
}

/// The signed bytes, over which the digest is computed: the document up to a point, then a tail from the
/// signature. `None` if the document is not signed; its digest is then that of its bytes.
pub(super) fn payload(content: &[u8]) -> Option<Vec<u8>> {
    let signed: Signed = serde_json::from_slice(content).ok()?;
    let protected = URL_SAFE_NO_PAD
        .decode(&signed.signatures.first()?.protected)
        .ok()?;
    let protected: Protected = serde_json::from_slice(&protected).ok()?;
    let mut payload = content.get(..protected.length)?.to_vec();
    payload.extend(URL_SAFE_NO_PAD.decode(protected.tail).ok()?);
    Some(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_payload_is_what_stood_there_before_signing() {
        let payload_text = "{\n   \"schemaVersion\": 1,\n   \"name\": \"x\"\n}";
        let head = payload_text.len() - 2;
        let tail = URL_SAFE_NO_PAD.encode(&payload_text[head..]);
        let protected = URL_SAFE_NO_PAD.encode(format!(r#"{{"formatLength":{head},"formatTail":"{tail}"}}"#));
        let signed = format!(
            r#"{},"signatures":[{{"protected":"{protected}"}}]}}"#,
            &payload_text[..head]
        );
        assert_eq!(payload(signed.as_bytes()).unwrap(), payload_text.as_bytes());
    }

    #[test]
    fn what_is_not_signed_has_no_payload() {
        let beyond = URL_SAFE_NO_PAD.encode(r#"{"formatLength":99999999,"formatTail":""}"#);
        for text in [
            "",
            "{}",
            r#"{"signatures":[]}"#,
            &format!(r#"{{"signatures":[{{"protected":"{beyond}"}}]}}"#),
        ] {
            assert_eq!(payload(text.as_bytes()), None, "{text}");
        }
    }
}
