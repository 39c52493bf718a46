//! The catalogue that a crawl of made-up or real images gives.

use tare::base_image::{Catalogue, CatalogueBuilder, ImageFacts};

/// The shipped catalogue with these images, as if one registry held them.
pub fn catalogue(images: &[ImageFacts]) -> Catalogue {
    let registry = "registry.example.com".parse().expect("a name");
    let mut builder = CatalogueBuilder::new();
    builder.shipped().expect("the shipped catalogue");
    for facts in images {
        builder.image(&registry, facts);
    }
    builder.finish()
}
