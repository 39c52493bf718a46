use std::cmp::Ordering;

/// A tag, parsed into release, variants and operating system.
///
/// `3.13-slim-bookworm` is release `3.13` on Debian, slim; `8-jre-alpine3.20` is release `8`, variant
/// `jre`, on Alpine 3.20. If two tags of one repository have the same release and variants, and one is on Alpine,
/// it is the Alpine variant of the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TagParts {
    /// The first release number, split at its dots; empty if the tag has none.
    pub release: Vec<String>,
    /// Every other word, in order: `fpm`, `jre`, `onbuild`, a second release number.
    pub variants: Vec<String>,
    /// Whether a word names Alpine, with the release if it is named.
    pub alpine: Option<AlpineTag>,
    /// Whether a word is `slim`.
    pub slim: bool,
    /// The word that names another operating system or its release.
    pub system: Option<String>,
}

/// Alpine in a tag, with the release if named. Bare `alpine` means the newest release and ranks first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AlpineTag {
    Newest,
    Numbered(Vec<u32>),
    Edge,
}

impl AlpineTag {
    /// A sort key: the preferred release is the greatest.
    pub fn preference(&self, other: &Self) -> Ordering {
        let rank = |release: &Self| match release {
            Self::Newest => 2,
            Self::Numbered(_) => 1,
            Self::Edge => 0,
        };
        match (self, other) {
            (Self::Numbered(one), Self::Numbered(two)) => one.cmp(two),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// Words that name a release of Debian or Ubuntu, or another operating system.
const SYSTEMS: &[&str] = &[
    "debian",
    "wheezy",
    "jessie",
    "stretch",
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "sid",
    "ubuntu",
    "precise",
    "trusty",
    "xenial",
    "yakkety",
    "zesty",
    "artful",
    "bionic",
    "cosmic",
    "disco",
    "eoan",
    "focal",
    "hirsute",
    "impish",
    "jammy",
    "kinetic",
    "lunar",
    "mantic",
    "noble",
    "oracular",
    "plucky",
    "questing",
    "resolute",
    "centos",
    "centos6",
    "centos7",
    "centos8",
    "oracle",
    "oraclelinux7",
    "oraclelinux8",
    "oraclelinux9",
    "ubi",
    "ubi8",
    "ubi9",
    "ubi10",
    "ubi8-minimal",
    "rockylinux8",
    "rockylinux9",
    "almalinux8",
    "almalinux9",
    "al2",
    "al2023",
    "amazonlinux",
    "amazonlinux2",
    "amazonlinux2023",
    "fedora",
    "opensuse",
    "photon",
    "distroless",
    "chiseled",
];

/// A tag without the words for its operating system: `8.9-slim-stretch` and `8.9-alpine` both give `8.9`. A
/// tag without other words gives an empty text. Images of one repository with equal results are variants
/// of one another.
pub fn tag_without_system(tag: &str) -> String {
    let parts = TagParts::parse(tag);
    let release = parts.release.join(".");
    let words = std::iter::once(release).chain(parts.variants);
    words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// How specific a tag is: a release comes first, then a codename, then `latest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TagOrder(bool, usize, bool, usize, usize);

impl TagOrder {
    /// The order of a tag. Of equally specific tags, the first in the alphabet comes first.
    pub fn new(tag: &str) -> Self {
        let parts = TagParts::parse(tag);
        Self(
            tag == "latest",
            parts.variants.len() + usize::from(parts.slim),
            parts.release.is_empty(),
            parts.release.len(),
            tag.len(),
        )
    }
}

impl TagParts {
    /// Parses a tag. Never fails: an unknown word is a variant.
    pub fn parse(tag: &str) -> Self {
        let mut parts = Self {
            release: Vec::new(),
            variants: Vec::new(),
            alpine: None,
            slim: false,
            system: None,
        };
        for word in tag.split(['-', '_']).filter(|word| !word.is_empty()) {
            let word = word.to_ascii_lowercase();
            if let Some(release) = alpine(&word) {
                parts.alpine = Some(release);
            } else if word == "slim" {
                parts.slim = true;
            } else if word == "latest" {
            } else if SYSTEMS.contains(&word.as_str()) {
                parts.system = Some(word);
            } else if parts.release.is_empty() && parts.variants.is_empty() && is_release(&word) {
                let word = word.strip_prefix('v').unwrap_or(&word);
                parts.release = word.split('.').map(ToOwned::to_owned).collect();
            } else {
                parts.variants.push(word);
            }
        }
        parts
    }

    /// How well an Alpine tag matches this one: 0 for the same release, more the less of the release is
    /// shared; `None` if the variants differ or a part of the release contradicts.
    pub fn distance_to(&self, alpine: &Self) -> Option<usize> {
        if self.variants != alpine.variants || alpine.release.len() > self.release.len() {
            // A more precise Alpine tag may be another release.
            return None;
        }
        let agrees = alpine
            .release
            .iter()
            .zip(&self.release)
            .all(|(one, two)| one == two);
        if !agrees || (alpine.release.is_empty() && !self.release.is_empty()) {
            return None;
        }
        Some(self.release.len() - alpine.release.len())
    }
}

/// Whether a tag may name Alpine. Cheaper than parsing it, and most tags do not.
pub(super) fn may_name_alpine(tag: &str) -> bool {
    let word = b"alpine";
    tag.as_bytes()
        .windows(word.len())
        .any(|part| part.eq_ignore_ascii_case(word))
}

/// `alpine`, `alpine3.20`, `alpine320`, `alpineedge`.
fn alpine(word: &str) -> Option<AlpineTag> {
    let rest = word.strip_prefix("alpine")?;
    if rest.is_empty() {
        return Some(AlpineTag::Newest);
    }
    if rest == "edge" {
        return Some(AlpineTag::Edge);
    }
    let numbers: Option<Vec<u32>> = rest.split('.').map(|number| number.parse().ok()).collect();
    numbers.map(AlpineTag::Numbered)
}

/// A word that starts with a digit, or with `v` and a digit.
fn is_release(word: &str) -> bool {
    word.strip_prefix('v')
        .unwrap_or(word)
        .starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_twins(tag: &str, alpine: &str) -> Option<usize> {
        let alpine = TagParts::parse(alpine);
        assert!(alpine.alpine.is_some());
        TagParts::parse(tag).distance_to(&alpine)
    }

    #[test]
    fn words_for_systems_and_size_do_not_matter() {
        for (tag, alpine) in [
            ("22", "22-alpine"),
            ("8.3-fpm", "8.3-fpm-alpine"),
            ("3.13-slim-bookworm", "3.13-alpine"),
            ("8-jre", "8-jre-alpine3.20"),
            ("latest", "alpine"),
            ("bookworm", "alpine3.20"),
            ("fpm", "fpm-alpine"),
            ("12-jdk25", "12-jdk25-alpine"),
            ("v2.11", "2.11-alpine"),
            ("lts-trixie-slim", "lts-alpine"),
            ("21.0.3_9-jre-noble", "21.0.3_9-jre-alpine"),
        ] {
            assert_eq!(are_twins(tag, alpine), Some(0), "{tag} {alpine}");
        }
    }

    #[test]
    fn other_releases_and_variants_are_no_twins() {
        for (tag, alpine) in [
            ("22", "24-alpine"),
            ("8.3-apache", "8.3-fpm-alpine"),
            ("8.3", "8.3-fpm-alpine"),
            ("22", "22.1-alpine"),
            ("22", "alpine"),
            ("latest", "22-alpine"),
            ("jdk-25.0.4", "jdk-25.0.5-alpine"),
        ] {
            assert_eq!(are_twins(tag, alpine), None, "{tag} {alpine}");
        }
    }

    #[test]
    fn a_less_precise_release_is_a_twin_farther_away() {
        assert_eq!(are_twins("22.3.1", "22.3-alpine"), Some(1));
        assert_eq!(are_twins("22.3.1-slim", "22-alpine"), Some(2));
    }

    #[test]
    fn the_newest_alpine_is_preferred() {
        let release = |tag| TagParts::parse(tag).alpine.unwrap();
        assert!(release("8-alpine").preference(&release("8-alpine3.20")).is_gt());
        assert!(
            release("8-alpine3.20")
                .preference(&release("8-alpine3.9"))
                .is_gt()
        );
        assert!(
            release("8-alpine3.9")
                .preference(&release("8-alpineedge"))
                .is_gt()
        );
    }
}
