//! Credentials for a registry.

use secrecy::SecretString;

use super::AzureIdentity;

pub use super::docker_config::{CredentialsError, from_docker_config};

/// Credentials for a registry and for the token service it names.
#[derive(Debug, Clone, Default)]
pub enum Credentials {
    /// None: reads only what the registry shows to everyone.
    #[default]
    Anonymous,
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password, or an access key.
        password: SecretString,
    },
    /// A refresh token, exchanged for access tokens at the token service (`docker login` calls it identity token).
    IdentityToken(SecretString),
    /// An access token, sent to the registry as it is.
    BearerToken(SecretString),
    /// An identity of Entra ID, exchanged for a refresh token of Azure Container Registry.
    Azure {
        /// The identity.
        identity: AzureIdentity,
        /// Whether the operator vouches for a registry outside Azure's own domains: it receives the identity's token.
        any_host: bool,
    },
}
