use std::path::PathBuf;
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
            data_dir: None,
            max_connections: 5,
            connect_timeout: Duration::from_secs(10),
            lease: Duration::from_secs(30),
        }
    }
}

impl Section for StoreSection {
    const NAME: &'static str = "store";
}

impl StoreSection {
    /// The database and how to open it; `None` if neither a server nor a folder is known.
    pub fn settings(&self) -> Option<StoreSettings> {
        let location = match (&self.database_url, &self.data_dir) {
            (Some(url), _) => DatabaseLocation::Server(url.secret().clone()),
            (None, Some(folder)) => DatabaseLocation::Embedded(folder.clone()),
            (None, None) => return None,
        };
        Some(StoreSettings {
            location,
            max_connections: self.max_connections,
            connect_timeout: self.connect_timeout,
            lease: self.lease,
        })
    }
}
