//! What a detector remembers of other images, and a catalogue of an earlier one, changes nothing.

use proptest::prelude::*;

use super::testing::{Image, catalogue};
use super::{Catalogue, CatalogueBuilder, Detector, ImageFacts, Scope, detect};

const REPOSITORIES: [&str; 5] = [
    "node",
    "team/node",
    "mirror/library/debian",
    "team/shop",
    "team/web",
];
const TAGS: [&str; 5] = ["8", "8-alpine", "8.9", "latest", "stretch"];

fn any_image() -> impl Strategy<Value = ImageFacts> {
    let layers = proptest::collection::vec((0_u64..4, 1_u64..3), 1..5);
    (0..5_usize, 0..5_usize, layers, 0..3_u8, 0..3_u8).prop_map(|(repository, tag, layers, version, form)| {
        let mut image = Image::new(REPOSITORIES[repository], TAGS[tag]);
        for (layer, size) in layers {
            let step = [
                "ADD file:00 in / ",
                "RUN apt-get update",
                "RUN npm ci",
                "COPY . /app",
            ][layer as usize];
            image = image.layer(&format!("{layer} {size}"), size * 1_000_000, step);
        }
        if version > 0 {
            image = image.variable("NODE_VERSION", &format!("8.9.{version}"));
        }
        if form == 0 { image.squashed() } else { image }.facts()
    })
}

proptest! {
    #[test]
    fn images_are_found_as_if_each_were_the_only_one(images in proptest::collection::vec(any_image(), 1..14)) {
        let mut images = images;
        images.sort_by_key(|facts| facts.digest);
        images.dedup_by_key(|facts| facts.digest);
        let catalogue = catalogue(&images);
        let hidden = catalogue.repository("node").into_iter();
        for scope in [Scope::all(), Scope::all().excluding(hidden)] {
            let mut detector = Detector::new(&catalogue, &scope);
            for facts in images.iter().rev() {
                prop_assert_eq!(detector.detect(facts), detect(facts, &catalogue, &scope));
            }
        }
    }
}

/// A file of the catalogue that knows two of the repositories.
const FILE: &str = "[[image]]\nname = \"node\"\nrole = \"runtime\"\nversion_variable = \"NODE_VERSION\"\n\
                    [[image]]\nname = \"debian\"\nrole = \"system\"\n";

fn of_crawl<'a>(images: &'a [ImageFacts], earlier: Option<&'a Catalogue>) -> Catalogue {
    let mut builder = CatalogueBuilder::new();
    if let Some(earlier) = earlier {
        builder.after(earlier);
    }
    builder.file("own.toml", FILE).expect("a file of the catalogue");
    let registry = "reg.example.com".parse().expect("a registry");
    for facts in images {
        builder.image(&registry, facts);
    }
    builder.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_catalogue_after_others_is_that_from_nothing(
        pool in proptest::collection::vec(any_image(), 1..10),
        crawls in proptest::collection::vec(any::<u16>(), 2..6),
    ) {
        let mut pool = pool;
        pool.sort_by_key(|facts| facts.digest);
        pool.dedup_by_key(|facts| facts.digest);
        let scope = Scope::all();
        let mut kept: Option<Catalogue> = None;
        for chosen in crawls {
            // Images are pushed and deleted between the crawls.
            let there = pool.iter().enumerate().filter(|(place, _)| chosen >> place & 1 == 1);
            let images: Vec<ImageFacts> = there.map(|(_, facts)| facts.clone()).collect();
            let renewed = of_crawl(&images, kept.as_ref());
            let plain = of_crawl(&images, None);
            for facts in &pool {
                let found = detect(facts, &renewed, &scope);
                prop_assert_eq!(&found, &detect(facts, &plain, &scope));
                for base in found.candidates.iter().filter_map(|candidate| candidate.base) {
                    prop_assert_eq!(renewed.base(base), plain.base(base));
                    prop_assert_eq!(renewed.twins(base, &scope), plain.twins(base, &scope));
                }
            }
            kept = Some(renewed);
        }
    }
}
