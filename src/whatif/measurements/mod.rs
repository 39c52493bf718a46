//! How good the model is on real images. Skipped where the corpus is not beside the project.

mod corpus;
mod registry;
mod today;

use crate::base_image::{Catalogue, CatalogueBuilder, ImageFacts};
use crate::oci::RegistryName;

use super::*;

fn catalogue(images: &[ImageFacts], is_shipped: bool) -> Catalogue {
    let registry: RegistryName = "corpus.test".parse().unwrap();
    let mut builder = CatalogueBuilder::new();
    if is_shipped {
        builder.shipped().unwrap();
    }
    for facts in images {
        builder.image(&registry, facts);
    }
    builder.finish()
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
fn sizes_of_real_pairs_are_predicted() {
    let Some(corpus) = corpus::load("linux/amd64") else {
        println!("skipped: no corpus");
        return;
    };
    let catalogue = catalogue(&corpus.images, true);
    let readings = Readings::of(&corpus.images);
    let pairs = pairs(&corpus.images, &catalogue, &readings);
    let model = AlpineModel::shipped();
    print("the shipped model", &evaluate(&pairs, &model));
    let calibration = calibrate(&pairs, &model, "the corpus", "2026-11-23");
    print("refitted, leaving each repository out", &calibration.evaluation);
    println!("{}", calibration.model.to_toml());
}
