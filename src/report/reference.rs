//! References to images as people write them, and what they mean in the crawled registries.

use std::fmt;

use super::content::RegistryContent;
use crate::base_image::ImageFacts;
use crate::oci::text::excerpt;
use crate::oci::{PlatformFilter, RepositoryName, Tag};
use crate::wording;

/// How many similar names a message gives. Our choice: they fit into one line.
const NEAR_NAMES: usize = 5;

/// An image that a reference means, by places.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The registry.
    pub content: &'a RegistryContent,
    /// The repository that the reference names.
    pub repository: &'a RepositoryName,
    /// The tag that it names; `None` if it names a digest.
    pub tag: Option<&'a Tag>,
    /// The image.
    pub image: &'a ImageFacts,
}

/// A reference that does not mean one image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnclearReference {
    /// Nothing has this name.
    #[error("nothing that has been crawled is called {reference}{}", near(.nearest))]
    Unknown {
        /// What was asked for.
        reference: String,
        /// Names that are near, nearest first.
        nearest: Vec<String>,
    },
    /// It is there, and is no image that runs.
    #[error(
        "{reference} is a chart, a signature or another artifact, and not an image; or its manifest was not read"
    )]
    NotAnImage {
        /// What was asked for.
        reference: String,
    },
    /// Several registries have it.
    #[error("{reference} is in several registries: name one of {}", .choices.join(", "))]
    Ambiguous {
        /// What was asked for.
        reference: String,
        /// The same with each registry in front.
        choices: Vec<String>,
    },
    /// The image is not there for the platform.
    #[error("{reference} is not there for {platform}; it is for {}", .platforms.join(", "))]
    Platform {
        /// What was asked for.
        reference: String,
        /// The platform.
        platform: String,
        /// The platforms that it is for.
        platforms: Vec<String>,
    },
}

impl UnclearReference {
    /// The error for a reference to something that is not an image.
    pub fn not_an_image(reference: &str) -> Self {
        Self::NotAnImage {
            reference: excerpt(reference),
        }
    }
}

fn near(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        several => format!("; did you mean one of {}?", several.join(", ")),
    }
}

/// Finds the image that a text means: `[registry/]repository[:tag]` or `[registry/]repository@digest`.
///
/// Without a tag it is `latest`; without a platform `linux/amd64` where the image is there for it, else
/// the first that it is for.
///
/// # Errors
/// If nothing has this name, or things in several registries have it.
pub fn find<'a>(
    registries: &'a [RegistryContent],
    text: &str,
    platform: Option<&PlatformFilter>,
) -> Result<Found<'a>, UnclearReference> {
    let text = text.trim();
    let text = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text);
    let mut meant: Vec<(Found<'a>, String)> = Vec::new();
    for content in registries {
        let registry = content.source.registry.as_str();
        let path = text
            .strip_prefix(registry)
            .and_then(|rest| rest.strip_prefix('/'));
        let query = ImageQuery::parse(path.unwrap_or(text));
        for image in &content.images {
            if let Some((repository, tag)) = query.name_of(image) {
                let found = Found {
                    content,
                    repository,
                    tag: query.digest.is_none().then_some(tag),
                    image,
                };
                meant.push((found, format!("{registry}/{query}")));
            }
        }
    }
    let Some((first, _)) = meant.first() else {
        if registries.iter().any(|content| holds_tag(content, text)) {
            return Err(UnclearReference::not_an_image(text));
        }
        return Err(UnclearReference::Unknown {
            reference: excerpt(text),
            nearest: nearest(registries, text),
        });
    };
    let registry = &first.content.source.registry;
    if meant
        .iter()
        .any(|(other, _)| other.content.source.registry != *registry)
    {
        let mut choices: Vec<String> = meant.into_iter().map(|(_, choice)| choice).collect();
        choices.dedup();
        return Err(UnclearReference::Ambiguous {
            reference: excerpt(text),
            choices,
        });
    }
    meant.sort_by_key(|(found, _)| {
        let platform = found.image.platform.to_string();
        (platform != "linux/amd64", platform)
    });
    let fits = |found: &Found<'_>| platform.is_none_or(|platform| platform.matches(&found.image.platform));
    match meant.iter().find(|(found, _)| fits(found)) {
        Some(&(found, _)) => Ok(found),
        None => Err(UnclearReference::Platform {
            reference: excerpt(text),
            platform: platform.map(ToString::to_string).unwrap_or_default(),
            platforms: meant
                .iter()
                .map(|(found, _)| found.image.platform.to_string())
                .collect(),
        }),
    }
}

/// A reference without its registry.
struct ImageQuery<'t> {
    repository: &'t str,
    tag: &'t str,
    digest: Option<&'t str>,
}

impl<'t> ImageQuery<'t> {
    fn parse(text: &'t str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to a registry's port.
        let at = name.rfind(':').filter(|&at| !name[at..].contains('/'));
        let (repository, tag) = match at {
            Some(at) => (&name[..at], &name[at + 1..]),
            None => (name, "latest"),
        };
        Self {
            repository,
            tag,
            digest,
        }
    }

    /// The name of an image that is meant.
    fn name_of<'a>(&self, image: &'a ImageFacts) -> Option<&'a (RepositoryName, Tag)> {
        let is_named = |repository: &RepositoryName, tag: &Tag| {
            repository.as_str() == self.repository
                && match self.digest {
                    // The beginning of a digest will do, as elsewhere.
                    Some(digest) => {
                        digest.len() >= "sha256:".len() + 6 && image.digest.to_string().starts_with(digest)
                    }
                    None => tag.as_str() == self.tag,
                }
        };
        image
            .names
            .iter()
            .find(|(repository, tag)| is_named(repository, tag))
    }
}

impl fmt::Display for ImageQuery<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digest {
            Some(digest) => write!(formatter, "{}@{digest}", self.repository),
            None => write!(formatter, "{}:{}", self.repository, self.tag),
        }
    }
}

/// Whether a registry has a tag of this name, whatever it points to.
fn holds_tag(content: &RegistryContent, text: &str) -> bool {
    let registry = content.source.registry.as_str();
    let path = text
        .strip_prefix(registry)
        .and_then(|rest| rest.strip_prefix('/'));
    let query = ImageQuery::parse(path.unwrap_or(text));
    content
        .inventory
        .repositories
        .iter()
        .filter(|repository| repository.name.as_str() == query.repository)
        .flat_map(|repository| &repository.tags)
        .any(|tag| tag.tag.as_str() == query.tag)
}

/// The names that are near: those of repositories that end with what was asked for, then those spelt almost like it.
fn nearest(registries: &[RegistryContent], text: &str) -> Vec<String> {
    let query = ImageQuery::parse(text);
    let mut names: Vec<(usize, usize, String)> = Vec::new();
    for content in registries {
        for (repository, tag) in content.images.iter().flat_map(|image| &image.names) {
            // A name without a folder is compared with the last part of names that have one.
            let path = repository.as_str();
            let comparable = if query.repository.contains('/') {
                path
            } else {
                path.rsplit('/').next().unwrap_or(path)
            };
            if let Some(distance) = wording::distance(query.repository, comparable) {
                let other_tag = strsim::damerau_levenshtein(query.tag, tag.as_ref());
                names.push((distance, other_tag, format!("{repository}:{tag}")));
            }
        }
    }
    names.sort();
    names.dedup();
    names
        .into_iter()
        .take(NEAR_NAMES)
        .map(|(.., name)| name)
        .collect()
}
