use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::oci::RepositoryName;

/// Which repositories of a registry are meant: all of them, or those that match a pattern.
///
/// A pattern is a name (`team-a/api`) or a glob: `*` and `?` stand for anything but `/`, `**` as a whole
/// component for any number of components, `[ab]` for one of the letters, `{api,web}` for one of the
/// words. `team-a/*` means `team-a/api` but not `team-a/x/api`, which `team-a/**` does.
///
/// Where every pattern is a name, the registry's catalogue is not needed, which helps with tokens that may
/// not list it.
#[derive(Clone)]
pub struct RepositoryChoice {
    patterns: Vec<String>,
    named: Vec<RepositoryName>,
    globs: Option<GlobSet>,
}

/// A text that is neither the name of a repository nor a pattern of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a repository or a pattern of repositories: {pattern:?}: {problem}")]
pub struct InvalidChoice {
    pattern: String,
    problem: String,
}

impl RepositoryChoice {
    /// Every repository that the registry lists.
    pub fn all() -> Self {
        Self {
            patterns: Vec::new(),
            named: Vec::new(),
            globs: None,
        }
    }

    /// Those that match any of the patterns; no pattern means every repository.
    ///
    /// # Errors
    /// Where a pattern is neither a name that the specification allows nor a valid glob.
    pub fn matching<Pattern: AsRef<str>>(
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<Self, InvalidChoice> {
        let mut choice = Self::all();
        let mut globs = GlobSetBuilder::new();
        let refuse = |pattern: &str, problem: &dyn fmt::Display| InvalidChoice {
            pattern: pattern.chars().take(300).collect(),
            problem: problem.to_string(),
        };
        let mut is_glob_among = false;
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if pattern.contains(['*', '?', '[', '{']) {
                let glob = GlobBuilder::new(pattern)
                    .literal_separator(true)
                    .build()
                    .map_err(|error| refuse(pattern, error.kind()))?;
                globs.add(glob);
                is_glob_among = true;
            } else {
                let name: RepositoryName = pattern.parse().map_err(|error| refuse(pattern, &error))?;
                if !choice.named.contains(&name) {
                    choice.named.push(name);
                }
            }
            choice.patterns.push(pattern.to_owned());
        }
        if is_glob_among {
            let globs = globs.build().map_err(|error| refuse("", error.kind()))?;
            choice.globs = Some(globs);
        }
        Ok(choice)
    }

    /// Whether this repository is meant.
    pub fn means(&self, repository: &RepositoryName) -> bool {
        self.patterns.is_empty()
            || self.named.contains(repository)
            || self
                .globs
                .as_ref()
                .is_some_and(|globs| globs.is_match(repository.as_str()))
    }

    /// The repositories that are meant by name.
    pub fn named(&self) -> &[RepositoryName] {
        &self.named
    }

    /// Whether the registry has to list its repositories to find those that are meant.
    pub fn needs_catalogue(&self) -> bool {
        self.patterns.is_empty() || self.globs.is_some()
    }

    /// The patterns as they were given; none where every repository is meant.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

impl fmt::Debug for RepositoryChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("RepositoryChoice")
            .field(&self.patterns)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(patterns: &[&str], repository: &str) -> bool {
        RepositoryChoice::matching(patterns)
            .unwrap()
            .means(&repository.parse().unwrap())
    }

    #[test]
    fn a_star_does_not_cross_a_slash_and_two_do() {
        for (pattern, repository, meant) in [
            ("team-a/*", "team-a/api", true),
            ("team-a/*", "team-a/x/api", false),
            ("team-a/*", "team-a", false),
            ("team-a/**", "team-a/x/api", true),
            ("*", "node", true),
            ("*", "library/node", false),
            ("**", "library/node", true),
            ("**/api", "api", true),
            ("**/api", "a/b/api", true),
            ("team-?/api", "team-b/api", true),
            ("{node,python}", "python", true),
            ("node", "node", true),
            ("node", "node2", false),
        ] {
            assert_eq!(means(&[pattern], repository), meant, "{pattern} {repository}");
        }
        assert!(means(&[], "anything/at-all"));
        assert!(means(&["node", "team-a/*"], "team-a/api") && means(&["node", "team-a/*"], "node"));
    }

    #[test]
    fn only_names_need_no_catalogue() {
        let choice = RepositoryChoice::matching(["node", "team-a/api", "node"]).unwrap();
        assert!(!choice.needs_catalogue());
        assert_eq!(choice.named().len(), 2);
        assert!(
            RepositoryChoice::matching(["node", "team-a/*"])
                .unwrap()
                .needs_catalogue()
        );
        assert!(RepositoryChoice::all().needs_catalogue());
    }

    #[test]
    fn refuses_what_can_match_nothing() {
        for pattern in ["Team-A/api", "", "a//b", "a/[b", "{a"] {
            let error = RepositoryChoice::matching([pattern]).unwrap_err();
            assert!(error.to_string().contains(pattern), "{error}");
        }
    }
}
