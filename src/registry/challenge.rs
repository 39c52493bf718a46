//! Authentication challenges of a registry (`WWW-Authenticate`).

use http_auth::parser::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

use super::limits;

/// The challenges of one response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Challenges {
    /// Token authentication.
    pub bearer: Option<Bearer>,
    /// Whether user name and password are accepted.
    pub basic: bool,
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
}

impl Challenges {
    /// Reads all challenges of a response. Those that cannot be parsed are left out.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let mut found = Self::default();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            let Ok(text) = value.to_str() else { continue };
            if text.len() > limits::URL {
                continue;
            }
            for challenge in ChallengeParser::new(text).map_while(Result::ok) {
                let parameter = |name: &str| {
                    challenge
                        .params
                        .iter()
                        .find(|(key, _)| key.eq_ignore_ascii_case(name))
                        .map(|(_, value)| value.to_unescaped())
                };
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    found.basic = true;
                } else if challenge.scheme.eq_ignore_ascii_case("bearer")
                    && found.bearer.is_none()
                    && let Some(realm) = parameter("realm")
                {
                    let (service, scope) = (parameter("service"), parameter("scope"));
                    found.bearer = Some(Bearer {
                        realm,
                        service,
                        scope,
                    });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenges(values: &[&str]) -> Challenges {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenges::from_headers(&headers)
    }

    #[test]
    fn reads_the_forms_that_registries_send() {
        let bearer = Bearer {
            realm: "https://auth.example.com/token".into(),
            service: Some("reg.example.com".into()),
            scope: Some("repository:a/b:pull,push".into()),
        };
        let text = r#"Bearer realm="https://auth.example.com/token",service="reg.example.com",scope="repository:a/b:pull,push""#;
        let both = Challenges {
            bearer: Some(bearer.clone()),
            basic: true,
        };
        assert_eq!(
            challenges(&[text]),
            Challenges {
                bearer: Some(bearer),
                basic: false
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
            assert_eq!(challenges(&[text]), Challenges::default(), "{text:.20}");
        }
    }
}
