//! One image explained: what it is built from, what each layer is, what Alpine would make of it and why.

use schemars::JsonSchema;
use serde::Serialize;

use super::base::{ImageBase, runtime};
use super::error::ReportError;
use super::reference::Found;
use crate::base_image::{
    Builder, Candidate, Catalogue, Evidence, ImageFacts, Instruction, Keyword, Nature, Scope,
};
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::units::{ByteCount, ByteOverflow};
use crate::whatif::{
    AnalysisContext, Composition, ConfidenceLevel, Estimate, EvidenceClass, ImageAnalysis, ReasonedVerdict,
    RegistryAnalysis, Verdict,
};

/// An image explained. Serialized, it is what `tare explain --format json` prints.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ImageExplanation {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The tags of this repository that reach the image, the one asked for first.
    pub tags: Vec<Tag>,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The platform it runs on, such as `linux/amd64`.
    pub platform: String,
    /// The other platforms for which the same tags have an image.
    pub other_platforms: Vec<String>,
    /// When the image says it was built, in RFC 3339; null where it does not say.
    pub created: Option<String>,
    /// The bytes of its layers as stored.
    pub compressed_bytes: ByteCount,
    /// What kind of image it is.
    pub nature: Nature,
    /// The program that built it; null where it left no trace.
    pub builder: Option<Builder>,
    /// Its base; null where nothing is known.
    pub base: Option<ImageBase>,
    /// All images that it may be built from, best first.
    pub candidates: Vec<CandidateRow>,
    /// Its layers in order.
    pub layers: Vec<LayerRow>,
    /// How good the evidence for its size on Alpine is; null where it cannot move.
    pub class: Option<EvidenceClass>,
    /// How sure its size on Alpine is; null where it cannot move.
    pub confidence: Option<ConfidenceLevel>,
    /// What to do with it.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
    /// What to do with its repository, by its newest images or by the operator's decision.
    pub repository_verdict: ReasonedVerdict,
    /// What its owner should check before moving it.
    pub cautions: Vec<String>,
    /// How it would be on Alpine; null where it cannot move.
    pub alpine: Option<AlpineParts>,
    /// What to change in its Dockerfile; null where that is not one line.
    pub dockerfile_change: Option<DockerfileChange>,
}

/// An image that another may be built from.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CandidateRow {
    /// Its name.
    pub name: String,
    /// How many of the image's first layers belong to it.
    pub layers: usize,
    /// What the finding rests on.
    pub evidence: Evidence,
    /// How likely the finding is right, in percent.
    pub confidence: u8,
    /// What was seen, in words.
    pub because: String,
    /// The Alpine image that would take its place; null where none is known.
    pub twin: Option<String>,
}

/// A layer of an image.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LayerRow {
    /// Its digest.
    pub digest: Digest,
    /// The step that made it, as the builder wrote it; null where it is not known.
    pub command: Option<String>,
    /// What the step does.
    pub kind: String,
    /// The same for people.
    #[serde(skip)]
    pub description: String,
    /// Whether it belongs to the base that would be replaced.
    pub is_of_base: bool,
    /// Its bytes as stored; 0 for layers that stay with their vendor.
    pub bytes: ByteCount,
    /// Its bytes on Alpine; null where it goes with the base, or where the image cannot move.
    pub alpine_bytes: Option<Estimate>,
}

/// What an image would consist of on Alpine.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AlpineParts {
    /// The Alpine image that would take the place of its base.
    pub twin: String,
    /// Whether that is the Alpine variant of the image itself, which exists already.
    pub is_own_twin: bool,
    /// The number of the twin's layers.
    pub twin_layers: usize,
    /// The bytes of the twin's layers.
    pub twin_bytes: ByteCount,
    /// What the image needs in addition, such as tools and certificates; null where that is nothing.
    pub added_bytes: Option<Estimate>,
    /// The bytes of all its layers.
    pub bytes: Estimate,
}

/// A change of one line of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DockerfileChange {
    /// The line as it is.
    pub from: String,
    /// The line as it should be.
    pub to: String,
}

/// Explains an image of a registry that was analysed; `None` if the registry does not contain the image or the
/// repository.
///
/// # Errors
/// If sizes overflow.
pub fn explain(
    found: Found<'_>,
    analysis: &RegistryAnalysis,
    context: &AnalysisContext<'_>,
) -> Result<Option<ImageExplanation>, ReportError> {
    let content = found.content;
    let image = content.image_place(found.image.digest);
    let repository = content.repository_place(found.repository);
    let (Some(image), Some(repository)) = (image, repository) else {
        return Ok(None);
    };
    let verdict = &analysis.repositories[repository].verdict;
    explanation(found, &analysis.images[image], verdict, context)
        .map(Some)
        .map_err(ReportError::overflow(&content.source.registry))
}

fn explanation(
    found: Found<'_>,
    image: &ImageAnalysis,
    of_repository: &ReasonedVerdict,
    context: &AnalysisContext<'_>,
) -> Result<ImageExplanation, ByteOverflow> {
    let (facts, catalogue) = (found.image, context.catalogue);
    let mut tags: Vec<Tag> = facts
        .names
        .iter()
        .filter(|(repository, _)| repository == found.repository)
        .map(|(_, tag)| tag.clone())
        .collect();
    tags.sort_by_key(|tag| Some(tag) != found.tag);
    let mut other_platforms: Vec<String> = found
        .content
        .images
        .iter()
        .filter(|other| other.digest != facts.digest)
        .filter(|other| {
            let mut names = other.names.iter();
            names.any(|(repository, tag)| repository == found.repository && tags.contains(tag))
        })
        .map(|other| other.platform.to_string())
        .collect();
    other_platforms.sort();
    other_platforms.dedup();
    let config = facts.config.as_ref();
    let alpine = match (&image.composition, image.estimate) {
        (Some(composition), Some(bytes)) => {
            let twin = &composition.twin;
            let sum = twin
                .layers
                .iter()
                .map(|layer| u128::from(layer.bytes))
                .sum::<u128>();
            Some(AlpineParts {
                twin: twin.name.clone(),
                is_own_twin: twin.is_own,
                twin_layers: twin.layers.len(),
                twin_bytes: sum.try_into()?,
                added_bytes: composition.added(context.model, context.settings.coverage)?,
                bytes,
            })
        }
        _ => None,
    };
    let candidates = image.traits.detection.candidates.iter();
    Ok(ImageExplanation {
        registry: found.content.source.registry.clone(),
        repository: found.repository.clone(),
        tags,
        digest: facts.digest,
        platform: facts.platform.to_string(),
        other_platforms,
        created: config
            .and_then(|config| config.created)
            .map(|created| created.to_rfc3339()),
        compressed_bytes: facts.layer_bytes().try_into()?,
        nature: image.traits.detection.nature,
        builder: image.traits.detection.builder,
        base: ImageBase::new(facts, image, catalogue),
        candidates: candidates
            .map(|candidate| candidate_row(candidate, facts, catalogue))
            .collect(),
        layers: layer_rows(facts, image, context)?,
        class: image.composition.as_ref().map(|composition| composition.class),
        confidence: image.composition.as_ref().and_then(Composition::confidence),
        verdict: image.verdict.verdict,
        reason: image.verdict.reason.clone(),
        repository_verdict: of_repository.clone(),
        cautions: image
            .traits
            .glibc
            .cautions
            .iter()
            .map(ToString::to_string)
            .collect(),
        alpine,
        dockerfile_change: dockerfile_change(facts, image, catalogue),
    })
}

fn candidate_row(candidate: &Candidate, facts: &ImageFacts, catalogue: &Catalogue) -> CandidateRow {
    let scope = Scope::all();
    let twins = match candidate.base {
        Some(base) => catalogue.twins(base, &scope),
        None => catalogue.twins_of_name(&candidate.name, &facts.platform, &scope),
    };
    CandidateRow {
        name: candidate.name.to_string(),
        layers: candidate.layers,
        evidence: candidate.evidence,
        confidence: candidate.confidence.get(),
        because: candidate.because.to_string(),
        twin: twins
            .first()
            .map(|twin| catalogue.base(twin.base).precise_name().to_string()),
    }
}

fn layer_rows(
    facts: &ImageFacts,
    image: &ImageAnalysis,
    context: &AnalysisContext<'_>,
) -> Result<Vec<LayerRow>, ByteOverflow> {
    let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
    let composition = image.composition.as_ref();
    let base_layers = composition.map_or_else(
        || {
            image
                .traits
                .detection
                .base()
                .map_or(0, |candidate| candidate.layers)
        },
        |composition| composition.base_layers,
    );
    let above = composition.map_or(Ok(Vec::new()), |composition| {
        composition.layers(context.model, context.settings.coverage)
    })?;
    let mut rows = Vec::with_capacity(facts.layers.len());
    for (index, (layer, kind)) in facts.layers.iter().zip(&image.traits.kinds).enumerate() {
        let step = image
            .traits
            .detection
            .steps
            .step_of(index)
            .and_then(|step| history.get(step));
        let above = above.iter().find(|above| above.layer.index == index);
        rows.push(LayerRow {
            digest: layer.digest,
            command: step
                .map(|step| step.created_by.clone())
                .filter(|command| !command.is_empty()),
            kind: kind.name(),
            description: kind.step.describe(),
            is_of_base: index < base_layers,
            bytes: if layer.stored { layer.bytes } else { 0 }.try_into()?,
            alpine_bytes: above.map(|above| above.on_alpine),
        });
    }
    Ok(rows)
}

/// `FROM node:22` to `FROM node:22-alpine`, if that is the whole change: what is replaced is what the image is built
/// from, and not something further down.
fn dockerfile_change(
    facts: &ImageFacts,
    image: &ImageAnalysis,
    catalogue: &Catalogue,
) -> Option<DockerfileChange> {
    let composition = image.composition.as_ref()?;
    let replaced = composition.replaced.as_ref()?;
    if composition.twin.is_own {
        return None;
    }
    let beneath = runtime(facts, image, catalogue).map(|(name, _)| name);
    if beneath.is_some_and(|beneath| beneath != *replaced) {
        return None;
    }
    Some(DockerfileChange {
        from: format!("FROM {replaced}"),
        to: format!("FROM {}", composition.twin.name),
    })
}

/// A step in the words of a Dockerfile: without the shell and the marks that builders put around it.
pub(super) fn instruction(command: &str) -> String {
    let read = Instruction::read(command);
    let keyword = match read.keyword {
        Keyword::Run => "RUN ",
        Keyword::Copy => "COPY ",
        Keyword::Add => "ADD ",
        Keyword::Workdir => "WORKDIR ",
        Keyword::Cmd => "CMD ",
        Keyword::Env => "ENV ",
        Keyword::Arg => "ARG ",
        Keyword::Label => "LABEL ",
        Keyword::Metadata | Keyword::Missing => "",
    };
    let words: Vec<&str> = read.body.split_whitespace().collect();
    format!("{keyword}{}", words.join(" "))
}
