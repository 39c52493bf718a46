use serde::Serialize;
use strum::IntoStaticStr;

use crate::base_image::PackageFamily;

/// The kind of a build step, as far as its size on another operating system depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Copies or unpacks files of the build context or of another stage: the same on any operating system.
    Copy,
    /// Fetches prebuilt archives, jars or programs.
    Download,
    /// Fetches prebuilt archives and keeps the system packages that were needed for it.
    DownloadWithPackages(PackageFamily),
    /// Installs packages of a language: npm, pip, gem, composer, cargo, Go modules, Maven.
    Language(Language),
    /// Installs packages of the system.
    Packages(PackageFamily, PackageKind),
    /// Compiles from source, with or without clean-up.
    Compile,
    /// Only imports keys or adds package sources: a few kilobytes.
    KeyImport,
    /// Creates users, folders, links or small files, edits configuration, or sets how the image is run.
    NoOp,
    /// The command is missing or unknown.
    Unknown,
}

/// The kind of packages that a step installs and keeps. If there are several kinds, the first in this order
/// decides, because it takes most of the space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PackageKind {
    /// A Java runtime or development kit.
    Jdk,
    /// A program compiled by its vendor, from a package source that was added for it (nginx, PostgreSQL).
    VendorNative,
    /// Jars or scripts from such a source: the same on any operating system.
    VendorPortable,
    /// Compilers and header files.
    Compilers,
    /// Libraries and anything else.
    Libraries,
    /// Small tools: curl, gnupg, unzip.
    Tools,
}

/// The package manager of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Language {
    /// npm, yarn, pnpm, bower.
    Node,
    /// pip, pipenv, poetry, uv, easy_install.
    Python,
    /// conda and similar managers, which bring their own native libraries.
    Conda,
    /// gem, bundler.
    Ruby,
    /// composer.
    Php,
    /// cargo, rustup.
    Rust,
    /// go get, go install, go build.
    Go,
    /// Maven, Gradle, sbt, Leiningen, Ant.
    Java,
    /// dotnet, NuGet.
    DotNet,
    /// cpan, cpanm.
    Perl,
    /// Any other: stack, mix, luarocks, R.
    Other,
}

impl StepKind {
    /// The kind as written in answers and in the model's table: `packages_apt_libraries`.
    pub fn name(self) -> String {
        match self {
            Self::Copy => "copy".into(),
            Self::Download => "download".into(),
            Self::DownloadWithPackages(family) => format!("download_with_{}", family.as_str()),
            Self::Language(language) => format!("language_{}", language.as_str()),
            Self::Packages(family, kind) => format!("packages_{}_{}", family.as_str(), kind.as_str()),
            Self::Compile => "compile".into(),
            Self::KeyImport => "key_import".into(),
            Self::NoOp => "no_op".into(),
            Self::Unknown => "unknown".into(),
        }
    }

    /// The kind in plain words, for people.
    pub fn describe(self) -> String {
        match self {
            Self::Copy => "copied content".into(),
            Self::Download => "download".into(),
            Self::DownloadWithPackages(family) => {
                format!("download, with {} packages left in", family.as_str())
            }
            Self::Language(language) => format!("{} packages", language.as_str()),
            Self::Packages(family, kind) => format!("{} packages: {}", family.as_str(), kind.describe()),
            Self::Compile => "compiled from source".into(),
            Self::KeyImport => "keys and package sources".into(),
            Self::NoOp => "small changes".into(),
            Self::Unknown => "unknown".into(),
        }
    }
}

impl PackageKind {
    /// The kind as written in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Jdk => "a Java runtime or kit",
            Self::VendorNative => "programs of a vendor",
            Self::VendorPortable => "portable programs of a vendor",
            Self::Compilers => "compilers and headers",
            Self::Libraries => "libraries and programs",
            Self::Tools => "tools",
        }
    }
}

impl Language {
    /// The manager as written in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A parsed build step. Each distinct text is parsed once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its kind.
    pub kind: StepKind,
    /// The simple commands that it runs, in order: each a program with its words, without quotes.
    pub commands: Vec<Command>,
    /// The system packages it installs and does not remove again.
    pub packages: Vec<String>,
    /// The system packages it installs and removes again, or removes.
    pub removed: Vec<String>,
    /// The languages whose packages it installs.
    pub languages: Vec<Language>,
    /// Whether it adds a package source, so that later packages may be a vendor's.
    pub adds_source: bool,
    /// Whether it fetches archives or programs.
    pub downloads: bool,
    /// Whether it compiles.
    pub compiles: bool,
    /// Whether the shell is one of Windows.
    pub windows: bool,
}

/// A simple command: the words between two operators of the shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program without its folder: `apt-get`.
    pub program: String,
    /// Its words, without quotes and redirections.
    pub words: Vec<String>,
}
