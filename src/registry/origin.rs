use std::net::IpAddr;

use url::{Host, Url};

use crate::oci::RegistryName;
use crate::oci::text::quoted;

/// The address of a registry: scheme, host and port.
///
/// Credentials are sent to this origin only. Plain HTTP is used only if the text says `http://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    url: Url,
    name: RegistryName,
}

/// A text that is not the address of a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text} is not the address of a registry: {problem}; expected HOST, HOST:PORT, https://HOST or http://HOST"
)]
pub struct InvalidOrigin {
    text: String,
    problem: &'static str,
}

impl Origin {
    /// Parses `https://reg.example.com`, `http://127.0.0.1:5001` or `reg.example.com` (which means HTTPS).
    ///
    /// # Errors
    /// If there is another scheme, a path, a query, a user name or password, or the host is not valid.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        // The text may contain a password, so the message must not repeat it.
        let shown_text = if text.contains('@') {
            "'…'".to_owned()
        } else {
            quoted(text)
        };
        let refuse = |problem| InvalidOrigin {
            text: shown_text.clone(),
            problem,
        };
        let url = Url::parse(&whole).map_err(|_| refuse("it cannot be read"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(refuse("it must be reached by https or http"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(
                "it contains a user name or password, which belong in the credentials",
            ));
        }
        if url.path().starts_with("/artifactory/") {
            return Err(refuse(
                "it has a path; for Artifactory's repository path method, write the host alone and name the repositories \
                 as KEY/IMAGE",
            ));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse(
                "it has more than a host and a port; name the repositories separately",
            ));
        }
        let host = url.host_str().ok_or_else(|| refuse("it has no host"))?;
        let name = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let name = name.parse().map_err(|_| refuse("its host is not a valid one"))?;
        Ok(Self { url, name })
    }

    /// The registry's name: its host, with the port unless it is the scheme's default.
    pub fn name(&self) -> &RegistryName {
        &self.name
    }

    /// The root URL of the registry.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether a URL has the same scheme, host and port.
    pub fn contains(&self, url: &Url) -> bool {
        self.url.origin() == url.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Whether the operator chose plain HTTP.
    pub fn is_plain_http(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The host, if it is an IP address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        address_of(&self.url)
    }
}

/// The host of a URL, if it is an IP address.
pub(super) fn address_of(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_meant_unless_http_is_said() {
        for (text, url, name) in [
            ("reg.example.com", "https://reg.example.com/", "reg.example.com"),
            (
                "https://Reg.Example.com:443/",
                "https://reg.example.com/",
                "reg.example.com",
            ),
            (
                "reg.example.com:8443",
                "https://reg.example.com:8443/",
                "reg.example.com:8443",
            ),
            (
                "http://127.0.0.1:5001",
                "http://127.0.0.1:5001/",
                "127.0.0.1:5001",
            ),
            ("http://[::1]:5001", "http://[::1]:5001/", "[::1]:5001"),
        ] {
            let origin = Origin::parse(text).unwrap();
            assert_eq!((origin.url().as_str(), origin.name().as_str()), (url, name));
        }
    }

    #[test]
    fn refuses_what_is_more_than_an_address_and_never_repeats_a_password() {
        for text in [
            "",
            "ftp://a",
            "https://a/b",
            "https://a/artifactory/api/docker/key",
            "https://a?b",
            "a b",
            "https://me:hunter2@a",
            "me:hunter2@a",
        ] {
            let error = Origin::parse(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_origin_is_scheme_host_and_port() {
        let origin = Origin::parse("https://reg.example.com").unwrap();
        for (url, same) in [
            ("https://reg.example.com/v2/", true),
            ("https://reg.example.com:443/v2/", true),
            ("http://reg.example.com/v2/", false),
            ("https://reg.example.com:444/v2/", false),
            ("https://reg.example.com.evil.example/v2/", false),
            ("https://me@reg.example.com/v2/", false),
        ] {
            assert_eq!(origin.contains(&Url::parse(url).unwrap()), same, "{url}");
        }
    }
}
