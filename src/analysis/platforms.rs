use std::collections::BTreeMap;

use crate::oci::{PlatformFilter, RegistryName};

/// The platforms whose images count, by registry. The default counts all platforms of all registries.
#[derive(Debug, Clone, Default)]
pub struct PlatformSelection {
    common: Vec<PlatformFilter>,
    by_registry: BTreeMap<RegistryName, Vec<PlatformFilter>>,
}

impl PlatformSelection {
    /// Counts the images for these platforms in every registry; an empty list counts all platforms.
    pub fn new(platforms: Vec<PlatformFilter>) -> Self {
        Self {
            common: platforms,
            by_registry: BTreeMap::new(),
        }
    }

    /// The same selection with other platforms for one registry.
    #[must_use]
    pub fn with_registry(mut self, registry: RegistryName, platforms: Vec<PlatformFilter>) -> Self {
        self.by_registry.insert(registry, platforms);
        self
    }

    /// The platforms that count in a registry; empty if all do.
    pub fn for_registry(&self, registry: &RegistryName) -> &[PlatformFilter] {
        self.by_registry.get(registry).unwrap_or(&self.common)
    }
}
