//! What a detector remembers of other images changes nothing.

use proptest::prelude::*;

use super::testing::{Image, catalogue};
use super::{Detector, ImageFacts, Scope, detect};

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
