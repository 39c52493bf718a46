//! Who we are to a registry.

use secrecy::SecretString;

use super::AzureIdentity;

pub use super::docker_config::{CredentialsError, from_docker_config};

/// What the client may show to a registry, and to the token service the registry names.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// Nothing: only what the registry shows to everybody.
    #[default]
    Anonymous,
    /// A user's name and password.
    Basic {
        /// The name.
        username: String,
        /// The password, or an access key that takes its place.
        password: SecretString,
    },
    /// A refresh token, exchanged for access tokens at the token service (`docker login` calls it identity
    /// token).
    IdentityToken(SecretString),
    /// An access token, sent to the registry as it is.
    BearerToken(SecretString),
    /// An identity of Entra ID, which Azure Container Registry takes in exchange for a refresh token.
    Azure {
        /// The identity.
        identity: AzureIdentity,
        /// Whether the operator vouches for the registry though it is not below Azure's own domains: it is
        /// shown the identity's token.
        any_host: bool,
    },
}
