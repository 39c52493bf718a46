use std::path::PathBuf;

use crate::oci::RegistryName;

/// A secret that settings point to and that is not there. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum MissingSecret {
    /// The file cannot be read.
    #[error("registry {registry}: cannot read {setting} {}: {source}", file.display())]
    Unreadable {
        /// The registry.
        registry: RegistryName,
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is there, with nothing in it; or the variable is not set.
    #[error("registry {registry}: there is nothing in {place}, which {setting} names")]
    Empty {
        /// The registry.
        registry: RegistryName,
        /// The setting.
        setting: &'static str,
        /// The file or variable.
        place: String,
    },
    /// A variable is not set with which Azure, Kubernetes or a CI system provides the identity.
    #[error(
        "registry {registry}: the environment variable {variable} is not set, which azure_identity needs"
    )]
    NoVariable {
        /// The registry.
        registry: RegistryName,
        /// The variable.
        variable: &'static str,
    },
    /// Such a variable is set to something that cannot be used.
    #[error("registry {registry}: the environment variable {variable} is wrong: expected {expected}")]
    WrongVariable {
        /// The registry.
        registry: RegistryName,
        /// The variable.
        variable: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}
