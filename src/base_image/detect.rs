use std::sync::Arc;

use super::candidates;
use super::catalogue::{Catalogue, LayerKey};
use super::confidence_table::{labels, layers};
use super::search::{Search, SearchMemory, Searched};
use super::texts::TextKey;
use super::traces::{self, Traces};
use super::{
    Candidate, Confidence, Detection, Evidence, ImageFacts, LayerSteps, Nature, Role, Scope, System,
    SystemFinding,
};

/// Finds the base of an image.
///
/// Uses every kind of evidence that `scope` allows and ranks the candidates: those that explain more of the
/// image first, then those with better evidence.
pub fn detect(facts: &ImageFacts, catalogue: &Catalogue, scope: &Scope) -> Detection {
    Detector::new(catalogue, scope).detect(facts)
}

/// Finds the bases of images in one catalogue. It keeps what images have in common, so one for many images is faster.
#[derive(Debug)]
pub struct Detector<'a> {
    catalogue: &'a Catalogue,
    scope: &'a Scope,
    memory: SearchMemory,
}

impl<'a> Detector<'a> {
    /// A detector that uses the evidence and the bases that a scope allows.
    pub fn new(catalogue: &'a Catalogue, scope: &'a Scope) -> Self {
        Self {
            catalogue,
            scope,
            memory: SearchMemory::default(),
        }
    }

    /// Finds the base of an image, as [`detect`] does.
    pub fn detect(&mut self, facts: &ImageFacts) -> Detection {
        let catalogue = self.catalogue;
        let mut detection = Detection {
            nature: Nature::Unknown,
            system: None,
            candidates: Box::default(),
            builder: None,
            steps: LayerSteps::default(),
        };
        if facts.is_artifact() {
            detection.nature = Nature::NotAnImage;
            return detection;
        }
        let known = catalogue.base_of_digest(&facts.digest);
        // The configuration of an image that the catalogue knows has already been read.
        let content = known.and_then(|id| catalogue.content_of(id));
        let content = content.filter(|content| {
            let config = facts.config.as_ref();
            config.is_some_and(|config| config.history.len() == content.shown.steps.len())
        });
        let (texts, beginnings, traces);
        let (texts, beginnings, traces) = match content {
            Some(content) => (&*content.shown.steps, &*content.beginnings, &content.shown.traces),
            None => {
                texts = TextKey::from_history(facts);
                beginnings = catalogue.beginnings(&texts);
                let config = facts.config.as_ref();
                traces = config
                    .map(|config| traces::read(config, catalogue.systems()))
                    .unwrap_or_default();
                (&*texts, &*beginnings, &traces)
            }
        };
        detection.steps = LayerSteps::new(facts, texts, |layer| catalogue.text_of_layer(layer));
        detection.builder = traces.builder;
        if facts.is_windows() {
            detection.nature = Nature::Windows;
            detection.system = Some(SystemFinding {
                system: System::named("windows").into(),
                layers: facts.layers.iter().take_while(|layer| !layer.stored).count(),
                evidence: Evidence::SystemTrace,
                confidence: Confidence::percent(labels::WINDOWS),
            });
            return detection;
        }
        let own = candidates::own_repositories(facts, catalogue);
        let image = Searched {
            facts,
            known: known.filter(|_| content.is_some()),
            texts,
            beginnings,
            steps: &detection.steps,
            own: &own,
        };
        let found = Search::run(image, catalogue, self.scope, traces, &mut self.memory);
        detection.candidates = candidates::ranked(found, &own, catalogue);
        detection.system = system(facts, catalogue, self.scope, traces, &detection.candidates);
        detection.nature = nature(catalogue, traces, detection.system.as_ref());
        detection
    }
}

/// The operating system: that of the best candidate that has one, else what the image itself shows.
fn system(
    facts: &ImageFacts,
    catalogue: &Catalogue,
    scope: &Scope,
    traces: &Traces,
    candidates: &[Candidate],
) -> Option<SystemFinding> {
    let by_layer = facts
        .layers
        .first()
        .filter(|_| scope.sees(Evidence::SystemLayer))
        .and_then(|layer| catalogue.system_of_layer(LayerKey::from_digest(&layer.digest)))
        .map(|system| SystemFinding {
            system: Arc::clone(system),
            layers: 1,
            evidence: Evidence::SystemLayer,
            confidence: Confidence::percent(layers::SYSTEM_LAYER),
        });
    let by_candidate = candidates.iter().find_map(|candidate| {
        let system = match candidate.base {
            Some(id) => catalogue.base(id).system.clone()?,
            // Its name can be that of a system's own image.
            None => catalogue.systems().of_image(&candidate.name)?.into(),
        };
        Some(SystemFinding {
            system,
            layers: 1,
            evidence: candidate.evidence,
            confidence: candidate.confidence,
        })
    });
    let by_trace = traces
        .system
        .as_ref()
        .filter(|_| scope.sees(Evidence::SystemTrace))
        .map(|(system, confidence)| SystemFinding {
            system: Arc::clone(system),
            layers: 1,
            evidence: Evidence::SystemTrace,
            confidence: *confidence,
        });
    // The image's own traces outweigh a candidate that is only a guess.
    let mut best = [by_layer, by_candidate, by_trace]
        .into_iter()
        .flatten()
        .reduce(|best, other| {
            if other.confidence > best.confidence {
                other
            } else {
                best
            }
        })?;
    // Old Ubuntu images have several layers; the bare system image that this one is built on decides.
    best.layers = candidates
        .iter()
        .filter(|candidate| candidate.evidence <= Evidence::DiffIds)
        .filter_map(|candidate| candidate.base.map(|id| (catalogue.base(id), candidate.layers)))
        .filter(|(base, _)| base.role == Role::System)
        .map(|(_, layers)| layers)
        .max()
        .unwrap_or(1)
        .min(facts.layers.len());
    Some(best)
}

fn nature(catalogue: &Catalogue, traces: &Traces, system: Option<&SystemFinding>) -> Nature {
    let Some(found) = system else {
        return if traces.scratch {
            Nature::Scratch
        } else {
            Nature::Unknown
        };
    };
    match found.system.name.as_str() {
        "alpine" => Nature::Alpine,
        "scratch" => Nature::Scratch,
        "windows" => Nature::Windows,
        name if catalogue.system(name).is_some_and(|info| info.small) => Nature::Small,
        _ => Nature::System,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::testing::{Image, catalogue};
    use crate::base_image::{BaseName, Builder};

    fn debian() -> Image {
        Image::new("debian", "stretch")
            .layer("debian", 45_000_000, "ADD file:00 in / ")
            .step("CMD [\"bash\"]")
    }

    fn node() -> Image {
        debian()
            .child("mirror/library/node", "8")
            .layer(
                "node",
                15_000_000,
                "RUN set -ex && curl -O https://nodejs.org/$NODE_VERSION.tar.xz",
            )
            .step("ENV NODE_VERSION=8.9.4")
            .variable("NODE_VERSION", "8.9.4")
            .layer("yarn", 1_000_000, "RUN curl -O https://yarnpkg.com/yarn.tgz")
            .step("CMD [\"node\"]")
    }

    fn alpine_node() -> Image {
        Image::new("mirror/library/node", "8-alpine")
            .layer("alpine", 2_000_000, "ADD file:01 in / ")
            .step("CMD [\"/bin/sh\"]")
            .layer(
                "node-musl",
                20_000_000,
                "RUN apk add --no-cache libstdc++ && curl -O https://nodejs.org/x",
            )
            .variable("NODE_VERSION", "8.9.4")
    }

    fn application(base: &Image) -> ImageFacts {
        base.child("team/shop", "1.0")
            .layer("modules", 8_000_000, "RUN npm ci")
            .layer("source", 500_000, "COPY . /app")
            .facts()
    }

    fn best(detection: &Detection) -> (String, usize, Evidence) {
        let base = detection.base().expect("a candidate");
        (base.name.to_string(), base.layers, base.evidence)
    }

    #[test]
    fn layers_name_the_base_under_its_upstream_name() {
        let catalogue = catalogue(&[debian().facts(), node().facts(), alpine_node().facts()]);
        let facts = application(&node());
        let found = detect(&facts, &catalogue, &Scope::all());
        assert_eq!(best(&found), ("node:8".into(), 3, Evidence::LayerDigests));
        assert_eq!(found.nature, Nature::System);
        assert_eq!(
            found.system.as_ref().map(|found| found.system.to_string()),
            Some("debian:stretch".into())
        );
        let id = found.candidates[0].base.expect("a base");
        let twins = catalogue.twins(id, &Scope::all());
        assert_eq!(catalogue.base(twins[0].base).name().to_string(), "node:8-alpine");
        let explained = catalogue.explain(id).to_string();
        assert!(explained.contains("twin           node:8-alpine"), "{explained}");
    }

    #[test]
    fn copies_in_other_repositories_are_no_bases_unless_they_are_well_known() {
        let ours = node()
            .child("prod/shop", "1")
            .layer("source", 500_000, "COPY . /app");
        // The same with another label, and as another tool writes it.
        let promoted = ours.child("live/shop", "1").label("stage", "live");
        let plain = ours.child("plain/shop", "1").squashed();
        let images = [node().facts(), ours.facts(), promoted.facts(), plain.facts()];
        let catalogue = catalogue(&images);
        for facts in &images[1..] {
            let found = detect(facts, &catalogue, &Scope::all());
            assert_eq!(best(&found), ("node:8".into(), 3, Evidence::LayerDigests));
            let others = found
                .candidates
                .iter()
                .map(|candidate| candidate.name.to_string());
            let others: Vec<String> = others.filter(|name| name.contains("shop")).collect();
            assert_eq!(others, [""; 0]);
        }
        // A copy of a well-known image is built on it.
        let renamed = node().child("team/node", "8").label("stage", "live").facts();
        let found = detect(&renamed, &catalogue, &Scope::all());
        assert_eq!(best(&found).0, "node:8");
    }

    #[test]
    fn a_rebuilt_base_is_known_by_its_steps_and_without_them_by_its_variables() {
        let catalogue = catalogue(&[debian().facts(), node().facts(), alpine_node().facts()]);
        let older = Image::new("team/shop", "0.9")
            .layer("older debian", 44_000_000, "/bin/sh -c #(nop) ADD file:07 in / ")
            .step("/bin/sh -c #(nop)  CMD [\"bash\"]")
            .layer(
                "older node",
                14_900_000,
                "/bin/sh -c set -ex \t&& curl -O https://nodejs.org/$NODE_VERSION.tar.xz",
            )
            .step("/bin/sh -c #(nop)  ENV NODE_VERSION=8.9.1")
            .variable("NODE_VERSION", "8.9.1")
            .layer(
                "older yarn",
                1_000_000,
                "/bin/sh -c curl -O https://yarnpkg.com/yarn.tgz",
            )
            .step("/bin/sh -c #(nop)  CMD [\"node\"]")
            .layer("source", 400_000, "/bin/sh -c #(nop) COPY dir:99 in /app ")
            .facts();
        let found = detect(&older, &catalogue, &Scope::all());
        assert_eq!(best(&found), ("node:8".into(), 3, Evidence::StepTexts));
        let found = detect(&older, &catalogue, &Scope::all().hiding(Evidence::StepTexts));
        assert_eq!(best(&found), ("node:8".into(), 3, Evidence::Variables));
        assert_eq!(found.builder, Some(Builder::Classic));
    }

    #[test]
    fn an_excluded_repository_is_not_named() {
        let catalogue = catalogue(&[debian().facts(), node().facts(), alpine_node().facts()]);
        let id = catalogue.repository("mirror/library/node").expect("node");
        assert_eq!(catalogue.repository_name(id), "node");
        let found = detect(&application(&node()), &catalogue, &Scope::all().excluding([id]));
        assert_eq!(best(&found), ("debian:stretch".into(), 1, Evidence::LayerDigests));
        let bare = BaseName::new("node", "8");
        let platform = application(&node()).platform;
        assert!(
            catalogue
                .twins_of_name(&bare, &platform, &Scope::all().excluding([id]))
                .is_empty()
        );
    }

    #[test]
    fn annotations_name_bases_that_nobody_holds() {
        let catalogue = catalogue(&[]);
        let facts = Image::new("team/api", "1")
            .annotation(
                "org.opencontainers.image.base.name",
                "docker.io/library/node:22.3.0-slim@sha256:00",
            )
            .layer("all", 70_000_000, "")
            .facts();
        let found = detect(&facts, &catalogue, &Scope::all());
        assert_eq!(best(&found).0, "node:22.3.0-slim");
        let name = &found.candidates[0].name;
        let twins = catalogue.twins_of_name(name, &facts.platform, &Scope::all());
        assert_eq!(catalogue.base(twins[0].base).name().to_string(), "node:22-alpine");
        let noted = Image::new("team/api", "2")
            .layer("all", 70_000_000, "")
            .entry(serde_json::json!({"created_by": "/bin/sh -c make", "comment": "FROM docker.io/library/node:22"}))
            .facts();
        let found = detect(&noted, &catalogue, &Scope::all());
        assert_eq!(best(&found).0, "node:22");
        assert_eq!(found.builder, Some(Builder::Buildah));
    }

    #[test]
    fn what_cannot_be_switched_is_said_as_such() {
        let catalogue = catalogue(&[]);
        let nature = |image: Image| detect(&image.facts(), &catalogue, &Scope::all()).nature;
        let image = |name| Image::new("team/x", name);
        for (expected, image) in [
            (
                Nature::Windows,
                image("windows")
                    .os("windows")
                    .layer("w", 9, "RUN Apply image 10.0.14393.0"),
            ),
            (
                Nature::Scratch,
                image("scratch")
                    .layer("s", 9, "COPY file:00 in /app ")
                    .step("ENTRYPOINT [\"/app\"]"),
            ),
            (Nature::Unknown, image("unknown").layer("u", 9, "").squashed()),
            (
                Nature::Alpine,
                image("alpine").layer("a", 9, "ADD alpine-minirootfs-3.22.6-x86_64.tar.gz / # buildkit"),
            ),
            (
                Nature::System,
                image("ubi")
                    .label("com.redhat.component", "ubi9-minimal-container")
                    .layer("r", 9, ""),
            ),
            (
                Nature::Small,
                image("distroless")
                    .author("Bazel")
                    .layer("d", 9, "bazel build @debian12//base-files"),
            ),
            (
                Nature::Small,
                image("busybox").layer("b", 9, "BusyBox 1.37.0 (glibc), Debian 13"),
            ),
            (
                Nature::Small,
                image("named")
                    .annotation(
                        "org.opencontainers.image.base.name",
                        "gcr.io/distroless/cc-debian13:nonroot",
                    )
                    .layer("c", 9, "COPY /app /app # buildkit"),
            ),
        ] {
            assert_eq!(nature(image), expected);
        }
        let mut chart = image("chart").layer("c", 9, "").facts();
        chart.config_media_type = "application/vnd.cncf.helm.config.v1+json".into();
        assert_eq!(
            detect(&chart, &catalogue, &Scope::all()).nature,
            Nature::NotAnImage
        );
    }

    /// Steps as images on distroless and on Chainguard's images have them: those of the base stay, a Dockerfile's follow.
    #[test]
    fn what_is_built_on_a_minimal_base_is_small_whoever_built_the_rest() {
        let catalogue = catalogue(&[]);
        let distroless = Image::new("team/agent", "1")
            .layer("files", 120_000, "bazel build //common:base-files")
            .layer("zones", 480_000, "bazel build //common:tzdata_debian12")
            .layer("certificates", 190_000, "bazel build //common:cacerts_debian12");
        let newer = Image::new("team/agent", "2")
            .layer(
                "files",
                120_000,
                "bazel build @@rules_distroless++apt+trixie//base-files/amd64:data",
            )
            .layer("users", 1_000, "bazel build //common:passwd");
        let step = serde_json::json!({"created_by": "apko", "comment": "This is an apko single-layer image"});
        let chainguard = Image::new("team/agent", "3")
            .layer("all", 900_000, "")
            .squashed()
            .entry(step);
        for (base, system) in [
            (distroless, "distroless:bookworm"),
            (newer, "distroless:trixie"),
            (chainguard, "wolfi"),
        ] {
            for step in [
                "COPY agent / # buildkit",
                "/bin/sh -c #(nop) COPY file:00 in /agent ",
            ] {
                let child = base.child("team/agent", "1").layer("agent", 12_000_000, step);
                let found = detect(&child.step("USER 65532:65532").facts(), &catalogue, &Scope::all());
                assert_eq!(found.nature, Nature::Small, "{system}: {step}");
                let found = found.system.expect("a system").system;
                assert_eq!(found.to_string(), system, "{step}");
            }
        }
        // Bazel's layers on a full system are no minimal image.
        let on_debian = debian()
            .child("team/x", "1")
            .layer("app", 9, "bazel build //app:layer");
        assert_eq!(
            detect(&on_debian.facts(), &catalogue, &Scope::all()).nature,
            Nature::System
        );
    }

    #[test]
    fn the_first_layer_alone_tells_todays_slim_from_full() {
        let catalogue = catalogue(&[]);
        // `debian:trixie` and `debian:trixie-slim` have the same steps; layers of the shipped catalogue.
        let step = "RUN # debian.sh --arch 'amd64' out/ 'trixie' '@1790000000'";
        for (bytes, name) in [(49_400_000, "debian:trixie"), (29_700_000, "debian:trixie-slim")] {
            let facts = Image::new("team/y", "1")
                .layer("rebuilt", bytes, step)
                .layer("app", 5_000_000, "COPY . /app")
                .facts();
            let found = detect(&facts, &catalogue, &Scope::all());
            assert_eq!(best(&found).0, name);
            assert_eq!(
                found.system.expect("a system").system.to_string(),
                "debian:trixie"
            );
        }
    }
    #[test]
    fn dotnet_is_known_by_its_variables() {
        let catalogue = catalogue(&[]);
        let facts = Image::new("team/z", "1")
            .variable("ASPNET_VERSION", "10.0.3")
            .variable("DOTNET_VERSION", "10.0.3")
            .variable("DOTNET_RUNNING_IN_CONTAINER", "true")
            .layer("all", 90_000_000, "")
            .squashed()
            .facts();
        let found = detect(&facts, &catalogue, &Scope::all());
        let name = &found.base().expect("a candidate").name;
        assert_eq!(name.to_string(), "mcr.microsoft.com/dotnet/aspnet:10.0");
        let twins = catalogue.twins_of_name(name, &facts.platform, &Scope::all());
        assert_eq!(
            catalogue.base(twins[0].base).name().to_string(),
            "mcr.microsoft.com/dotnet/aspnet:10.0-alpine"
        );
    }

    #[test]
    fn an_unmirrored_node_of_another_patch_release_is_found_in_the_shipped_catalogue() {
        let catalogue = catalogue(&[]);
        let facts = Image::new("team/web", "1")
            .variable("NODE_VERSION", "22.3.0")
            .variable("YARN_VERSION", "1.22.22")
            .layer(
                "debian",
                28_000_000,
                "# debian.sh --arch 'amd64' out/ 'bookworm' '@1715000000'",
            )
            .layer("user", 3_400, "RUN groupadd --gid 1000 node")
            .layer(
                "node",
                49_000_000,
                "RUN ARCH= && dpkgArch=x && curl -fsSLO node.tar.xz # buildkit",
            )
            .layer("yarn", 1_700_000, "RUN set -ex && curl yarn # buildkit")
            .layer(
                "entrypoint",
                450,
                "COPY docker-entrypoint.sh /usr/local/bin/ # buildkit",
            )
            .layer("modules", 30_000_000, "RUN npm ci # buildkit")
            .facts();
        let found = detect(&facts, &catalogue, &Scope::all());
        assert_eq!(best(&found), ("node:22-slim".into(), 5, Evidence::Variables));
        assert_eq!(
            found.system.expect("a system").system.to_string(),
            "debian:bookworm"
        );
    }
}
