//! Evidence from the programs that the steps use, if the system does not identify itself.

use super::finding::Found;
use crate::base_image::System;
use crate::base_image::confidence_table::usage;
use crate::base_image::steps::{Instruction, Keyword};
use crate::base_image::systems::Systems;
use crate::oci::ImageConfig;

/// The package manager in the steps is weak evidence for an operating system of its family.
pub(super) fn used(config: &ImageConfig, known: &Systems) -> Found {
    let mut best: Found = None;
    for step in &config.history {
        let read = Instruction::read(&step.created_by);
        if read.keyword != Keyword::Run {
            continue;
        }
        let text = read.body.as_ref();
        let uses = |program: &str| contains_word(text, program);
        let found = if uses("apk") && (text.contains("apk add") || text.contains("apk --")) {
            Some((System::named("alpine"), usage::APK))
        } else if uses("apt-get") || uses("apt") || uses("dpkg") {
            let system = release_in_sources(config, known, "ubuntu")
                .or_else(|| release_in_sources(config, known, "debian"));
            Some(system.map_or_else(
                || (System::named("debian"), usage::APT),
                |system| (system, usage::APT_WITH_RELEASE),
            ))
        } else if uses("microdnf") {
            Some((System::named("ubi"), usage::MICRODNF))
        } else if uses("tdnf") {
            Some((System::named("photon"), usage::TDNF))
        } else if uses("zypper") {
            Some((System::named("opensuse"), usage::ZYPPER))
        } else if uses("amazon-linux-extras") {
            Some((System::released("amazonlinux", "2"), usage::AMAZON_LINUX_EXTRAS))
        } else if uses("yum") || uses("dnf") {
            Some((System::named("centos"), usage::YUM))
        } else if uses("pacman") {
            Some((System::named("archlinux"), usage::PACMAN))
        } else {
            None
        };
        if found.as_ref().map(|found| found.1) > best.as_ref().map(|best| best.1) {
            best = found;
        }
    }
    best.or_else(|| release_in_variables(config, known))
}

/// A release that is part of a vendor's version: `1.31.3-1~trixie`, `16.2-1.pgdg120+2`,
/// `1:12.3.2+maria~ubu2404`.
fn release_in_variables(config: &ImageConfig, known: &Systems) -> Found {
    let debian = known.get("debian")?;
    let ubuntu = known.get("ubuntu")?;
    for value in config.variables.values() {
        for word in value.split(['~', '+', '-', ' ']) {
            if debian
                .releases
                .values()
                .any(|release| release == word && release != "sid")
            {
                return Some((System::released("debian", word), usage::RELEASE_IN_VERSION));
            }
            if let Some(version) = ubuntu.releases.get(word) {
                return Some((
                    System::released("ubuntu", version.clone()),
                    usage::RELEASE_IN_VERSION,
                ));
            }
            if let Some(digits) = word.strip_prefix("ubu").filter(|digits| digits.len() == 4) {
                return Some((
                    System::released("ubuntu", format!("{}.{}", &digits[..2], &digits[2..])),
                    usage::RELEASE_IN_VERSION,
                ));
            }
        }
        if let Some(number) = value
            .split(".pgdg")
            .nth(1)
            .and_then(|rest| rest.split('+').next())
        {
            let major = number
                .strip_suffix('0')
                .filter(|major| !major.is_empty())
                .unwrap_or(number);
            return Some((debian.release(major), usage::RELEASE_IN_VERSION));
        }
    }
    None
}

/// A release named in a package source: `deb http://deb.debian.org/debian stretch-backports main`.
pub(super) fn release_in_sources(config: &ImageConfig, known: &Systems, name: &str) -> Option<System> {
    let info = known.get(name)?;
    let words = || {
        info.releases
            .iter()
            .filter(|(word, _)| word.len() > 3 && word.starts_with(char::is_alphabetic))
    };
    for step in &config.history {
        let text = step.created_by.as_str();
        if !text.contains("deb ") && !text.contains("sources.list") {
            continue;
        }
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let named = match name {
                // Debian's codenames are the releases themselves.
                "debian" => info
                    .releases
                    .values()
                    .find(|release| *release == word && word.len() > 3),
                _ => words()
                    .find(|(alias, _)| *alias == word)
                    .map(|(_, release)| release),
            };
            if let Some(release) = named {
                return Some(System::released(name, release.clone()));
            }
        }
    }
    None
}

/// Whether a text contains a program's name as a whole word.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_edge =
            |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    })
}
