use serde::{Serialize, Serializer};

use crate::base_image::{PackageKind, Step, StepKind};

/// What the step of a layer does, with what matters for its size on Alpine beyond the step's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LayerKind {
    /// What the step does.
    pub step: StepKind,
    /// Whether it installs a Java without its graphical part, which Debian takes apart and Alpine does not.
    is_headless: bool,
}

impl LayerKind {
    /// Of a layer whose step is not known.
    pub const UNKNOWN: Self = Self::plain(StepKind::Unknown);

    /// Of a step that is nothing but its kind.
    pub const fn plain(step: StepKind) -> Self {
        Self {
            step,
            is_headless: false,
        }
    }

    /// Of a step as read, in an image in which an earlier step did or did not add a package source.
    pub fn from_step(step: &Step, source_added: bool) -> Self {
        match step.kind_after(source_added) {
            // A vendor's package that is fetched as a file (`wget …deb && dpkg -i`) is a prebuilt program
            // like those in archives; one from a package source is compiled for the system.
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

    /// The kind as it is written in the model's table: the step's kind, and what is special about it.
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
