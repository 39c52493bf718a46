use serde::{Serialize, Serializer};

use crate::base_image::{PackageKind, Step, StepKind};

/// The kind of a layer: its step, and properties of the step that affect its size on Alpine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LayerKind {
    /// The kind of the step.
    pub step: StepKind,
    /// Whether it installs Java without its graphical part, which Debian packages separately and Alpine does not.
    is_headless: bool,
}

impl LayerKind {
    /// The kind of a layer whose step is unknown.
    pub const UNKNOWN: Self = Self::plain(StepKind::Unknown);

    /// A kind without further properties.
    pub const fn plain(step: StepKind) -> Self {
        Self {
            step,
            is_headless: false,
        }
    }

    /// The kind of a parsed step. `source_added` tells whether an earlier step of the image added a package source.
    pub fn from_step(step: &Step, source_added: bool) -> Self {
        match step.kind_after(source_added) {
            // A vendor's package fetched as a file (`wget …deb && dpkg -i`) is a prebuilt program like those in archives; one
            // from a package source is compiled for the system.
            StepKind::Packages(_, PackageKind::VendorNative) if installs_files(step) => {
                Self::plain(StepKind::Download)
            }
            kind @ StepKind::Packages(_, PackageKind::Jdk) => Self {
                step: kind,
                is_headless: step.packages.iter().any(|package| package.contains("headless"))
                    && step
                        .packages
                        .iter()
                        .all(|package| package.contains("headless") || !is_java(package)),
            },
            kind => Self::plain(kind),
        }
    }

    /// The kind's name in the model: the step's kind, and its further properties.
    pub fn name(self) -> String {
        let name = self.step.name();
        if self.is_headless {
            format!("{name}_headless")
        } else {
            name
        }
    }
}

impl Serialize for LayerKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name())
    }
}

fn is_java(package: &str) -> bool {
    package.contains("jdk") || package.contains("jre")
}

/// Whether a step installs packages from files that it has fetched.
fn installs_files(step: &Step) -> bool {
    let is_file = |word: &String| [".deb", ".rpm"].iter().any(|end| word.ends_with(end));
    step.commands.iter().any(|command| {
        let is_installer = matches!(
            command.program.as_str(),
            "dpkg" | "rpm" | "apt" | "apt-get" | "yum" | "dnf"
        );
        is_installer && command.words.iter().any(is_file)
    })
}
