//! Particulars of Azure Container Registry.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::oci::Vendor;

/// An identity of Entra ID that needs no stored secret.
#[derive(Debug, Clone)]
pub enum AzureIdentity {
    /// Workload identity federation: the platform (Kubernetes, a CI system) writes a token to a file, and Entra ID
    /// accepts it as a credential.
    Workload {
        /// Entra ID's URL, by default `https://login.microsoftonline.com/`.
        authority: Url,
        /// The tenant (directory) of the identity.
        tenant: String,
        /// The client id of the identity.
        client_id: String,
        /// The token file. It is renewed from outside, so it is read each time.
        token_file: PathBuf,
    },
    /// The managed identity of a virtual machine, from its metadata service.
    Machine {
        /// The metadata service's root, by default `http://169.254.169.254/`.
        endpoint: Url,
        /// The client id, if the machine has several identities. `None` means the system-assigned one.
        client_id: Option<String>,
    },
    /// The managed identity of an App Service, a function or a container app.
    AppService {
        /// The platform's token endpoint.
        endpoint: Url,
        /// The secret header that proves the request comes from the app.
        header: SecretString,
        /// The client id, if the app has several identities.
        client_id: Option<String>,
    },
}

/// Whether a host is a registry of Azure.
pub fn is_azure_registry(host: &str) -> bool {
    Vendor::of(host) == Vendor::Azure
}

#[cfg(test)]
mod tests {
    use super::is_azure_registry;

    /// Vendors: Azure.
    #[test]
    fn azures_registries_are_known_by_their_domains() {
        for (host, is_azures) in [
            ("contoso.azurecr.io", true),
            ("Contoso.AzureCR.io", true),
            ("contoso.azurecr.cn", true),
            ("contoso.azurecr.us", true),
            ("contoso.azurecr.eaglex.ic.gov", true),
            ("contoso.azurecr.microsoft.scloud", true),
            ("contoso.eaglex.ic.gov", false),
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
