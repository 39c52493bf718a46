//! Logging in to Azure Container Registry as an identity of Entra ID, from the variables that Azure, Kubernetes or a
//! CI system sets.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::environment::Environment;
use super::missing_secret::MissingSecret;
use crate::oci::RegistryName;
use crate::registry::AzureIdentity;

/// Which identity of Entra ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AzureLogin {
    /// The one that a federation vouches for, as in Kubernetes and in CI systems.
    Workload,
    /// The one that Azure gives to the machine or app.
    Managed,
}

/// Where Entra ID is asked for Azure's public cloud (Entra documentation, "National clouds", 2026).
const AUTHORITY: &str = "https://login.microsoftonline.com/";
/// Where a virtual machine asks for tokens (Azure documentation, "Instance Metadata Service", 2026).
const METADATA: &str = "http://169.254.169.254/";

/// The variables that say which identity Tare has, and the settings that go before them.
pub(super) struct AzureVariables<'a> {
    pub(super) registry: &'a RegistryName,
    pub(super) client_id: Option<&'a str>,
    pub(super) environment: &'a Environment,
}

impl AzureVariables<'_> {
    /// The identity to log in as.
    pub(super) fn identity(&self, login: AzureLogin) -> Result<AzureIdentity, MissingSecret> {
        match login {
            AzureLogin::Workload => self.workload(),
            AzureLogin::Managed => self.managed(),
        }
    }

    fn workload(&self) -> Result<AzureIdentity, MissingSecret> {
        const TENANT: &str = "AZURE_TENANT_ID";
        const AUTHORITY_HOST: &str = "AZURE_AUTHORITY_HOST";
        let tenant = self.text(TENANT)?.ok_or_else(|| self.missing(TENANT))?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if !tenant.chars().all(is_name) {
            return Err(self.unusable(TENANT, "the id or domain of a directory"));
        }
        let authority = match self.url(AUTHORITY_HOST)? {
            None => url_of(AUTHORITY).ok_or_else(|| self.unusable(AUTHORITY_HOST, AUTHORITY))?,
            Some(url) if url.scheme() == "https" || is_on_this_machine(&url) => url,
            Some(_) => return Err(self.unusable(AUTHORITY_HOST, "an https:// URL")),
        };
        let file = "AZURE_FEDERATED_TOKEN_FILE";
        Ok(AzureIdentity::Workload {
            authority,
            tenant,
            client_id: self.client_id()?.ok_or_else(|| self.missing("AZURE_CLIENT_ID"))?,
            token_file: self.environment.path(file).ok_or_else(|| self.missing(file))?,
        })
    }

    fn managed(&self) -> Result<AzureIdentity, MissingSecret> {
        const ENDPOINT: &str = "IDENTITY_ENDPOINT";
        const HEADER: &str = "IDENTITY_HEADER";
        // The same name as in Azure's own libraries, for a proxy in between.
        const METADATA_HOST: &str = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
        let client_id = self.client_id()?;
        match (self.url(ENDPOINT)?, self.text(HEADER)?) {
            (Some(endpoint), Some(header)) => Ok(AzureIdentity::AppService {
                endpoint,
                header: header.into(),
                client_id,
            }),
            (Some(_), None) => Err(self.missing(HEADER)),
            (None, _) => Ok(AzureIdentity::Machine {
                endpoint: match self.url(METADATA_HOST)? {
                    Some(url) => url,
                    None => url_of(METADATA).ok_or_else(|| self.unusable(METADATA_HOST, METADATA))?,
                },
                client_id,
            }),
        }
    }

    fn client_id(&self) -> Result<Option<String>, MissingSecret> {
        match self.client_id {
            Some(client_id) => Ok(Some(client_id.to_owned())),
            None => self.text("AZURE_CLIENT_ID"),
        }
    }

    fn text(&self, variable: &'static str) -> Result<Option<String>, MissingSecret> {
        let Some(value) = self.environment.get(variable) else {
            return Ok(None);
        };
        let text = value.to_str().map(str::to_owned);
        text.map(Some).ok_or_else(|| self.unusable(variable, "a text"))
    }

    fn url(&self, variable: &'static str) -> Result<Option<Url>, MissingSecret> {
        let Some(text) = self.text(variable)? else {
            return Ok(None);
        };
        let url = url_of(&text);
        url.map(Some)
            .ok_or_else(|| self.unusable(variable, "an https:// or http:// URL without a user"))
    }

    fn missing(&self, variable: &'static str) -> MissingSecret {
        MissingSecret::NoVariable {
            registry: self.registry.clone(),
            variable,
        }
    }

    fn unusable(&self, variable: &'static str, expected: &'static str) -> MissingSecret {
        MissingSecret::WrongVariable {
            registry: self.registry.clone(),
            variable,
            expected,
        }
    }
}

fn url_of(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none();
    is_plain.then_some(url)
}

fn is_on_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RegistrySection;
    use crate::registry::Credentials;

    fn identity(login: AzureLogin, variables: &[(&str, &str)]) -> Result<AzureIdentity, String> {
        let mut section = RegistrySection::at("contoso.azurecr.io".parse().unwrap());
        section.azure_identity = Some(login);
        let environment = variables.iter().copied().collect();
        match section.credentials(&environment) {
            Ok(Some(Credentials::Azure {
                identity,
                any_host: false,
            })) => Ok(identity),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    const WORKLOAD: [(&str, &str); 3] = [
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", "client"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token"),
    ];

    #[test]
    fn a_workload_is_who_its_variables_say_and_each_that_is_missing_is_named() {
        let found = identity(AzureLogin::Workload, &WORKLOAD).unwrap();
        assert!(
            matches!(found, AzureIdentity::Workload { authority, .. } if authority.as_str() == AUTHORITY)
        );
        for (index, (missing, _)) in WORKLOAD.iter().enumerate() {
            let mut others = WORKLOAD.to_vec();
            others.remove(index);
            let error = identity(AzureLogin::Workload, &others).unwrap_err();
            assert!(
                error.contains(missing) && error.contains("contoso.azurecr.io"),
                "{error}"
            );
        }
        for (variable, value) in [
            ("AZURE_AUTHORITY_HOST", "http://login.example.com/"),
            ("AZURE_AUTHORITY_HOST", "login.example.com"),
            ("AZURE_AUTHORITY_HOST", "https://me:hunter2@login.example.com/"),
            ("AZURE_TENANT_ID", "../other"),
        ] {
            let mut variables = WORKLOAD.to_vec();
            variables.push((variable, value));
            let error = identity(AzureLogin::Workload, &variables).unwrap_err();
            assert!(error.contains(variable) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_managed_identity_is_the_apps_where_there_is_one_else_the_machines() {
        let machine = identity(AzureLogin::Managed, &[]).unwrap();
        assert!(
            matches!(machine, AzureIdentity::Machine { endpoint, client_id: None }
            if endpoint.as_str() == METADATA)
        );
        let app = [
            ("IDENTITY_ENDPOINT", "http://localhost:4000/msi/token"),
            ("IDENTITY_HEADER", "secret"),
            ("AZURE_CLIENT_ID", "client"),
        ];
        let found = identity(AzureLogin::Managed, &app).unwrap();
        assert!(
            matches!(found, AzureIdentity::AppService { client_id: Some(client), .. } if client == "client")
        );
        let error = identity(AzureLogin::Managed, &app[..1]).unwrap_err();
        assert!(error.contains("IDENTITY_HEADER"), "{error}");
    }
}
