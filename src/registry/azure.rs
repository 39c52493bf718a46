//! What is particular to Azure Container Registry.

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
