//! The factor table: how large a layer of today is on Alpine, by what its step does, and how sure that is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::class::EvidenceClass;

/// The table that comes with the program.
const SHIPPED: &str = include_str!("../../config/alpine-model.toml");

/// The form of the file that this program reads and writes.
const FORMAT: u32 = 1;

/// A table of factors with where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlpineModel {
    /// The form of the file.
    format: u32,
    /// What it was fitted on.
    pub provenance: Provenance,
    /// What images on Alpine need in addition, by what they stand on.
    pub addition: Additions,
    /// How uncertain a twin's own size is.
    pub twin: TwinUncertainty,
    /// By kind of step. A kind that is not there counts as its nearest more general one
    /// (`packages_yum_jdk` as `packages_yum`, then `packages`), and at last as `unknown`.
    pub kinds: BTreeMap<String, KindFactor>,
    /// What differs above a runtime's twin, where only the application is left to be judged.
    #[serde(default)]
    pub above_runtime: BTreeMap<String, KindFactor>,
    /// By class of evidence: how many spreads make an interval.
    pub scale: Scales,
}

/// What a model was fitted on, and how good it was on repositories it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// On what, in words.
    pub fitted_on: String,
    /// The day.
    pub fitted_at: String,
    /// How many pairs of images.
    pub pairs: usize,
    /// In how many repositories.
    pub repositories: usize,
    /// Errors and coverage, by class of evidence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, Measured>,
    /// Anything a reader should know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Errors and coverage of one class of evidence, in percent: medians over repositories, leaving each
/// repository out of the fit that judges it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// How many repositories.
    pub repositories: usize,
    /// The error of the size on Alpine.
    pub error_percent: f64,
    /// The error of the saved share of today's size, in percentage points.
    pub share_error_points: f64,
    /// Repositories within their 80 % intervals.
    pub covered_by_eighty_percent: f64,
    /// Repositories within their 90 % intervals.
    pub covered_by_ninety_percent: f64,
}

/// A number of bytes added, and by how many it is typically off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// The bytes.
    pub bytes: u64,
    /// How far off they typically are, in bytes.
    pub spread: u64,
}

/// What images on Alpine need in addition.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Additions {
    /// Above a runtime's twin.
    pub runtime: Addition,
    /// Above a bare Alpine.
    pub system: Addition,
}

/// How uncertain a twin's own size is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinUncertainty {
    /// As a fraction of its bytes.
    pub spread: f64,
}

/// What becomes of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindFactor {
    /// Its bytes on Alpine as a multiple of its bytes today.
    pub factor: f64,
    /// How far off that typically is, as a fraction of its bytes today.
    pub spread: f64,
    /// In how many repositories the kind was seen when the factor was fitted.
    #[serde(default)]
    pub repositories: usize,
}

/// How many spreads make an interval that covers 80 or 90 of 100 repositories.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// For 80 of 100.
    pub eighty: f64,
    /// For 90 of 100.
    pub ninety: f64,
}

/// The scale of each class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// Runtime twin, content above.
    pub a: Scale,
    /// Runtime twin, packages or compiled programs above.
    pub b: Scale,
    /// Only the operating system is known.
    pub c: Scale,
    /// From scratch.
    pub d: Scale,
}

/// How often an interval is to contain the truth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// In 80 of 100 repositories.
    Eighty,
    /// In 90 of 100 repositories.
    #[default]
    Ninety,
}

/// A file that is not a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not TOML, or a field of the wrong form.
    #[error("not a model of sizes on Alpine: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Of another version of the program.
    #[error("a model of form {found}; this program reads form {FORMAT}")]
    Format {
        /// The form it says.
        found: u32,
    },
    /// A number that cannot be meant.
    #[error("{0}: factors, spreads and scales must be numbers from 0 to 100")]
    Number(String),
    /// The kind that all unknown kinds count as is missing.
    #[error("the kind `unknown` is missing")]
    NoFallback,
}

impl AlpineModel {
    /// The model that comes with the program.
    ///
    /// # Panics
    /// Never: a test reads the shipped file.
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).expect("the shipped model is checked by a test")
    }

    /// Reads a model.
    ///
    /// # Errors
    /// Where the text is not a model, or a number in it cannot be meant.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let model: Self = toml::from_str(text)?;
        if model.format != FORMAT {
            return Err(ModelError::Format { found: model.format });
        }
        let factors = model.kinds.iter().chain(&model.above_runtime);
        let mut numbers: Vec<(&str, f64)> = factors
            .flat_map(|(kind, value)| [(kind.as_str(), value.factor), (kind, value.spread)])
            .collect();
        numbers.push(("twin", model.twin.spread));
        for &class in EvidenceClass::VARIANTS {
            let scale = model.scale_of(class);
            numbers.extend([("scale", scale.eighty), ("scale", scale.ninety)]);
        }
        if let Some((name, _)) = numbers.iter().find(|(_, number)| !(0.0..=100.0).contains(number)) {
            return Err(ModelError::Number((*name).to_owned()));
        }
        if !model.kinds.contains_key("unknown") {
            return Err(ModelError::NoFallback);
        }
        Ok(model)
    }

    /// The model as the text of a file.
    ///
    /// # Panics
    /// Never: every part of a model can be written as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a model has only tables, numbers and texts")
    }

    /// The name under which the table holds a kind of step: its own, or that of the nearest more general
    /// kind.
    pub fn entry_of<'k>(&self, kind: &'k str) -> &'k str {
        let mut name = kind;
        while !self.kinds.contains_key(name) {
            match name.rsplit_once('_') {
                Some((general, _)) => name = general,
                None => return "unknown",
            }
        }
        name
    }

    /// What becomes of a layer whose step is of this kind, above a runtime's twin or a bare system.
    pub fn factor(&self, kind: &str, above_runtime: bool) -> KindFactor {
        let entry = self.entry_of(kind);
        let special = self.above_runtime.get(entry).filter(|_| above_runtime);
        *special
            .or_else(|| self.kinds.get(entry))
            .unwrap_or_else(|| &self.kinds["unknown"])
    }

    /// The scale of a class.
    pub fn scale_of(&self, class: EvidenceClass) -> Scale {
        match class {
            EvidenceClass::A => self.scale.a,
            EvidenceClass::B => self.scale.b,
            EvidenceClass::C => self.scale.c,
            EvidenceClass::D => self.scale.d,
        }
    }

    /// Sets the scale of a class.
    pub(super) fn set_scale(&mut self, class: EvidenceClass, scale: Scale) {
        match class {
            EvidenceClass::A => self.scale.a = scale,
            EvidenceClass::B => self.scale.b = scale,
            EvidenceClass::C => self.scale.c = scale,
            EvidenceClass::D => self.scale.d = scale,
        }
    }
}

impl Scale {
    /// The scale for a coverage.
    pub fn of(self, coverage: Coverage) -> f64 {
        match coverage {
            Coverage::Eighty => self.eighty,
            Coverage::Ninety => self.ninety,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_model_survives_being_written() {
        let model = AlpineModel::shipped();
        assert_eq!(AlpineModel::parse(&model.to_toml()).unwrap(), model);
    }

    #[test]
    fn a_kind_that_is_missing_counts_as_a_more_general_one() {
        let model = AlpineModel::shipped();
        assert_eq!(model.entry_of("packages_apt_tools"), "packages_apt_tools");
        assert_eq!(model.entry_of("packages_pacman_jdk"), "packages");
        assert_eq!(model.entry_of("incantation"), "unknown");
        assert!(model.factor("unknown", true).factor > model.factor("unknown", false).factor);
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        let shipped = AlpineModel::shipped().to_toml();
        let negative = shipped.replacen("factor = 1.0", "factor = -1.0", 1);
        assert!(matches!(
            AlpineModel::parse(&negative),
            Err(ModelError::Number(_))
        ));
        let newer = shipped.replacen("format = 1", "format = 2", 1);
        assert!(matches!(
            AlpineModel::parse(&newer),
            Err(ModelError::Format { found: 2 })
        ));
    }
}
