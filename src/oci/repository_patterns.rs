use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{RegistryName, RepositoryName};

/// The repositories that a rule about costs means: names and globs, with or without the registry in front.
///
/// Globs are those of choices of repositories: `*` and `?` do not cross a slash, `**` does. A pattern whose
/// first component has a dot or a colon (`reg.example.com/team-a/**`) may name a registry, and is held against
/// the name with the registry in front too; any other is about repositories of that name in all registries,
/// so that `*/api` never means the repository `api` of some registry.
#[derive(Clone)]
pub struct Repositories {
    patterns: Vec<String>,
    in_any: GlobSet,
    with_registry: GlobSet,
}

/// A list of repositories that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepositories {
    /// There is no pattern.
    #[error("name at least one repository or pattern; [\"**\"] means all")]
    Nothing,
    /// A pattern is not one.
    #[error("not a pattern of repositories: {pattern:?}: {problem}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Repositories {
    /// Those that match any of the patterns.
    ///
    /// # Errors
    /// Where there is no pattern, or one cannot be read.
    pub fn matching<Pattern: AsRef<str>>(
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<Self, InvalidRepositories> {
        let mut texts = Vec::new();
        let (mut in_any, mut with_registry) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let pattern = pattern.as_ref();
            let glob = GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(|error| refused(pattern, &error))?;
            if may_name_registry(pattern) {
                with_registry.add(glob.clone());
            }
            in_any.add(glob);
            texts.push(pattern.to_owned());
        }
        if texts.is_empty() {
            return Err(InvalidRepositories::Nothing);
        }
        let built = |globs: &GlobSetBuilder| globs.build().map_err(|error| refused("", &error));
        Ok(Self {
            in_any: built(&in_any)?,
            with_registry: built(&with_registry)?,
            patterns: texts,
        })
    }

    /// Whether this repository is meant.
    pub fn mean(&self, registry: &RegistryName, repository: &RepositoryName) -> bool {
        self.in_any.is_match(repository.as_str())
            || !self.with_registry.is_empty()
                && self.with_registry.is_match(format!("{registry}/{repository}"))
    }
}

fn may_name_registry(pattern: &str) -> bool {
    pattern
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['.', ':']))
}

fn refused(pattern: &str, error: &globset::Error) -> InvalidRepositories {
    InvalidRepositories::Pattern {
        pattern: pattern.chars().take(300).collect(),
        problem: error.kind().to_string(),
    }
}

impl fmt::Debug for Repositories {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Repositories")
            .field(&self.patterns)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(pattern: &str, registry: &str, repository: &str) -> bool {
        Repositories::matching([pattern])
            .unwrap()
            .mean(&registry.parse().unwrap(), &repository.parse().unwrap())
    }

    #[test]
    fn a_registry_may_stand_in_front() {
        for (pattern, repository, meant) in [
            ("team-a/**", "team-a/x/api", true),
            ("team-a/*", "team-a/x/api", false),
            ("reg.example.com/team-a/*", "team-a/api", true),
            ("*.example.com/**", "team-a/api", true),
            ("other.example.com/team-a/*", "team-a/api", false),
            ("*/api", "api", false),
            ("**", "api", true),
            ("my.app/*", "my.app/api", true),
        ] {
            assert_eq!(
                means(pattern, "reg.example.com", repository),
                meant,
                "{pattern} {repository}"
            );
        }
        assert!(means("127.0.0.1:5000/api", "127.0.0.1:5000", "api"));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let none: [&str; 0] = [];
        assert_eq!(
            Repositories::matching(none).unwrap_err().to_string(),
            "name at least one repository or pattern; [\"**\"] means all"
        );
        let error = Repositories::matching(["team-{a"]).unwrap_err().to_string();
        assert!(error.contains("\"team-{a\""), "{error}");
    }
}
