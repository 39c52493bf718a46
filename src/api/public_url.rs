use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

/// The first parts of paths that the service itself has. A base path that begins with one of them would be taken for it.
const OWN_PATHS: [&str; 8] = [
    "assets",
    "auth",
    "docs",
    "healthz",
    "metrics",
    "openapi.json",
    "readyz",
    "v1",
];

/// The address at which users reach the service, such as `https://example.com/tare/`. Its path, the *base path*, ends
/// with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(Url);

/// Why a text is not the address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; expected the address at which users reach the service, such as https://example.com/tare/")]
pub struct InvalidPublicUrl(String);

impl PublicUrl {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port, as browsers send them in the header `Origin`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host without its port.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The path: `/`, or such as `/tare/`.
    pub fn base_path(&self) -> &str {
        self.0.path()
    }

    /// Whether it is reached by HTTPS.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The whole address as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// The address of a path of the service, which is written without a slash at its beginning.
    pub fn join(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.base_path()));
        url
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let refused = |problem: &str| InvalidPublicUrl(problem.to_owned());
        let mut url = Url::parse(text).map_err(|_| refused("this is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused("the address begins with https:// or http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("the address has no user name and no password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("the address has nothing after ? or #"));
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        // The path becomes part of cookies and is compared with the paths of requests.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
        if !url.path().chars().all(is_plain) || url.path().contains("//") {
            return Err(refused(
                "the path has letters, digits and -_.~ between single slashes",
            ));
        }
        let first = url.path().split('/').nth(1).unwrap_or_default();
        if OWN_PATHS.contains(&first) {
            return Err(InvalidPublicUrl(format!(
                "the path must not begin with /{first}, which is a path of the service itself"
            )));
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = InvalidPublicUrl;

    fn try_from(text: String) -> Result<Self, InvalidPublicUrl> {
        text.parse()
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_origin_and_a_base_path() {
        for (text, origin, base, login) in [
            (
                "https://example.com/tare",
                "https://example.com",
                "/tare/",
                "https://example.com/tare/auth/login",
            ),
            (
                "https://Example.com:443",
                "https://example.com",
                "/",
                "https://example.com/auth/login",
            ),
            (
                "http://127.0.0.1:8080/a/b/",
                "http://127.0.0.1:8080",
                "/a/b/",
                "http://127.0.0.1:8080/a/b/auth/login",
            ),
        ] {
            let url: PublicUrl = text.parse().unwrap();
            assert_eq!(
                (
                    url.origin().as_str(),
                    url.base_path(),
                    url.join("auth/login").as_str()
                ),
                (origin, base, login)
            );
        }
    }

    #[test]
    fn an_address_that_cannot_be_served_is_refused_with_the_reason() {
        for (text, words) in [
            ("example.com/tare", "not a URL"),
            ("ftp://example.com", "https://"),
            ("https://me:hunter2@example.com", "no password"),
            ("https://example.com/?view=savings", "after ?"),
            ("https://example.com/a//b/", "single slashes"),
            ("https://example.com/a;b/", "letters"),
            ("https://example.com/v1/", "/v1"),
            ("https://example.com/auth/tare/", "/auth"),
        ] {
            let error = text.parse::<PublicUrl>().unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
        }
    }
}
