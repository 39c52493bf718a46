use url::Url;

/// A token service that the registry names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TokenService {
    pub(super) realm: Url,
    pub(super) name: Option<String>,
}
