use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::oci::RegistryName;
use crate::registry::{InvalidOrigin, Origin};

/// A registry as a person names it, with an optional choice of its repositories:
/// `https://reg.example.com`, `http://127.0.0.1:5001`, `reg.example.com/team-a/*`.
///
/// Without a scheme it is reached by HTTPS; plain HTTP is only ever used where it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryAddress {
    origin: Origin,
    repositories: Option<String>,
}

/// A text that does not name a registry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// A user name or password stands in the address, where logs and shell histories would show it.
    #[error(
        "credentials do not belong into the address; give them as --username and --password-stdin, as \
         TARE_USERNAME and TARE_PASSWORD, or in the configuration"
    )]
    Credentials,
    /// A query, as URLs of other services have one.
    #[error(
        "a registry's address has no query: leave out everything from ? on; to choose repositories by a pattern with ?, \
         use --repository"
    )]
    Query,
    /// What comes after the registry is no choice of repositories.
    #[error(
        "expected nothing after the registry but a choice of repositories, as in reg.example.com/team-a/*"
    )]
    Rest,
    /// Scheme, host or port are wrong.
    #[error(transparent)]
    Origin(#[from] InvalidOrigin),
}

impl RegistryAddress {
    /// The registry's name.
    pub fn registry(&self) -> &RegistryName {
        self.origin.name()
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The choice of repositories in the address.
    pub fn repositories(&self) -> Option<&str> {
        self.repositories.as_deref()
    }
}

impl FromStr for RegistryAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let host_at = text.find("://").map_or(0, |at| at + "://".len());
        let end = text[host_at..].find('/').map_or(text.len(), |at| host_at + at);
        let (origin, repositories) = text.split_at(end);
        if origin.contains('@') {
            return Err(InvalidAddress::Credentials);
        }
        if text.contains('?') {
            return Err(InvalidAddress::Query);
        }
        // `{a,b}`, `[!ab]` and `*` belong to globs, everything else to names.
        let is_choice = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/*[]{},!".contains(c);
        if !repositories.chars().all(is_choice) {
            return Err(InvalidAddress::Rest);
        }
        let repositories = repositories.trim_matches('/');
        Ok(Self {
            origin: Origin::parse(origin)?,
            repositories: (!repositories.is_empty()).then(|| repositories.to_owned()),
        })
    }
}

impl TryFrom<String> for RegistryAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        text.parse()
    }
}

impl From<RegistryAddress> for String {
    fn from(address: RegistryAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for RegistryAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.origin.url().as_str().trim_end_matches('/'))?;
        match &self.repositories {
            Some(repositories) => write!(formatter, "/{repositories}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_may_be_named_in_several_ways() {
        for (text, origin, repositories) in [
            ("https://reg.example.com", "https://reg.example.com", None),
            ("https://Reg.Example.com:443/", "https://reg.example.com", None),
            ("http://127.0.0.1:5001", "http://127.0.0.1:5001", None),
            ("http://[::1]:80", "http://[::1]", None),
            (
                "reg.example.com/team-a/*",
                "https://reg.example.com",
                Some("team-a/*"),
            ),
            (
                "reg.example.com/{api,web}",
                "https://reg.example.com",
                Some("{api,web}"),
            ),
        ] {
            let address: RegistryAddress = text.parse().unwrap();
            assert_eq!(address.origin().url().as_str(), format!("{origin}/"));
            assert_eq!(address.repositories(), repositories);
        }
    }

    #[test]
    fn what_is_no_registry_is_refused_without_repeating_a_password() {
        for bad in [
            "",
            "ftp://reg.example.com",
            "https://",
            "reg example",
            "reg.example.com?x=1",
            "reg.example.com/team-a?x=1",
            "reg.example.com/A",
        ] {
            assert!(bad.parse::<RegistryAddress>().is_err(), "{bad}");
        }
        let error = "https://me:hunter2@reg.example.com"
            .parse::<RegistryAddress>()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("--password-stdin") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
