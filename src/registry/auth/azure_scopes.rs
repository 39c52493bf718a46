//! Which scopes a token of an Azure registry is asked for: as many repositories as one token may serve.
//!
//! One token for `repository:*:*` serves a whole registry, as Azure's own tool for cleaning up uses it (Azure/acr-cli,
//! `internal/api/acrsdk.go`, March 2026). A registry with attribute-based access control (ABAC) ignores the wildcard; its
//! refresh tokens have the claim `aad_identity`, and one token may name ten repositories. Whatever is granted, the client
//! only reads.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;

use super::token_scope::TokenScope;
use crate::oci::RepositoryName;

/// Everything of the registry.
const WILDCARD: &str = "registry:catalog:* repository:*:*";
/// How many repositories one token may name (Azure/acr-cli, 2026).
const REPOSITORIES_A_TOKEN: usize = 10;

/// Chooses the scopes for one registry.
#[derive(Debug, Default)]
pub(super) struct AzureScopes {
    is_azure: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a token with the wildcard is of no use.
    no_wildcard: bool,
    /// Whether a token with the wildcard has opened a repository.
    wildcard_works: bool,
    groups: HashMap<RepositoryName, Arc<str>>,
    /// Repositories that their group's token does not open.
    alone: HashSet<RepositoryName>,
    /// Scopes of groups whose token has opened a repository.
    opened: HashSet<Box<str>>,
}

/// What the refusal of a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A token for a narrower scope may be accepted.
    AskForLess,
    /// The credentials have no right to it: the token is new, and it opens others or was issued for this alone.
    NoRight,
    /// The token may be out of date.
    Unclear,
}

impl AzureScopes {
    pub fn new(is_azure: bool) -> Self {
        Self {
            is_azure,
            ..Self::default()
        }
    }

    /// Prepares tokens for the repositories that are about to be read.
    pub fn expect(&self, repositories: &[RepositoryName]) {
        if !self.is_azure {
            return;
        }
        let mut state = self.state.lock();
        for group in repositories.chunks(REPOSITORIES_A_TOKEN) {
            let scope: Arc<str> = group.iter().map(both).collect::<Vec<_>>().join(" ").into();
            for repository in group {
                state.groups.insert(repository.clone(), Arc::clone(&scope));
            }
        }
    }

    /// The scope to ask for; `None` if the request's own is to be used.
    pub fn scope(&self, wanted: &TokenScope<'_>) -> Option<String> {
        if !self.is_azure || matches!(wanted, TokenScope::DeletedCatalog) {
            return None;
        }
        let state = self.state.lock();
        if !state.no_wildcard {
            return Some(WILDCARD.to_owned());
        }
        let repository = wanted.repository()?;
        if state.alone.contains(repository) {
            return None;
        }
        let group = state.groups.get(repository);
        Some(group.map_or_else(|| both(repository), ToString::to_string))
    }

    /// Whether a token for this scope is for everything.
    pub fn is_wildcard(scope: &str) -> bool {
        scope == WILDCARD
    }

    /// Reads the claims of a refresh token: with attribute-based access control, the wildcard is ignored.
    pub fn learn_from(&self, refresh_token: &str) {
        if self.is_azure && has_identity_claim(refresh_token) {
            self.state.lock().no_wildcard = true;
        }
    }

    /// Records that a token for `scope` was accepted.
    pub fn accepted(&self, scope: &str, wanted: &TokenScope<'_>) {
        if !self.is_azure || wanted.repository().is_none() {
            return;
        }
        let mut state = self.state.lock();
        if Self::is_wildcard(scope) {
            state.wildcard_works = true;
        } else if !state.opened.contains(scope) {
            state.opened.insert(scope.into());
        }
    }

    /// Records that a token for `scope` was refused, or not issued. `is_new` says that the token cannot be out of date.
    pub fn refused(&self, scope: &str, wanted: &TokenScope<'_>, is_new: bool) -> Refusal {
        if !self.is_azure {
            return Refusal::Unclear;
        }
        let no_right = if is_new {
            Refusal::NoRight
        } else {
            Refusal::Unclear
        };
        let mut state = self.state.lock();
        if Self::is_wildcard(scope) {
            if state.wildcard_works {
                return no_right;
            }
            state.no_wildcard = true;
            return Refusal::AskForLess;
        }
        let Some(repository) = wanted.repository() else {
            return Refusal::Unclear;
        };
        if scope == wanted.text() || state.opened.contains(scope) {
            return no_right;
        }
        match state.alone.insert(repository.clone()) {
            true => Refusal::AskForLess,
            false => Refusal::Unclear,
        }
    }
}

/// Content and metadata of a repository.
fn both(repository: &RepositoryName) -> String {
    format!("repository:{repository}:pull,metadata_read")
}

fn has_identity_claim(token: &str) -> bool {
    let payload = token.split('.').nth(1);
    let payload = payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok());
    let claims = payload.and_then(|payload| serde_json::from_slice::<serde_json::Value>(&payload).ok());
    claims.is_some_and(|claims| claims.get("aad_identity").is_some_and(|claim| !claim.is_null()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<RepositoryName> {
        (0..count)
            .map(|number| format!("r{number}").parse().unwrap())
            .collect()
    }

    /// Vendors: Azure.
    #[test]
    fn one_token_serves_the_registry_until_it_is_refused() {
        let scopes = AzureScopes::new(true);
        let repositories = names(25);
        scopes.expect(&repositories);
        let catalog = TokenScope::Catalog;
        let first = TokenScope::Pull(&repositories[0]);
        assert_eq!(scopes.scope(&catalog).as_deref(), Some(WILDCARD));
        assert_eq!(scopes.scope(&first).as_deref(), Some(WILDCARD));
        assert_eq!(scopes.refused(WILDCARD, &first, true), Refusal::AskForLess);

        assert_eq!(scopes.scope(&catalog), None);
        let asked: HashSet<String> = repositories
            .iter()
            .flat_map(|name| [TokenScope::Pull(name), TokenScope::Metadata(name)])
            .map(|scope| scopes.scope(&scope).unwrap())
            .collect();
        assert_eq!(asked.len(), 3, "ten repositories a token");
        let other = "other".parse().unwrap();
        assert_eq!(
            scopes.scope(&TokenScope::Metadata(&other)).as_deref(),
            Some("repository:other:pull,metadata_read")
        );
    }

    /// Vendors: Azure.
    #[test]
    fn a_repository_that_the_wildcard_does_not_open_is_denied_where_it_opened_another() {
        let scopes = AzureScopes::new(true);
        let repositories = names(2);
        scopes.accepted(WILDCARD, &TokenScope::Pull(&repositories[0]));
        let other = TokenScope::Pull(&repositories[1]);
        assert_eq!(scopes.refused(WILDCARD, &other, true), Refusal::NoRight);
        assert_eq!(
            scopes.refused(WILDCARD, &other, false),
            Refusal::Unclear,
            "the token may be out of date"
        );
        assert!(scopes.scope(&TokenScope::Catalog).is_some());
    }

    /// Vendors: Azure.
    #[test]
    fn a_repository_that_a_groups_token_does_not_open_is_denied_where_it_opened_another() {
        let scopes = AzureScopes::new(true);
        let repositories = names(3);
        scopes.expect(&repositories);
        scopes.learn_from(&format!(
            "h.{}.s",
            URL_SAFE_NO_PAD.encode(r#"{"aad_identity":"x"}"#)
        ));
        let [first, second, third] = [0, 1, 2].map(|place| TokenScope::Metadata(&repositories[place]));
        let group = scopes.scope(&first).unwrap();
        // Nothing is known of the group yet: a token for the repository alone may do.
        assert_eq!(scopes.refused(&group, &first, true), Refusal::AskForLess);
        assert_eq!(scopes.scope(&first), None);
        assert_eq!(scopes.refused(&first.text(), &first, true), Refusal::NoRight);
        scopes.accepted(&group, &second);
        assert_eq!(scopes.refused(&group, &third, true), Refusal::NoRight);
        assert!(scopes.scope(&third).is_some());
    }

    /// Vendors: Azure.
    #[test]
    fn attribute_based_access_control_is_told_by_a_claim() {
        for (claims, expected) in [(r#"{"aad_identity":"x"}"#, false), (r#"{"exp":1}"#, true)] {
            let scopes = AzureScopes::new(true);
            scopes.learn_from(&format!("header.{}.signature", URL_SAFE_NO_PAD.encode(claims)));
            assert_eq!(scopes.scope(&TokenScope::Catalog).is_some(), expected, "{claims}");
        }
    }

    #[test]
    fn another_registry_is_asked_for_what_a_request_needs() {
        let scopes = AzureScopes::new(false);
        let repositories = names(1);
        scopes.expect(&repositories);
        assert_eq!(scopes.scope(&TokenScope::Pull(&repositories[0])), None);
        let refusal = scopes.refused("repository:r0:pull", &TokenScope::Pull(&repositories[0]), true);
        assert_eq!(refusal, Refusal::Unclear);
    }
}
