//! Entries of listings: names, or the objects of Azure Container Registry's manifest listing.

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::oci::text::quoted;
use crate::oci::{Digest, RepositoryName, Tag};

/// An entry as it was sent. An entry of another type does not invalidate the page.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Entry<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Manifest(#[serde(borrow)] ManifestEntry<'a>),
    Other(IgnoredAny),
}

/// A manifest in Azure's listing. Every member but the digest is optional and may have any type.
#[derive(Deserialize)]
pub(super) struct ManifestEntry<'a> {
    #[serde(borrow)]
    digest: Cow<'a, str>,
    #[serde(default, rename = "changeableAttributes")]
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Attributes {
    Known {
        #[serde(rename = "readEnabled")]
        read_enabled: bool,
    },
    Other(IgnoredAny),
}

impl Default for Attributes {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl Entry<'_> {
    /// The text that identifies an entry, to notice repeats.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Manifest(manifest) => Some(&manifest.digest),
            Self::Other(_) => None,
        }
    }
}

/// A list, or `null` for an empty one, which some registries send. A document without the key is not a listing and
/// must not count as an empty one.
pub(super) fn entries<'de: 'a, 'a, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Entry<'a>>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An entry of a listing that can be parsed and checked.
pub(super) trait ListEntry: Sized {
    /// Parses an entry. The error is the invalid entry, escaped and shortened.
    fn read(entry: &Entry<'_>) -> Result<Self, String>;
}

impl ListEntry for RepositoryName {
    fn read(entry: &Entry<'_>) -> Result<Self, String> {
        name(entry)
    }
}

impl ListEntry for Tag {
    fn read(entry: &Entry<'_>) -> Result<Self, String> {
        name(entry)
    }
}

fn name<T: FromStr>(entry: &Entry<'_>) -> Result<T, String> {
    match entry {
        Entry::Text(text) => text.parse().map_err(|_| quoted(text)),
        Entry::Manifest(_) | Entry::Other(_) => Err("not a text".to_owned()),
    }
}

/// A manifest in a repository's manifest listing, tagged or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedManifest {
    /// Its digest.
    pub digest: Digest,
    /// Whether it is locked (`readEnabled` is false), so that the registry refuses to serve it.
    pub is_locked: bool,
}

impl ListEntry for ListedManifest {
    fn read(entry: &Entry<'_>) -> Result<Self, String> {
        let Entry::Manifest(manifest) = entry else {
            return Err("not a manifest with a digest".to_owned());
        };
        let digest = manifest.digest.parse().map_err(|_| quoted(&manifest.digest))?;
        Ok(Self {
            digest,
            is_locked: matches!(manifest.attributes, Attributes::Known { read_enabled: false }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<bool, String> {
        let entry: Entry<'_> = serde_json::from_str(text).unwrap();
        ListedManifest::read(&entry).map(|manifest| manifest.is_locked)
    }

    #[test]
    fn all_but_the_digest_of_a_manifest_may_be_missing_or_nonsense() {
        let digest = Digest::sha256_of(b"x");
        for (rest, locked) in [
            ("", false),
            (r#","imageSize":-3,"tags":7,"mediaType":null"#, false),
            (
                r#","changeableAttributes":{"readEnabled":false,"quarantineState":"Passed"}"#,
                true,
            ),
            (r#","changeableAttributes":{"readEnabled":true}"#, false),
            (r#","changeableAttributes":{"readEnabled":"no"}"#, false),
            (r#","changeableAttributes":"locked""#, false),
            (r#","changeableAttributes":null"#, false),
        ] {
            assert_eq!(
                read(&format!(r#"{{"digest":"{digest}"{rest}}}"#)),
                Ok(locked),
                "{rest}"
            );
        }
        for refused in [
            r#"{"digest":"../x"}"#,
            r#"{"tags":[]}"#,
            r#"{"digest":7}"#,
            "7",
            r#""text""#,
            "null",
        ] {
            assert!(read(refused).is_err(), "{refused}");
        }
        assert_eq!(
            read(r#"{"digest":"sha256:\u001b[31m"}"#),
            Err(r"'sha256:\u{1b}[31m'".to_owned())
        );
    }
}
