//! What a crawl need not request: read compactly, because an installation may hold millions of manifests.

mod digests;
mod nodes;
mod registry;
mod repositories;

pub use digests::KnownDigests;
pub use nodes::KnownContent;
pub use registry::KnownRegistry;
pub use repositories::KnownRepositories;
