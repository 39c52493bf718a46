use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Settings;
use super::section::{Section, problem};
use crate::cost::{CostCentreRule, CostCentres, Labels};
use crate::oci::{InvalidRepositoryPatterns, RepositoryPatterns};

/// `[[cost_centre]]`: the owner of some repositories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostCentreSection {
    /// The repositories, by name or glob, with or without their registry in front.
    pub repositories: Vec<String>,
    /// The team that answers for them.
    #[serde(default)]
    pub team: Option<String>,
    /// Who pays for them.
    #[serde(default)]
    pub cost_centre: Option<String>,
    /// What they run for.
    #[serde(default)]
    pub environment: Option<String>,
}

impl Section for CostCentreSection {
    const NAME: &'static str = "cost_centre";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([("repositories".to_owned(), Value::Array(Vec::new()))])
    }

    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        Vec::from_iter(problem("repositories", self.rule()))
    }
}

impl CostCentreSection {
    /// The rule that the section is.
    ///
    /// # Errors
    /// If a pattern cannot be read or there is none.
    pub(super) fn rule(&self) -> Result<CostCentreRule, InvalidRepositoryPatterns> {
        Ok(CostCentreRule {
            repositories: RepositoryPatterns::new(&self.repositories)?,
            labels: Labels {
                team: self.team.clone(),
                cost_centre: self.cost_centre.clone(),
                environment: self.environment.clone(),
            },
        })
    }
}

impl Settings {
    /// How repositories come by the labels of their owners.
    ///
    /// # Errors
    /// Never for loaded settings: their patterns have been checked.
    pub fn cost_centres(&self) -> Result<CostCentres, InvalidRepositoryPatterns> {
        Ok(CostCentres {
            rules: self
                .cost_centres
                .iter()
                .map(CostCentreSection::rule)
                .collect::<Result<_, _>>()?,
            image_labels: self.crawl.image_labels(),
        })
    }
}
