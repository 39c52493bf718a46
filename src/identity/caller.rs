//! Who may do and see what.

use globset::GlobMatcher;
use serde::{Deserialize, Serialize};

use crate::oci::RegistryName;

/// What a key or token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reading every answer.
    Read,
    /// Starting crawls.
    Crawl,
    /// Handing in events and pull counts.
    Ingest,
    /// All of these.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 4] = [Self::Read, Self::Crawl, Self::Ingest, Self::Admin];

    /// The scope as it is written everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Crawl => "crawl",
            Self::Ingest => "ingest",
            Self::Admin => "admin",
        }
    }

    /// The scope of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// Who calls, and what that key or token may see and do.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key's name, or what a token says of its bearer.
    pub name: String,
    scopes: Vec<Scope>,
    /// Globs of the registries it may see; all where there are none.
    registries: Vec<GlobMatcher>,
    /// The cost centres whose repositories it may see; all where there are none.
    cost_centres: Vec<String>,
}

impl Caller {
    /// Whoever calls a service that is open to all.
    pub fn anonymous() -> Self {
        Self::new("anonymous", vec![Scope::Admin], Vec::new(), Vec::new())
    }

    /// A caller with these scopes who sees these registries and cost centres.
    pub fn new(
        name: impl Into<String>,
        scopes: Vec<Scope>,
        registries: Vec<GlobMatcher>,
        cost_centres: Vec<String>,
    ) -> Self {
        Self {
            name: name.into(),
            scopes,
            registries,
            cost_centres,
        }
    }

    /// Whether a scope is among its own.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether it may know of a registry.
    pub fn sees(&self, registry: &RegistryName) -> bool {
        self.registries.is_empty()
            || self
                .registries
                .iter()
                .any(|glob| glob.is_match(registry.as_str()))
    }

    /// Whether the caller may see a repository of a registry, by the cost centre of the repository.
    pub fn sees_repository(&self, registry: &RegistryName, cost_centre: Option<&str>) -> bool {
        self.sees(registry) && self.sees_cost_centre(cost_centre)
    }

    /// Whether it may know of everything there is.
    pub fn sees_everything(&self) -> bool {
        self.registries.is_empty() && self.cost_centres.is_empty()
    }

    /// Whether it may know of whole registries, and not only of some cost centres in them.
    pub fn sees_whole_registries(&self) -> bool {
        self.cost_centres.is_empty()
    }

    /// Whether it may know of all registries, though perhaps not of all in them.
    pub fn sees_all_registries(&self) -> bool {
        self.registries.is_empty()
    }

    /// The cost centres whose repositories it may see; all where there are none.
    pub fn cost_centres(&self) -> &[String] {
        &self.cost_centres
    }

    fn sees_cost_centre(&self, cost_centre: Option<&str>) -> bool {
        self.cost_centres.is_empty()
            || cost_centre.is_some_and(|own| self.cost_centres.iter().any(|seen| seen == own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_sees_and_does_what_it_was_made_for() {
        let glob = globset::Glob::new("*.example.com").unwrap().compile_matcher();
        let caller = Caller::new("x", vec![Scope::Read], vec![glob], vec!["CC-1".to_owned()]);
        assert!(caller.may(Scope::Read) && !caller.may(Scope::Crawl));
        assert!(caller.sees(&"reg.example.com".parse().unwrap()));
        assert!(!caller.sees(&"reg.example.org".parse().unwrap()));
        assert!(caller.sees_cost_centre(Some("CC-1")) && !caller.sees_whole_registries());
        assert!(!caller.sees_cost_centre(Some("CC-2")) && !caller.sees_cost_centre(None));
        let all = Caller::anonymous();
        assert!(all.may(Scope::Ingest) && all.sees_cost_centre(None) && all.sees_everything());
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert_eq!(Scope::parse("Read"), None);
    }
}
