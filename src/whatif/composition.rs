//! The parts of an image that determine its size on Alpine, and the estimate from them.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use crate::base_image::{AlpineRelease, PackageKind, StepKind};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::class::EvidenceClass;
use super::estimate::Estimate;
use super::layer_kind::LayerKind;
use super::model::{AlpineModel, Coverage, KindFactor};

/// An image taken apart: the Alpine variant that would replace its base, and its current layers above the base.
#[derive(Debug, Clone, PartialEq)]
pub struct Composition {
    /// How good the evidence is.
    pub class: EvidenceClass,
    /// The Alpine variant that would replace the base.
    pub twin: Arc<Twin>,
    /// The name of the replaced base; `None` for an image from scratch.
    pub replaced: Option<String>,
    /// How many of the image's first layers belong to the base.
    pub base_layers: usize,
    /// Whether they are exactly the build of the base to which the variant belongs, and not an older or newer one, whose
    /// variant would be another build too.
    pub is_same_build: bool,
    /// The current layers above the base, in order.
    pub above: Box<[LayerAbove]>,
}

/// An Alpine image that replaces a base.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// Its name, such as `node:22-alpine`.
    pub name: String,
    /// Its layers in order.
    pub layers: Vec<TwinLayer>,
    /// The Alpine release that its sizes are of, if known.
    pub release: Option<AlpineRelease>,
    /// The first day without security fixes for that release, or a later one if only the build date of the image is
    /// known; `None` while it is supported, and if that is not known.
    pub support_ended: Option<NaiveDate>,
    /// Whether it contains a runtime and is not bare Alpine.
    pub is_runtime: bool,
    /// Whether it is the variant of the image itself, so that nothing needs to be modelled.
    pub is_own: bool,
}

/// A layer of an Alpine variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinLayer {
    /// Its digest, if known.
    pub digest: Option<Digest>,
    /// Its stored bytes.
    pub bytes: u64,
}

/// A layer above the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerAbove {
    /// Its index among the image's layers.
    pub index: usize,
    /// Its current bytes.
    pub bytes: u64,
    /// The kind of its step.
    pub kind: LayerKind,
}

/// A current layer and its estimate on Alpine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerOnAlpine {
    /// The layer.
    pub layer: LayerAbove,
    /// Its bytes on Alpine.
    pub on_alpine: Estimate,
}

/// A part of an image on Alpine, in bytes that are not yet rounded to an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) expected: f64,
    /// Its typical error.
    pub(super) spread: f64,
}

impl Part {
    fn estimate(self, scale: f64) -> Result<Estimate, ByteOverflow> {
        let bytes = |value: f64| value.round() as u128;
        Estimate::around(
            bytes(self.expected),
            bytes(self.below(scale)),
            bytes(self.above(scale)),
        )
    }

    /// How far the interval extends below the expected bytes, for an interval of `scale` typical errors. The size cannot
    /// become negative.
    pub(super) fn below(self, scale: f64) -> f64 {
        (self.spread * scale).min(self.expected)
    }

    /// How far the interval extends above the expected bytes.
    pub(super) fn above(self, scale: f64) -> f64 {
        self.spread * scale
    }
}

impl Composition {
    /// The class of an image on a runtime's Alpine variant, by the layers above.
    pub fn class_above_runtime(above: &[LayerAbove]) -> EvidenceClass {
        let total: u64 = above.iter().map(|layer| layer.bytes).sum();
        let other = above.iter().filter(|layer| !is_content(layer.kind.step));
        let other: u64 = other.map(|layer| layer.bytes).sum();
        // Tiny layers of apt or compile steps do not make the estimate less certain.
        if other <= 1_000_000 && other * 10 <= total {
            EvidenceClass::A
        } else {
            EvidenceClass::B
        }
    }

    /// Its size on Alpine, layers only.
    ///
    /// # Errors
    /// If the sizes add up to more than 63 bits.
    pub fn estimate(&self, model: &AlpineModel, coverage: Coverage) -> Result<Estimate, ByteOverflow> {
        self.estimate_with(&mut KindFactors::new(model), coverage)
    }

    /// The same with factors that have been looked up before.
    pub(super) fn estimate_with(
        &self,
        factors: &mut KindFactors<'_>,
        coverage: Coverage,
    ) -> Result<Estimate, ByteOverflow> {
        let scale = factors.model.scale_of(self.class).for_coverage(coverage);
        let parts = self.parts_with(factors);
        let sum = |value: &dyn Fn(&Part) -> f64| parts.iter().map(|part| value(part).round() as u128).sum();
        Estimate::around(
            sum(&|part| part.expected),
            sum(&|part| part.below(scale)),
            sum(&|part| part.above(scale)),
        )
    }

    /// The change to the Dockerfile, in one line; `None` for an image from scratch.
    pub fn change(&self) -> Option<String> {
        let replaced = self.replaced.as_ref()?;
        Some(format!("FROM {replaced} → FROM {}", self.twin.name))
    }

    /// Each layer above the base, with its estimate. The base's layers are replaced by the variant's.
    ///
    /// # Errors
    /// If a size exceeds 63 bits.
    pub fn layers(
        &self,
        model: &AlpineModel,
        coverage: Coverage,
    ) -> Result<Vec<LayerOnAlpine>, ByteOverflow> {
        let scale = model.scale_of(self.class).for_coverage(coverage);
        let mut factors = KindFactors::new(model);
        let layers = self.above.iter().map(|layer| {
            let on_alpine = self.part_above(layer, &mut factors).estimate(scale)?;
            Ok(LayerOnAlpine {
                layer: *layer,
                on_alpine,
            })
        });
        layers.collect()
    }

    /// The expected size of additional packages that Alpine lacks; `None` if nothing is added.
    ///
    /// # Errors
    /// If a size exceeds 63 bits.
    pub fn added(&self, model: &AlpineModel, coverage: Coverage) -> Result<Option<Estimate>, ByteOverflow> {
        let scale = model.scale_of(self.class).for_coverage(coverage);
        self.addition(model).map(|part| part.estimate(scale)).transpose()
    }

    /// All parts: the variant's layers, the layers above, and the addition.
    pub(super) fn parts(&self, model: &AlpineModel) -> Vec<Part> {
        self.parts_with(&mut KindFactors::new(model))
    }

    /// The same with factors that have been looked up before.
    pub(super) fn parts_with(&self, factors: &mut KindFactors<'_>) -> Vec<Part> {
        let model = factors.model;
        let twin = self
            .twin
            .layers
            .iter()
            .map(|layer| self.twin_part(layer.bytes, model));
        let above = self.above.iter().map(|layer| self.part_above(layer, factors));
        twin.chain(above).chain(self.addition(model)).collect()
    }

    pub(super) fn twin_part(&self, bytes: u64, model: &AlpineModel) -> Part {
        let expected = bytes as f64;
        let spread = if self.twin.is_own {
            0.0
        } else {
            expected * model.twin.spread
        };
        Part { expected, spread }
    }

    pub(super) fn part_above(&self, layer: &LayerAbove, factors: &mut KindFactors<'_>) -> Part {
        let factor = factors.get(layer.kind, self.twin.is_runtime);
        let bytes = layer.bytes as f64;
        Part {
            expected: bytes * factor.factor,
            spread: bytes * factor.spread,
        }
    }

    /// What images on Alpine need in addition. Nothing if the variant is the image's own, or if only files and a
    /// language's packages are added to a runtime.
    pub(super) fn addition(&self, model: &AlpineModel) -> Option<Part> {
        let is_needed = if self.twin.is_runtime {
            self.above.iter().any(|layer| needs_tools(layer.kind.step))
        } else {
            !self.above.is_empty()
        };
        let addition = if self.twin.is_runtime {
            model.addition.runtime
        } else {
            model.addition.system
        };
        is_needed.then_some(Part {
            expected: addition.bytes as f64,
            spread: addition.spread as f64,
        })
    }
}

/// The factors of a model, each looked up once by its name.
#[derive(Debug)]
pub(super) struct KindFactors<'m> {
    pub(super) model: &'m AlpineModel,
    known: HashMap<(LayerKind, bool), KindFactor>,
}

impl<'m> KindFactors<'m> {
    pub(super) fn new(model: &'m AlpineModel) -> Self {
        Self {
            model,
            known: HashMap::new(),
        }
    }

    /// The factor for a layer of this kind, above a runtime's Alpine variant or a bare system.
    fn get(&mut self, kind: LayerKind, above_runtime: bool) -> KindFactor {
        let known = self.known.entry((kind, above_runtime));
        *known.or_insert_with(|| self.model.factor(&kind.name(), above_runtime))
    }
}

/// Whether a step only adds content that is the same on any system.
fn is_content(kind: StepKind) -> bool {
    match kind {
        StepKind::Copy
        | StepKind::Download
        | StepKind::Language(_)
        | StepKind::KeyImport
        | StepKind::NoOp
        | StepKind::Packages(_, PackageKind::VendorPortable) => true,
        StepKind::DownloadWithPackages(_)
        | StepKind::Packages(..)
        | StepKind::Compile
        | StepKind::Unknown => false,
    }
}

/// Whether a step runs programs that a bare Alpine runtime usually lacks (bash, curl, tar).
fn needs_tools(kind: StepKind) -> bool {
    !matches!(
        kind,
        StepKind::Copy | StepKind::Language(_) | StepKind::KeyImport | StepKind::NoOp
    )
}
