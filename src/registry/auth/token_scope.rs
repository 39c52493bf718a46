use crate::oci::RepositoryName;

/// The permission that a request needs.
#[derive(Debug, Clone, Copy)]
pub(in crate::registry) enum TokenScope<'s> {
    /// List the registry's repositories.
    Catalog,
    /// List the deleted repositories that Azure Container Registry still stores.
    DeletedCatalog,
    /// Read a repository.
    Pull(&'s RepositoryName),
    /// Read Azure Container Registry's metadata of a repository.
    Metadata(&'s RepositoryName),
}

/// The scope for listing a registry's repositories (Distribution's token specification, 2026).
pub(super) const CATALOG_SCOPE: &str = "registry:catalog:*";
/// The scope for listing deleted repositories (azure-cli, 2026).
const DELETED_CATALOG_SCOPE: &str = "registry:deleted_catalog:*";

impl TokenScope<'_> {
    /// The repository that is to be read.
    pub(super) fn repository(&self) -> Option<&RepositoryName> {
        match self {
            Self::Catalog | Self::DeletedCatalog => None,
            Self::Pull(repository) | Self::Metadata(repository) => Some(repository),
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Catalog => CATALOG_SCOPE.to_owned(),
            Self::DeletedCatalog => DELETED_CATALOG_SCOPE.to_owned(),
            Self::Pull(repository) => format!("repository:{repository}:pull"),
            Self::Metadata(repository) => format!("repository:{repository}:metadata_read"),
        }
    }

    /// Whether a scope in the registry's challenge asks for no more than this one: the same resource, read only.
    /// Otherwise a registry that shares its token service with others could make us fetch a token for them.
    pub(super) fn covers(&self, asked: &str) -> bool {
        asked.split(' ').all(|part| match self {
            Self::Catalog => part == CATALOG_SCOPE,
            Self::DeletedCatalog => part == DELETED_CATALOG_SCOPE,
            Self::Pull(repository) | Self::Metadata(repository) => part
                .strip_prefix("repository:")
                .and_then(|part| part.strip_prefix(repository.as_str()))
                .and_then(|part| part.strip_prefix(':'))
                .is_some_and(|actions| {
                    actions
                        .split(',')
                        .all(|action| matches!(action, "pull" | "metadata_read"))
                }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_gets_no_scope_beyond_what_is_asked_of_it() {
        let repository = "team/api".parse().unwrap();
        let scope = TokenScope::Pull(&repository);
        for (asked, covered) in [
            ("repository:team/api:pull", true),
            ("repository:team/api:pull,metadata_read", true),
            ("repository:team/api:pull repository:team/api:metadata_read", true),
            ("repository:team/api:pull,push", false),
            ("repository:team/api2:pull", false),
            ("repository:other/secret:pull", false),
            ("repository:team/api:pull repository:other/secret:pull", false),
            ("registry:catalog:*", false),
            ("", false),
        ] {
            assert_eq!(scope.covers(asked), covered, "{asked}");
        }
        assert!(TokenScope::Metadata(&repository).covers("repository:team/api:metadata_read"));
        assert!(!TokenScope::Metadata(&repository).covers("repository:team/api:metadata_write"));
        assert!(TokenScope::Catalog.covers("registry:catalog:*"));
        assert!(!TokenScope::Catalog.covers("repository:team/api:pull"));
    }
}
