//! Authentication challenges of a registry (`WWW-Authenticate`).
//!
//! The parser is our own and lenient: registries send unquoted URLs (IBM Cloud), letters outside ASCII and schemes of
//! other vendors, and one challenge that cannot be read must not hide the others.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use super::limits;
use crate::oci::text::excerpt;

/// The challenges of one response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Challenges {
    /// Token authentication.
    pub bearer: Option<Bearer>,
    /// Whether user name and password are accepted.
    pub basic: bool,
    /// The headers, shortened and escaped for messages, if no challenge in them is supported.
    pub unsupported: Option<String>,
}

/// A token challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bearer {
    /// The URL of the token service, not checked yet.
    pub realm: String,
    /// The name of the registry at the token service.
    pub service: Option<String>,
    /// The scope that the token must have.
    pub scope: Option<String>,
    /// Whether the registry says that the token lacks the scope (`error="insufficient_scope"`, RFC 6750).
    pub lacks_scope: bool,
}

/// One challenge of a header.
#[derive(Debug, Default)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<String> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    }
}

impl Challenges {
    /// Reads all challenges of a response. Those that cannot be parsed are left out.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        let mut shown = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            if text.len() > limits::URL {
                shown.push(format!("{} bytes", text.len()));
                continue;
            }
            for challenge in challenges(&text) {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    found.basic = true;
                } else if challenge.scheme.eq_ignore_ascii_case("bearer")
                    && found.bearer.is_none()
                    && let Some(realm) = challenge.parameter("realm")
                {
                    found.bearer = Some(Bearer {
                        realm,
                        service: challenge.parameter("service"),
                        scope: challenge.parameter("scope"),
                        lacks_scope: challenge
                            .parameter("error")
                            .is_some_and(|error| error == "insufficient_scope"),
                    });
                }
            }
            shown.push(excerpt(&text));
        }
        if !found.is_supported() && !shown.is_empty() {
            found.unsupported = Some(shown.join(", "));
        }
        found
    }

    /// Whether any challenge can be answered.
    pub fn is_supported(&self) -> bool {
        self.bearer.is_some() || self.basic
    }
}

/// The challenges of one header, as far as they can be read.
fn challenges(text: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
        if rest.is_empty() {
            return found;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, ',' | '='))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            // The actions of an unquoted scope are separated by commas, as challenges are.
            let is_action = matches!(word, "pull" | "push" | "delete" | "*");
            match found
                .last_mut()
                .and_then(|challenge| challenge.parameters.last_mut())
            {
                Some((key, scope)) if is_action && key.eq_ignore_ascii_case("scope") => {
                    scope.push(',');
                    scope.push_str(word);
                }
                _ => found.push(Challenge {
                    scheme: word.to_owned(),
                    parameters: Vec::new(),
                }),
            }
            rest = after;
            continue;
        };
        let Some((value, after)) = parameter_value(value.trim_start()) else {
            // A quote that does not end: this challenge cannot be read, and nothing follows it.
            found.pop();
            return found;
        };
        if let Some(challenge) = found.last_mut() {
            challenge.parameters.push((word.to_owned(), value));
        }
        rest = after;
    }
}

/// The value that a text begins with, quoted or not, and what follows it.
fn parameter_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c.is_whitespace() || c == ',')
            .unwrap_or(text.len());
        return Some((text[..end].to_owned(), &text[end..]));
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            '\\' if !is_escaped => {
                is_escaped = true;
                continue;
            }
            '"' if !is_escaped => return Some((value, &quoted[at + 1..])),
            _ => value.push(c),
        }
        is_escaped = false;
    }
    None
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn challenges(values: &[&str]) -> Challenges {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                WWW_AUTHENTICATE,
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Challenges::from_headers(&headers)
    }

    #[test]
    fn reads_the_forms_that_registries_send() {
        let bearer = Bearer {
            realm: "https://auth.example.com/token".into(),
            service: Some("reg.example.com".into()),
            scope: Some("repository:a/b:pull,push".into()),
            lacks_scope: false,
        };
        let text = r#"Bearer realm="https://auth.example.com/token",service="reg.example.com",scope="repository:a/b:pull,push""#;
        let both = Challenges {
            bearer: Some(bearer.clone()),
            basic: true,
            unsupported: None,
        };
        assert_eq!(
            challenges(&[text]),
            Challenges {
                bearer: Some(bearer.clone()),
                basic: false,
                unsupported: None,
            }
        );
        assert_eq!(challenges(&[text, r#"Basic realm="x""#]), both);
        assert_eq!(challenges(&[&format!(r#"basic realm="x", {text}"#)]), both);
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for text in [
            "",
            "Bearer",
            "Bearer service=\"x\"",
            "Negotiate",
            "=\"",
            &"x".repeat(9000),
        ] {
            let found = challenges(&[text]);
            assert!(!found.is_supported(), "{text:.20}");
            assert!(found.unsupported.is_some(), "{text:.20}");
        }
        assert_eq!(challenges(&[]), Challenges::default());
    }

    #[test]
    fn a_challenge_that_cannot_be_read_hides_no_other() {
        let bearer = r#"Bearer realm="https://auth.example.com/token",service="x""#;
        for odd in [
            "Negotiate",
            "NTLM",
            "Negotiate YIIabc==",
            r#"Digest realm="a  b", qop="auth""#,
            "Digest realm=\"K\u{fc}che\"",
            "Custom realm=https://odd.example.com/a?b=c",
        ] {
            for header in [format!("{odd}, {bearer}"), format!("{bearer}, {odd}")] {
                let found = challenges(&[&header]).bearer.unwrap();
                assert_eq!(found.realm, "https://auth.example.com/token", "{header}");
                assert_eq!(found.service.as_deref(), Some("x"), "{header}");
            }
        }
        let found = challenges(&["Bearer realm=\"https://broken", r#"Basic realm="K  K""#]);
        assert!(found.bearer.is_none() && found.basic);
    }

    /// Vendors: IBM.
    #[test]
    fn an_unquoted_challenge_is_read() {
        let text =
            "Bearer realm=https://cp.icr.io/oauth/token, service=registry, scope=repository:a/b:pull,push";
        let bearer = challenges(&[text]).bearer.unwrap();
        assert_eq!(bearer.realm, "https://cp.icr.io/oauth/token");
        assert_eq!(bearer.service.as_deref(), Some("registry"));
        assert_eq!(bearer.scope.as_deref(), Some("repository:a/b:pull,push"));
    }

    #[test]
    fn the_reason_for_a_refusal_is_read() {
        let text = r#"Bearer realm="https://a/t",error="insufficient_scope""#;
        assert!(challenges(&[text]).bearer.unwrap().lacks_scope);
        let text = r#"Bearer realm="https://a/t",error="invalid_token""#;
        assert!(!challenges(&[text]).bearer.unwrap().lacks_scope);
    }
}
