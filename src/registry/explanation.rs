use oci_distribution::errors::OciEnvelope;

use super::Reason;
use crate::oci::text::{excerpt, quoted};

/// The registry refused credentials of the kind that it asked for.
pub(super) fn credentials_rejected() -> Reason {
    Reason::Unauthorized("the registry refuses credentials of the scheme that it asked for".into())
}

/// The credentials are right, and may not read this.
pub(super) fn no_right() -> Reason {
    Reason::Unauthorized("these credentials have no right to it".into())
}

/// The registry wants credentials in a way that we do not understand. `header` is what it said, escaped.
pub(super) fn unsupported_challenge(header: Option<String>) -> Reason {
    let problem = "the registry answered 401 without a challenge that this client supports";
    Reason::Unauthorized(match header {
        Some(header) => format!("{problem} (WWW-Authenticate: {header})"),
        None => problem.to_owned(),
    })
}

/// The registry's error message, escaped for ours. `is_secret` recognises a text that repeats our credentials:
/// a registry could otherwise make us log our own token.
pub(super) fn explanation(body: &[u8], is_secret: impl Fn(&str) -> bool) -> String {
    let Ok(envelope) = serde_json::from_slice::<OciEnvelope>(body) else {
        return String::new();
    };
    let Some(error) = envelope.errors.first() else {
        return String::new();
    };
    let code = serde_json::to_value(&error.code).ok();
    let code = code.as_ref().and_then(|code| code.as_str()).unwrap_or_default();
    if is_secret(code) || is_secret(&error.message) {
        return " and repeated our credentials in its explanation".into();
    }
    match error.message.as_str() {
        "" => format!(": {}", quoted(code)),
        message => format!(": {} {}", excerpt(code), quoted(message)),
    }
}

#[cfg(test)]
mod tests {
    use super::explanation;

    #[test]
    fn explanations_are_shown_without_secrets_and_escapes() {
        let body = br#"{"errors":[{"code":"DENIED","message":"no\u001b[31m entry"}]}"#;
        assert_eq!(explanation(body, |_| false), r": DENIED 'no\u{1b}[31m entry'");
        let body = br#"{"errors":[{"code":"DENIED","message":"Bearer hunter2"}]}"#;
        let said = explanation(body, |text| text.contains("hunter2"));
        assert!(!said.contains("hunter2"), "{said}");
        for nothing in [&b""[..], b"<html>", b"{}", br#"{"errors":[]}"#] {
            assert_eq!(explanation(nothing, |_| false), "");
        }
    }
}
