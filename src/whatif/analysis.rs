//! Everything about one registry: each image, each repository, and the whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::base_image::{Catalogue, Detection, ImageFacts, Scope, detect};
use crate::inventory::{Inventory, ManifestId};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::bound::{BoundRules, Bounds, StepMatches};
use super::compose::compose;
use super::composition::Composition;
use super::counterfactual::Counterfactual;
use super::estimate::Estimate;
use super::layer_kind::LayerKind;
use super::model::AlpineModel;
use super::outcome::Outcome;
use super::readings::Readings;
use super::replace::{Moving, Replacer};
use super::verdict::{Case, Reasoned, Verdict, VerdictSettings, Vote, moves, repository_verdict};

/// What is known of one image and its move.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageAnalysis {
    /// The image in the inventory; none where the inventory does not count it.
    pub manifest: Option<ManifestId>,
    /// What it shows of itself.
    pub traits: Arc<ImageTraits>,
    /// What it would consist of on Alpine; none where it cannot move.
    pub composition: Option<Composition>,
    /// Its layers' bytes on Alpine.
    pub estimate: Option<Estimate>,
    /// What to do with it.
    pub verdict: Reasoned,
}

/// What an image shows of itself, whatever it is judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageTraits {
    /// What is beneath it.
    pub detection: Detection,
    /// What the step of each of its layers does.
    pub kinds: Vec<LayerKind>,
    /// What ties it to glibc, and what its owner should look at before moving it.
    pub bounds: Bounds,
}

/// What is known of one repository and its move.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryAnalysis {
    /// What to do with it.
    pub verdict: Reasoned,
    /// The image that speaks for it, by its place among the images.
    pub speaker: Option<usize>,
}

/// Everything about one registry.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryAnalysis {
    /// Each image, in the order in which they were given.
    pub images: Vec<ImageAnalysis>,
    /// Each repository, in the order of the inventory.
    pub repositories: Vec<RepositoryAnalysis>,
    /// What is saved if every repository with the verdict `switch` does.
    pub outcome: Outcome,
    /// The graph that says what any other choice among these repositories would save.
    pub counterfactual: Counterfactual,
}

impl RegistryAnalysis {
    /// Where the images that the inventory counts stand among all.
    pub fn places(&self) -> HashMap<ManifestId, usize> {
        self.images
            .iter()
            .enumerate()
            .filter_map(|(place, image)| Some((image.manifest?, place)))
            .collect()
    }
}

/// What all images are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// The bases and twins that are known.
    pub catalogue: &'a Catalogue,
    /// The factors.
    pub model: &'a AlpineModel,
    /// What ties images to glibc.
    pub rules: &'a BoundRules,
    /// How verdicts are made.
    pub settings: &'a VerdictSettings,
}

impl Judgement<'_> {
    /// Analyses a registry: every image, every repository, and what all that should switch would save.
    ///
    /// `images` are the images for one platform each; those that the inventory does not count are judged
    /// and change no total. Linear in the number of layer references.
    ///
    /// # Errors
    /// Where sizes add up to more than 63 bits.
    pub fn analyse(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let by_digest: HashMap<Digest, ManifestId> = (0..inventory.manifests().len() as ManifestId)
            .map(|id| (inventory.manifest_digest(id), id))
            .collect();
        let readings = Readings::of(images);
        let matches = self.rules.match_steps(&readings);
        let analysed = images
            .par_iter()
            .map(|facts| {
                let manifest = by_digest.get(&facts.digest).copied();
                let (traits, composition) = self.traits(facts, &readings, &matches);
                self.judged(facts, manifest, traits.into(), composition)
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, analysed)
    }

    /// Judges a registry that was analysed before by other settings, of which nothing depends on what its images
    /// show of themselves: that is not looked at again.
    ///
    /// # Errors
    /// Where sizes add up to more than 63 bits.
    pub fn judge_again(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysis: &RegistryAnalysis,
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let known: Vec<_> = images.iter().zip(&analysis.images).collect();
        let judged = known
            .par_iter()
            .map(|(facts, image)| {
                let traits = Arc::clone(&image.traits);
                let composition = self.composition(facts, &traits.detection, &traits.kinds);
                self.judged(facts, image.manifest, traits, composition)
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, judged)
    }

    /// What images come to: each repository, and what all that should switch would save.
    fn concluded(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysed: Vec<ImageAnalysis>,
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let places: HashMap<ManifestId, usize> = analysed
            .iter()
            .enumerate()
            .filter_map(|(place, image)| Some((image.manifest?, place)))
            .collect();
        let mut repositories = Vec::with_capacity(inventory.repositories.len());
        let mut moving: HashSet<usize> = HashSet::new();
        for repository in &inventory.repositories {
            let mut own: Vec<usize> = repository
                .tags
                .iter()
                .filter(|tag| !tag.tag.is_referrers_fallback())
                .flat_map(|tag| inventory.images_of(tag.manifest))
                .filter_map(|manifest| places.get(&manifest).copied())
                .collect();
            own.sort_unstable();
            own.dedup();
            let votes: Vec<Vote<'_>> = own
                .iter()
                .map(|&place| Vote {
                    created: created(&images[place]),
                    class: analysed[place]
                        .composition
                        .as_ref()
                        .map(|composition| composition.class),
                    bytes: images[place].layer_bytes(),
                    image: &analysed[place].verdict,
                })
                .collect();
            let (verdict, speaker) = repository_verdict(&repository.name, &votes, self.settings);
            let is_forced = verdict.verdict == Verdict::Switch && self.is_decided(&repository.name);
            moving.extend(own.iter().copied().filter(|&place| {
                let image = &analysed[place];
                moves(image.verdict.verdict, image.composition.as_ref(), is_forced)
            }));
            repositories.push(RepositoryAnalysis {
                verdict,
                speaker: speaker.map(|at| own[at]),
            });
        }

        let counterfactual =
            self.counterfactual(inventory, images, &analysed, |place| moving.contains(&place));
        let outcome =
            counterfactual.switching(|index| repositories[index].verdict.verdict == Verdict::Switch)?;
        Ok(RegistryAnalysis {
            images: analysed,
            repositories,
            outcome,
            counterfactual,
        })
    }

    /// The graph in which every image can move that has a twin, whatever its verdict: for asking what would
    /// happen if repositories switched that should not.
    pub fn every_move(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysis: &RegistryAnalysis,
    ) -> Counterfactual {
        self.counterfactual(inventory, images, &analysis.images, |place| {
            let image = &analysis.images[place];
            moves(image.verdict.verdict, image.composition.as_ref(), true)
        })
    }

    fn counterfactual(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysed: &[ImageAnalysis],
        is_moving: impl Fn(usize) -> bool,
    ) -> Counterfactual {
        let moving: Vec<Moving<'_>> = (0..analysed.len())
            .filter(|&place| is_moving(place))
            .filter_map(|place| {
                Some(Moving {
                    manifest: analysed[place].manifest?,
                    facts: &images[place],
                    steps: &analysed[place].traits.detection.steps,
                    composition: analysed[place].composition.as_ref()?,
                })
            })
            .collect();
        let replacements = Replacer::new(self.model, self.settings.coverage).replacements(inventory, &moving);
        Counterfactual::new(inventory, &replacements)
    }

    fn traits(
        &self,
        facts: &ImageFacts,
        readings: &Readings,
        matches: &StepMatches<'_>,
    ) -> (ImageTraits, Option<Composition>) {
        let detection = detect(facts, self.catalogue, &Scope::all());
        let kinds = readings.kinds(facts, &detection);
        let composition = self.composition(facts, &detection, &kinds);
        // Which layers are the base's does not depend on what takes their place.
        let base_layers = composition
            .as_ref()
            .map_or(0, |composition| composition.base_layers);
        let traits = ImageTraits {
            bounds: self.rules.of_image(facts, &detection, base_layers, matches),
            detection,
            kinds,
        };
        (traits, composition)
    }

    /// What an image would consist of on the release of Alpine that is wanted.
    fn composition(
        &self,
        facts: &ImageFacts,
        detection: &Detection,
        kinds: &[LayerKind],
    ) -> Option<Composition> {
        let scope = Scope::all().preferring(self.settings.alpine_release);
        compose(facts, detection, kinds, self.catalogue, &scope)
    }

    fn judged(
        &self,
        facts: &ImageFacts,
        manifest: Option<ManifestId>,
        traits: Arc<ImageTraits>,
        composition: Option<Composition>,
    ) -> Result<ImageAnalysis, ByteOverflow> {
        let ImageTraits {
            detection,
            kinds,
            bounds,
        } = &*traits;
        let estimate = composition
            .as_ref()
            .map(|composition| composition.estimate(self.model, self.settings.coverage))
            .transpose()?;
        let verdict = Case {
            facts,
            detection,
            kinds,
            catalogue: self.catalogue,
            composition: composition.as_ref(),
            estimate,
            bounds,
        }
        .verdict(self.settings);
        Ok(ImageAnalysis {
            manifest,
            traits,
            composition,
            estimate,
            verdict,
        })
    }

    fn is_decided(&self, repository: &crate::oci::RepositoryName) -> bool {
        let mut overrides = self.settings.overrides.iter();
        overrides.any(|decision| decision.is_about(repository))
    }
}

fn created(facts: &ImageFacts) -> Option<i64> {
    facts.config.as_ref()?.created.map(|created| created.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::testing::{Image, catalogue};
    use crate::inventory::{DedupScope, InventoryBuilder};
    use crate::oci::{Descriptor, Manifest, ManifestKind};
    use crate::units::ByteCount;
    use crate::whatif::{Coverage, EvidenceClass, VerdictOverride};

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
        judged(images, settings, |judgement, inventory| {
            judgement.analyse(inventory, images)
        })
    }

    fn judged_again(
        images: &[ImageFacts],
        before: &RegistryAnalysis,
        settings: &VerdictSettings,
    ) -> RegistryAnalysis {
        judged(images, settings, |judgement, inventory| {
            judgement.judge_again(inventory, images, before)
        })
    }

    fn judged(
        images: &[ImageFacts],
        settings: &VerdictSettings,
        work: impl FnOnce(&Judgement<'_>, &Inventory) -> Result<RegistryAnalysis, ByteOverflow>,
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
            };
            builder.manifest(facts.digest, ByteCount::ZERO, manifest);
            let (repository, tag) = facts.names[0].clone();
            builder.tag(repository, tag, facts.digest);
        }
        let (model, rules) = (AlpineModel::shipped(), BoundRules::shipped());
        let judgement = Judgement {
            catalogue: &catalogue(images),
            model: &model,
            rules: &rules,
            settings,
        };
        work(&judgement, &builder.finish()).unwrap()
    }

    /// The idea in one example: an application of a few megabytes weighs 913 MB on Node's Debian image
    /// and 86 MB on its Alpine one.
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
        // The node image is the base of another repository: it is not the one to judge.
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
        let cautions = analysis.images[2].traits.bounds.cautions.join("\n");
        for word in ["locale", "time zones", "bash"] {
            assert!(cautions.contains(word), "{word} is missing in {cautions}");
        }
        // The base's own steps give no cause: it is another one on Alpine.
        assert!(!cautions.contains("DNS"));
    }

    /// A company may keep to one release of Alpine, whose images weigh what they weigh and not what the newest do.
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
        // Of a release that nobody has an image of, the newest stands in, and is told as what it is.
        let unknown = analyse(&images, &wanting(Some("3.5")));
        assert_eq!(twin(&unknown), twin(&newest));

        // Judged again by other settings, a registry is as if it had been analysed by them from the start.
        for (before, release) in [(&newest, Some("3.20")), (&wanted, None), (&wanted, Some("3.5"))] {
            let settings = wanting(release);
            let again = judged_again(&images, before, &settings);
            assert_eq!(again, analyse(&images, &settings), "{release:?}");
        }
    }

    #[test]
    fn an_operator_has_the_last_word() {
        let settings = VerdictSettings {
            overrides: vec![
                VerdictOverride::new("team/*", Verdict::Blocked, Some("certified on Debian".to_owned()))
                    .unwrap(),
            ],
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
}
