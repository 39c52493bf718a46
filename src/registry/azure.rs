//! What is particular to Azure Container Registry.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

/// Who Tare is in Entra ID, without a secret that is stored anywhere.
#[derive(Debug, Clone)]
pub enum AzureIdentity {
    /// Workload identity federation: whoever runs Tare (Kubernetes, a CI system) vouches for it by a token in a
    /// file, which Entra ID takes as proof.
    Workload {
        /// Where Entra ID is asked, by default `https://login.microsoftonline.com/`.
        authority: Url,
        /// The directory that the identity is in.
        tenant: String,
        /// The identity.
        client_id: String,
        /// The file, which is renewed from outside and read each time.
        token_file: PathBuf,
    },
    /// The managed identity of a virtual machine, by its metadata service.
    Machine {
        /// The root of the metadata service, by default `http://169.254.169.254/`.
        endpoint: Url,
        /// Which identity, where the machine has several; the system's own where none is named.
        client_id: Option<String>,
    },
    /// The managed identity of an App Service, a function or a container app.
    AppService {
        /// Where the platform gives out tokens.
        endpoint: Url,
        /// What shows the platform that it is the app that asks.
        header: SecretString,
        /// Which identity, where the app has several.
        client_id: Option<String>,
    },
}

/// The domains below which registries are: of Azure's public cloud, of the one in China and of the one for the
/// government of the United States (Azure documentation, "Azure Container Registry FAQ", 2026).
const DOMAINS: [&str; 3] = [".azurecr.io", ".azurecr.cn", ".azurecr.us"];

/// Whether a host is a registry of Azure's.
pub fn is_azure_registry(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    DOMAINS
        .iter()
        .any(|domain| host.strip_suffix(domain).is_some_and(|name| !name.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::is_azure_registry;

    #[test]
    fn azures_registries_are_known_by_their_domains() {
        for (host, is_azures) in [
            ("contoso.azurecr.io", true),
            ("Contoso.AzureCR.io", true),
            ("contoso.azurecr.cn", true),
            ("contoso.azurecr.us", true),
            ("contoso.westeurope.geo.azurecr.io", true),
            ("azurecr.io", false),
            (".azurecr.io", false),
            ("contoso.azurecr.io.evil.example", false),
            ("contosoazurecr.io", false),
            ("reg.example.com", false),
        ] {
            assert_eq!(is_azure_registry(host), is_azures, "{host}");
        }
    }
}
