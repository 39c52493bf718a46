use std::fmt;

use globset::{Glob, GlobMatcher};

use super::RegistryName;

/// A glob of names of registries, such as `*.example.com`. A name without glob characters matches only itself.
///
/// | in a glob | matches |
/// |---|---|
/// | `*`, `?` | any characters, or one character; a dot and a colon too |
/// | `[ab]` | one of the characters |
/// | `{reg,mirror}` | one of the alternatives |
#[derive(Clone)]
pub struct RegistryPattern(GlobMatcher);

/// A text that is not a glob of names of registries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a registry or a pattern of registries: {pattern:?}: {problem}")]
pub struct InvalidRegistryPattern {
    pattern: String,
    problem: String,
}

impl RegistryPattern {
    /// A name or a glob of names.
    ///
    /// # Errors
    /// If the text is no valid glob.
    pub fn new(text: &str) -> Result<Self, InvalidRegistryPattern> {
        let glob = Glob::new(text).map_err(|error| InvalidRegistryPattern {
            pattern: text.chars().take(300).collect(),
            problem: error.kind().to_string(),
        })?;
        Ok(Self(glob.compile_matcher()))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        self.0.glob().glob()
    }

    /// Whether it matches a registry.
    pub fn matches(&self, registry: &RegistryName) -> bool {
        self.0.is_match(registry.as_str())
    }
}

impl fmt::Debug for RegistryPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.glob().glob(), formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_of_registries() {
        for (pattern, registry, expected) in [
            ("reg.example.com", "reg.example.com", true),
            ("reg.example.com", "reg.example.com:5000", false),
            ("*.example.com", "reg.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "reg.example.com.evil.example", false),
            ("{reg,mirror}.example.com", "mirror.example.com", true),
            ("127.0.0.1:*", "127.0.0.1:5000", true),
            ("*", "reg.example.com", true),
        ] {
            let matches = RegistryPattern::new(pattern)
                .unwrap()
                .matches(&registry.parse().unwrap());
            assert_eq!(matches, expected, "{pattern} {registry}");
        }
    }

    #[test]
    fn a_glob_that_cannot_be_read_is_refused_by_name() {
        for pattern in ["[", "{a"] {
            let error = RegistryPattern::new(pattern).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!(
                    "not a registry or a pattern of registries: {pattern:?}: "
                )),
                "{error}"
            );
        }
    }
}
