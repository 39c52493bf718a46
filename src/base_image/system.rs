use std::fmt;

use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// An operating system in an image, such as `debian:bookworm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct System {
    /// Its name in the catalogue: `debian`, `alpine`, `ubi`.
    pub name: String,
    /// Its release as its tags name it: `bookworm`, `22.04`, `3.24`.
    pub release: Option<String>,
}

impl System {
    /// A system without a known release.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            release: None,
        }
    }

    /// A system with a release; an empty release or `unknown` means no release.
    pub fn released(name: impl Into<String>, release: impl Into<String>) -> Self {
        let release = release.into();
        Self {
            name: name.into(),
            release: Some(release).filter(|release| !release.is_empty() && release != "unknown"),
        }
    }

    /// Reads `name` or `name:release`.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some((name, release)) => Self::released(name, release),
            None => Self::named(text),
        }
    }
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.release {
            Some(release) => formatter.pad(&format!("{}:{release}", self.name)),
            None => formatter.pad(&self.name),
        }
    }
}

/// The package manager of an operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PackageFamily {
    /// Debian and Ubuntu: apt-get, apt, aptitude, dpkg.
    Apt,
    /// Alpine and Wolfi.
    Apk,
    /// The Red Hat family: yum, dnf, microdnf, tdnf, rpm.
    Yum,
    /// SUSE.
    Zypper,
    /// Arch Linux.
    Pacman,
    /// Gentoo.
    Portage,
    /// Systems that build from ports.
    Ports,
    /// Clear Linux.
    Swupd,
    /// Not at all.
    None,
}

impl PackageFamily {
    /// The family as written in answers.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The C library of an operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Libc {
    /// GNU's C library, which most prebuilt programs expect.
    Glibc,
    /// The C library of Alpine.
    Musl,
    /// Either, or statically linked programs.
    Any,
    /// None at all.
    None,
}

/// An operating system in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemInfo {
    /// Its name: the first part of `debian:bookworm`.
    pub name: String,
    /// Its name for display.
    pub title: String,
    /// Its package manager.
    pub packages: PackageFamily,
    /// Its C library.
    pub libc: Libc,
    /// Whether an image on it is already small, so that Alpine would gain little or nothing.
    #[serde(default)]
    pub small: bool,
    /// What takes its place on Alpine; `None` if nothing does.
    #[serde(default)]
    pub twin: Option<String>,
    /// The repositories of its bare images. A name that ends with `*` stands for all that begin with it.
    #[serde(default)]
    pub images: Vec<String>,
    /// Other names of a release (`13`, `noble`) and the name used here (`trixie`, `24.04`).
    #[serde(default)]
    pub releases: std::collections::BTreeMap<String, String>,
}

impl SystemInfo {
    /// This system with a release under any of its names.
    pub fn release(&self, word: &str) -> System {
        let word = self.releases.get(word).map_or(word, String::as_str);
        System::released(self.name.clone(), word)
    }

    /// The release that a tag of the system's own repository means: `stretch-slim` and `9.3` are Debian
    /// `stretch`.
    pub(super) fn release_of_tag(&self, tag: &str) -> System {
        for word in tag.split(['-', '_']) {
            if let Some(release) = self.releases.get(word) {
                return System::released(self.name.clone(), release.clone());
            }
            if self.releases.values().any(|release| release == word) {
                return System::released(self.name.clone(), word);
            }
        }
        let word = tag.split(['-', '_']).next().unwrap_or_default();
        let digits = word.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return System::named(self.name.clone());
        }
        let parts: Vec<&str> = digits.split('.').collect();
        // Systems that count releases with two numbers; the others' second is an update.
        let precise = matches!(
            self.name.as_str(),
            "alpine" | "ubuntu" | "opensuse" | "photon" | "sles" | "amazonlinux"
        );
        let release = parts[..parts.len().min(if precise { 2 } else { 1 })].join(".");
        self.release(&release)
    }
}
