use std::fmt;

use crate::oci::{InvalidRepositoryPattern, RepositoryName, RepositoryPattern};

/// Which repositories of a registry a crawl reads: all of them, or those that match a pattern.
///
/// Where every pattern is a name, the registry's catalogue is not needed, which helps with tokens that may
/// not list it.
#[derive(Clone)]
pub struct RepositoryChoice {
    patterns: Vec<RepositoryPattern>,
    named: Vec<RepositoryName>,
}

impl RepositoryChoice {
    /// Every repository that the registry lists.
    pub fn all() -> Self {
        Self {
            patterns: Vec::new(),
            named: Vec::new(),
        }
    }

    /// Those that match any of the patterns; no pattern means every repository.
    ///
    /// # Errors
    /// If a pattern is neither a name that the specification allows nor a valid glob.
    pub fn matching<Pattern: AsRef<str>>(
        patterns: impl IntoIterator<Item = Pattern>,
    ) -> Result<Self, InvalidRepositoryPattern> {
        let patterns: Vec<RepositoryPattern> = patterns
            .into_iter()
            .map(|pattern| RepositoryPattern::new(pattern.as_ref()))
            .collect::<Result<_, _>>()?;
        let mut named: Vec<RepositoryName> = Vec::new();
        for name in patterns.iter().filter_map(RepositoryPattern::name) {
            if !named.contains(name) {
                named.push(name.clone());
            }
        }
        Ok(Self { patterns, named })
    }

    /// Whether a repository is chosen.
    pub fn matches(&self, repository: &RepositoryName) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.matches(repository))
    }

    /// The repositories that are chosen by name, each once.
    pub fn named(&self) -> &[RepositoryName] {
        &self.named
    }

    /// The paths above all repositories that globs choose. `None` if a glob, or no pattern at all, may choose a repository
    /// anywhere.
    pub fn folders(&self) -> Option<Vec<RepositoryName>> {
        if self.patterns.is_empty() {
            return None;
        }
        let globs = self.patterns.iter().filter(|pattern| pattern.is_glob());
        let folders: Option<Vec<_>> = globs.map(RepositoryPattern::folder).collect();
        folders.map(|mut folders| {
            folders.sort();
            folders.dedup();
            folders
        })
    }

    /// Whether the registry has to list its repositories to find those that are chosen.
    pub fn needs_catalogue(&self) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(RepositoryPattern::is_glob)
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

    #[test]
    fn no_pattern_means_all_and_several_add_up() {
        let matches = |patterns: &[&str], repository: &str| {
            let choice = RepositoryChoice::matching(patterns).unwrap();
            choice.matches(&repository.parse().unwrap())
        };
        assert!(matches(&[], "anything/at-all"));
        assert!(matches(&["node", "team-a/*"], "team-a/api") && matches(&["node", "team-a/*"], "node"));
        assert!(!matches(&["node", "team-a/*"], "python"));
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
    fn a_text_that_is_neither_name_nor_glob_is_refused() {
        let error = RepositoryChoice::matching(["node", "Team-A/api"]).unwrap_err();
        assert!(error.to_string().contains("Team-A/api"), "{error}");
    }
}
