use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::data_files::{UnreadableFile, files, text};
use super::reported_usage::ReportedUsageError;
use super::section::{Section, problem};
use super::values::whole;
use super::{CostPlanError, Settings};
use crate::base_image::AlpineRelease;
use crate::oci::{InvalidRepositoryPattern, RepositoryPattern};
use crate::report::AnalysisInputs;
use crate::whatif::{
    AlpineModel, Coverage, GlibcRules, ModelError, RuleError, Verdict, VerdictOverride, VerdictSettings,
};

/// `[alpine]`: what answers about Alpine rest on beside what comes with the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlpineSection {
    /// A model of sizes on Alpine in place of the shipped one, as `tare calibrate` writes it.
    pub model: Option<PathBuf>,
    /// Files of base images and Alpine variants in addition to the shipped ones, or folders of such files.
    pub catalogue: Vec<PathBuf>,
    /// Files of rules about what needs glibc, beside the shipped ones.
    pub bound_rules: Vec<PathBuf>,
    /// The release of Alpine that images are to move to, such as `3.22`; the newest that is known where there is none.
    pub release: Option<AlpineRelease>,
    /// In how many of 100 repositories the truth lies within an interval: 80 or 90.
    pub coverage: ShownCoverage,
    /// How many percent of an image must be expected to go before it is told to switch.
    #[serde(deserialize_with = "whole::<0, 100, _, _>")]
    pub minimum_saving_percent: u8,
}

/// How sure intervals are, as a number in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct ShownCoverage(Coverage);

impl TryFrom<i64> for ShownCoverage {
    type Error = &'static str;

    fn try_from(percent: i64) -> Result<Self, &'static str> {
        match percent {
            80 => Ok(Self(Coverage::Eighty)),
            90 => Ok(Self(Coverage::Ninety)),
            _ => Err("expected 80 or 90"),
        }
    }
}

impl From<ShownCoverage> for i64 {
    fn from(coverage: ShownCoverage) -> Self {
        match coverage.0 {
            Coverage::Eighty => 80,
            Coverage::Ninety => 90,
        }
    }
}

impl Default for AlpineSection {
    fn default() -> Self {
        let verdicts = VerdictSettings::default();
        Self {
            model: None,
            catalogue: Vec::new(),
            bound_rules: Vec::new(),
            release: verdicts.alpine_release,
            coverage: ShownCoverage(verdicts.coverage),
            minimum_saving_percent: verdicts.minimum_saving_percent,
        }
    }
}

impl Section for AlpineSection {
    const NAME: &'static str = "alpine";
}

/// `[[verdict]]`: what the operator has decided for some repositories.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictSection {
    /// The repositories, by name or glob.
    pub repositories: Vec<String>,
    /// What to do with them.
    pub verdict: Verdict,
    /// Why.
    #[serde(default)]
    pub reason: Option<String>,
}

impl Section for VerdictSection {
    const NAME: &'static str = "verdict";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([
            ("repositories".to_owned(), Value::Array(Vec::new())),
            ("verdict".to_owned(), Value::from(Verdict::Switch.as_str())),
        ])
    }

    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        Vec::from_iter(problem("repositories", self.overrides()))
    }
}

impl VerdictSection {
    /// The decision for each of its patterns.
    ///
    /// # Errors
    /// If a pattern cannot be read.
    pub(super) fn overrides(&self) -> Result<Vec<VerdictOverride>, InvalidRepositoryPattern> {
        let patterns = self.repositories.iter();
        patterns
            .map(|pattern| {
                let repositories = RepositoryPattern::new(pattern)?;
                Ok(VerdictOverride::new(
                    repositories,
                    self.verdict,
                    self.reason.clone(),
                ))
            })
            .collect()
    }
}

/// A file of `[alpine]` that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisSettingsError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableFile),
    /// It is no model.
    #[error("{}: {source}", file.display())]
    Model {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: ModelError,
    },
    /// One of the files of rules is none.
    #[error("alpine.bound_rules: {0}")]
    Rules(#[from] RuleError),
    /// A pattern of repositories cannot be read.
    #[error("verdict.repositories: {0}")]
    Pattern(InvalidRepositoryPattern),
    /// Settings about costs cannot be used.
    #[error(transparent)]
    Costs(#[from] CostPlanError),
    /// What a registry reports about its own size cannot be used.
    #[error(transparent)]
    ReportedUsage(#[from] ReportedUsageError),
}

impl Settings {
    /// What answers about Alpine and about costs rest on: the shipped data with the files of `[alpine]` and of
    /// `[prices]`.
    ///
    /// # Errors
    /// If a file cannot be read, or is not what it should be.
    pub fn analysis_inputs(&self) -> Result<AnalysisInputs, AnalysisSettingsError> {
        let alpine = &self.alpine;
        let model = match &alpine.model {
            None => AlpineModel::shipped(),
            Some(file) => {
                AlpineModel::parse(&text(file)?).map_err(|source| AnalysisSettingsError::Model {
                    file: file.clone(),
                    source,
                })?
            }
        };
        let rules: Vec<String> = alpine
            .bound_rules
            .iter()
            .map(|file| text(file))
            .collect::<Result<_, _>>()?;
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let mut overrides = Vec::new();
        for decision in &self.verdicts {
            overrides.extend(decision.overrides().map_err(AnalysisSettingsError::Pattern)?);
        }
        let mut catalogue_files = Vec::new();
        for path in &alpine.catalogue {
            for file in files(path)? {
                catalogue_files.push((file.display().to_string(), text(&file)?));
            }
        }
        let mut reported_usage = BTreeMap::new();
        for section in &self.registries {
            if let Some(own) = section.own_figure(&self.crawl)? {
                reported_usage.insert(section.url.registry().clone(), own);
            }
        }
        Ok(AnalysisInputs {
            reported_usage,
            model,
            rules: GlibcRules::extended(&rules)?,
            verdicts: VerdictSettings {
                coverage: alpine.coverage.0,
                minimum_saving_percent: alpine.minimum_saving_percent,
                alpine_release: alpine.release,
                overrides,
            },
            catalogue_files,
            costs: self.cost_plan()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::Environment;

    fn settings(folder: &Path, text: &str) -> Settings {
        let file = folder.join("tare.toml");
        fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).unwrap();
        Settings::load(Some(&file), &Environment::default(), &[]).unwrap()
    }

    #[test]
    fn files_of_the_operator_add_to_what_is_shipped() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bases")).unwrap();
        fs::write(
            folder.path().join("bases/own.toml"),
            "[[image]]\nname = \"team/runtime\"\nrole = \"runtime\"\n",
        )
        .unwrap();
        fs::write(folder.path().join("bases/notes.md"), "not a catalogue").unwrap();
        fs::write(
            folder.path().join("rules.toml"),
            "[[rule]]\nname = \"own\"\neffect = \"blocks\"\nreason = \"ours\"\nwords = [\"*ourlib*\"]\n",
        )
        .unwrap();
        let settings = settings(
            folder.path(),
            "[alpine]\ncatalogue = [\"FOLDER/bases\"]\nbound_rules = [\"FOLDER/rules.toml\"]\ncoverage = 80\n\
             [[verdict]]\nrepositories = [\"team-a/*\", \"web\"]\nverdict = \"blocked\"\nreason = \"not now\"\n",
        );
        let inputs = settings.analysis_inputs().unwrap();
        assert_eq!(inputs.catalogue_files.len(), 1);
        assert!(
            inputs
                .catalogue(&[])
                .unwrap()
                .repository("team/runtime")
                .is_some()
        );
        assert!(inputs.rules.names().any(|name| name == "own"));
        assert!(inputs.rules.names().count() > 1);
        assert_eq!(inputs.verdicts.coverage, Coverage::Eighty);
        let decision = &inputs.verdicts.overrides[0];
        let matches = |name: &str| decision.matches(&name.parse().unwrap());
        assert!(matches("team-a/api") && !matches("team-a/x/api") && !matches("web"));
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "[alpine]\nmodel = \"FOLDER/none.toml\"\n",
            "[alpine]\ncatalogue = [\"FOLDER/none.toml\"]\n",
            "[alpine]\nbound_rules = [\"FOLDER/none.toml\"]\n",
        ] {
            let error = settings(folder.path(), text)
                .analysis_inputs()
                .unwrap_err()
                .to_string();
            assert!(error.contains("none.toml"), "{error}");
        }
    }
}
