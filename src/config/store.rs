use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::section::Section;
use super::values::DatabaseUrl;

/// `[store]`: where what has been found is kept.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSection {
    /// A PostgreSQL server. Without one, Tare opens a database of its own in `data_dir`.
    pub database_url: Option<DatabaseUrl>,
    /// The folder of Tare's own database. Loading fills in the user's data folder where it is not set.
    pub data_dir: Option<PathBuf>,
}

impl Section for StoreSection {
    const NAME: &'static str = "store";
}
