//! What an image consists of, as far as its size on Alpine depends on it, and the estimate from that.

use crate::base_image::{AlpineRelease, PackageKind, StepKind};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::class::EvidenceClass;
use super::estimate::Estimate;
use super::layer_kind::LayerKind;
use super::model::{AlpineModel, Coverage};

/// An image taken apart: what would lie beneath it on Alpine, and the layers of today that stay above.
#[derive(Debug, Clone, PartialEq)]
pub struct Composition {
    /// How good the evidence is.
    pub class: EvidenceClass,
    /// What would lie beneath.
    pub twin: Twin,
    /// What the twin takes the place of, by name; none for an image from scratch.
    pub replaced: Option<String>,
    /// How many of the image's first layers go with it.
    pub base_layers: usize,
    /// Whether they are the very build of the base that the twin belongs to, and not an older or newer
    /// one, whose twin would be another build too.
    pub is_same_build: bool,
    /// The layers of today above the base, in order.
    pub above: Vec<LayerAbove>,
}

/// An Alpine image that takes the place of a base.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// Its name, for people.
    pub name: String,
    /// Its layers in order.
    pub layers: Vec<TwinLayer>,
    /// The release of Alpine that its sizes are of, where it is known.
    pub release: Option<AlpineRelease>,
    /// Whether it has a runtime in it, and is not a bare Alpine.
    pub is_runtime: bool,
    /// Whether it is the twin of the image itself, so that nothing has to be modelled.
    pub is_own: bool,
}

/// A layer of a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwinLayer {
    /// Its digest, where it is known.
    pub digest: Option<Digest>,
    /// Its bytes as stored.
    pub bytes: u64,
}

/// A layer above the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerAbove {
    /// Its place among the image's layers.
    pub index: usize,
    /// Its bytes today.
    pub bytes: u64,
    /// What its step does.
    pub kind: LayerKind,
}

/// A layer of today with what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerOnAlpine {
    /// The layer.
    pub layer: LayerAbove,
    /// Its bytes on Alpine.
    pub on_alpine: Estimate,
}

/// One part of an image on Alpine, in bytes that are not yet rounded to an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) expected: f64,
    /// How far off it typically is.
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

    /// How far below the expected bytes the interval reaches that is `scale` spreads wide: what a step
    /// leaves can vanish, but not become less than nothing.
    pub(super) fn below(self, scale: f64) -> f64 {
        (self.spread * scale).min(self.expected)
    }

    /// How far above the expected bytes it reaches.
    pub(super) fn above(self, scale: f64) -> f64 {
        self.spread * scale
    }
}

impl Composition {
    /// The class that an image on a runtime's twin has, by what is above.
    pub fn class_above_runtime(above: &[LayerAbove]) -> EvidenceClass {
        let total: u64 = above.iter().map(|layer| layer.bytes).sum();
        let other = above.iter().filter(|layer| !is_content(layer.kind.step));
        let other: u64 = other.map(|layer| layer.bytes).sum();
        // A few apt or compile steps that left next to nothing do not make the estimate less certain.
        if other <= 1_000_000 && other * 10 <= total {
            EvidenceClass::A
        } else {
            EvidenceClass::B
        }
    }

    /// Its size on Alpine, layers only.
    ///
    /// # Errors
    /// Where the sizes add up to more than 63 bits.
    pub fn estimate(&self, model: &AlpineModel, coverage: Coverage) -> Result<Estimate, ByteOverflow> {
        let scale = model.scale_of(self.class).for_coverage(coverage);
        let parts = self.parts(model);
        let sum = |value: &dyn Fn(&Part) -> f64| parts.iter().map(|part| value(part).round() as u128).sum();
        Estimate::around(
            sum(&|part| part.expected),
            sum(&|part| part.below(scale)),
            sum(&|part| part.above(scale)),
        )
    }

    /// The change to the Dockerfile, in one line; none for an image from scratch.
    pub fn change(&self) -> Option<String> {
        let replaced = self.replaced.as_ref()?;
        Some(format!("FROM {replaced} → FROM {}", self.twin.name))
    }

    /// What becomes of each layer above the base. The layers of the base go, and the twin's take their
    /// place.
    ///
    /// # Errors
    /// Where a size leaves the range of 63 bits.
    pub fn layers(
        &self,
        model: &AlpineModel,
        coverage: Coverage,
    ) -> Result<Vec<LayerOnAlpine>, ByteOverflow> {
        let scale = model.scale_of(self.class).for_coverage(coverage);
        let layers = self.above.iter().map(|layer| {
            let on_alpine = self.part_above(layer, model).estimate(scale)?;
            Ok(LayerOnAlpine {
                layer: *layer,
                on_alpine,
            })
        });
        layers.collect()
    }

    /// What is expected to be installed in addition, because Alpine lacks it; none where nothing is.
    ///
    /// # Errors
    /// Where a size leaves the range of 63 bits.
    pub fn added(&self, model: &AlpineModel, coverage: Coverage) -> Result<Option<Estimate>, ByteOverflow> {
        let scale = model.scale_of(self.class).for_coverage(coverage);
        self.addition(model).map(|part| part.estimate(scale)).transpose()
    }

    /// Every part: the twin's layers, the layers above, and what is added.
    pub(super) fn parts(&self, model: &AlpineModel) -> Vec<Part> {
        let twin = self
            .twin
            .layers
            .iter()
            .map(|layer| self.twin_part(layer.bytes, model));
        let above = self.above.iter().map(|layer| self.part_above(layer, model));
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

    pub(super) fn part_above(&self, layer: &LayerAbove, model: &AlpineModel) -> Part {
        let factor = model.factor(&layer.kind.name(), self.twin.is_runtime);
        let bytes = layer.bytes as f64;
        Part {
            expected: bytes * factor.factor,
            spread: bytes * factor.spread,
        }
    }

    /// What images on Alpine need in addition: nothing where the twin is the image's own, or where only
    /// files and a language's packages are put on a runtime.
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

/// Whether a step brings only what is the same on any system.
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

/// Whether a step runs programs that a bare Alpine runtime lacks as a rule (bash, curl, tar).
fn needs_tools(kind: StepKind) -> bool {
    !matches!(
        kind,
        StepKind::Copy | StepKind::Language(_) | StepKind::KeyImport | StepKind::NoOp
    )
}
