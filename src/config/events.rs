use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::credentials::SecretPlaces;
use super::environment::Environment;
use super::missing_secret::MissingSecret;
use super::values::Secret;
use crate::oci::RegistryName;

/// `[registry.events]`: the secret that a registry sends with its events, in place of a key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSettings {
    /// The secret.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// A file with the secret on its first line.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// The name of an environment variable with the secret.
    #[serde(default)]
    pub secret_env: Option<String>,
}

impl EventSettings {
    /// The secret, if the settings give one.
    ///
    /// # Errors
    /// If it is not where the settings say it is.
    pub(super) fn secret(
        &self,
        registry: &RegistryName,
        environment: &Environment,
    ) -> Result<Option<SecretString>, MissingSecret> {
        let places = SecretPlaces {
            written: self.secret.as_ref(),
            file: ("events.secret_file", self.secret_file.as_deref()),
            variable: ("events.secret_env", self.secret_env.as_deref()),
        };
        places.read(registry, environment)
    }

    /// What is wrong with the settings taken together.
    pub(super) fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let given = [
            self.secret.is_some(),
            self.secret_file.is_some(),
            self.secret_env.is_some(),
        ];
        if given.into_iter().filter(|given| *given).count() > 1 {
            return Some(("events", "give one of secret, secret_file and secret_env"));
        }
        let is_empty = |secret: &Secret| secret.secret().expose_secret().is_empty();
        let has_empty = self.secret.as_ref().is_some_and(is_empty);
        has_empty.then_some(("events", "the secret is empty"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> EventSettings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_secret_comes_from_one_place_and_is_never_shown() {
        let registry = "reg.example.com".parse().unwrap();
        let environment = [("EVENTS", "from a variable")].into_iter().collect();
        let secret = |text: &str| settings(text).secret(&registry, &environment);
        let of = |text: &str| {
            secret(text)
                .unwrap()
                .map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(of("secret = \"x\"").as_deref(), Some("x"));
        assert_eq!(of("secret_env = \"EVENTS\"").as_deref(), Some("from a variable"));
        assert_eq!(of(""), None);
        let missing = secret("secret_env = \"OTHER\"").unwrap_err().to_string();
        assert!(
            missing.contains("OTHER") && missing.contains("events.secret_env"),
            "{missing}"
        );
        assert!(
            !toml::to_string(&settings("secret = \"hunter2\""))
                .unwrap()
                .contains("hunter2")
        );
    }

    #[test]
    fn two_places_and_an_empty_secret_are_refused() {
        assert!(
            settings("secret = \"x\"\nsecret_env = \"EVENTS\"")
                .contradiction()
                .is_some()
        );
        assert!(settings("secret = \"\"").contradiction().is_some());
        assert!(settings("secret_env = \"EVENTS\"").contradiction().is_none());
    }
}
