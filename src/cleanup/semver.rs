//! Tags that name releases by SemVer.

/// A release: a tag of three numbers, perhaps after a `v`, perhaps with a variant such as `-alpine`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release<'t> {
    /// What is before the numbers and after them. Releases of other variants are counted apart.
    pub(super) variant: (&'t str, &'t str),
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
}

/// Words that begin a pre-release, in lower case. Our choice: those of Maven, npm and PyPI.
const PRE_RELEASES: [&str; 9] = [
    "alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "nightly", "canary",
];

impl<'t> Release<'t> {
    /// Reads a tag; `None` if it names no release. Pre-releases are none.
    pub(super) fn parse(tag: &'t str) -> Option<Self> {
        let numbers = tag.strip_prefix('v').unwrap_or(tag);
        let prefix = &tag[..tag.len() - numbers.len()];
        let end = numbers
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(numbers.len());
        let (numbers, suffix) = numbers.split_at(end);
        if !suffix.is_empty() && (!suffix.starts_with(['-', '_']) || is_pre_release(&suffix[1..])) {
            return None;
        }
        let mut parts = numbers.split('.').map(number);
        let release = Self {
            variant: (prefix, suffix),
            major: parts.next()??,
            minor: parts.next()??,
            patch: parts.next()??,
        };
        parts.next().is_none().then_some(release)
    }
}

/// A number without leading zeros, as SemVer asks for.
fn number(text: &str) -> Option<u64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

fn is_pre_release(suffix: &str) -> bool {
    let suffix = suffix.to_ascii_lowercase();
    PRE_RELEASES.iter().any(|word| {
        suffix
            .strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_three_numbers() {
        let parts = |tag| {
            let release = Release::parse(tag)?;
            Some((release.major, release.minor, release.patch, release.variant.1))
        };
        assert_eq!(parts("1.2.3"), Some((1, 2, 3, "")));
        assert_eq!(parts("v10.0.1-alpine3.20"), Some((10, 0, 1, "-alpine3.20")));
        assert_eq!(parts("1.2.3-debian"), Some((1, 2, 3, "-debian")));
        assert_eq!(parts("1.2.3-prod"), Some((1, 2, 3, "-prod")));
        for other in [
            "latest",
            "1.2",
            "1",
            "1.2.3.4",
            "1.2.3-rc.1",
            "1.2.3-beta2",
            "v1.2.3-SNAPSHOT",
            "01.2.3",
            "1..3",
            "vv1.2.3",
            "1.2.3alpine",
            "2024-01-01",
            "99999999999999999999.0.0",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
        assert_ne!(
            Release::parse("v1.2.3").unwrap().variant,
            Release::parse("1.2.3").unwrap().variant
        );
    }
}
