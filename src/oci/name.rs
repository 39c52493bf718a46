use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Digest;
use super::text::quoted;

/// A name that the specifications do not allow. The message states the kind of name and the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind}: {}; expected {expected}", quoted(.text))]
pub struct InvalidName {
    kind: &'static str,
    text: String,
    expected: &'static str,
}

macro_rules! name_type {
    ($(#[$meta:meta])* $name:ident, $kind:literal, $expected:literal, $valid:path, $longest:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema)]
        #[schemars(inline, with = "String", description = "", extend("minLength" = 1, "maxLength" = $longest))]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if $valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { kind: $kind, text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, formatter)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of a registry: its host, and its port unless it is the scheme's default (`reg.example.com`,
    /// `127.0.0.1:5001`, `[::1]:5001`).
    RegistryName,
    "registry name",
    "a host in lower case with an optional :port",
    is_registry_name,
    259
);

name_type!(
    /// The name of a repository within its registry (`team-a/api`), in the form of the distribution specification and at
    /// most 255 characters long.
    RepositoryName,
    "repository name",
    "lower-case words of letters and digits, joined by one of . _ __ - and separated by /",
    is_repository_name,
    255
);

name_type!(
    /// A tag: at most 128 letters, digits, `_`, `.` and `-`, not starting with `.` or `-`.
    Tag,
    "tag",
    "at most 128 letters, digits, _ . and -, the first neither . nor -",
    is_tag,
    128
);

impl Tag {
    /// Whether this is a fallback tag, by which clients attach something to an image if the registry has no referrers
    /// API: `sha256-…` of the distribution specification, including cosign's `.sig`, `.att` and `.sbom`. It does not name
    /// a runnable image.
    pub fn is_referrers_fallback(&self) -> bool {
        let Some((algorithm, rest)) = self.0.split_once('-') else {
            return false;
        };
        let digits = rest.split('.').next().unwrap_or_default();
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return false,
        };
        // The specification truncates the whole tag to 128 characters, which cuts sha512 digests short.
        let length = length.min(128 - algorithm.len() - 1);
        digits.len() == length && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

fn is_registry_name(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let host_is_valid = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.len() <= 253
                && host.split('.').all(|label| {
                    !label.is_empty()
                        && label
                            .bytes()
                            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
                })
        }
    };
    host_is_valid && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_repository_name(text: &str) -> bool {
    fn is_component(component: &str) -> bool {
        let bytes = component.as_bytes();
        let alphanumeric = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        if !bytes.first().is_some_and(alphanumeric) || !bytes.last().is_some_and(alphanumeric) {
            return false;
        }
        // Between letters and digits: one '.', one or two '_', or any number of '-'.
        bytes
            .split(alphanumeric)
            .filter(|separator| !separator.is_empty())
            .all(|separator| matches!(separator, b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-'))
    }
    text.len() <= 255 && text.split('/').all(is_component)
}

fn is_tag(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=128).contains(&bytes.len())
        && !matches!(bytes[0], b'.' | b'-')
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// A reference to a manifest within a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A tag: the manifest it points to now.
    Tag(Tag),
    /// A digest: exactly this content.
    Digest(Digest),
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(formatter),
            Self::Digest(digest) => digest.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_names_follow_the_specification() {
        for good in ["node", "team-a/api", "a.b/c__d/e--f", "0"] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "", "Node", "a/", "/a", "a//b", "a..b", "a___b", "a._b", "../etc", "a b", "a%2fb", "é", &long,
        ] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tags_follow_the_specification() {
        let long = "t".repeat(129);
        for good in ["latest", "3.1", "_x", "A-b.C_d"] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".x", "-x", "a/b", "a:b", "a b", "a\n", &long] {
            assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn registry_names_are_hosts_with_ports() {
        for good in ["reg.example.com", "127.0.0.1:5001", "[::1]:5001", "localhost"] {
            assert!(good.parse::<RegistryName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "a:0",
            "a:b",
            "user@host",
            "a/b",
            "A.example",
            "a..b",
            "[x]",
            "a:70000",
        ] {
            assert!(bad.parse::<RegistryName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn fallback_tags_are_recognised() {
        let hex = Digest::sha256_of(b"x").hex();
        for name in [
            format!("sha256-{hex}"),
            format!("sha256-{hex}.sig"),
            format!("sha512-{}", &format!("{hex}{hex}")[..121]),
        ] {
            assert!(name.parse::<Tag>().unwrap().is_referrers_fallback(), "{name}");
        }
        for name in [
            "latest".to_owned(),
            format!("sha256-{}", &hex[1..]),
            format!("md5-{hex}"),
        ] {
            assert!(!name.parse::<Tag>().unwrap().is_referrers_fallback(), "{name}");
        }
    }

    #[test]
    fn a_message_shows_hostile_text_escaped_and_short() {
        let error = format!("\u{1b}[31m{}", "x".repeat(1000))
            .parse::<Tag>()
            .unwrap_err()
            .to_string();
        assert!(!error.contains('\u{1b}') && error.len() < 400, "{error}");
    }
}
