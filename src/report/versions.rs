use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::inputs::AnalysisInputs;
use crate::oci::Digest;
use crate::whatif::{Coverage, VerdictSettings};

/// The versions of the inputs of an answer besides the content of the registries: with the same versions, the same
/// content gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Versions {
    /// The version of Tare, and with it the shipped catalogue, model and rules.
    pub tare: &'static str,
    /// A digest of the bases and twins that the operator adds.
    pub catalogue: String,
    /// A digest of the size model, the rules and the verdict settings.
    pub model: String,
}

/// How many hexadecimal digits of a digest tell two versions apart: our choice, 64 bits.
const SHOWN_DIGITS: usize = 16;

impl AnalysisInputs {
    /// The versions of the inputs. Price books are left out: each answer names the editions that it uses.
    ///
    /// # Panics
    /// Never: model and rules contain only tables, numbers and texts, which JSON can represent.
    pub fn versions(&self) -> Versions {
        let catalogue: String = self
            .catalogue_files
            .iter()
            .map(|(name, text)| format!("{name}\n{text}\n"))
            .collect();
        // A JSON document with sorted keys, so that neither the names nor the order of Rust fields matter.
        let model = json!({
            "model": self.model,
            "rules": self.rules.definitions(),
            "verdicts": canonical(&self.verdicts),
        });
        Versions {
            tare: env!("CARGO_PKG_VERSION"),
            catalogue: short_digest(&catalogue),
            model: short_digest(&model.to_string()),
        }
    }
}

/// The verdict settings under names that stay the same.
fn canonical(settings: &VerdictSettings) -> serde_json::Value {
    let overrides = settings.overrides.iter().map(|decision| {
        json!({
            "repositories": decision.pattern(),
            "verdict": decision.verdict,
            "reason": decision.reason,
        })
    });
    json!({
        "coverage_percent": match settings.coverage {
            Coverage::Eighty => 80,
            Coverage::Ninety => 90,
        },
        "minimum_saving_percent": settings.minimum_saving_percent,
        "alpine_release": settings.alpine_release,
        "overrides": overrides.collect::<Vec<_>>(),
    })
}

fn short_digest(text: &str) -> String {
    Digest::sha256_of(text.as_bytes())
        .hex()
        .chars()
        .take(SHOWN_DIGITS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::RepositoryPattern;
    use crate::whatif::{AlpineModel, Verdict, VerdictOverride};

    /// A digest of debug text would change whenever a field is renamed. This one changes only with the shipped model,
    /// the shipped rules or the default settings; then the new value belongs here.
    #[test]
    fn the_version_of_the_shipped_model_is_pinned() {
        assert_eq!(AnalysisInputs::default().versions().model, "eec574804ff5636d");
    }

    #[test]
    fn every_input_of_the_model_changes_its_version() {
        let mut seen = vec![AnalysisInputs::default().versions().model];
        let mut expect_new = |change: &dyn Fn(&mut AnalysisInputs)| {
            let mut inputs = AnalysisInputs::default();
            change(&mut inputs);
            let version = inputs.versions().model;
            assert!(!seen.contains(&version), "{version}");
            seen.push(version);
        };
        expect_new(&|inputs| {
            let text = inputs.model.to_toml();
            let text = text.replacen("spread = 0.", "spread = 1.", 1);
            inputs.model = AlpineModel::parse(&text).unwrap();
        });
        expect_new(&|inputs| {
            let own =
                "[[rule]]\nname = \"own\"\neffect = \"blocks\"\nreason = \"ours\"\nwords = [\"ours\"]\n";
            inputs.rules = crate::whatif::GlibcRules::extended(&[own]).unwrap();
        });
        expect_new(&|inputs| inputs.verdicts.minimum_saving_percent += 1);
        expect_new(&|inputs| inputs.verdicts.coverage = Coverage::Eighty);
        expect_new(&|inputs| inputs.verdicts.alpine_release = Some("3.20".parse().unwrap()));
        expect_new(&|inputs| {
            let repositories = RepositoryPattern::new("team/*").unwrap();
            let decision = VerdictOverride::new(repositories, Verdict::Blocked, None);
            inputs.verdicts.overrides.push(decision);
        });
    }
}
