use std::cmp::Reverse;

use super::support::Standing;
use super::tag::TagParts;
use super::{BaseId, Catalogue, RepositoryId, Scope};
use crate::base_image::BaseName;
use crate::oci::Platform;

/// An Alpine image that can replace a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Twin {
    /// The Alpine image.
    pub base: BaseId,
    /// The rule that found it.
    pub rule: TwinRule,
}

/// The rules that find an Alpine variant, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TwinRule {
    /// The tags differ only in the words for the operating system: `node:22` and `node:22-alpine`.
    SameTag,
    /// The Alpine tag names the release less precisely: `node:22.3.1` and `node:22-alpine`.
    NearRelease,
    /// The catalogue names the repository that replaces it.
    Declared,
    /// A bare operating system, which bare Alpine replaces.
    BareSystem,
}

impl TwinRule {
    /// The rule in plain words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::SameTag => "the same tag but for the system",
            Self::NearRelease => "the same release, less precisely named",
            Self::Declared => "the catalogue names it",
            Self::BareSystem => "bare Alpine takes the place of a bare system",
        }
    }
}

impl Catalogue {
    /// The Alpine variants of a base on its platform, best first.
    pub fn twins(&self, id: BaseId, scope: &Scope) -> Vec<Twin> {
        let base = self.base(id);
        let mut twins: Vec<Twin> = Vec::new();
        for name in &base.names {
            for twin in self.twins_of_name(name, &base.platform, scope) {
                if twin.base != id && !twins.iter().any(|known| known.base == twin.base) {
                    twins.push(twin);
                }
            }
        }
        twins.sort_by_cached_key(|twin| (self.standing(twin.base, scope).is_unsupported, twin.rule));
        twins
    }

    /// The Alpine variants of an image by its name only, best first.
    pub fn twins_of_name(&self, name: &BaseName, platform: &Platform, scope: &Scope) -> Vec<Twin> {
        let Some(repository) = self.repository(&name.repository) else {
            return Vec::new();
        };
        if let Some(twins) = self.twins_of_system(repository, platform, scope) {
            return twins;
        }
        let declared = self.repositories[repository.0 as usize]
            .twin
            .as_deref()
            .and_then(|twin| self.repository(twin));
        if let Some(twin) = declared {
            return self.newest_of(twin, platform, scope, TwinRule::Declared);
        }
        if self.repositories[repository.0 as usize].alpine.is_empty() {
            return Vec::new();
        }
        let parts = TagParts::parse(name.tag.as_deref().unwrap_or("latest"));
        if parts.alpine.is_some() {
            return Vec::new();
        }
        let running = self.running_on(platform);
        let mut found: Vec<(Standing, usize, &TagParts, BaseId)> = self.repositories[repository.0 as usize]
            .alpine
            .near(&parts)
            .into_iter()
            .filter(|(_, tagged)| {
                running.has(self.platform_of(tagged.base)) && self.is_visible(tagged.base, scope)
            })
            .map(|(distance, tagged)| {
                let standing = self.standing(tagged.base, scope);
                (standing, distance, &tagged.parts, tagged.base)
            })
            .collect();
        found.sort_by(|(standing, near, one, first), (other, far, two, second)| {
            let alpine = |parts: &TagParts| parts.alpine.clone();
            standing
                .is_unsupported
                .cmp(&other.is_unsupported)
                .then_with(|| near.cmp(far))
                .then_with(|| {
                    self.variant_distance(*first, platform)
                        .cmp(&self.variant_distance(*second, platform))
                })
                .then_with(|| standing.cmp(other))
                .then_with(|| match (alpine(one), alpine(two)) {
                    (Some(one), Some(two)) => two.preference(&one),
                    _ => std::cmp::Ordering::Equal,
                })
                // If tags are equal, the registry's own image wins: its layers are really shared.
                .then_with(|| {
                    self.base(*second)
                        .is_in_registry()
                        .cmp(&self.base(*first).is_in_registry())
                })
                .then_with(|| self.base(*second).created.cmp(&self.base(*first).created))
        });
        found
            .into_iter()
            .map(|(_, distance, _, base)| Twin {
                base,
                rule: if distance == 0 {
                    TwinRule::SameTag
                } else {
                    TwinRule::NearRelease
                },
            })
            .collect()
    }

    /// The Alpine variant of an image itself: one in a registry with the same tag, but for the words for the system.
    pub fn own_twin(
        &self,
        repository: &str,
        tag: &str,
        platform: &Platform,
        scope: &Scope,
    ) -> Option<BaseId> {
        let id = self.repository(repository)?;
        let node = &self.repositories[id.0 as usize];
        let is_replaced = || {
            let declared = node.twin.as_deref().and_then(|twin| self.repository(twin));
            declared.is_some() || self.systems.with_image(&node.name).is_some()
        };
        // The variants of a system, and those in other repositories, are those of a base and not of the image itself.
        if node.alpine.is_empty() || is_replaced() {
            return None;
        }
        let twins = self.twins_of_name(&BaseName::new(repository, tag), platform, scope);
        let mut own = twins
            .into_iter()
            .filter(|twin| twin.rule == TwinRule::SameTag && self.base(twin.base).is_in_registry());
        own.next().map(|twin| twin.base)
    }

    /// Bare Alpine images for a platform, best first.
    pub fn alpine(&self, platform: &Platform, scope: &Scope) -> Vec<BaseId> {
        self.repository("alpine")
            .map(|alpine| self.newest_of(alpine, platform, scope, TwinRule::BareSystem))
            .unwrap_or_default()
            .into_iter()
            .map(|twin| twin.base)
            .collect()
    }

    /// The image that replaces a bare operating system; `None` if the repository is not one or nothing replaces it.
    fn twins_of_system(
        &self,
        repository: RepositoryId,
        platform: &Platform,
        scope: &Scope,
    ) -> Option<Vec<Twin>> {
        let name = self.repository_name(repository);
        let system = self.systems.with_image(name)?;
        let twin = system.twin.as_deref().and_then(|twin| self.repository(twin));
        Some(
            twin.map(|twin| self.newest_of(twin, platform, scope, TwinRule::BareSystem))
                .unwrap_or_default(),
        )
    }

    /// The images of a repository for a platform, best first.
    fn newest_of(
        &self,
        repository: RepositoryId,
        platform: &Platform,
        scope: &Scope,
        rule: TwinRule,
    ) -> Vec<Twin> {
        if scope.excludes(repository) {
            return Vec::new();
        }
        let running = self.running_on(platform);
        let mut found: Vec<BaseId> = self.repositories[repository.0 as usize]
            .bases
            .iter()
            .copied()
            .filter(|&id| {
                running.has(self.platform_of(id))
                    && !self.base(id).layers.is_empty()
                    && self.is_visible(id, scope)
            })
            .collect();
        found.sort_by_cached_key(|&id| {
            let base = self.base(id);
            let is_latest = base
                .names
                .iter()
                .any(|name| name.tag.as_deref() == Some("latest"));
            let is_edge = base.names.iter().any(|name| name.tag.as_deref() == Some("edge"));
            let standing = self.standing(id, scope);
            (
                standing.is_unsupported,
                self.variant_distance(id, platform),
                is_edge,
                standing,
                Reverse(base.is_in_registry()),
                Reverse(is_latest),
                Reverse(base.created.clone()),
                Reverse(id),
            )
        });
        found.into_iter().map(|base| Twin { base, rule }).collect()
    }

    /// Whether the scope allows a base.
    pub(in crate::base_image) fn is_visible(&self, id: BaseId, scope: &Scope) -> bool {
        self.peers_of(id).is_visible(scope)
    }

    /// 0 if the processor variant is the same, 1 if it replaces another variant.
    fn variant_distance(&self, id: BaseId, platform: &Platform) -> u8 {
        u8::from(self.base(id).platform.variant != platform.variant)
    }
}
