use std::collections::HashMap;

use super::{BaseName, System, SystemInfo};

/// How many digits of a content hash identify a root file system that a step added. Our choice: 64 bits, with
/// which two of the few known hashes do not agree by chance.
pub(super) const HASH_DIGITS: usize = 16;

/// The operating systems that the catalogue knows.
#[derive(Debug, Default)]
pub(super) struct Systems {
    systems: Vec<SystemInfo>,
    /// The place of each system by its name, and by its images' repositories.
    by_name: HashMap<String, usize>,
    by_image: HashMap<String, usize>,
    /// What the names of other repositories begin with, and the place of the system.
    by_start: Vec<(String, usize)>,
    /// The first sixteen digits behind `ADD file:` and the systems that were added.
    added_files: HashMap<String, System>,
}

impl Systems {
    /// Adds a system; one with the same name that was added before is replaced.
    pub fn insert(&mut self, system: SystemInfo) {
        self.systems.retain(|known| known.name != system.name);
        self.systems.push(system);
        self.by_name.clear();
        self.by_image.clear();
        self.by_start.clear();
        for (place, system) in self.systems.iter().enumerate() {
            self.by_name.insert(system.name.clone(), place);
            for image in &system.images {
                match image.strip_suffix('*') {
                    Some(start) => self.by_start.push((start.to_owned(), place)),
                    None => {
                        self.by_image.entry(image.clone()).or_insert(place);
                    }
                }
            }
        }
    }

    /// Adds the content hash of a system's root file system. Hashes of another length are ignored.
    pub fn insert_added_file(&mut self, hash: String, system: System) {
        if hash.len() == HASH_DIGITS {
            self.added_files.insert(hash, system);
        }
    }

    /// The system of this name.
    pub fn get(&self, name: &str) -> Option<&SystemInfo> {
        Some(&self.systems[*self.by_name.get(name)?])
    }

    /// A system with the release as its own tags name it. An unknown system keeps the release unchanged.
    pub fn release(&self, name: &str, word: &str) -> System {
        match self.get(name) {
            Some(info) => info.release(word),
            None => System::released(name, word),
        }
    }

    /// The system whose own images are in this repository.
    pub fn with_image(&self, repository: &str) -> Option<&SystemInfo> {
        // A name is better evidence than the beginning of one.
        let beginning = || {
            let mut starts = self.by_start.iter();
            Some(starts.find(|(start, _)| repository.starts_with(start))?.1)
        };
        let place = self.by_image.get(repository).copied().or_else(beginning)?;
        Some(&self.systems[place])
    }

    /// The system of an image by its name, if the image is a system's own.
    pub fn of_image(&self, name: &BaseName) -> Option<System> {
        let system = self.with_image(&name.repository)?;
        Some(match &name.tag {
            Some(tag) => system.release_of_tag(tag),
            None => System::named(&system.name),
        })
    }

    /// The system whose root file system has this content hash.
    pub fn with_added_file(&self, hash: &str) -> Option<&System> {
        self.added_files.get(hash.get(..HASH_DIGITS)?)
    }
}
