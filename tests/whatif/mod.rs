//! How good the size model is on real images, and what a real registry would save. The images are
//! those of the corpus.

mod registry;
mod today;

use strum::VariantArray as _;

use tare::base_image::ImageFacts;
use tare::whatif::{
    AlpineModel, Evaluation, EvaluationRow, EvidenceClass, Pair, ParsedSteps, calibrate, evaluate, pairs,
};

use crate::support::catalogue::catalogue;
use crate::support::corpus::corpus;

/// The training images for one processor family, or all of them.
fn images(architecture: Option<&str>) -> Vec<ImageFacts> {
    let mut images = corpus("train-head");
    images.retain(|facts| {
        !facts.names.is_empty()
            && architecture.is_none_or(|architecture| {
                facts.platform.os == "linux" && facts.platform.architecture == architecture
            })
    });
    images
}

fn pairs_of(images: &[ImageFacts]) -> Vec<Pair> {
    pairs(images, &catalogue(images), &ParsedSteps::from_images(images))
}

fn row<'e>(evaluation: &'e Evaluation, class: &str) -> &'e EvaluationRow {
    evaluation
        .rows
        .iter()
        .find(|row| row.class == class)
        .expect("a row for the class")
}

fn print(title: &str, evaluation: &Evaluation) {
    println!("\n{title}");
    println!("class repos pairs   error   mean  share   mean   in80   in90 width80 width90 false");
    for row in &evaluation.rows {
        println!(
            "{:5} {:5} {:5} {:7.1} {:6.1} {:6.2} {:6.2} {:6.0} {:6.0} {:7.2} {:7.2} {:5}",
            row.class,
            row.repositories,
            row.pairs,
            row.error_percent,
            row.mean_error_percent,
            row.share_error_points,
            row.mean_share_error_points,
            row.covered_by_eighty_percent,
            row.covered_by_ninety_percent,
            row.eighty_width,
            row.ninety_width,
            row.false_switches,
        );
    }
    for one in &evaluation.repositories {
        println!(
            "  {:16} {:3} {:?} error {:6.1} share {:5.2} bias {:6.1} in80 {:4.0} in90 {:4.0}",
            one.repository,
            one.pairs,
            one.classes,
            one.error_percent,
            one.share_error_points,
            one.bias_percent,
            one.covered_by_eighty_percent,
            one.covered_by_ninety_percent,
        );
    }
}

#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn sizes_of_real_pairs_are_predicted() {
    let pairs = pairs_of(&images(Some("amd64")));
    let model = AlpineModel::shipped();
    let shipped = evaluate(&pairs, &model);
    let refitted = calibrate(&pairs, &model, "the corpus", "2026-11-23").evaluation;
    for (title, evaluation) in [("the shipped model", &shipped), ("refitted", &refitted)] {
        print(title, evaluation);
        let (known, system) = (row(evaluation, "A+B"), row(evaluation, "C"));
        assert!(known.error_percent <= 2.0 && known.share_error_points <= 0.6);
        assert!(system.error_percent <= 20.0 && system.share_error_points <= 4.0);
        for row in [known, system] {
            assert!(row.covered_by_eighty_percent >= 80.0 && row.covered_by_ninety_percent >= 90.0);
        }
        assert_eq!(row(evaluation, "all").false_switches, 0);
    }
}

#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn sizes_of_todays_pairs_are_predicted() {
    let pairs = pairs_of(&today::images());
    let model = AlpineModel::shipped();
    let shipped = evaluate(&pairs, &model);
    print("today's pairs, the shipped model", &shipped);
    print(
        "today's pairs, refitted",
        &calibrate(&pairs, &model, "today", "2026-11-23").evaluation,
    );
    // Half of these images come without their steps, which leaves the class that needs them to guess.
    assert!(row(&shipped, "all").error_percent <= 20.0);
    assert!(row(&shipped, "all").covered_by_ninety_percent >= 85.0);
    assert_eq!(row(&shipped, "all").false_switches, 0);
}

/// The shipped intervals are about as wide as both eras together ask for.
#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn the_shipped_intervals_are_what_the_pairs_ask_for() {
    let mut pairs = pairs_of(&images(Some("amd64")));
    pairs.extend(pairs_of(&today::images()));
    let shipped = AlpineModel::shipped();
    let calibration = calibrate(&pairs, &shipped, "both", "2026-11-23");
    print("both eras, refitted", &calibration.evaluation);
    println!("{}", calibration.model.to_toml());
    for &class in EvidenceClass::VARIANTS {
        let (needed, given) = (calibration.model.scale_of(class), shipped.scale_of(class));
        assert!(
            given.eighty >= needed.eighty * 0.9 && given.ninety >= needed.ninety * 0.9,
            "{class}"
        );
    }
}
