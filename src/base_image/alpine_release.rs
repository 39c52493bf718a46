use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::System;

/// A release of Alpine as its repositories and tags name it, such as `3.22`; its point releases are one with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(inline, description = "", extend("pattern" = "^[0-9]{1,5}\\.[0-9]{1,5}$"))]
pub struct AlpineRelease {
    major: u16,
    minor: u16,
}

/// The text does not name a release of Alpine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a release of Alpine such as 3.22")]
pub struct NoAlpineRelease;

impl AlpineRelease {
    /// The release that a system is of; `None` if it is not Alpine, or no numbered release of it.
    pub fn from_system(system: &System) -> Option<Self> {
        let release = system.release.as_deref().filter(|_| system.name == "alpine")?;
        let mut numbers = release.splitn(3, '.');
        let numbers = [numbers.next()?, numbers.next()?];
        numbers.join(".").parse().ok()
    }

    /// The release given by the first two numbers of a tag.
    pub(super) fn from_numbers(numbers: &[u32]) -> Option<Self> {
        let [major, minor, ..] = numbers else { return None };
        Some(Self {
            major: u16::try_from(*major).ok()?,
            minor: u16::try_from(*minor).ok()?,
        })
    }
}

impl FromStr for AlpineRelease {
    type Err = NoAlpineRelease;

    fn from_str(text: &str) -> Result<Self, NoAlpineRelease> {
        let number = |digits: &str| {
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_plain).ok_or(NoAlpineRelease)
        };
        let (major, minor) = text.split_once('.').ok_or(NoAlpineRelease)?;
        Ok(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

impl TryFrom<String> for AlpineRelease {
    type Error = NoAlpineRelease;

    fn try_from(text: String) -> Result<Self, NoAlpineRelease> {
        text.parse()
    }
}

impl From<AlpineRelease> for String {
    fn from(release: AlpineRelease) -> Self {
        release.to_string()
    }
}

impl fmt::Display for AlpineRelease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}.{}", self.major, self.minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_two_numbers() {
        let release: AlpineRelease = "3.22".parse().unwrap();
        assert_eq!(release.to_string(), "3.22");
        assert!(release > "3.9".parse().unwrap(), "by number, not by letter");
        for wrong in [
            "",
            "3",
            "edge",
            "3.",
            ".3",
            "3.22.1",
            "v3.22",
            "3.+2",
            "3.99999999",
        ] {
            assert_eq!(wrong.parse::<AlpineRelease>(), Err(NoAlpineRelease), "{wrong}");
        }
    }

    #[test]
    fn point_releases_are_of_their_release() {
        let of = |text| AlpineRelease::from_system(&System::parse(text)).map(|release| release.to_string());
        assert_eq!(of("alpine:3.22.6").as_deref(), Some("3.22"));
        assert_eq!(of("alpine:3.22").as_deref(), Some("3.22"));
        assert_eq!(
            (of("alpine:edge"), of("alpine"), of("debian:12.5")),
            (None, None, None)
        );
    }
}
