//! What is worked out from values, without a database or a network.

use divan::{Bencher, black_box};
use tare::base_image::ImageFacts;
use tare::inventory::account;
use tare::whatif::{AlpineModel, AnalysisContext, GlibcRules, VerdictSettings};

use crate::REPOSITORIES;
use crate::generated::{images, images_with_bases};
use crate::support::catalogue::catalogue;
use crate::support::inventory::inventory;

/// The shares of repositories in shared blobs.
#[divan::bench(args = REPOSITORIES)]
fn accounting(bencher: Bencher<'_, '_>, repositories: usize) {
    let inventory = inventory(&images(repositories));
    bencher.bench(|| account(black_box(&inventory)).expect("sizes that fit"));
}

/// Base images, sizes on Alpine, and verdicts of a whole registry.
#[divan::bench(args = REPOSITORIES, sample_count = 20)]
fn analysis(bencher: Bencher<'_, '_>, repositories: usize) {
    analysis_of(bencher, &images(repositories));
}

/// The catalogue of base images that a registry with many copies of its bases gives.
#[divan::bench(args = REPOSITORIES, sample_count = 20)]
fn catalogue_of_many_bases(bencher: Bencher<'_, '_>, repositories: usize) {
    let images = images_with_bases(repositories);
    bencher.bench(|| catalogue(black_box(&images)));
}

/// The analysis of a registry with many copies of its bases.
#[divan::bench(args = REPOSITORIES, sample_count = 20)]
fn analysis_with_many_bases(bencher: Bencher<'_, '_>, repositories: usize) {
    analysis_of(bencher, &images_with_bases(repositories));
}

fn analysis_of(bencher: Bencher<'_, '_>, images: &[ImageFacts]) {
    let (inventory, catalogue) = (inventory(images), catalogue(images));
    let (model, rules, settings) = (
        AlpineModel::shipped(),
        GlibcRules::shipped(),
        VerdictSettings::default(),
    );
    let context = AnalysisContext {
        catalogue: &catalogue,
        model: &model,
        rules: &rules,
        settings: &settings,
    };
    bencher.bench(|| {
        context
            .analyse(black_box(&inventory), black_box(images))
            .expect("sizes that fit")
    });
}
