use std::fmt;
use std::str::FromStr;

use crate::cost::Labels;
use crate::oci::{RegistryName, RepositoryName};

/// The key of costs that belong to no group: of repositories without the label, and of the part of a bill that is not
/// allocated to a repository.
pub const UNASSIGNED: &str = "__unassigned__";

/// The maximum length of an image label's name. Our choice: that of the API's filters.
const LONGEST_LABEL: usize = 255;

/// What costs are grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    /// The registry.
    Registry,
    /// The repository.
    Repository,
    /// The team.
    Team,
    /// The cost centre.
    CostCentre,
    /// The environment.
    Environment,
    /// A label of the repository's newest image.
    Label(String),
}

/// A text that names no group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected one or more of registry, repository, team, cost_centre, environment and label:NAME, separated by commas, each \
     once"
)]
pub struct UnknownAggregate;

impl Aggregate {
    /// Whether it is a label of images.
    pub fn is_label(&self) -> bool {
        matches!(self, Self::Label(_))
    }

    /// Reads a list such as `cost_centre,label:team`. `label:team`, `label:cost_centre` and `label:environment` are the
    /// labels of the same names; other labels are those of images.
    ///
    /// # Errors
    /// If a part is none of the groups, or occurs twice.
    pub fn list(text: &str) -> Result<Vec<Self>, UnknownAggregate> {
        let mut list = Vec::new();
        for part in text.split(',') {
            let part: Self = part.trim().parse()?;
            if list.contains(&part) {
                return Err(UnknownAggregate);
            }
            list.push(part);
        }
        Ok(list)
    }

    /// The group of a repository, or of the part of a bill that is not allocated to one.
    pub(in crate::report) fn key(
        &self,
        registry: &RegistryName,
        repository: Option<(&RepositoryName, &Labels)>,
        image_label: impl FnOnce(&RepositoryName, &str) -> Option<String>,
    ) -> String {
        let label = |choose: fn(&Labels) -> &Option<String>| {
            repository.and_then(|(_, labels)| choose(labels).clone())
        };
        let key = match self {
            Self::Registry => Some(registry.to_string()),
            Self::Repository => repository.map(|(name, _)| name.to_string()),
            Self::Team => label(|labels| &labels.team),
            Self::CostCentre => label(|labels| &labels.cost_centre),
            Self::Environment => label(|labels| &labels.environment),
            Self::Label(label) => repository.and_then(|(name, _)| image_label(name, label)),
        };
        key.unwrap_or_else(|| UNASSIGNED.to_owned())
    }
}

impl FromStr for Aggregate {
    type Err = UnknownAggregate;

    fn from_str(text: &str) -> Result<Self, UnknownAggregate> {
        let (text, is_label) = match text.strip_prefix("label:") {
            Some(label) => (label, true),
            None => (text, false),
        };
        Ok(match text {
            "registry" if !is_label => Self::Registry,
            "repository" if !is_label => Self::Repository,
            "team" => Self::Team,
            "cost_centre" => Self::CostCentre,
            "environment" => Self::Environment,
            _ if is_label && (1..=LONGEST_LABEL).contains(&text.len()) => Self::Label(text.to_owned()),
            _ => return Err(UnknownAggregate),
        })
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry => formatter.write_str("registry"),
            Self::Repository => formatter.write_str("repository"),
            Self::Team => formatter.write_str("team"),
            Self::CostCentre => formatter.write_str("cost_centre"),
            Self::Environment => formatter.write_str("environment"),
            Self::Label(label) => write!(formatter, "label:{label}"),
        }
    }
}
