//! Traces of operating systems: labels, and the steps of their own builds.

use super::finding::{Found, SYSTEM_STEPS};
use super::usage::{release_in_sources, used};
use crate::base_image::confidence_table::{builders, labels, own_steps};
use crate::base_image::steps::{Instruction, Keyword};
use crate::base_image::systems::Systems;
use crate::base_image::{Builder, System};
use crate::oci::{HistoryStep, ImageConfig};

fn label<'a>(config: &'a ImageConfig, key: &str) -> Option<&'a str> {
    config
        .labels
        .get(key)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// Labels that systems and buildpacks set.
pub(super) fn labelled(config: &ImageConfig, known: &Systems) -> Found {
    if let Some(name) = label(config, "io.buildpacks.base.distro.name") {
        let version = label(config, "io.buildpacks.base.distro.version").unwrap_or_default();
        return Some((known.release(name, version), labels::BUILDPACK_DISTRIBUTION));
    }
    if let Some(stack) = label(config, "io.buildpacks.stack.id") {
        let is_tiny = stack.ends_with(".tiny") || stack.ends_with(".static");
        let words = stack.split(['.', '-']);
        let ubuntu = known.get("ubuntu");
        for word in words {
            let listed = ubuntu.and_then(|ubuntu| ubuntu.releases.get(word));
            // heroku-22 is Ubuntu 22.04.
            let heroku = (stack.starts_with("heroku") && word.len() == 2).then(|| format!("{word}.04"));
            if let Some(version) = listed.cloned().or(heroku) {
                let name = if is_tiny { "buildpacks-tiny" } else { "ubuntu" };
                return Some((System::released(name, version), labels::BUILDPACK_STACK));
            }
        }
        return Some((System::named("buildpacks"), labels::UNKNOWN_STACK));
    }
    if let Some(found) = red_hat(config) {
        return Some(found);
    }
    let names = ["org.label-schema.name", "org.opencontainers.image.title", "name"];
    if names
        .iter()
        .filter_map(|key| label(config, key))
        .any(|name| name.starts_with("CentOS"))
    {
        return Some((System::named("centos"), labels::CENTOS_NAME));
    }
    if label(config, "org.opencontainers.image.ref.name") == Some("ubuntu") {
        // A child image may set its own version under the same label, so the step that set it takes precedence.
        let stated = step_value(config, "org.opencontainers.image.version=");
        let version =
            stated.or_else(|| label(config, "org.opencontainers.image.version").map(ToOwned::to_owned));
        return Some((
            known.release("ubuntu", &version.unwrap_or_default()),
            labels::UBUNTU_NAME,
        ));
    }
    None
}

/// Red Hat's universal base images, whose labels child images often overwrite, except `cpe`.
fn red_hat(config: &ImageConfig) -> Found {
    let component = label(config, "com.redhat.component").unwrap_or_default();
    let cpe = label(config, "cpe").unwrap_or_default();
    let name = label(config, "name").unwrap_or_default();
    let stated = step_value(config, "com.redhat.component=").unwrap_or_default();
    let component = if component.starts_with("ubi") {
        component
    } else {
        &stated
    };
    if component.starts_with("ubi") || name.starts_with("ubi") {
        let text = if component.starts_with("ubi") {
            component
        } else {
            name
        };
        let digits: String = text[3..].chars().take_while(char::is_ascii_digit).collect();
        let system = if text.contains("micro") {
            "ubi-micro"
        } else {
            "ubi"
        };
        return Some((System::released(system, digits), labels::UBI_NAME));
    }
    let version = cpe.split("enterprise_linux:").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((System::released("ubi", digits), labels::RED_HAT_CPE))
}

/// Steps by which an operating system's own build identifies it.
pub(super) fn stated(config: &ImageConfig, known: &Systems) -> Found {
    let first_steps = || config.history.iter().take(SYSTEM_STEPS);
    for step in first_steps() {
        let text = step.created_by.as_str();
        if let Some(rest) = text.split("debian.sh ").nth(1) {
            // `debian.sh --arch 'amd64' out/ 'trixie' '@1785715200'`
            let suite = rest.split('\'').nth(3).unwrap_or_default();
            return Some((known.release("debian", suite), own_steps::DEBIAN_SCRIPT));
        }
        if let Some(rest) = text.split("alpine-minirootfs-").nth(1) {
            let version = rest.split('-').next().unwrap_or_default();
            let short: Vec<&str> = version.split('.').take(2).collect();
            return Some((
                System::released("alpine", short.join(".")),
                own_steps::ALPINE_ARCHIVE,
            ));
        }
        if let Some(found) = root_archive(text, known) {
            return Some(found);
        }
        if text.contains("rockcraft-ubuntu") || text.contains("LAUNCHPAD_BUILD_ARCH") {
            let version = step_value(config, "org.opencontainers.image.version=").unwrap_or_default();
            return Some((known.release("ubuntu", &version), own_steps::UBUNTU_BUILD));
        }
        if text.contains("BusyBox 1.") {
            return Some((System::named("busybox"), own_steps::BUSYBOX_VERSION));
        }
        if step.comment.starts_with("debuerreotype") {
            return Some((System::named("debian"), own_steps::DEBUERREOTYPE));
        }
        if step.comment.starts_with("store paths:") {
            return Some((System::named("nix"), own_steps::NIX_STORE_PATHS));
        }
        if let Some((name, percent)) = authored(step) {
            return Some((System::named(name), percent));
        }
    }
    None
}

/// `ADD almalinux-9-minimal-amd64.tar.xz /` and its like.
fn root_archive(text: &str, known: &Systems) -> Found {
    const STARTS: [(&str, &str); 11] = [
        ("almalinux-", "almalinux"),
        ("rocky-", "rockylinux"),
        ("rockylinux-", "rockylinux"),
        ("centos-", "centos"),
        ("c7-docker", "centos"),
        ("fedora-", "fedora"),
        ("oraclelinux-", "oraclelinux"),
        ("opensuse-", "opensuse"),
        ("photon-", "photon"),
        ("archlinux", "archlinux"),
        ("amazonlinux", "amazonlinux"),
    ];
    let read = Instruction::read(text);
    let (source, target) = read.body.split_once(char::is_whitespace)?;
    if read.keyword != Keyword::Add || !matches!(target.trim(), "/" | "in /") {
        return None;
    }
    let source = source.rsplit('/').next().unwrap_or(source).to_ascii_lowercase();
    let (start, name) = STARTS.iter().find(|(start, _)| source.starts_with(start))?;
    let version: String = source[start.len()..]
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    Some((known.release(name, &version), own_steps::ROOT_ARCHIVE))
}

/// Authors and labels of steps that belong to one system.
fn authored(step: &HistoryStep) -> Option<(&'static str, u8)> {
    const AUTHORS: [(&str, &str, u8); 9] = [
        ("The CentOS Project", "centos", own_steps::AUTHOR),
        ("centos.org", "centos", own_steps::CENTOS_DOMAIN),
        ("CentOS Base Image", "centos", own_steps::AUTHOR),
        ("fedoraproject.org", "fedora", own_steps::AUTHOR),
        ("Oracle Linux", "oraclelinux", own_steps::AUTHOR),
        ("rockylinux.org", "rockylinux", own_steps::AUTHOR),
        ("almalinux.org", "almalinux", own_steps::AUTHOR),
        ("@suse.com", "opensuse", own_steps::SUSE_DOMAIN),
        ("static by Chainguard", "chainguard", own_steps::CHAINGUARD_STATIC),
    ];
    let is_about = Instruction::read(&step.created_by);
    let about = match is_about.keyword {
        Keyword::Label | Keyword::Metadata => is_about.body.as_ref(),
        _ => "",
    };
    AUTHORS
        .iter()
        .find(|(words, _, _)| {
            step.author.contains(words) || step.comment.contains(words) || about.contains(words)
        })
        .map(|(_, name, percent)| (*name, *percent))
}

/// `ADD file:… in /`: a root file system from an archive without a name. Its content's hash may be
/// known; else the command that comes next tells families apart.
pub(super) fn root_files(config: &ImageConfig, steps: &[Instruction<'_>], known: &Systems) -> Found {
    let at = steps.iter().position(|step| step.keyword == Keyword::Add)?;
    let body = steps[at].body.as_ref();
    let hash = body.strip_prefix("file:")?.split(' ').next()?;
    if !body.trim_end().ends_with(" /") && !body.trim_end().ends_with("in /") {
        return None;
    }
    if let Some(system) = known.with_added_file(hash) {
        return Some((system.clone(), own_steps::KNOWN_ROOT_FILES));
    }
    let names_release = |name: &str| release_in_sources(config, known, name);
    let is_old_ubuntu = steps
        .iter()
        .any(|step| step.keyword == Keyword::Run && step.body.contains("/usr/sbin/policy-rc.d"));
    if is_old_ubuntu {
        return Some((
            names_release("ubuntu").unwrap_or_else(|| System::named("ubuntu")),
            own_steps::UBUNTU_POLICY,
        ));
    }
    let command = steps[at..]
        .iter()
        .find(|step| step.keyword == Keyword::Cmd)
        .map(|step| step.body.as_ref())
        .unwrap_or_default();
    match command {
        "[\"bash\"]" => Some((
            names_release("debian").unwrap_or_else(|| System::named("debian")),
            own_steps::ROOT_FILES_WITH_BASH,
        )),
        "[\"sh\"]" => Some((System::named("busybox"), own_steps::ROOT_FILES_WITH_SH)),
        "[\"/bin/sh\"]" => Some((System::named("alpine"), own_steps::ROOT_FILES_WITH_SH)),
        // The Red Hat family, Amazon and SUSE all have this step; the package manager distinguishes them.
        "[\"/bin/bash\"]" => used(config, known)
            .map(|(system, percent)| (system, percent + own_steps::ROOT_FILES_WITH_BIN_BASH)),
        _ => None,
    }
}

/// The base that Bazel, apko or Nix put together, if the image begins with a layer of theirs or one of them built it
/// all. A Dockerfile's steps may follow: children keep the history of their base.
pub(super) fn built(config: &ImageConfig, builder: Option<Builder>) -> Found {
    let first = config.history.iter().find(|step| !step.empty_layer);
    let beginning = first.and_then(package_builder);
    match beginning.or(builder)? {
        Builder::Bazel => {
            let texts = || config.history.iter().map(|step| step.created_by.as_str());
            let debian = [
                ("debian13", "trixie"),
                ("debian12", "bookworm"),
                ("debian11", "bullseye"),
                ("debian10", "buster"),
                ("debian9", "stretch"),
            ]
            .into_iter()
            .find(|(word, suite)| texts().any(|text| text.contains(word) || text.contains(suite)));
            let is_distroless = texts().any(is_of_distroless);
            Some((
                debian.map_or_else(
                    || System::named("distroless"),
                    |(_, suite)| System::released("distroless", suite),
                ),
                if debian.is_some() || is_distroless {
                    builders::BAZEL_WITH_SUITE
                } else {
                    builders::BAZEL
                },
            ))
        }
        // apko also puts Alpine together; without a package list the two look the same.
        Builder::Apko => Some((System::named("wolfi"), builders::APKO)),
        Builder::Nix => Some((System::named("nix"), builders::NIX)),
        _ => None,
    }
}

/// The builder that put a root file system together without a Dockerfile and left this step.
fn package_builder(step: &HistoryStep) -> Option<Builder> {
    let text = step.created_by.trim();
    if text.starts_with("bazel build ") {
        Some(Builder::Bazel)
    } else if text == "apko" || step.author == "apko" || step.comment.contains("apko") {
        Some(Builder::Apko)
    } else {
        None
    }
}

/// Whether Bazel built a package of Google's distroless images in this step, such as `bazel build //common:passwd`.
/// The names are those of <https://github.com/GoogleContainerTools/distroless>, read 2026-12-01.
fn is_of_distroless(text: &str) -> bool {
    const PACKAGES: [&str; 8] = [
        "//common:",
        "//static:",
        "//base:",
        "//cc:",
        "//java:",
        "//nodejs:",
        "//python3:",
        "@distroless//",
    ];
    text.starts_with("bazel build ") && PACKAGES.iter().any(|package| text.contains(package))
}

/// The value behind `key` in the first steps, up to white space or a quote.
fn step_value(config: &ImageConfig, key: &str) -> Option<String> {
    config.history.iter().take(SYSTEM_STEPS).find_map(|step| {
        let rest = step.created_by.split(key).nth(1)?;
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
            .unwrap_or(rest.len());
        Some(rest[..end].to_owned()).filter(|value| !value.is_empty())
    })
}
