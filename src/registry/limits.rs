//! Size limits of responses, in bytes after content decoding. Nothing is allocated because of a claimed size.

/// A manifest or index. Distribution and Azure refuse to store larger ones (both 4 MiB, 2026).
pub(super) const MANIFEST: usize = 4 << 20;
/// An image configuration. Our choice; real ones are tens of kilobytes.
pub(super) const CONFIG: usize = 4 << 20;
/// One page of a listing. Our choice: some registries send all tags, or the catalogue, in a single page.
pub(super) const LISTING: usize = 16 << 20;
/// A listing of tags of Google's, which contains every manifest in a single page, each with about 400 bytes: enough for
/// 300,000 manifests. Our choice.
pub(super) const LISTING_WITH_MANIFESTS: usize = 128 << 20;
/// A response of a token service. Our choice; real ones are a few kilobytes.
pub(super) const TOKEN: usize = 256 << 10;
/// The body of an error. Our choice.
pub(super) const ERROR: usize = 64 << 10;
/// Redirects followed in one request. Our choice; registries need one or two.
pub(super) const REDIRECTS: usize = 5;
/// Consecutive pages of a listing without a new entry. Our choice.
pub(super) const REPEATED_PAGES: u32 = 20;
/// The length of a URL that a registry sends. Our choice, the usual limit of web servers.
pub(super) const URL: usize = 8 << 10;
/// Referrers of one manifest. Our choice.
pub(super) const REFERRERS: usize = 10_000;
