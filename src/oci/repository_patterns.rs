use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use super::{InvalidName, RegistryName, RepositoryName};

/// A name of a repository (`team-a/api`) or a glob of names.
///
/// | in a glob | matches |
/// |---|---|
/// | `*`, `?` | any characters, or one character, but `/` |
/// | `**` as a whole component | any number of components |
/// | `[ab]` | one of the characters |
/// | `{api,web}` | one of the alternatives, which may be empty: `charts{,2}/demo` |
///
/// `team-a/*` matches `team-a/api` but not `team-a/x/api`, which `team-a/**` does. `team-a/**` is about what is below
/// `team-a` and does not match the repository `team-a` itself; `team-a{,/**}` matches both.
#[derive(Clone)]
pub struct RepositoryPattern {
    text: Box<str>,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    Name(RepositoryName),
    /// A name with its registry in front that is not itself a name of a repository.
    NameInRegistry,
    Glob(GlobMatcher),
}

/// A text that is neither the name of a repository nor a glob of names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a repository or a pattern of repositories: {pattern:?}: {problem}")]
pub struct InvalidRepositoryPattern {
    pattern: String,
    problem: String,
}

impl RepositoryPattern {
    /// A name or a glob of names.
    ///
    /// # Errors
    /// If the text is no valid glob, or has no glob characters and is no name of a repository.
    pub fn new(text: &str) -> Result<Self, InvalidRepositoryPattern> {
        let kind = if text.contains(['*', '?', '[', '{']) {
            let mut builder = GlobBuilder::new(text);
            let glob = builder.literal_separator(true).empty_alternates(true).build();
            Kind::Glob(
                glob.map_err(|error| refused(text, error.kind()))?
                    .compile_matcher(),
            )
        } else {
            Kind::Name(text.parse().map_err(|error: InvalidName| refused(text, &error))?)
        };
        Ok(Self {
            text: text.into(),
            kind,
        })
    }

    /// The path above everything that a glob can match: `project/repo` of `project/repo/**`. `None` for a name, and for a
    /// glob that begins with a special character.
    pub fn folder(&self) -> Option<RepositoryName> {
        let Kind::Glob(_) = &self.kind else {
            return None;
        };
        let special = self.text.find(['*', '?', '[', '{'])?;
        let (folder, _) = self.text[..special].rsplit_once('/')?;
        folder.parse().ok()
    }

    /// The same, but a name may have its registry in front: `127.0.0.1:5000/team-a/api`.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn with_registry(text: &str) -> Result<Self, InvalidRepositoryPattern> {
        let error = match Self::new(text) {
            Ok(pattern) => return Ok(pattern),
            Err(error) => error,
        };
        let is_name_in_registry = text.split_once('/').is_some_and(|(registry, repository)| {
            may_be_registry(registry)
                && registry.parse::<RegistryName>().is_ok()
                && repository.parse::<RepositoryName>().is_ok()
        });
        if !is_name_in_registry {
            return Err(error);
        }
        Ok(Self {
            text: text.into(),
            kind: Kind::NameInRegistry,
        })
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The repository, where it is a name and not a glob.
    pub fn name(&self) -> Option<&RepositoryName> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            Kind::NameInRegistry | Kind::Glob(_) => None,
        }
    }

    /// Whether it is a glob and not a name.
    pub fn is_glob(&self) -> bool {
        matches!(self.kind, Kind::Glob(_))
    }

    /// Whether it matches a repository, in any registry.
    pub fn matches(&self, repository: &RepositoryName) -> bool {
        self.matches_text(repository.as_str())
    }

    fn matches_text(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Name(_) | Kind::NameInRegistry => *self.text == *text,
            Kind::Glob(glob) => glob.is_match(text),
        }
    }

    /// Whether its first component may be a registry.
    fn may_name_registry(&self) -> bool {
        self.text
            .split_once('/')
            .is_some_and(|(first, _)| may_be_registry(first))
    }
}

fn refused(pattern: &str, problem: &dyn fmt::Display) -> InvalidRepositoryPattern {
    InvalidRepositoryPattern {
        pattern: pattern.chars().take(300).collect(),
        problem: problem.to_string(),
    }
}

fn may_be_registry(component: &str) -> bool {
    component.contains(['.', ':'])
}

impl fmt::Debug for RepositoryPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

/// The repositories that a rule is about, in all registries: those that match any of its patterns.
///
/// A pattern whose first component has a dot or a colon (`reg.example.com/team-a/**`) may name a registry, and is
/// compared with the name with the registry in front too. Any other pattern is about repositories of that name in all
/// registries, so `*/api` never matches the repository `api` of some registry.
#[derive(Debug, Clone, Default)]
pub struct RepositoryPatterns(Vec<RepositoryPattern>);

/// A list of patterns that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRepositoryPatterns {
    /// The list is empty.
    #[error("name at least one repository or pattern; [\"**\"] means all")]
    Empty,
    /// A pattern is invalid.
    #[error(transparent)]
    Pattern(#[from] InvalidRepositoryPattern),
}

impl RepositoryPatterns {
    /// Patterns that match at least one repository that could exist.
    ///
    /// # Errors
    /// If there is no pattern, or one is invalid.
    pub fn new<Pattern: AsRef<str>>(
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<Self, InvalidRepositoryPatterns> {
        let patterns: Vec<RepositoryPattern> = patterns
            .into_iter()
            .map(|pattern| RepositoryPattern::with_registry(pattern.as_ref()))
            .collect::<Result<_, _>>()?;
        if patterns.is_empty() {
            return Err(InvalidRepositoryPatterns::Empty);
        }
        Ok(Self(patterns))
    }

    /// No patterns, which match nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether any of them matches a repository.
    pub fn matches(&self, registry: &RegistryName, repository: &RepositoryName) -> bool {
        self.0.iter().any(|pattern| {
            pattern.matches(repository)
                || pattern.may_name_registry() && pattern.matches_text(&format!("{registry}/{repository}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, repository: &str) -> bool {
        let pattern = RepositoryPattern::new(pattern).unwrap();
        pattern.matches(&repository.parse().unwrap())
    }

    fn matches_in(pattern: &str, registry: &str, repository: &str) -> bool {
        let patterns = RepositoryPatterns::new([pattern]).unwrap();
        patterns.matches(&registry.parse().unwrap(), &repository.parse().unwrap())
    }

    #[test]
    fn the_folder_of_a_glob_is_above_everything_that_it_matches() {
        for (pattern, folder) in [
            ("project/repo/**", Some("project/repo")),
            ("project/repo/team-*", Some("project/repo")),
            ("project/{a,b}/x", Some("project")),
            ("project/repo", None),
            ("project*", None),
            ("**", None),
        ] {
            let found = RepositoryPattern::new(pattern).unwrap().folder();
            assert_eq!(found.as_ref().map(RepositoryName::as_str), folder, "{pattern}");
        }
    }

    #[test]
    fn a_star_does_not_cross_a_slash_and_two_do() {
        for (pattern, repository, expected) in [
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
            assert_eq!(matches(pattern, repository), expected, "{pattern} {repository}");
        }
    }

    #[test]
    fn an_alternative_may_be_empty() {
        for (repository, expected) in [
            ("charts/demo", true),
            ("charts2/demo", true),
            ("charts3/demo", false),
        ] {
            assert_eq!(matches("charts{,2}/demo", repository), expected, "{repository}");
        }
    }

    #[test]
    fn two_stars_match_what_is_below_and_not_the_repository_itself() {
        assert!(!matches("team/**", "team") && matches("team/**", "team/a/b"));
        for repository in ["team", "team/a", "team/a/b"] {
            assert!(matches("team{,/**}", repository), "{repository}");
        }
        assert!(!matches("team{,/**}", "team2"));
    }

    #[test]
    fn a_registry_may_stand_in_front() {
        for (pattern, repository, expected) in [
            ("team-a/**", "team-a/x/api", true),
            ("team-a/*", "team-a/x/api", false),
            ("reg.example.com/team-a/*", "team-a/api", true),
            ("reg.example.com/team-a/api", "team-a/api", true),
            ("*.example.com/**", "team-a/api", true),
            ("other.example.com/team-a/*", "team-a/api", false),
            ("*/api", "api", false),
            ("**", "api", true),
            ("my.app/*", "my.app/api", true),
        ] {
            assert_eq!(
                matches_in(pattern, "reg.example.com", repository),
                expected,
                "{pattern} {repository}"
            );
        }
        assert!(matches_in("127.0.0.1:5000/api", "127.0.0.1:5000", "api"));
    }

    #[test]
    fn patterns_that_can_match_nothing_are_refused() {
        for pattern in ["Team-A/api", "", "a//b", "a/[b", "{a"] {
            for error in [
                RepositoryPattern::new(pattern).unwrap_err(),
                RepositoryPattern::with_registry(pattern).unwrap_err(),
            ] {
                assert!(error.to_string().contains(pattern), "{error}");
            }
        }
        assert!(RepositoryPattern::new("127.0.0.1:5000/api").is_err());
        assert!(RepositoryPattern::with_registry("127.0.0.1:0/api").is_err());
        let none: [&str; 0] = [];
        assert_eq!(
            RepositoryPatterns::new(none).unwrap_err().to_string(),
            "name at least one repository or pattern; [\"**\"] means all"
        );
        let error = RepositoryPatterns::new(["team-{a"]).unwrap_err().to_string();
        assert!(error.contains("\"team-{a\""), "{error}");
    }
}
