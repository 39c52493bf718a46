use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::EventKey;

/// What an event says has happened. Pulls are not among these: they are counted at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventAction {
    /// A manifest was pushed, or a tag was set.
    Push,
    /// A manifest, a tag or a repository was deleted.
    Delete,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventSubject {
    /// A tag.
    Tag(Tag),
    /// A manifest without a tag.
    Manifest(Digest),
    /// A whole repository.
    Repository,
}

impl EventSubject {
    /// The subject as it is stored: a tag, a digest, or nothing for a whole repository. No tag has the form of a digest.
    pub fn reference(&self) -> String {
        match self {
            Self::Tag(tag) => tag.to_string(),
            Self::Manifest(digest) => digest.to_string(),
            Self::Repository => String::new(),
        }
    }

    /// The subject with this reference; `None` if it is no reference.
    pub fn from_reference(reference: &str) -> Option<Self> {
        if reference.is_empty() {
            return Some(Self::Repository);
        }
        let digest = reference.parse().ok().map(Self::Manifest);
        digest.or_else(|| reference.parse().ok().map(Self::Tag))
    }
}

/// A change of a registry's content, as an event tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryEvent {
    /// What has happened.
    pub action: EventAction,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag or manifest.
    pub subject: EventSubject,
    /// Identifies the event if it is sent twice; `None` if the vendor sends nothing that would.
    pub key: Option<EventKey>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_is_stored() {
        let digest = Digest::sha256_of(b"x");
        for subject in [
            EventSubject::Tag("1.0".parse().unwrap()),
            EventSubject::Manifest(digest),
            EventSubject::Repository,
        ] {
            assert_eq!(EventSubject::from_reference(&subject.reference()), Some(subject));
        }
        assert_eq!(EventSubject::from_reference("not a tag"), None);
    }
}
