//! How accurate a model is on repositories it has not seen, and a recalibration on a user's own registries.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use strum::VariantArray as _;

use super::class::EvidenceClass;
use super::fit::fit;
use super::interval::{needed_scale, pool_of, scale_from, scales_by_repository};
use super::model::{AlpineModel, Coverage, Measured, Provenance};
use super::pair::Pair;
use super::statistics::{average, median};

/// Errors and coverage of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// All pairs, the classes with a known runtime together, and each class that has pairs.
    pub rows: Vec<EvaluationRow>,
    /// Each repository on its own.
    pub repositories: Vec<RepositoryScore>,
}

/// One row of the table. Errors are medians within a repository, then over repositories, in percent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluationRow {
    /// `all`, `A+B`, `A`, `B`, `C`, `D`.
    pub class: String,
    /// The number of repositories.
    pub repositories: usize,
    /// The number of pairs.
    pub pairs: usize,
    /// The error of the size on Alpine: median over repositories.
    pub error_percent: f64,
    /// The error of the size on Alpine: mean over repositories.
    pub mean_error_percent: f64,
    /// The error of the saved share of the current size, in percentage points: median over repositories.
    pub share_error_points: f64,
    /// The error of the saved share: mean over repositories.
    pub mean_share_error_points: f64,
    /// The share of images within their 80 % intervals: mean over repositories.
    pub covered_by_eighty_percent: f64,
    /// The share of images within their 90 % intervals: mean over repositories.
    pub covered_by_ninety_percent: f64,
    /// The width of 80 % intervals, as high divided by low: median over repositories.
    pub eighty_width: f64,
    /// The width of 90 % intervals.
    pub ninety_width: f64,
    /// Images that are larger on Alpine although their whole 90 % interval is below their current size: those for which
    /// the verdict `switch` would be wrong.
    pub false_switches: usize,
}

/// The accuracy on one repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryScore {
    /// The repository.
    pub repository: String,
    /// The number of pairs.
    pub pairs: usize,
    /// The classes of its pairs.
    pub classes: BTreeSet<EvidenceClass>,
    /// The median error of the size on Alpine, in percent.
    pub error_percent: f64,
    /// The median error of the saved share, in percentage points.
    pub share_error_points: f64,
    /// By how much the prediction is too large (negative: too small), in percent: median.
    pub bias_percent: f64,
    /// The share of images within their 80 % intervals.
    pub covered_by_eighty_percent: f64,
    /// The share of images within their 90 % intervals.
    pub covered_by_ninety_percent: f64,
}

/// A recalibrated model.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// The model, fitted on all pairs.
    pub model: AlpineModel,
    /// The accuracy of models fitted the same way, on the repositories left out of their fit.
    pub evaluation: Evaluation,
}

/// Evaluates a model on these pairs. Each repository's own Alpine variants were hidden when its pairs were made; the
/// model's factors are used as they are.
pub fn evaluate(pairs: &[Pair], model: &AlpineModel) -> Evaluation {
    let scored = pairs.iter().map(|pair| ScoredPair::new(pair, model)).collect();
    table(scored)
}

/// Refits the factors and interval widths of a model to these pairs.
///
/// The evaluation is a cross-validation: for each repository, factors and widths are fitted on the others. `fitted_on`
/// and `fitted_at` are written to the file. Without pairs, the model stays as it is.
pub fn calibrate(pairs: &[Pair], start: &AlpineModel, fitted_on: &str, fitted_at: &str) -> Calibration {
    let repositories: BTreeSet<&str> = pairs.iter().map(|pair| pair.repository.as_str()).collect();
    let mut models: BTreeMap<&str, AlpineModel> = BTreeMap::new();
    let mut needed: Vec<(&Pair, f64)> = Vec::with_capacity(pairs.len());
    for &repository in &repositories {
        let (own, others): (Vec<&Pair>, Vec<&Pair>) =
            pairs.iter().partition(|pair| pair.repository == repository);
        let model = fit(&others, start);
        needed.extend(own.into_iter().map(|pair| (pair, needed_scale(pair, &model))));
        models.insert(repository, model);
    }
    for (&repository, model) in &mut models {
        set_scales(model, &needed, Some(repository));
    }
    let scored = pairs
        .iter()
        .map(|pair| ScoredPair::new(pair, &models[pair.repository.as_str()]))
        .collect();
    let evaluation = table(scored);

    let mut model = fit(&pairs.iter().collect::<Vec<_>>(), start);
    set_scales(&mut model, &needed, None);
    if !pairs.is_empty() {
        model.provenance = Provenance {
            fitted_on: fitted_on.to_owned(),
            fitted_at: fitted_at.to_owned(),
            pairs: pairs.len(),
            repositories: repositories.len(),
            measured: evaluation.rows.iter().map(EvaluationRow::measured).collect(),
            note: start.provenance.note.clone(),
        };
    }
    Calibration { model, evaluation }
}

/// Sets each class's scale from the scales that the repositories needed, one of them left out.
fn set_scales(model: &mut AlpineModel, needed: &[(&Pair, f64)], left_out: Option<&str>) {
    for &class in EvidenceClass::VARIANTS {
        let by_repository = scales_by_repository(needed.iter().copied(), pool_of(class));
        let others = by_repository
            .into_iter()
            .filter(|(repository, _)| Some(*repository) != left_out)
            .map(|(_, scale)| scale);
        if let Some(scale) = scale_from(others) {
            model.set_scale(class, scale);
        }
    }
}

/// A pair with a model's prediction.
struct ScoredPair<'a> {
    pair: &'a Pair,
    expected: f64,
    eighty: (f64, f64),
    ninety: (f64, f64),
    needed: f64,
    scale: super::model::Scale,
}

impl<'a> ScoredPair<'a> {
    fn new(pair: &'a Pair, model: &AlpineModel) -> Self {
        let parts = pair.composition.parts(model);
        let expected: f64 = parts.iter().map(|part| part.expected).sum();
        let scale = model.scale_of(pair.composition.class);
        let interval = |coverage| {
            let scale = scale.for_coverage(coverage);
            let below: f64 = parts.iter().map(|part| part.below(scale)).sum();
            let above: f64 = parts.iter().map(|part| part.above(scale)).sum();
            (expected - below, expected + above)
        };
        Self {
            pair,
            expected,
            eighty: interval(Coverage::Eighty),
            ninety: interval(Coverage::Ninety),
            needed: needed_scale(pair, model),
            scale,
        }
    }

    fn is_within(&self, coverage: Coverage) -> f64 {
        f64::from(u8::from(self.needed <= self.scale.for_coverage(coverage)))
    }

    fn is_false_switch(&self) -> bool {
        self.pair.on_alpine > self.pair.bytes && self.ninety.1 < self.pair.bytes as f64
    }
}

fn table(scored: Vec<ScoredPair<'_>>) -> Evaluation {
    use EvidenceClass::{A, B, C, D};
    let groups: [(&str, &[EvidenceClass]); 6] = [
        ("all", &[A, B, C, D]),
        ("A+B", &[A, B]),
        ("A", &[A]),
        ("B", &[B]),
        ("C", &[C]),
        ("D", &[D]),
    ];
    let rows = groups
        .into_iter()
        .map(|(name, classes)| {
            let chosen: Vec<&ScoredPair<'_>> = scored
                .iter()
                .filter(|one| classes.contains(&one.pair.composition.class))
                .collect();
            row(name, &chosen)
        })
        .filter(|row| row.pairs > 0)
        .collect();
    let all: Vec<&ScoredPair<'_>> = scored.iter().collect();
    let repositories = by_repository(&all)
        .into_iter()
        .map(|(repository, own)| RepositoryScore {
            repository: repository.to_owned(),
            pairs: own.len(),
            classes: own.iter().map(|one| one.pair.composition.class).collect(),
            error_percent: 100.0 * median_of(&own, |one| one.pair.error(one.expected)),
            share_error_points: 100.0 * median_of(&own, |one| one.pair.share_error(one.expected)),
            bias_percent: 100.0
                * median_of(&own, |one| {
                    one.expected / (one.pair.on_alpine as f64).max(1.0) - 1.0
                }),
            covered_by_eighty_percent: 100.0 * average_of(&own, |one| one.is_within(Coverage::Eighty)),
            covered_by_ninety_percent: 100.0 * average_of(&own, |one| one.is_within(Coverage::Ninety)),
        })
        .collect();
    Evaluation { rows, repositories }
}

fn row(name: &str, chosen: &[&ScoredPair<'_>]) -> EvaluationRow {
    let groups = by_repository(chosen);
    let over_repositories = |value: &dyn Fn(&ScoredPair<'_>) -> f64| -> Vec<f64> {
        groups.values().map(|own| median_of(own, value)).collect()
    };
    let mut errors = over_repositories(&|one| 100.0 * one.pair.error(one.expected));
    let mut share_errors = over_repositories(&|one| 100.0 * one.pair.share_error(one.expected));
    let width = |(low, high): (f64, f64)| high / low.max(1.0);
    let covered = |coverage| {
        let shares: Vec<f64> = groups
            .values()
            .map(|own| 100.0 * average_of(own, |one| one.is_within(coverage)))
            .collect();
        average(&shares)
    };
    EvaluationRow {
        class: name.to_owned(),
        repositories: groups.len(),
        pairs: chosen.len(),
        error_percent: median(&mut errors),
        mean_error_percent: average(&errors),
        share_error_points: median(&mut share_errors),
        mean_share_error_points: average(&share_errors),
        covered_by_eighty_percent: covered(Coverage::Eighty),
        covered_by_ninety_percent: covered(Coverage::Ninety),
        eighty_width: median(&mut over_repositories(&|one| width(one.eighty))),
        ninety_width: median(&mut over_repositories(&|one| width(one.ninety))),
        false_switches: chosen.iter().filter(|one| one.is_false_switch()).count(),
    }
}

impl EvaluationRow {
    fn measured(&self) -> (String, Measured) {
        let tenths = |value: f64| (value * 10.0).round() / 10.0;
        let measured = Measured {
            repositories: self.repositories,
            error_percent: tenths(self.error_percent),
            share_error_points: tenths(self.share_error_points),
            covered_by_eighty_percent: tenths(self.covered_by_eighty_percent),
            covered_by_ninety_percent: tenths(self.covered_by_ninety_percent),
        };
        (self.class.clone(), measured)
    }
}

fn by_repository<'j, 'a>(chosen: &[&'j ScoredPair<'a>]) -> BTreeMap<&'a str, Vec<&'j ScoredPair<'a>>> {
    let mut groups: BTreeMap<&str, Vec<&ScoredPair<'_>>> = BTreeMap::new();
    for &one in chosen {
        groups.entry(one.pair.repository.as_str()).or_default().push(one);
    }
    groups
}

fn median_of<'a>(own: &[&ScoredPair<'a>], value: impl Fn(&ScoredPair<'a>) -> f64) -> f64 {
    median(&mut own.iter().map(|one| value(one)).collect::<Vec<_>>())
}

fn average_of<'a>(own: &[&ScoredPair<'a>], value: impl Fn(&ScoredPair<'a>) -> f64) -> f64 {
    average(&own.iter().map(|one| value(one)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::{CatalogueBuilder, StepKind};
    use crate::oci::Digest;
    use crate::whatif::{Composition, LayerAbove, LayerKind, Twin, TwinLayer};

    /// Pairs in which compiled programs become exactly `factor` times their size, in repositories with slightly different
    /// errors.
    fn compiled(repositories: usize, factor: f64) -> Vec<Pair> {
        let mut catalogue = CatalogueBuilder::new();
        catalogue.shipped().unwrap();
        let (twin, _) = catalogue
            .finish()
            .bases()
            .next()
            .map(|(id, base)| (id, base.bytes))
            .unwrap();
        (0..repositories)
            .map(|index| {
                let compiled = 40_000_000_u64;
                let error = 1.0 + 0.02 * (index as f64 - repositories as f64 / 2.0) / repositories as f64;
                Pair {
                    repository: format!("r{index}"),
                    name: "1".to_owned(),
                    image: Digest::sha256_of(&[index as u8]),
                    twin,
                    composition: Composition {
                        class: EvidenceClass::C,
                        twin: Twin {
                            name: "alpine:3".to_owned(),
                            layers: vec![TwinLayer {
                                digest: None,
                                bytes: 3_000_000,
                            }],
                            release: None,
                            support_ended: None,
                            is_runtime: false,
                            is_own: false,
                        }
                        .into(),
                        replaced: None,
                        base_layers: 1,
                        is_same_build: true,
                        above: [LayerAbove {
                            index: 1,
                            bytes: compiled,
                            kind: LayerKind::plain(StepKind::Compile),
                        }]
                        .into(),
                    },
                    bytes: 90_000_000,
                    on_alpine: ((3_600_000.0 + compiled as f64 * factor) * error) as u64,
                }
            })
            .collect()
    }

    #[test]
    fn calibration_finds_the_factor_and_keeps_its_promise() {
        let shipped = AlpineModel::shipped();
        let pairs = compiled(12, 0.5);
        let before = evaluate(&pairs, &shipped);
        let calibration = calibrate(&pairs, &shipped, "a test", "2026-11-23");
        let factor = calibration.model.kinds["compile"].factor;
        assert!((0.45..0.55).contains(&factor), "{factor}");
        let (before, after) = (&before.rows[0], &calibration.evaluation.rows[0]);
        assert!(before.error_percent > 50.0 && after.error_percent < 10.0);
        assert!(after.covered_by_eighty_percent >= 80.0 && after.covered_by_ninety_percent >= 90.0);
        assert_eq!(calibration.model.provenance.repositories, 12);
        // The same pairs give exactly the same model.
        let again = calibrate(&pairs, &shipped, "a test", "2026-11-23");
        assert_eq!(again.model.to_toml(), calibration.model.to_toml());
    }

    #[test]
    fn one_repository_moves_no_factor() {
        let shipped = AlpineModel::shipped();
        let calibration = calibrate(&compiled(1, 0.2), &shipped, "a test", "2026-11-23");
        assert_eq!(
            calibration.model.kinds["compile"].factor,
            shipped.kinds["compile"].factor
        );
        assert_eq!(calibrate(&[], &shipped, "nothing", "2026-11-23").model, shipped);
    }
}
