use std::collections::{HashMap, HashSet};

use crate::oci::{Digest, RepositoryName};

/// What earlier batches of a crawl have saved, and under which numbers.
#[derive(Debug, Default)]
pub(in crate::store) struct Saved {
    pub(in crate::store) blobs: HashMap<Digest, i64>,
    pub(in crate::store) repositories: HashMap<RepositoryName, i64>,
    /// Repositories whose listing has been saved.
    pub(in crate::store) listed: HashSet<RepositoryName>,
}
