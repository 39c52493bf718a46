//! Entries of listings: names, or the objects of Azure Container Registry's listings of manifests and tags.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
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
    /// Sonatype Nexus 3.58 sends it among tags (skopeo issue 2409, 2024).
    Null,
    Other(IgnoredAny),
}

/// A manifest or tag in one of Azure's listings. Every member but the digest is optional and may have any type.
#[derive(Deserialize)]
pub(super) struct ManifestEntry<'a> {
    #[serde(borrow)]
    digest: Cow<'a, str>,
    /// In a listing of tags.
    #[serde(default)]
    name: Lenient<Cow<'a, str>>,
    /// In a listing of manifests.
    #[serde(default)]
    tags: Lenient<Vec<String>>,
    #[serde(default, rename = "createdTime")]
    created: Lenient<DateTime<Utc>>,
    #[serde(default, rename = "lastUpdateTime")]
    updated: Lenient<DateTime<Utc>>,
    #[serde(default, rename = "changeableAttributes")]
    attributes: Lenient<Attributes>,
}

/// A value that may have any type.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Known(T),
    Other(IgnoredAny),
}

impl<T> Lenient<T> {
    fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Other(_) => None,
        }
    }
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

#[derive(Deserialize)]
struct Attributes {
    #[serde(rename = "readEnabled")]
    read_enabled: bool,
}

impl Entry<'_> {
    /// The text that identifies an entry, to notice repeats and to ask for what follows it.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Manifest(row) => Some(row.name.known().unwrap_or(&row.digest)),
            Self::Null | Self::Other(_) => None,
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
    /// Parses an entry; `None` if it is to be ignored. The error is the invalid entry, escaped and shortened.
    fn read(entry: &Entry<'_>) -> Result<Option<Self>, String>;
}

impl ListEntry for RepositoryName {
    fn read(entry: &Entry<'_>) -> Result<Option<Self>, String> {
        name(entry).map(Some)
    }
}

/// A tag in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedTag {
    /// The tag.
    pub tag: Tag,
    /// The manifest that it points to, if the listing says so.
    pub digest: Option<Digest>,
}

impl fmt::Display for ListedTag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tag.fmt(formatter)
    }
}

impl ListEntry for ListedTag {
    fn read(entry: &Entry<'_>) -> Result<Option<Self>, String> {
        match entry {
            Entry::Null => Ok(None),
            // Artifactory and zuul-registry list digests among the tags (skopeo issue 2346, 2024).
            Entry::Text(text) if is_digest(text) => Ok(None),
            Entry::Manifest(row) => {
                let Some(name) = row.name.known() else {
                    return Err("not a tag with a name".to_owned());
                };
                let tag = name.parse().map_err(|_| quoted(name))?;
                let digest = row.digest.parse().map_err(|_| quoted(&row.digest))?;
                Ok(Some(Self {
                    tag,
                    digest: Some(digest),
                }))
            }
            Entry::Text(_) | Entry::Other(_) => Ok(Some(Self {
                tag: name(entry)?,
                digest: None,
            })),
        }
    }
}

/// Whether a text has the form of a digest, which no tag has.
fn is_digest(text: &str) -> bool {
    let is_hex = |hex: &str| hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with("sha")
            && algorithm.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && is_hex(hex)
    })
}

fn name<T: FromStr>(entry: &Entry<'_>) -> Result<T, String> {
    match entry {
        Entry::Text(text) => text.parse().map_err(|_| quoted(text)),
        Entry::Manifest(_) | Entry::Null | Entry::Other(_) => Err("not a text".to_owned()),
    }
}

/// A manifest in a repository's listing of manifests, tagged or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedManifest {
    /// Its digest.
    pub digest: Digest,
    /// Whether it is locked (`readEnabled` is false), so that the registry refuses to serve it.
    pub is_locked: bool,
    /// The tags that point to it, if the listing says so. Azure may leave out some.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub created: Option<DateTime<Utc>>,
    /// When it, or its tags, last changed.
    pub updated: Option<DateTime<Utc>>,
}

impl ListEntry for ListedManifest {
    fn read(entry: &Entry<'_>) -> Result<Option<Self>, String> {
        let Entry::Manifest(row) = entry else {
            return Err("not a manifest with a digest".to_owned());
        };
        let digest = row.digest.parse().map_err(|_| quoted(&row.digest))?;
        let tags = row.tags.known().into_iter().flatten();
        Ok(Some(Self {
            digest,
            is_locked: row.attributes.known().is_some_and(|known| !known.read_enabled),
            tags: tags.filter_map(|tag| tag.parse().ok()).collect(),
            created: row.created.known().copied(),
            updated: row.updated.known().copied(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<bool, String> {
        let entry: Entry<'_> = serde_json::from_str(text).unwrap();
        ListedManifest::read(&entry).map(|manifest| manifest.unwrap().is_locked)
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

    fn tag(text: &str) -> Result<Option<ListedTag>, String> {
        ListedTag::read(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn digests_and_null_among_tags_are_ignored_and_nonsense_is_not() {
        let digest = Digest::sha256_of(b"x");
        assert_eq!(tag("null"), Ok(None));
        assert_eq!(tag(&format!(r#""{digest}""#)), Ok(None));
        assert_eq!(
            tag(&format!(
                r#""{}""#,
                digest.to_string().to_uppercase().replace("SHA", "sha")
            )),
            Ok(None)
        );
        for refused in [r#""sha256:x""#, r#""a:b""#, "7", r#""../x""#, "{}"] {
            assert!(tag(refused).is_err(), "{refused}");
        }
        assert_eq!(tag(r#""1.0""#).unwrap().unwrap().digest, None);
    }

    #[test]
    fn a_row_of_azures_tags_names_the_manifest() {
        let digest = Digest::sha256_of(b"x");
        let row = format!(
            r#"{{"name":"1.0","digest":"{digest}","createdTime":"2026-11-01T00:00:00Z","signed":false}}"#
        );
        let listed = tag(&row).unwrap().unwrap();
        assert_eq!((listed.tag.as_str(), listed.digest), ("1.0", Some(digest)));
        assert!(tag(r#"{"name":"1.0","digest":"nonsense"}"#).is_err());
    }
}
