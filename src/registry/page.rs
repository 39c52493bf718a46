use url::Url;

/// One page of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries, in the registry's order.
    pub items: Vec<T>,
    /// Entries that are not valid names, shortened and escaped for a message.
    pub invalid: Vec<String>,
    /// Where the listing goes on; none on its last page.
    pub next: Option<PageLink>,
}

/// Where a listing goes on. It has been checked to lead to the registry itself and to be new in this
/// listing; it remembers what the listing has shown so far, so that an endless one is noticed.
#[derive(Debug, Clone)]
pub struct PageLink {
    pub(super) url: Url,
}
