//! Registries of any size, made up.

use std::collections::BTreeMap;

use serde_json::json;
use tare::base_image::{ImageFacts, LayerFact};
use tare::demo::{SyntheticRegistry, serve_synthetic};
use tare::oci::{Digest, ImageConfig};

/// How many tags are measured over the network: a small registry, and one ten times as large.
pub const TAGS: [usize; 2] = [150, 1500];

/// Tags of each repository whose images are made as values.
const TAGS_OF_EACH: usize = 3;
/// The releases of Node.js that the images are built on.
const RELEASES: usize = 8;

/// Serves a generated registry. Registries of different seeds share nothing but public bases.
pub fn serve(tags: usize, seed: u64) -> SyntheticRegistry {
    serve_synthetic(([127, 0, 0, 1], 0).into(), tags, seed).expect("a registry")
}

/// The images of so many repositories of three tags, each a service on Node.js and Debian.
pub fn images(repositories: usize) -> Vec<ImageFacts> {
    (0..repositories)
        .flat_map(|number| (0..TAGS_OF_EACH).map(move |tag| service(number, tag)))
        .collect()
}

/// The same services, with their bases in the registry: a copy of Node.js's images for every ten services, as teams and
/// mirrors have them. The search for bases finds many that look alike.
pub fn images_with_bases(repositories: usize) -> Vec<ImageFacts> {
    let copies = (0..repositories.div_ceil(10)).flat_map(|copy| {
        (0..RELEASES).map(move |release| {
            let repository = format!("team-{copy}/node");
            image_of(&repository, &format!("22.{release}.0"), release, runtime(release))
        })
    });
    copies.chain(images(repositories)).collect()
}

fn service(number: usize, tag: usize) -> ImageFacts {
    let release = number % RELEASES;
    let mut steps = runtime(release);
    steps.extend([
        (
            format!("modules {number} {tag}"),
            8_000_000 + 1_000 * number,
            "RUN npm ci --omit=dev".to_owned(),
        ),
        (
            format!("sources {number} {tag}"),
            400_000 + number,
            "COPY . /app".to_owned(),
        ),
    ]);
    let repository = format!("team-{}/service-{number}", number % 20);
    image_of(&repository, &format!("1.{tag}"), release, steps)
}

/// The content, size and step of each layer of Node.js's image.
fn runtime(release: usize) -> Vec<(String, usize, String)> {
    vec![
        ("debian".to_owned(), 29_000_000, "# debian.sh --arch 'amd64' out/ 'bookworm'".to_owned()),
        (
            "packages".to_owned(),
            70_000_000,
            "RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl git gcc libc6-dev make"
                .to_owned(),
        ),
        (
            format!("node {release}"),
            50_000_000,
            format!("RUN curl -fsSLO https://nodejs.org/dist/v22.{release}.0/node-v22.{release}.0-linux-x64.tar.xz"),
        ),
    ]
}

fn image_of(repository: &str, tag: &str, release: usize, steps: Vec<(String, usize, String)>) -> ImageFacts {
    let layers = steps.iter().map(|(content, bytes, _)| LayerFact {
        digest: Digest::sha256_of(content.as_bytes()),
        bytes: u64::try_from(*bytes).expect("a size"),
        stored: true,
    });
    let history: Vec<_> = steps
        .iter()
        .map(|(_, _, step)| json!({"created_by": step}))
        .collect();
    let config = json!({
        "os": "linux",
        "architecture": "amd64",
        "config": {"Env": [format!("NODE_VERSION=22.{release}.0")]},
        "history": history,
        "rootfs": {"type": "layers", "diff_ids": []},
    });
    let config = ImageConfig::parse(config.to_string().as_bytes()).expect("a configuration");
    ImageFacts {
        digest: Digest::sha256_of(format!("{repository}:{tag}").as_bytes()),
        platform: config.platform.clone(),
        config_media_type: "application/vnd.docker.container.image.v1+json".into(),
        layers: layers.collect(),
        annotations: BTreeMap::new(),
        config: Some(config.into()),
        names: vec![(
            repository.parse().expect("a repository"),
            tag.parse().expect("a tag"),
        )],
    }
}
