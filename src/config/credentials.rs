//! Which credentials a registry's settings mean.

use std::fs;
use std::path::Path;

use secrecy::SecretString;

use super::azure::{AzureLogin, AzureVariables};
use super::environment::Environment;
use super::missing_secret::MissingSecret;
use super::values::Secret;
use crate::oci::RegistryName;
use crate::registry::Credentials;

/// The settings of one registry about credentials.
#[derive(Debug, Clone, Copy)]
pub(super) struct CredentialSettings<'a> {
    pub(super) registry: &'a RegistryName,
    pub(super) username: Option<&'a str>,
    pub(super) password: SecretPlaces<'a>,
    pub(super) token: SecretPlaces<'a>,
    pub(super) azure_identity: Option<AzureLogin>,
    pub(super) azure_client_id: Option<&'a str>,
    pub(super) azure_custom_domain: bool,
}

/// Where a secret may be: in the settings, in a file, in an environment variable. The names of the two settings that
/// point elsewhere are for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct SecretPlaces<'a> {
    pub(super) written: Option<&'a Secret>,
    pub(super) file: (&'static str, Option<&'a Path>),
    pub(super) variable: (&'static str, Option<&'a str>),
}

impl CredentialSettings<'_> {
    /// The credentials; `None` if the settings give none.
    ///
    /// # Errors
    /// If a secret is not where the settings say it is.
    pub(super) fn read(&self, environment: &Environment) -> Result<Option<Credentials>, MissingSecret> {
        if let Some(login) = self.azure_identity {
            let variables = AzureVariables {
                registry: self.registry,
                client_id: self.azure_client_id,
                environment,
            };
            return Ok(Some(Credentials::Azure {
                identity: variables.identity(login)?,
                any_host: self.azure_custom_domain,
            }));
        }
        if let Some(token) = self.token.read(self.registry, environment)? {
            return Ok(Some(Credentials::BearerToken(token)));
        }
        let password = self.password.read(self.registry, environment)?;
        Ok(self
            .username
            .zip(password)
            .map(|(username, password)| Credentials::Basic {
                username: username.to_owned(),
                password,
            }))
    }
}

impl SecretPlaces<'_> {
    pub(super) fn read(
        &self,
        registry: &RegistryName,
        environment: &Environment,
    ) -> Result<Option<SecretString>, MissingSecret> {
        if let Some(secret) = self.written {
            return Ok(Some(secret.secret().clone()));
        }
        if let (setting, Some(file)) = self.file {
            let text = fs::read_to_string(file).map_err(|source| MissingSecret::Unreadable {
                registry: registry.clone(),
                setting,
                file: file.to_owned(),
                source,
            })?;
            return match text.lines().next().filter(|line| !line.is_empty()) {
                Some(line) => Ok(Some(line.into())),
                None => Err(MissingSecret::Empty {
                    registry: registry.clone(),
                    setting,
                    place: file.display().to_string(),
                }),
            };
        }
        if let (setting, Some(variable)) = self.variable {
            return match environment.get(variable).and_then(|value| value.to_str()) {
                Some(text) => Ok(Some(text.into())),
                None => Err(MissingSecret::Empty {
                    registry: registry.clone(),
                    setting,
                    place: format!("the environment variable {variable}"),
                }),
            };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::config::RegistrySection;

    fn section() -> RegistrySection {
        RegistrySection::at("reg.example.com".parse().unwrap())
    }

    #[test]
    fn a_secret_may_stand_in_a_file_or_a_variable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        fs::write(&file, "hunter2\nsecond line\n").unwrap();
        let environment = [("REGISTRY_TOKEN", "abc")].into_iter().collect();

        let mut by_file = section();
        by_file.username = Some("me".into());
        by_file.password_file = Some(file.clone());
        let credentials = by_file.credentials(&environment).unwrap().unwrap();
        assert!(matches!(credentials, Credentials::Basic { username, password }
            if username == "me" && password.expose_secret() == "hunter2"));

        let mut by_variable = section();
        by_variable.token_env = Some("REGISTRY_TOKEN".into());
        let credentials = by_variable.credentials(&environment).unwrap().unwrap();
        assert!(matches!(credentials, Credentials::BearerToken(token) if token.expose_secret() == "abc"));

        assert!(section().credentials(&environment).unwrap().is_none());

        by_variable.token_env = Some("OTHER".into());
        let error = by_variable.credentials(&environment).unwrap_err().to_string();
        assert!(error.contains("OTHER") && error.contains("token_env"), "{error}");
        fs::write(&file, "\n").unwrap();
        assert!(by_file.credentials(&environment).is_err());
    }

    #[test]
    fn credentials_that_are_given_take_the_place_of_all_settings() {
        let mut section = section();
        section.azure_identity = Some(AzureLogin::Workload);
        section.token_env = Some("MISSING".into());
        section.log_in(Some("me".into()), "hunter2".to_owned().into());
        let credentials = section.credentials(&Environment::default()).unwrap().unwrap();
        assert!(matches!(credentials, Credentials::Basic { username, .. } if username == "me"));
        section.log_in(None, "abc".to_owned().into());
        let credentials = section.credentials(&Environment::default()).unwrap().unwrap();
        assert!(matches!(credentials, Credentials::BearerToken(token) if token.expose_secret() == "abc"));
    }
}
