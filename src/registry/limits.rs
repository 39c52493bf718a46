//! How much of an answer is read. Every limit is on the bytes after content decoding, and nothing is
//! allocated because a registry claims a size.

/// A manifest or index. Distribution and Azure refuse to store larger ones.
pub(super) const MANIFEST: usize = 4 << 20;
/// An image's configuration.
pub(super) const CONFIG: usize = 4 << 20;
/// One page of a listing. Some registries send a repository's tags, or the catalogue, in a single page.
pub(super) const LISTING: usize = 16 << 20;
/// An answer of a token service.
pub(super) const TOKEN: usize = 256 << 10;
/// The body that explains an error.
pub(super) const ERROR: usize = 64 << 10;
/// Redirects followed for one request.
pub(super) const REDIRECTS: usize = 5;
/// Pages in a row of a listing that show nothing new.
pub(super) const REPEATED_PAGES: u32 = 20;
/// The length of a URL that a registry makes us ask for.
pub(super) const URL: usize = 8 << 10;
/// Referrers of one manifest.
pub(super) const REFERRERS: usize = 10_000;
