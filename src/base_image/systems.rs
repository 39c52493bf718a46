use std::collections::HashMap;

use super::{BaseName, System, SystemInfo};

/// How many digits of a content hash identify a root file system that a step added. Our choice: 64 bits, with
/// which two of the few known hashes do not agree by chance.
pub(super) const HASH_DIGITS: usize = 16;

/// The operating systems that the catalogue knows.
#[derive(Debug, Default)]
pub(super) struct Systems {
    systems: Vec<SystemInfo>,
    /// The first sixteen digits behind `ADD file:` and the systems that were added.
    added_files: HashMap<String, System>,
}

impl Systems {
    /// Adds a system; one with the same name that was added before is replaced.
    pub fn insert(&mut self, system: SystemInfo) {
        self.systems.retain(|known| known.name != system.name);
        self.systems.push(system);
    }

    /// Adds the content hash of a system's root file system. Hashes of another length are ignored.
    pub fn insert_added_file(&mut self, hash: String, system: System) {
        if hash.len() == HASH_DIGITS {
            self.added_files.insert(hash, system);
        }
    }

    /// The system of this name.
    pub fn get(&self, name: &str) -> Option<&SystemInfo> {
        self.systems.iter().find(|system| system.name == name)
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
        let is_it = |image: &String| match image.strip_suffix('*') {
            Some(start) => repository.starts_with(start),
            None => image == repository,
        };
        // A name is better evidence than the beginning of one.
        let named = |system: &&SystemInfo| system.images.iter().any(|image| image == repository);
        let found = self.systems.iter().find(named);
        found.or_else(|| self.systems.iter().find(|system| system.images.iter().any(is_it)))
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
