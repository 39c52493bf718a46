use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::values::{DatabaseUrl, duration, whole};
use crate::store::{DatabaseLocation, StoreSettings};

/// `[store]`: where what has been found is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// A PostgreSQL server. Without one, Tare opens a database of its own in `data_dir`.
    pub database_url: Option<DatabaseUrl>,
    /// A file with the address of the server in its first line, instead of `database_url`.
    pub database_url_file: Option<PathBuf>,
    /// The folder of Tare's own database. Loading fills in the user's data folder where it is not set.
    pub data_dir: Option<PathBuf>,
    /// The most connections to a server.
    #[serde(deserialize_with = "whole::<1, 1000, _, _>")]
    pub max_connections: u32,
    /// How long to wait for a connection to a server.
    #[serde(with = "duration")]
    pub connect_timeout: Duration,
    /// How long a process that takes part in a crawl may give no sign of life before others take over.
    #[serde(with = "duration")]
    pub lease: Duration,
}

impl Default for StoreSection {
    fn default() -> Self {
        Self {
            database_url: None,
            database_url_file: None,
            data_dir: None,
            max_connections: 5,
            connect_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(30),
        }
    }
}

impl Section for StoreSection {
    const NAME: &'static str = "store";

    fn problems(&self, _: &[Self]) -> Vec<(&'static str, String)> {
        if self.database_url.is_none() || self.database_url_file.is_none() {
            return Vec::new();
        }
        let message = "database_url (or DATABASE_URL) is set, too; set one of them";
        vec![("database_url_file", message.to_owned())]
    }
}

/// The file of the database's address cannot be used. No message holds its content.
#[derive(Debug, thiserror::Error)]
#[error("store.database_url_file: {}: {problem}", file.display())]
pub struct UnusableDatabaseFile {
    /// The file.
    file: PathBuf,
    /// What is wrong, and what would be right.
    problem: String,
}

impl StoreSection {
    /// The database and how to open it; `None` if neither a server nor a folder is known.
    ///
    /// # Errors
    /// If the file with the address of the server cannot be read, or holds none.
    pub fn settings(&self) -> Result<Option<StoreSettings>, UnusableDatabaseFile> {
        let from_file = self.database_url_file.as_deref().map(url_in).transpose()?;
        let location = match (from_file.as_ref().or(self.database_url.as_ref()), &self.data_dir) {
            (Some(url), _) => DatabaseLocation::Server(url.secret().clone()),
            (None, Some(folder)) => DatabaseLocation::Embedded(folder.clone()),
            (None, None) => return Ok(None),
        };
        Ok(Some(StoreSettings {
            location,
            max_connections: self.max_connections,
            connect_timeout: self.connect_timeout,
            lease: self.lease,
        }))
    }
}

/// The address in the first line of a file.
fn url_in(file: &Path) -> Result<DatabaseUrl, UnusableDatabaseFile> {
    let unusable = |problem: String| UnusableDatabaseFile {
        file: file.to_owned(),
        problem,
    };
    let text = std::fs::read_to_string(file).map_err(|error| unusable(error.to_string()))?;
    let line = text.lines().next().unwrap_or_default().trim();
    DatabaseUrl::deserialize(toml::Value::from(line)).map_err(|error| unusable(error.message().to_owned()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn the_address_of_the_database_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        let section = StoreSection {
            database_url_file: Some(file.clone()),
            data_dir: Some("/data".into()),
            ..StoreSection::default()
        };
        let said = section.settings().unwrap_err().to_string();
        assert!(
            said.contains("database_url_file") && said.contains("url"),
            "{said}"
        );
        std::fs::write(&file, "hunter2\n").unwrap();
        let said = section.settings().unwrap_err().to_string();
        assert!(
            said.contains("postgres://user") && !said.contains("hunter2"),
            "{said}"
        );
        std::fs::write(&file, "postgres://tare:hunter2@db/tare\n").unwrap();
        let settings = section.settings().unwrap().unwrap();
        let DatabaseLocation::Server(url) = settings.location else {
            panic!("it is a server");
        };
        assert_eq!(url.expose_secret(), "postgres://tare:hunter2@db/tare");
    }
}
