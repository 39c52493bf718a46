//! Which credentials a registry's settings mean.

use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::environment::Environment;
use super::registry::RegistrySection;
use super::values::Secret;
use crate::registry::Credentials;

/// A secret that settings point to and that is not there. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum MissingSecret {
    /// The file cannot be read.
    #[error("registry {registry}: cannot read {setting} {}: {source}", file.display())]
    Unreadable {
        /// The registry.
        registry: String,
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
        registry: String,
        /// The setting.
        setting: &'static str,
        /// The file or variable.
        place: String,
    },
    /// A variable is not set by which Azure, Kubernetes or a CI system says who we are.
    #[error(
        "registry {registry}: the environment variable {variable} is not set, which azure_identity needs"
    )]
    NoVariable {
        /// The registry.
        registry: String,
        /// The variable.
        variable: &'static str,
    },
    /// Such a variable is set to something that cannot be used.
    #[error("registry {registry}: the environment variable {variable} is wrong: expected {expected}")]
    WrongVariable {
        /// The registry.
        registry: String,
        /// The variable.
        variable: &'static str,
        /// What would be right.
        expected: &'static str,
    },
}

impl RegistrySection {
    /// Who Tare is to this registry, as far as its settings say; none where they say nothing.
    ///
    /// # Errors
    /// Where a secret is not where the settings say it is.
    pub fn credentials(&self, environment: &Environment) -> Result<Option<Credentials>, MissingSecret> {
        if let Some(credentials) = self.azure_credentials(environment)? {
            return Ok(Some(credentials));
        }
        let source = Source {
            section: self,
            environment,
        };
        let token = source.secret(
            self.token.as_ref(),
            ("token_file", self.token_file.as_deref()),
            ("token_env", self.token_env.as_deref()),
        )?;
        if let Some(token) = token {
            return Ok(Some(Credentials::BearerToken(token)));
        }
        let password = source.secret(
            self.password.as_ref(),
            ("password_file", self.password_file.as_deref()),
            ("password_env", self.password_env.as_deref()),
        )?;
        Ok(self
            .username
            .clone()
            .zip(password)
            .map(|(username, password)| Credentials::Basic { username, password }))
    }

    /// Forgets every credential and uses this one instead.
    pub fn log_in(&mut self, username: Option<String>, secret: Secret) {
        *self = Self {
            username: None,
            password: None,
            password_file: None,
            password_env: None,
            token: None,
            token_file: None,
            token_env: None,
            azure_identity: None,
            ..self.clone()
        };
        match username {
            Some(username) => {
                self.username = Some(username);
                self.password = Some(secret);
            }
            None => self.token = Some(secret),
        }
    }
}

struct Source<'a> {
    section: &'a RegistrySection,
    environment: &'a Environment,
}

impl Source<'_> {
    fn secret(
        &self,
        written: Option<&Secret>,
        (file_setting, file): (&'static str, Option<&Path>),
        (variable_setting, variable): (&'static str, Option<&str>),
    ) -> Result<Option<SecretString>, MissingSecret> {
        if let Some(secret) = written {
            return Ok(Some(secret.secret().clone()));
        }
        let registry = || self.section.url.registry().to_string();
        if let Some(file) = file {
            let text = fs::read_to_string(file).map_err(|source| MissingSecret::Unreadable {
                registry: registry(),
                setting: file_setting,
                file: file.to_owned(),
                source,
            })?;
            return match text.lines().next().filter(|line| !line.is_empty()) {
                Some(line) => Ok(Some(line.into())),
                None => Err(MissingSecret::Empty {
                    registry: registry(),
                    setting: file_setting,
                    place: file.display().to_string(),
                }),
            };
        }
        if let Some(variable) = variable {
            return match self.environment.get(variable).and_then(|value| value.to_str()) {
                Some(text) => Ok(Some(text.into())),
                None => Err(MissingSecret::Empty {
                    registry: registry(),
                    setting: variable_setting,
                    place: format!("the environment variable {variable}"),
                }),
            };
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

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
}
