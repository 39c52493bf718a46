use super::*;
use crate::base_image::ImageFacts;
use crate::base_image::testing::{Image, catalogue};
use crate::inventory::{DedupScope, Inventory, InventoryBuilder};
use crate::oci::{Descriptor, Manifest, ManifestKind, RepositoryPattern};
use crate::units::{ByteCount, ByteOverflow};

const MB: u64 = 1_000_000;

fn node() -> Image {
    Image::new("node", "12")
        .layer(
            "debian",
            100 * MB,
            "RUN # debian.sh --arch 'amd64' out/ 'bookworm' '@1785715200'",
        )
        .layer(
            "node",
            807_900_000,
            "RUN curl -fsSL https://nodejs.org/node.tar.xz | tar -xJ",
        )
        .variable("NODE_VERSION", "12.0.0")
}

fn node_alpine() -> ImageFacts {
    Image::new("node", "12-alpine")
        .layer(
            "alpine",
            5_500_000,
            "ADD alpine-minirootfs-3.22.6-x86_64.tar.gz / # buildkit",
        )
        .step("CMD [\"/bin/sh\"]")
        .layer(
            "node on alpine",
            74_600_000,
            "RUN apk add --no-cache libstdc++ && curl -fsSL https://nodejs.org/node.tar.xz",
        )
        .variable("NODE_VERSION", "12.0.0")
        .facts()
}

fn application(tag: &'static str) -> Image {
    node()
        .child("team/app", tag)
        .step("WORKDIR /app")
        .layer("package", 1_000, "COPY package.json ./")
        .layer("modules", 4 * MB, "RUN npm ci --omit=dev")
        .layer("app", 1_499_000, "COPY . .")
}

/// Analyses a registry that holds these images, one tag each.
fn analyse(images: &[ImageFacts], settings: &VerdictSettings) -> RegistryAnalysis {
    judged(images, settings, |context, inventory| {
        context.analyse(inventory, images)
    })
}

fn judged_again(
    images: &[ImageFacts],
    before: &RegistryAnalysis,
    settings: &VerdictSettings,
) -> RegistryAnalysis {
    judged(images, settings, |context, inventory| {
        context.reevaluate(inventory, images, before)
    })
}

fn judged(
    images: &[ImageFacts],
    settings: &VerdictSettings,
    work: impl FnOnce(&AnalysisContext<'_>, &Inventory) -> Result<RegistryAnalysis, ByteOverflow>,
) -> RegistryAnalysis {
    let mut builder = InventoryBuilder::new("registry.test".parse().unwrap(), DedupScope::Registry);
    for facts in images {
        let layers = facts.layers.iter().map(|layer| Descriptor {
            media_type: "application/vnd.oci.image.layer.v1.tar+gzip".to_owned(),
            digest: layer.digest,
            size: ByteCount::try_from(layer.bytes).unwrap(),
            platform: None,
            artifact_type: None,
            annotations: Default::default(),
        });
        let manifest = Manifest {
            kind: ManifestKind::Image,
            media_type: "application/vnd.oci.image.manifest.v1+json".to_owned(),
            artifact_type: None,
            config: None,
            layers: layers.collect(),
            children: Vec::new(),
            subject: None,
            annotations: Default::default(),
            left_out_layers: 0,
        };
        builder.manifest(facts.digest, ByteCount::ZERO, manifest);
        let (repository, tag) = facts.names[0].clone();
        builder.tag(repository, tag, facts.digest);
    }
    let (model, rules) = (AlpineModel::shipped(), GlibcRules::shipped());
    let context = AnalysisContext {
        catalogue: &catalogue(images),
        model: &model,
        rules: &rules,
        settings,
    };
    work(&context, &builder.finish()).unwrap()
}

/// The main example: an application of a few megabytes weighs 913 MB on Node's Debian image and 86 MB on its Alpine
/// image.
#[test]
fn a_small_application_on_node_sheds_nine_tenths() {
    let images = [node().facts(), node_alpine(), application("1").facts()];
    let analysis = analyse(&images, &VerdictSettings::default());
    let app = &analysis.images[2];
    let megabytes = |bytes: u64| (bytes as f64 / MB as f64).round() as u64;
    assert_eq!(megabytes(images[2].layer_bytes()), 913);
    assert_eq!(megabytes(app.estimate.unwrap().expected.get()), 86);
    assert_eq!(app.verdict.verdict, Verdict::Switch);
    let composition = app.composition.as_ref().unwrap();
    assert_eq!(composition.class, EvidenceClass::A);
    assert_eq!(composition.replaced.as_deref(), Some("node:12"));
    assert_eq!(
        composition.change().unwrap(),
        "FROM node:12 → FROM node:12-alpine"
    );
    let layers = composition
        .layers(&AlpineModel::shipped(), Coverage::Eighty)
        .unwrap();
    let commands: Vec<_> = layers.iter().map(|layer| layer.layer.kind.name()).collect();
    assert_eq!(commands, ["copy", "language_node", "copy"]);
    assert_eq!(
        composition
            .added(&AlpineModel::shipped(), Coverage::Eighty)
            .unwrap(),
        None
    );
    // The node image is the base of another repository, so it is not judged itself.
    assert_eq!(analysis.images[0].verdict.verdict, Verdict::Builder);
    assert_eq!(analysis.images[1].verdict.verdict, Verdict::AlreadySmall);
    // The registry keeps both base images, so only the copied layers could be saved, and they are not.
    assert_eq!(analysis.outcome.registry.saving_bytes.expected, 0);
    assert!(analysis.outcome.registry.naive_saving_bytes.expected > 800 * MB as i64);
}

#[test]
fn what_needs_glibc_is_blocked_and_says_why() {
    let blocked = application("2").step("ENV LD_PRELOAD=/usr/lib/libjemalloc.so.2");
    let client = application("3").layer("client", MB, "RUN unzip instantclient-basic-linux.x64.zip");
    let images = [node().facts(), node_alpine(), blocked.facts(), client.facts()];
    let analysis = analyse(&images, &VerdictSettings::default());
    for (image, word) in [(2, "LD_PRELOAD"), (3, "Oracle")] {
        let verdict = &analysis.images[image].verdict;
        assert_eq!(verdict.verdict, Verdict::Blocked);
        assert!(verdict.reason.contains(word), "{}", verdict.reason);
    }
    assert!(
        analysis
            .outcome
            .repositories
            .iter()
            .all(|repository| !repository.switches)
    );
}

#[test]
fn cautions_name_what_the_steps_give_cause_for() {
    let image = application("4")
        .layer(
            "locale",
            MB,
            "RUN apt-get update && apt-get install -y locales tzdata && locale-gen",
        )
        .step("ENTRYPOINT [\"/bin/bash\", \"run.sh\"]");
    let analysis = analyse(
        &[node().facts(), node_alpine(), image.facts()],
        &VerdictSettings::default(),
    );
    let cautions = analysis.images[2].traits.glibc.cautions.join("\n");
    for word in ["locale", "time zones", "bash"] {
        assert!(cautions.contains(word), "{word} is missing in {cautions}");
    }
    // The base's own steps do not count: on Alpine the base is another one.
    assert!(!cautions.contains("DNS"));
}

/// A company may stay on one release of Alpine. Its images then have that release's sizes, not the newest one's.
#[test]
fn images_move_to_the_release_that_is_wanted_where_it_is_known() {
    let older = Image::new("node", "12-alpine3.20")
        .layer(
            "alpine 3.20",
            3_600_000,
            "ADD alpine-minirootfs-3.20.9-x86_64.tar.gz / # buildkit",
        )
        .step("CMD [\"/bin/sh\"]")
        .layer(
            "node on alpine 3.20",
            70_000_000,
            "RUN apk add --no-cache libstdc++",
        )
        .variable("NODE_VERSION", "12.0.0")
        .facts();
    let images = [node().facts(), node_alpine(), older, application("1").facts()];
    let wanting = |release: Option<&str>| VerdictSettings {
        alpine_release: release.map(|release| release.parse().unwrap()),
        ..VerdictSettings::default()
    };
    let twin = |analysis: &RegistryAnalysis| {
        let twin = &analysis.images[3].composition.as_ref().unwrap().twin;
        (
            twin.name.clone(),
            twin.release
                .map(|release| release.to_string())
                .unwrap_or_default(),
        )
    };
    let newest = analyse(&images, &wanting(None));
    assert_eq!(twin(&newest), ("node:12-alpine".to_owned(), "3.22".to_owned()));
    let wanted = analyse(&images, &wanting(Some("3.20")));
    assert_eq!(
        twin(&wanted),
        ("node:12-alpine3.20".to_owned(), "3.20".to_owned())
    );
    let bytes = |analysis: &RegistryAnalysis| analysis.images[3].estimate.unwrap().expected.get();
    assert!(bytes(&wanted) < bytes(&newest));
    // If no image of the chosen release is known, the newest is used and named.
    let unknown = analyse(&images, &wanting(Some("3.5")));
    assert_eq!(twin(&unknown), twin(&newest));

    // A re-evaluation with other settings gives the same result as a new analysis.
    for (before, release) in [(&newest, Some("3.20")), (&wanted, None), (&wanted, Some("3.5"))] {
        let settings = wanting(release);
        let again = judged_again(&images, before, &settings);
        assert_eq!(again, analyse(&images, &settings), "{release:?}");
    }
}

#[test]
fn an_operator_has_the_last_word() {
    let repositories = RepositoryPattern::new("team/*").unwrap();
    let reason = Some("certified on Debian".to_owned());
    let settings = VerdictSettings {
        overrides: vec![VerdictOverride::new(repositories, Verdict::Blocked, reason)],
        ..VerdictSettings::default()
    };
    let images = [node().facts(), node_alpine(), application("1").facts()];
    let analysis = analyse(&images, &settings);
    assert_eq!(analysis.repositories[1].verdict.verdict, Verdict::Blocked);
    assert_eq!(analysis.repositories[1].verdict.reason, "certified on Debian");
    assert_eq!(analysis.outcome.registry.saving_bytes.expected, 0);
}

#[test]
fn an_application_that_dwarfs_its_base_gains_too_little() {
    let image = node()
        .child("team/big", "1")
        .layer("jar", 90_000 * MB, "COPY app.jar /");
    let analysis = analyse(
        &[node().facts(), node_alpine(), image.facts()],
        &VerdictSettings::default(),
    );
    assert_eq!(analysis.images[2].verdict.verdict, Verdict::NotSmaller);
}
