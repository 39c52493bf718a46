//! The HTTP client for servers that are not trusted: registries, token services, identity providers.
//!
//! One place sets what every such client has in common. It follows no redirects by itself, retries nothing, reads no
//! proxy from the environment, limits the time of connections, of whole answers and of pauses within them, and reads at
//! most so many bytes of a body. Which address may be asked, what a status means and when to try again is for its users.

mod certificates;
mod client;
mod error;
mod settings;

pub use client::{HttpClient, OutgoingRequest, declared_length};
pub use error::{HttpSetupError, RequestError, root_cause};
pub use settings::HttpSettings;

/// Chooses the one cryptography provider of this process. May be called any number of times; the first call
/// must come before any TLS is used.
pub fn install_tls_provider() {
    // An error means that a provider is installed already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}
