use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The operating system and processor of an image, as Go names them (`linux`, `amd64`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Platform {
    /// `linux`, `windows`, …; `unknown` for attestations in the older form.
    #[serde(default)]
    pub os: String,
    /// `amd64`, `arm64`, …
    #[serde(default)]
    pub architecture: String,
    /// `v7`, `v8`, … if the architecture has several variants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The Windows build that an image needs, such as `10.0.17763.1234`.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Whether it is `unknown/unknown`, which BuildKit writes for an attestation.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{}/{}", self.os, self.architecture);
        if let Some(variant) = &self.variant {
            text.push('/');
            text.push_str(variant);
        }
        formatter.pad(&text)
    }
}

/// Selects platforms: `os/architecture`, or `os/architecture/variant`.
///
/// Without a variant it matches every variant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PlatformFilter {
    os: String,
    architecture: String,
    variant: Option<String>,
}

/// A text that is not a platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a platform: {0:?}; expected os/architecture or os/architecture/variant, such as linux/amd64")]
pub struct InvalidPlatform(String);

impl PlatformFilter {
    /// Whether the filter matches this platform.
    pub fn matches(&self, platform: &Platform) -> bool {
        self.os == platform.os
            && self.architecture == platform.architecture
            && self
                .variant
                .as_ref()
                .is_none_or(|variant| platform.variant.as_ref() == Some(variant))
    }

    /// Whether any of the filters matches this platform. No filter at all matches every platform.
    pub fn any_matches(filters: &[Self], platform: &Platform) -> bool {
        filters.is_empty() || filters.iter().any(|filter| filter.matches(platform))
    }
}

impl FromStr for PlatformFilter {
    type Err = InvalidPlatform;

    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        let words: Vec<&str> = text.split('/').collect();
        if !(2..=3).contains(&words.len()) || !words.iter().all(|word| is_word(word)) {
            return Err(InvalidPlatform(text.to_owned()));
        }
        Ok(Self {
            os: words[0].to_owned(),
            architecture: words[1].to_owned(),
            variant: words.get(2).map(|&variant| variant.to_owned()),
        })
    }
}

impl TryFrom<String> for PlatformFilter {
    type Error = InvalidPlatform;

    fn try_from(text: String) -> Result<Self, InvalidPlatform> {
        text.parse()
    }
}

impl From<PlatformFilter> for String {
    fn from(filter: PlatformFilter) -> Self {
        filter.to_string()
    }
}

impl fmt::Display for PlatformFilter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(formatter, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(variant: Option<&str>) -> Platform {
        Platform {
            os: "linux".into(),
            architecture: "arm".into(),
            variant: variant.map(Into::into),
            os_version: None,
        }
    }

    #[test]
    fn a_filter_without_variant_means_every_variant() {
        let every: PlatformFilter = "linux/arm".parse().unwrap();
        let seventh: PlatformFilter = "linux/arm/v7".parse().unwrap();
        assert!(every.matches(&platform(None)) && every.matches(&platform(Some("v7"))));
        assert!(seventh.matches(&platform(Some("v7"))));
        assert!(!seventh.matches(&platform(Some("v6"))) && !seventh.matches(&platform(None)));
        assert!(PlatformFilter::any_matches(&[], &platform(None)));
    }

    #[test]
    fn refuses_what_is_not_a_platform() {
        for bad in [
            "",
            "linux",
            "linux/",
            "linux/arm/v7/x",
            "linux arm",
            "linux/\u{7}",
        ] {
            assert!(bad.parse::<PlatformFilter>().is_err(), "{bad:?}");
        }
    }
}
