//! Who may do and see what.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::visible::Visible;
use crate::oci::{RegistryName, RegistryPattern};

/// What a key or token may be used for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// Reading every answer.
    Read,
    /// Starting crawls.
    Crawl,
    /// Sending events and pull counts.
    Ingest,
    /// All of these.
    Admin,
}

impl Scope {
    /// The name of the scope in settings, answers and the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How a caller has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// Not at all: the service asks for nothing.
    Nothing,
    /// An API key.
    Key,
    /// An access token of an identity provider.
    Token,
    /// A login with a browser at an identity provider.
    Login,
}

/// What a caller has shown who it is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credential {
    /// Its kind.
    pub kind: CredentialKind,
    /// When it expires; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who sends a request, and what that key, token or login may see and do.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key's name, or the name in a token.
    pub name: String,
    /// What it has shown who it is with.
    pub credential: Credential,
    scopes: Vec<Scope>,
    registries: Visible<RegistryPattern>,
    cost_centres: Visible<String>,
}

impl Caller {
    /// The caller of a service that asks for no credentials: may do and see everything.
    pub fn anonymous() -> Self {
        Self::new("anonymous", vec![Scope::Admin], Visible::All, Visible::All)
    }

    /// A caller with these scopes who sees these registries and cost centres.
    pub fn new(
        name: impl Into<String>,
        scopes: Vec<Scope>,
        registries: Visible<RegistryPattern>,
        cost_centres: Visible<String>,
    ) -> Self {
        Self {
            name: name.into(),
            credential: Credential {
                kind: CredentialKind::Nothing,
                expires_at: None,
            },
            scopes,
            registries,
            cost_centres,
        }
    }

    /// The same caller, with the credential that it has shown.
    pub fn authenticated_by(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    /// The scopes that the caller was given; [`Scope::Admin`] stands for all.
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The registries that the caller is limited to; `None` if it is not limited.
    pub fn registries(&self) -> Option<&[RegistryPattern]> {
        self.registries.limits()
    }

    /// Whether the caller has a scope, itself or by [`Scope::Admin`].
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether the caller may see a registry, or at least a part of it.
    pub fn sees(&self, registry: &RegistryName) -> bool {
        self.registries.includes(|pattern| pattern.matches(registry))
    }

    /// Whether the caller may see a repository of a registry that belongs to a cost centre, if it belongs to any.
    pub fn sees_repository(&self, registry: &RegistryName, cost_centre: Option<&str>) -> bool {
        self.sees(registry)
            && (self.cost_centres.is_all()
                || cost_centre.is_some_and(|own| self.cost_centres.includes(|seen| seen == own)))
    }

    /// Whether the caller may see all there is.
    pub fn sees_everything(&self) -> bool {
        self.registries.is_all() && self.cost_centres.is_all()
    }

    /// Whether the caller may see whole registries, and not only some cost centres in them.
    pub fn sees_whole_registries(&self) -> bool {
        self.cost_centres.is_all()
    }

    /// Whether the caller may see all registries, though perhaps not all in them.
    pub fn sees_all_registries(&self) -> bool {
        self.registries.is_all()
    }

    /// The cost centres that the caller is limited to; `None` if it is not limited.
    pub fn cost_centres(&self) -> Option<&[String]> {
        self.cost_centres.limits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registries(globs: &[&str]) -> Visible<RegistryPattern> {
        let pattern = |text: &&str| RegistryPattern::new(text).unwrap();
        Visible::Only(globs.iter().map(pattern).collect())
    }

    #[test]
    fn a_key_sees_and_does_what_it_was_made_for() {
        let caller = Caller::new(
            "x",
            vec![Scope::Read],
            registries(&["*.example.com"]),
            Visible::Only(vec!["CC-1".to_owned()]),
        );
        assert!(caller.may(Scope::Read) && !caller.may(Scope::Crawl));
        let (own, other) = (
            "reg.example.com".parse().unwrap(),
            "reg.example.org".parse().unwrap(),
        );
        assert!(caller.sees(&own) && !caller.sees(&other));
        assert!(caller.sees_repository(&own, Some("CC-1")) && !caller.sees_whole_registries());
        assert!(!caller.sees_repository(&own, Some("CC-2")) && !caller.sees_repository(&own, None));
        assert!(!caller.sees_repository(&other, Some("CC-1")));
        let all = Caller::anonymous();
        assert!(all.may(Scope::Ingest) && all.sees_repository(&other, None) && all.sees_everything());
    }

    #[test]
    fn a_caller_who_is_limited_to_nothing_sees_nothing() {
        let registry = "reg.example.com".parse().unwrap();
        let no_registries = Caller::new("x", vec![Scope::Read], registries(&[]), Visible::All);
        assert!(!no_registries.sees(&registry) && !no_registries.sees_repository(&registry, None));
        assert!(!no_registries.sees_everything() && !no_registries.sees_all_registries());
        let no_centres = Caller::new("x", vec![Scope::Read], Visible::All, Visible::Only(Vec::new()));
        assert!(!no_centres.sees_repository(&registry, None));
        assert!(!no_centres.sees_repository(&registry, Some("CC-1")));
        assert!(!no_centres.sees_everything() && !no_centres.sees_whole_registries());
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in Scope::VARIANTS {
            assert_eq!(scope.as_str().parse(), Ok(*scope));
        }
        assert!("Read".parse::<Scope>().is_err());
    }
}
