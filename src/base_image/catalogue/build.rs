use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Catalogue;
use super::base::{Base, BaseId, BaseLayer, Origin, RepositoryId, Role};
use super::file::{CatalogueError, File, Release, SHIPPED, layer};
use super::tag::TagParts;
use crate::base_image::{BaseName, ImageFacts, System};
use crate::oci::{Platform, RegistryName};

/// Builds a [`Catalogue`]: first from files, then from the images of registries.
#[derive(Debug, Default)]
pub struct CatalogueBuilder<'a> {
    pub(super) catalogue: Catalogue,
    images: Vec<(RegistryName, &'a ImageFacts)>,
    pub(super) first_steps: Vec<(BaseId, String)>,
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
            let system = System::parse(row.0.strip_suffix("-slim").unwrap_or(&row.0));
            let first = layer(name, &row.0, &row.3, row.4)?;
            self.catalogue.first_layers.insert(first.key, system.clone());
            self.catalogue.systems.insert_added_file(row.5, system.clone());
            let (repository, tag) = row.0.split_once(':').unwrap_or((&row.0, "latest"));
            let id = self.repository(repository);
            self.push(Base {
                names: vec![BaseName::new(repository, tag)],
                repositories: vec![id],
                platform: platform(&row.1),
                layers: vec![first],
                digest: None,
                bytes: first.bytes,
                includes: None,
                system: Some(system),
                variables: BTreeMap::new(),
                role: Role::System,
                created: Some(row.2),
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
        let system = release.system.as_deref().map(System::parse);
        let role = self.catalogue.repositories[id.0 as usize].role;
        if let (Role::System, Some(first), Some(system)) = (role, layers.first(), &system) {
            self.catalogue.first_layers.insert(first.key, system.clone());
        }
        let base = self.push(Base {
            names: vec![name],
            repositories: vec![id],
            platform: platform(&release.platform),
            layers,
            digest: None,
            bytes,
            includes: release.includes,
            system,
            variables: release.variables,
            role,
            created: release.created,
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
            self.images.push((registry.clone(), facts));
        }
        self
    }

    /// Judges on this day which releases of Alpine get security fixes. Without a day, support does not matter.
    pub fn on_day(&mut self, day: NaiveDate) -> &mut Self {
        self.catalogue.day = Some(day);
        self
    }

    /// Builds the catalogue.
    pub fn finish(mut self) -> Catalogue {
        let images = std::mem::take(&mut self.images);
        let files = self.catalogue.bases.len();
        for place in 0..files {
            self.index(BaseId(place as u32));
        }
        let mut grown = Vec::with_capacity(images.len());
        for (registry, facts) in &images {
            grown.push((self.grow(registry, facts), *facts));
        }
        self.count_users(&grown);
        self.learn_systems(&grown);
        self.name_precisely();
        self.index_steps(&grown);
        self.index_variables();
        self.learn_layers(&grown);
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

    pub(super) fn push(&mut self, base: Base) -> BaseId {
        let catalogue = &mut self.catalogue;
        let id = BaseId(catalogue.bases.len() as u32);
        let known = catalogue.platforms.iter().position(|own| *own == base.platform);
        let platform = known.unwrap_or_else(|| {
            catalogue.platforms.push(base.platform.clone());
            catalogue.platforms.len() - 1
        });
        catalogue.platform_of.push(platform as u32);
        catalogue.bases.push(base);
        catalogue.steps.push(Box::default());
        id
    }

    /// Indexes a base by its layers and names.
    pub(super) fn index(&mut self, id: BaseId) {
        let Catalogue {
            bases,
            repositories,
            by_layers,
            by_digest,
            by_name,
            ..
        } = &mut self.catalogue;
        let base = &bases[id.0 as usize];
        if !base.layers.is_empty() {
            by_layers.entry(base.layer_chain()).or_default().push(id);
        }
        if let Some(digest) = base.digest {
            by_digest.insert(digest, id);
        }
        for (name, repository) in base.names.iter().zip(&base.repositories) {
            let node = &mut repositories[repository.0 as usize];
            if node.bases.last() != Some(&id) {
                node.bases.push(id);
            }
            let Some(tag) = &name.tag else { continue };
            let parts = TagParts::parse(tag);
            if parts.alpine.is_some() && !base.layers.is_empty()
                || base.includes.is_some() && parts.alpine.is_some()
            {
                node.alpine.push((parts, id));
            }
            by_name.entry((*repository, tag.clone())).or_default().push(id);
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
