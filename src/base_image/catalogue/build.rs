use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

use super::Catalogue;
use super::base::{Base, BaseId, BaseLayer, BaseLayers, Origin, RepositoryId, Role};
use super::contents::{ContentId, Contents};
use super::file::{CatalogueError, File, Release, SHIPPED, layer};
use super::growth::Growth;
use super::peers::{Peers, PeersId};
use super::tag::{TagOrder, TagParts, may_name_alpine};
use crate::base_image::hash::KeyMap;
use crate::base_image::texts::Chain;
use crate::base_image::{BaseName, ImageFacts, System};
use crate::oci::{Platform, RegistryName};

/// Builds a [`Catalogue`]: first from files, then from the images of registries.
#[derive(Debug, Default)]
pub struct CatalogueBuilder<'a> {
    pub(super) catalogue: Catalogue,
    registries: Vec<RegistryName>,
    images: Vec<(usize, &'a ImageFacts)>,
    pub(super) first_steps: Vec<(BaseId, String)>,
    /// The bases of files by their layers.
    pub(super) files_by_layers: KeyMap<Chain, Vec<BaseId>>,
    /// The order of tags by how specific they are, each worked out once.
    pub(super) tag_orders: HashMap<String, TagOrder>,
    platform_ids: HashMap<Arc<Platform>, u32>,
    peers_ids: HashMap<Peers, PeersId>,
    pub(super) no_variables: Arc<BTreeMap<String, String>>,
    /// What an earlier catalogue read.
    pub(super) earlier: Option<&'a Contents>,
}

impl<'a> CatalogueBuilder<'a> {
    /// An empty catalogue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the shipped catalogue.
    ///
    /// # Errors
    /// Never with the shipped files.
    pub fn shipped(&mut self) -> Result<&mut Self, CatalogueError> {
        for (name, text) in SHIPPED {
            self.file(name, text)?;
        }
        Ok(self)
    }

    /// Adds a file of the catalogue.
    ///
    /// # Errors
    /// If it is not TOML of the catalogue's form, naming file and place.
    pub fn file(&mut self, name: &str, text: &str) -> Result<&mut Self, CatalogueError> {
        let file = File::parse(name, text)?;
        for dates in file.alpine_releases {
            self.catalogue.alpine_dates.insert(dates);
        }
        for system in file.systems {
            for image in system.images.iter().filter(|image| !image.ends_with('*')) {
                let id = self.repository(image);
                self.catalogue.repositories[id.0 as usize].role = Role::System;
                // Upstream names without their registry, as mirrors use them.
                if let Some((host, path)) = image.split_once('/')
                    && host.contains('.')
                {
                    self.catalogue.repository_ids.entry(path.to_owned()).or_insert(id);
                }
            }
            self.catalogue.systems.insert(system);
        }
        for image in file.images {
            let id = self.repository(&image.name);
            let repository = &mut self.catalogue.repositories[id.0 as usize];
            repository.role = image.role;
            repository.twin = image.twin.or(repository.twin.take());
            repository.version_variable = image.version_variable.or(repository.version_variable.take());
            if let Some((host, path)) = image.name.split_once('/')
                && host.contains('.')
            {
                self.catalogue.repository_ids.entry(path.to_owned()).or_insert(id);
            }
        }
        for release in file.releases {
            self.release(name, release)?;
        }
        for row in file.first_layers {
            let system = Arc::new(System::parse(row.0.strip_suffix("-slim").unwrap_or(&row.0)));
            let first = layer(name, &row.0, &row.3, row.4)?;
            self.catalogue.first_layers.insert(first.key, Arc::clone(&system));
            self.catalogue
                .systems
                .insert_added_file(row.5, System::clone(&system));
            let (repository, tag) = row.0.split_once(':').unwrap_or((&row.0, "latest"));
            let id = self.repository(repository);
            self.push(Base {
                names: vec![BaseName::new(repository, tag).into()],
                repositories: vec![id],
                platform: platform(&row.1).into(),
                layers: BaseLayers::Listed([first].into()),
                digest: None,
                bytes: first.bytes,
                includes: None,
                system: Some(system),
                variables: Arc::clone(&self.no_variables),
                role: Role::System,
                created: Some(row.2.into()),
                origin: Origin::File {
                    file: name.to_owned(),
                    source: "docker-library/repo-info, 2016 to 2018".to_owned(),
                },
                built_on_it: 0,
                precise: None,
            });
        }
        Ok(self)
    }

    fn release(&mut self, file: &str, release: Release) -> Result<(), CatalogueError> {
        let id = self.repository(&release.image);
        let name = BaseName::new(release.image, release.tag);
        let layers = release
            .layers
            .iter()
            .map(|(digest, bytes)| layer(file, &name.to_string(), digest, *bytes))
            .collect::<Result<Vec<BaseLayer>, _>>()?;
        let bytes = release.bytes.unwrap_or_else(|| {
            layers
                .iter()
                .fold(0, |sum, layer| sum.saturating_add(layer.bytes))
        });
        let system = release.system.as_deref().map(System::parse).map(Arc::new);
        let role = self.catalogue.repositories[id.0 as usize].role;
        if let (Role::System, Some(first), Some(system)) = (role, layers.first(), &system) {
            self.catalogue.first_layers.insert(first.key, Arc::clone(system));
        }
        let base = self.push(Base {
            names: vec![name.into()],
            repositories: vec![id],
            platform: platform(&release.platform).into(),
            layers: BaseLayers::Listed(layers.into()),
            digest: None,
            bytes,
            includes: release.includes,
            system,
            variables: release.variables.into(),
            role,
            created: release.created.map(Into::into),
            origin: Origin::File {
                file: file.to_owned(),
                source: release.source.unwrap_or_default(),
            },
            built_on_it: 0,
            precise: None,
        });
        self.first_steps
            .extend(release.first_step.map(|step| (base, step)));
        Ok(())
    }

    /// Adds an image of a crawled registry. Artifacts are ignored.
    pub fn image(&mut self, registry: &RegistryName, facts: &'a ImageFacts) -> &mut Self {
        if !facts.layers.is_empty() && !facts.is_artifact() {
            // Images come registry by registry.
            if self.registries.last() != Some(registry) {
                self.registries.push(registry.clone());
            }
            self.images.push((self.registries.len() - 1, facts));
        }
        self
    }

    /// Takes what an earlier catalogue of the same files read in configurations, so that each is read once. The result is
    /// the same.
    pub fn after(&mut self, earlier: &'a Catalogue) -> &mut Self {
        self.earlier = Some(&earlier.contents);
        self
    }

    /// Judges on this day which releases of Alpine get security fixes. Without a day, support does not matter.
    pub fn on_day(&mut self, day: NaiveDate) -> &mut Self {
        self.catalogue.day = Some(day);
        self
    }

    /// Builds the catalogue. It takes time for each image, whatever the number of images.
    pub fn finish(mut self) -> Catalogue {
        let images = std::mem::take(&mut self.images);
        let registries = std::mem::take(&mut self.registries);
        let files = self.catalogue.bases.len() as u32;
        for id in (0..files).map(BaseId) {
            self.index(id);
            let base = self.catalogue.base(id);
            if !base.layers.is_empty() {
                let chain = base.layer_chain();
                self.files_by_layers.entry(chain).or_default().push(id);
            }
        }
        let grown: Vec<Growth<'_>> = images
            .into_iter()
            .map(|(registry, facts)| self.grow(&registries[registry], facts))
            .collect();
        self.index_layers(&grown);
        self.count_users(&grown);
        self.learn_systems(&grown);
        self.name_precisely();
        self.index_steps(&grown);
        self.index_variables();
        self.learn_layers(&grown);
        self.catalogue.rate_alpine();
        self.catalogue
    }

    pub(super) fn repository(&mut self, name: &str) -> RepositoryId {
        if let Some(&id) = self.catalogue.repository_ids.get(name) {
            return id;
        }
        let id = RepositoryId(self.catalogue.repositories.len() as u32);
        self.catalogue.repositories.push(super::Repository {
            name: name.to_owned(),
            ..Default::default()
        });
        self.catalogue.repository_ids.insert(name.to_owned(), id);
        id
    }

    /// Adds a base of a file.
    fn push(&mut self, base: Base) -> BaseId {
        let variables = self.catalogue.variables.intern(&base.variables);
        let id = self.add(base, None);
        self.catalogue.variables_of.push(variables);
        id
    }

    /// Adds a base that is an image with this configuration.
    pub(super) fn push_image(&mut self, base: Base, content: Option<ContentId>) -> BaseId {
        let variables = match content {
            Some(content) => self.catalogue.contents.get(content).variables,
            None => self.catalogue.variables.intern(&base.variables),
        };
        let id = self.add(base, content);
        self.catalogue.variables_of.push(variables);
        id
    }

    fn add(&mut self, mut base: Base, content: Option<ContentId>) -> BaseId {
        let platform = self.platform(&base.platform);
        let catalogue = &mut self.catalogue;
        let id = BaseId(catalogue.bases.len() as u32);
        base.platform = Arc::clone(&catalogue.platforms[platform as usize]);
        let mut repositories = base.repositories.clone();
        repositories.sort_unstable();
        repositories.dedup();
        let peers = Peers {
            platform,
            repositories: repositories.into(),
            is_in_registry: base.is_in_registry(),
            role: base.role,
        };
        let peers = match self.peers_ids.get(&peers) {
            Some(id) => *id,
            None => {
                let id = PeersId(catalogue.peers.len() as u32);
                catalogue.peers.push(peers.clone());
                self.peers_ids.insert(peers, id);
                id
            }
        };
        catalogue.peers_of.push(peers);
        catalogue.content_of.push(content);
        catalogue.bases.push(base);
        id
    }

    /// The index of a platform.
    fn platform(&mut self, platform: &Platform) -> u32 {
        if let Some(&id) = self.platform_ids.get(platform) {
            return id;
        }
        let platforms = &mut self.catalogue.platforms;
        let id = platforms.len() as u32;
        let platform = Arc::new(platform.clone());
        platforms.push(Arc::clone(&platform));
        self.platform_ids.insert(platform, id);
        id
    }

    /// A platform that bases share.
    pub(super) fn shared_platform(&mut self, platform: &Platform) -> Arc<Platform> {
        let id = self.platform(platform);
        Arc::clone(&self.catalogue.platforms[id as usize])
    }

    /// Indexes a base by its digest and names.
    pub(super) fn index(&mut self, id: BaseId) {
        let Catalogue {
            bases,
            repositories,
            by_digest,
            ..
        } = &mut self.catalogue;
        let base = &bases[id.0 as usize];
        if let Some(digest) = base.digest {
            by_digest.insert(digest, id);
        }
        for (name, repository) in base.names.iter().zip(&base.repositories) {
            let node = &mut repositories[repository.0 as usize];
            if node.bases.last() != Some(&id) {
                node.bases.push(id);
            }
            let Some(tag) = &name.tag else { continue };
            if may_name_alpine(tag) && (!base.layers.is_empty() || base.includes.is_some()) {
                let parts = TagParts::parse(tag);
                if parts.alpine.is_some() {
                    node.alpine.push(parts, id);
                }
            }
            match node.tags.get_mut(tag.as_str()) {
                Some(known) => known.push(id),
                None => {
                    node.tags.insert(tag.as_str().into(), vec![id]);
                }
            }
        }
    }
}

fn platform(text: &str) -> Platform {
    let mut words = text.split('/').map(ToOwned::to_owned);
    Platform {
        os: words.next().unwrap_or_default(),
        architecture: words.next().unwrap_or_default(),
        variant: words.next(),
        os_version: None,
    }
}
