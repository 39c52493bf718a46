use serde::Serialize;

use super::AnalysisInputs;
use crate::oci::Digest;

/// What answers rest on beside what was crawled: with the same versions, the same facts give the same answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// The program, and with it the shipped catalogue, model and rules.
    pub tare: &'static str,
    /// A digest of the bases and twins that the operator adds.
    pub catalogue: String,
    /// A digest of the model of sizes, the rules and the settings of verdicts.
    pub model: String,
}

/// How much of a digest tells two versions apart.
const SHOWN_DIGITS: usize = 16;

impl AnalysisInputs {
    /// The versions of all that is known beside what registries hold, price books left out: each answer names
    /// the edition of its own.
    pub fn versions(&self) -> Versions {
        let catalogue: String = self
            .catalogue_files
            .iter()
            .map(|(name, text)| format!("{name}\n{text}\n"))
            .collect();
        let model = format!("{:?}{:?}{:?}", self.model, self.rules, self.verdicts);
        Versions {
            tare: env!("CARGO_PKG_VERSION"),
            catalogue: short_digest(&catalogue),
            model: short_digest(&model),
        }
    }
}

fn short_digest(text: &str) -> String {
    Digest::sha256_of(text.as_bytes())
        .hex()
        .chars()
        .take(SHOWN_DIGITS)
        .collect()
}
