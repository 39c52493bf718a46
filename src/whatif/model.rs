//! The factor table: how large a current layer is on Alpine, by the kind of its step, and how certain that is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::class::EvidenceClass;

/// The shipped model.
const SHIPPED: &str = include_str!("../../config/alpine-model.toml");

/// The file format that this program reads and writes.
const FORMAT: u32 = 1;

/// The factor table and its provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlpineModel {
    /// The file format.
    format: u32,
    /// What it was fitted on.
    pub provenance: Provenance,
    /// What images on Alpine need in addition.
    pub addition: Additions,
    /// How uncertain the size of an Alpine variant is.
    pub twin: TwinUncertainty,
    /// The factors by kind of step. A missing kind counts as the nearest more general one (`packages_yum_jdk` as
    /// `packages_yum`, then `packages`), and finally as `unknown`.
    pub kinds: BTreeMap<String, KindFactor>,
    /// Factors that differ above a runtime's Alpine variant, where only the application remains.
    #[serde(default)]
    pub above_runtime: BTreeMap<String, KindFactor>,
    /// By evidence class: how many typical errors make an interval.
    pub scale: Scales,
}

/// What a model was fitted on, and its accuracy on repositories it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// A description of the data.
    pub fitted_on: String,
    /// The day of the fit.
    pub fitted_at: String,
    /// The number of image pairs.
    pub pairs: usize,
    /// The number of repositories.
    pub repositories: usize,
    /// Errors and coverage, by evidence class.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, Measured>,
    /// A note for readers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Errors and coverage of an evidence class, in percent: medians over repositories, each repository left out of the fit
/// that predicts it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The number of repositories.
    pub repositories: usize,
    /// The error of the size on Alpine.
    pub error_percent: f64,
    /// The error of the saved share of the current size, in percentage points.
    pub share_error_points: f64,
    /// Repositories within their 80 % intervals.
    pub covered_by_eighty_percent: f64,
    /// Repositories within their 90 % intervals.
    pub covered_by_ninety_percent: f64,
}

/// A number of additional bytes, and its typical error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// The bytes.
    pub bytes: u64,
    /// The typical error, in bytes.
    pub spread: u64,
}

/// What images on Alpine need in addition.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Additions {
    /// Above a runtime's Alpine variant.
    pub runtime: Addition,
    /// Above bare Alpine.
    pub system: Addition,
}

/// How uncertain the size of an Alpine variant is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwinUncertainty {
    /// The typical error, as a fraction of its bytes.
    pub spread: f64,
}

/// The factor for a kind of layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindFactor {
    /// Its bytes on Alpine as a multiple of its current bytes.
    pub factor: f64,
    /// The typical error, as a fraction of its current bytes.
    pub spread: f64,
    /// The number of repositories with this kind when the factor was fitted.
    #[serde(default)]
    pub repositories: usize,
}

/// How many typical errors make an interval that covers 80 or 90 of 100 repositories.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// For 80 of 100.
    pub eighty: f64,
    /// For 90 of 100.
    pub ninety: f64,
}

/// The scale of each evidence class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scales {
    /// Known runtime, content above it.
    pub a: Scale,
    /// Known runtime, packages or compiled programs above it.
    pub b: Scale,
    /// Only the operating system is known.
    pub c: Scale,
    /// From scratch.
    pub d: Scale,
}

/// How often an interval should contain the actual value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Coverage {
    /// In 80 of 100 repositories.
    Eighty,
    /// In 90 of 100 repositories.
    #[default]
    Ninety,
}

/// A file is not a valid model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// Not TOML, or a field of the wrong type.
    #[error("not a model of sizes on Alpine: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A format of another program version.
    #[error("a model of form {found}; this program reads form {FORMAT}")]
    Format {
        /// The file's format.
        found: u32,
    },
    /// A number out of range.
    #[error("{0}: factors, spreads and scales must be numbers from 0 to 100")]
    Number(String),
    /// The kind `unknown`, the fallback of all kinds, is missing.
    #[error("the kind `unknown` is missing")]
    NoFallback,
}

impl AlpineModel {
    /// The shipped model.
    ///
    /// # Panics
    /// Never: a test reads the shipped file.
    pub fn shipped() -> Self {
        Self::parse(SHIPPED).expect("the shipped model is checked by a test")
    }

    /// Parses a model.
    ///
    /// # Errors
    /// If the text is not a model, or a number is out of range.
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

    /// The model as a TOML file.
    ///
    /// # Panics
    /// Never: every part of a model can be written as TOML.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a model has only tables, numbers and texts")
    }

    /// The name of the table's entry for a kind of step: its own, or that of the nearest more general kind.
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

    /// The factor for a layer of this kind, above a runtime's Alpine variant or a bare system.
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
    pub fn for_coverage(self, coverage: Coverage) -> f64 {
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
    fn refuses_numbers_out_of_range() {
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
