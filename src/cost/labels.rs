use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::oci::text::is_printable;
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};

/// Who owns a repository. Reports group by each of these, with a row for repositories that have none.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Labels {
    /// The team that is responsible for it; null where none is known.
    pub team: Option<String>,
    /// The cost centre that pays for it; null where none is known.
    pub cost_centre: Option<String>,
    /// The environment it runs in, such as production or test; null where none is known.
    pub environment: Option<String>,
}

impl Labels {
    /// These labels, with what they leave open taken from others.
    fn or(self, others: &Self) -> Self {
        Self {
            team: self.team.or_else(|| others.team.clone()),
            cost_centre: self.cost_centre.or_else(|| others.cost_centre.clone()),
            environment: self.environment.or_else(|| others.environment.clone()),
        }
    }
}

/// What the configuration says about the owners of some repositories.
#[derive(Debug, Clone)]
pub struct CostCentreRule {
    /// The repositories.
    pub repositories: RepositoryPatterns,
    /// Their labels; what is open here is left to later rules.
    pub labels: Labels,
}

/// Which label of an image fills which of ours, where no rule does; none fills any by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageLabelNames {
    /// The image label with the team.
    pub team: Option<String>,
    /// The image label with the cost centre.
    pub cost_centre: Option<String>,
    /// The image label with the environment.
    pub environment: Option<String>,
}

impl ImageLabelNames {
    /// The image labels that are needed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = [&self.team, &self.cost_centre, &self.environment];
        names.into_iter().filter_map(|name| name.as_deref())
    }
}

/// How repositories come by their labels.
#[derive(Debug, Clone, Default)]
pub struct CostCentres {
    /// The rules in their order; for each label the first that matches and has it counts.
    pub rules: Vec<CostCentreRule>,
    /// What fills what the rules leave open.
    pub image_labels: ImageLabelNames,
}

/// The longest value of an image's label that is used, in characters: anyone who can push an image writes labels. Our choice:
/// longer than any name of a team.
const LONGEST_VALUE: usize = 128;

impl CostCentres {
    /// The labels of a repository.
    ///
    /// `image_labels` are those of its images, as [`newest_labels`] gives them.
    pub fn labels_of(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        image_labels: &BTreeMap<String, String>,
    ) -> Labels {
        let from_image = |name: &Option<String>| sound_label_value(image_labels.get(name.as_deref()?)?);
        let ruled = self
            .rules
            .iter()
            .filter(|rule| rule.repositories.matches(registry, repository))
            .fold(Labels::default(), |labels, rule| labels.or(&rule.labels));
        ruled.or(&Labels {
            team: from_image(&self.image_labels.team),
            cost_centre: from_image(&self.image_labels.cost_centre),
            environment: from_image(&self.image_labels.environment),
        })
    }
}

/// The value of an image's label without the space around it; `None` if it is empty, too long, or has characters that act
/// instead of being shown: two owners must not look the same.
pub fn sound_label_value(value: &str) -> Option<String> {
    let value = value.trim();
    let is_sound = !value.is_empty() && value.chars().count() <= LONGEST_VALUE && is_printable(value);
    is_sound.then(|| value.to_owned())
}

/// The labels of a repository's images taken together: of each label the value that the image built last gives
/// it. Images that do not say when they were built come before all others, and of images built at one
/// moment the first given counts.
pub fn newest_labels<'a>(
    images: impl IntoIterator<Item = (Option<DateTime<Utc>>, &'a BTreeMap<String, String>)>,
) -> BTreeMap<String, String> {
    let mut newest: BTreeMap<&str, (Option<DateTime<Utc>>, &str)> = BTreeMap::new();
    for (built, labels) in images {
        for (name, value) in labels {
            let known = newest.entry(name).or_insert((built, value));
            if built > known.0 {
                *known = (built, value);
            }
        }
    }
    newest
        .into_iter()
        .map(|(name, (_, value))| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(pattern: &str, team: Option<&str>, cost_centre: Option<&str>) -> CostCentreRule {
        CostCentreRule {
            repositories: RepositoryPatterns::new([pattern]).unwrap(),
            labels: Labels {
                team: team.map(str::to_owned),
                cost_centre: cost_centre.map(str::to_owned),
                environment: None,
            },
        }
    }

    fn image_labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn the_first_rule_that_has_a_label_gives_it_and_images_give_the_rest() {
        let centres = CostCentres {
            rules: vec![
                rule("shop/checkout", Some("payments"), None),
                rule("shop/**", Some("shop"), Some("CC-12")),
            ],
            image_labels: ImageLabelNames {
                team: Some("com.example.team".to_owned()),
                environment: Some("com.example.environment".to_owned()),
                ..ImageLabelNames::default()
            },
        };
        let labels = |repository: &str, pairs: &[(&str, &str)]| {
            let registry = "reg.example.com".parse().unwrap();
            centres.labels_of(&registry, &repository.parse().unwrap(), &image_labels(pairs))
        };
        let said = [
            ("com.example.team", "other"),
            ("com.example.environment", " production "),
        ];
        assert_eq!(
            labels("shop/checkout", &said),
            Labels {
                team: Some("payments".to_owned()),
                cost_centre: Some("CC-12".to_owned()),
                environment: Some("production".to_owned()),
            }
        );
        assert_eq!(labels("data/etl", &said).team.as_deref(), Some("other"));
        assert_eq!(labels("data/etl", &[]), Labels::default());
        let hostile = "x".repeat(LONGEST_VALUE + 1);
        for value in ["  ", "a\nb", hostile.as_str()] {
            assert_eq!(labels("data/etl", &[("com.example.team", value)]).team, None);
        }
    }

    #[test]
    fn the_image_built_last_is_believed() {
        let day = |day: u32| Some(format!("2026-11-{day:02}T00:00:00Z").parse().unwrap());
        let (old, new, undated) = (
            image_labels(&[("team", "old"), ("stage", "test")]),
            image_labels(&[("team", "new")]),
            image_labels(&[("team", "undated"), ("owner", "me")]),
        );
        let labels = newest_labels([(None, &undated), (day(2), &new), (day(1), &old)]);
        assert_eq!(
            labels,
            image_labels(&[("owner", "me"), ("stage", "test"), ("team", "new")])
        );
    }
}
