//! Traces that systems and builders leave in an image's configuration.

use super::catalogue::Catalogue;
use super::steps::{Instruction, Keyword};
use super::{Builder, Confidence, ImageFacts, System};
use crate::oci::{HistoryStep, ImageConfig};

/// What a configuration gives away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Traces {
    /// The system beneath.
    pub system: Option<(System, Confidence)>,
    /// What put the image together.
    pub builder: Option<Builder>,
    /// Names of images that builders noted as the one they started from, and how sure that makes it.
    pub base_names: Vec<String>,
    /// Whether the steps show that there is no system at all.
    pub scratch: bool,
}

/// How many steps of a history are searched for the traces of a system: they come first.
const SYSTEM_STEPS: usize = 12;

/// Whether a manifest is something other than an image that runs: a chart, a signature, an attestation.
pub(super) fn is_artifact(facts: &ImageFacts) -> bool {
    let media_type = facts.config_media_type.as_str();
    let is_image_config = media_type.is_empty()
        || media_type.starts_with("application/vnd.oci.image.config.")
        || media_type.starts_with("application/vnd.docker.container.image.");
    !is_image_config
        || facts.platform.is_unknown()
        || facts
            .annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
}

/// Whether an image is for Windows.
pub(super) fn is_windows(facts: &ImageFacts) -> bool {
    facts.platform.os == "windows"
        || facts
            .platform
            .os_version
            .as_deref()
            .is_some_and(|v| v.starts_with("10.0."))
        || facts.config.as_ref().is_some_and(|config| {
            config
                .history
                .iter()
                .take(2)
                .any(|step| step.created_by.contains("Apply image 10.0."))
        })
}

/// Reads the traces in a configuration.
pub(super) fn read(config: &ImageConfig, catalogue: &Catalogue) -> Traces {
    let steps: Vec<Instruction<'_>> = config
        .history
        .iter()
        .take(SYSTEM_STEPS)
        .map(|step| Instruction::read(&step.created_by))
        .collect();
    let mut traces = Traces {
        builder: builder(config),
        base_names: noted_bases(config),
        ..Traces::default()
    };
    traces.system = labelled(config, catalogue)
        .or_else(|| stated(config, catalogue))
        .or_else(|| root_files(config, &steps, catalogue))
        .or_else(|| built(config, traces.builder))
        .map(|(system, percent)| (system, Confidence::percent(percent)));
    traces.scratch = traces.system.is_none() && is_scratch(config);
    if traces.system.is_none() && !traces.scratch {
        traces.system =
            used(config, catalogue).map(|(system, percent)| (system, Confidence::percent(percent)));
    }
    traces
}

type Found = Option<(System, u8)>;

fn label<'a>(config: &'a ImageConfig, key: &str) -> Option<&'a str> {
    config
        .labels
        .get(key)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

/// Labels that systems and buildpacks set.
fn labelled(config: &ImageConfig, catalogue: &Catalogue) -> Found {
    if let Some(name) = label(config, "io.buildpacks.base.distro.name") {
        let version = label(config, "io.buildpacks.base.distro.version").unwrap_or_default();
        return Some((release(catalogue, name, version), 95));
    }
    if let Some(stack) = label(config, "io.buildpacks.stack.id") {
        let is_tiny = stack.ends_with(".tiny") || stack.ends_with(".static");
        let words = stack.split(['.', '-']);
        let ubuntu = catalogue.system("ubuntu");
        for word in words {
            let known = ubuntu.and_then(|ubuntu| ubuntu.releases.get(word));
            // heroku-22 is Ubuntu 22.04.
            let heroku = (stack.starts_with("heroku") && word.len() == 2).then(|| format!("{word}.04"));
            if let Some(version) = known.cloned().or(heroku) {
                let name = if is_tiny { "buildpacks-tiny" } else { "ubuntu" };
                return Some((System::released(name, version), 90));
            }
        }
        return Some((System::named("buildpacks"), 60));
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
        return Some((System::named("centos"), 85));
    }
    if label(config, "org.opencontainers.image.ref.name") == Some("ubuntu") {
        // Children may give their own version under the same label, so the step that set it counts first.
        let stated = step_value(config, "org.opencontainers.image.version=");
        let version =
            stated.or_else(|| label(config, "org.opencontainers.image.version").map(ToOwned::to_owned));
        return Some((release(catalogue, "ubuntu", &version.unwrap_or_default()), 95));
    }
    None
}

/// Red Hat's universal base images, whose labels children often overwrite, except `cpe`.
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
        return Some((System::released(system, digits), 95));
    }
    let version = cpe.split("enterprise_linux:").nth(1)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((System::released("ubi", digits), 85))
}

/// Steps in which a system's own build says what it is.
fn stated(config: &ImageConfig, catalogue: &Catalogue) -> Found {
    let first_steps = || config.history.iter().take(SYSTEM_STEPS);
    for step in first_steps() {
        let text = step.created_by.as_str();
        if let Some(rest) = text.split("debian.sh ").nth(1) {
            // `debian.sh --arch 'amd64' out/ 'trixie' '@1785715200'`
            let suite = rest.split('\'').nth(3).unwrap_or_default();
            return Some((release(catalogue, "debian", suite), 97));
        }
        if let Some(rest) = text.split("alpine-minirootfs-").nth(1) {
            let version = rest.split('-').next().unwrap_or_default();
            let short: Vec<&str> = version.split('.').take(2).collect();
            return Some((System::released("alpine", short.join(".")), 97));
        }
        if let Some(found) = root_archive(text, catalogue) {
            return Some(found);
        }
        if text.contains("rockcraft-ubuntu") || text.contains("LAUNCHPAD_BUILD_ARCH") {
            let version = step_value(config, "org.opencontainers.image.version=").unwrap_or_default();
            return Some((release(catalogue, "ubuntu", &version), 95));
        }
        if text.contains("BusyBox 1.") {
            return Some((System::named("busybox"), 90));
        }
        if step.comment.starts_with("debuerreotype") {
            return Some((System::named("debian"), 90));
        }
        if step.comment.starts_with("store paths:") {
            return Some((System::named("nix"), 90));
        }
        if let Some((name, percent)) = authored(step) {
            return Some((System::named(name), percent));
        }
    }
    None
}

/// `ADD almalinux-9-minimal-amd64.tar.xz /` and its like.
fn root_archive(text: &str, catalogue: &Catalogue) -> Found {
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
    Some((release(catalogue, name, &version), 90))
}

/// Authors and labels of steps that belong to one system.
fn authored(step: &HistoryStep) -> Option<(&'static str, u8)> {
    const AUTHORS: [(&str, &str, u8); 9] = [
        ("The CentOS Project", "centos", 85),
        ("centos.org", "centos", 80),
        ("CentOS Base Image", "centos", 85),
        ("fedoraproject.org", "fedora", 85),
        ("Oracle Linux", "oraclelinux", 85),
        ("rockylinux.org", "rockylinux", 85),
        ("almalinux.org", "almalinux", 85),
        ("@suse.com", "opensuse", 60),
        ("static by Chainguard", "chainguard", 90),
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
fn root_files(config: &ImageConfig, steps: &[Instruction<'_>], catalogue: &Catalogue) -> Found {
    let at = steps.iter().position(|step| step.keyword == Keyword::Add)?;
    let body = steps[at].body.as_ref();
    let hash = body.strip_prefix("file:")?.split(' ').next()?;
    if !body.trim_end().ends_with(" /") && !body.trim_end().ends_with("in /") {
        return None;
    }
    if let Some(system) = catalogue.system_of_added_file(hash) {
        return Some((system.clone(), 96));
    }
    let names_release = |name: &str| release_in_sources(config, catalogue, name);
    let is_old_ubuntu = steps
        .iter()
        .any(|step| step.keyword == Keyword::Run && step.body.contains("/usr/sbin/policy-rc.d"));
    if is_old_ubuntu {
        return Some((
            names_release("ubuntu").unwrap_or_else(|| System::named("ubuntu")),
            90,
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
            85,
        )),
        "[\"sh\"]" => Some((System::named("busybox"), 75)),
        "[\"/bin/sh\"]" => Some((System::named("alpine"), 75)),
        // Red Hat's relatives, Amazon's and SUSE's all say this: how packages are installed tells more.
        "[\"/bin/bash\"]" => used(config, catalogue).map(|(system, percent)| (system, percent + 10)),
        _ => None,
    }
}

/// What builders put beneath what they build, where nothing else was seen.
fn built(config: &ImageConfig, builder: Option<Builder>) -> Found {
    match builder? {
        Builder::Bazel => {
            let texts = || config.history.iter().map(|step| step.created_by.as_str());
            let debian = [
                ("debian13", "trixie"),
                ("debian12", "bookworm"),
                ("debian11", "bullseye"),
            ]
            .into_iter()
            .find(|(word, _)| texts().any(|text| text.contains(word)));
            Some((
                debian.map_or_else(
                    || System::named("distroless"),
                    |(_, suite)| System::released("distroless", suite),
                ),
                if debian.is_some() { 90 } else { 75 },
            ))
        }
        // apko also puts Alpine together; without a package list the two look the same.
        Builder::Apko => Some((System::named("wolfi"), 60)),
        Builder::Nix => Some((System::named("nix"), 85)),
        _ => None,
    }
}

/// What the steps use shows how the system installs software, which is weak evidence for one of a
/// family.
fn used(config: &ImageConfig, catalogue: &Catalogue) -> Found {
    let mut best: Found = None;
    for step in &config.history {
        let read = Instruction::read(&step.created_by);
        if read.keyword != Keyword::Run {
            continue;
        }
        let text = read.body.as_ref();
        let uses = |program: &str| contains_word(text, program);
        let found = if uses("apk") && (text.contains("apk add") || text.contains("apk --")) {
            Some((System::named("alpine"), 70))
        } else if uses("apt-get") || uses("apt") || uses("dpkg") {
            let system = release_in_sources(config, catalogue, "ubuntu")
                .or_else(|| release_in_sources(config, catalogue, "debian"));
            Some(system.map_or_else(|| (System::named("debian"), 50), |system| (system, 65)))
        } else if uses("microdnf") {
            Some((System::named("ubi"), 65))
        } else if uses("tdnf") {
            Some((System::named("photon"), 60))
        } else if uses("zypper") {
            Some((System::named("opensuse"), 70))
        } else if uses("amazon-linux-extras") {
            Some((System::released("amazonlinux", "2"), 85))
        } else if uses("yum") || uses("dnf") {
            Some((System::named("centos"), 45))
        } else if uses("pacman") {
            Some((System::named("archlinux"), 75))
        } else {
            None
        };
        if found.as_ref().map(|found| found.1) > best.as_ref().map(|best| best.1) {
            best = found;
        }
    }
    best.or_else(|| release_in_variables(config, catalogue))
}

/// A release that a vendor wrote into its own version: `1.31.3-1~trixie`, `16.2-1.pgdg120+2`,
/// `1:12.3.2+maria~ubu2404`.
fn release_in_variables(config: &ImageConfig, catalogue: &Catalogue) -> Found {
    let debian = catalogue.system("debian")?;
    let ubuntu = catalogue.system("ubuntu")?;
    for value in config.variables.values() {
        for word in value.split(['~', '+', '-', ' ']) {
            if debian
                .releases
                .values()
                .any(|release| release == word && release != "sid")
            {
                return Some((System::released("debian", word), 75));
            }
            if let Some(version) = ubuntu.releases.get(word) {
                return Some((System::released("ubuntu", version.clone()), 75));
            }
            if let Some(digits) = word.strip_prefix("ubu").filter(|digits| digits.len() == 4) {
                return Some((
                    System::released("ubuntu", format!("{}.{}", &digits[..2], &digits[2..])),
                    75,
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
            return Some((debian.release(major), 75));
        }
    }
    None
}

/// A release that package sources name: `deb http://deb.debian.org/debian stretch-backports main`.
fn release_in_sources(config: &ImageConfig, catalogue: &Catalogue, name: &str) -> Option<System> {
    let info = catalogue.system(name)?;
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
            let known = match name {
                // Debian's codenames are the releases themselves.
                "debian" => info
                    .releases
                    .values()
                    .find(|release| *release == word && word.len() > 3),
                _ => words()
                    .find(|(alias, _)| *alias == word)
                    .map(|(_, release)| release),
            };
            if let Some(release) = known {
                return Some(System::released(name, release.clone()));
            }
        }
    }
    None
}

/// Whether nothing but files was ever put in, and nothing was ever run: there is no shell to run it.
fn is_scratch(config: &ImageConfig) -> bool {
    let mut copies = 0;
    for step in config.history.iter().filter(|step| !step.empty_layer) {
        let read = Instruction::read(&step.created_by);
        match read.keyword {
            Keyword::Copy => copies += 1,
            Keyword::Add => copies += 1,
            Keyword::Run | Keyword::Missing => return false,
            _ => {}
        }
    }
    copies > 0
        && !config.history.iter().any(|step| {
            let read = Instruction::read(&step.created_by);
            read.keyword == Keyword::Cmd
                && matches!(
                    read.body.as_ref(),
                    "[\"sh\"]" | "[\"/bin/sh\"]" | "[\"bash\"]" | "[\"/bin/bash\"]"
                )
        })
}

/// What put an image together.
fn builder(config: &ImageConfig) -> Option<Builder> {
    let author = config.author.as_deref().unwrap_or_default();
    if config.labels.contains_key("io.buildpacks.stack.id")
        || config.labels.contains_key("io.buildpacks.base.distro.name")
    {
        return Some(Builder::Buildpacks);
    }
    if author.contains("chainguard-dev/apko") {
        return Some(Builder::Apko);
    }
    // The last step is the youngest; the base's steps come first and have builders of their own.
    for step in config.history.iter().rev() {
        let text = step.created_by.trim();
        let found = match step.author.as_str() {
            "ko" => Some(Builder::Ko),
            "Jib" => Some(Builder::Jib),
            "kaniko" => Some(Builder::Kaniko),
            "Bazel" => Some(Builder::Bazel),
            "apko" => Some(Builder::Apko),
            _ if text.starts_with("ko build ") || text.starts_with("ko publish ") => Some(Builder::Ko),
            _ if text.starts_with("jib-") => Some(Builder::Jib),
            _ if text.starts_with("bazel build ") => Some(Builder::Bazel),
            _ if text == "apko" || step.comment.contains("apko single-layer") => Some(Builder::Apko),
            _ if step.comment.starts_with("store paths:") => Some(Builder::Nix),
            _ if step.comment.starts_with("FROM ") => Some(Builder::Buildah),
            _ if step.comment.starts_with("buildkit.") => Some(Builder::BuildKit),
            _ => {
                let read = Instruction::read(text);
                if read.buildkit {
                    Some(Builder::BuildKit)
                } else if read.classic {
                    Some(Builder::Classic)
                } else {
                    None
                }
            }
        };
        if found.is_some() {
            return found;
        }
    }
    match author {
        "Bazel" => Some(Builder::Bazel),
        "Jib" => Some(Builder::Jib),
        "kaniko" => Some(Builder::Kaniko),
        _ => None,
    }
}

/// Buildah notes `FROM docker.io/library/node:22` beside the first step of a child.
fn noted_bases(config: &ImageConfig) -> Vec<String> {
    let mut names: Vec<String> = config
        .history
        .iter()
        .rev()
        .filter_map(|step| step.comment.strip_prefix("FROM "))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && name != "scratch")
        .collect();
    names.dedup();
    names
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

fn release(catalogue: &Catalogue, name: &str, word: &str) -> System {
    match catalogue.system(name) {
        Some(info) => info.release(word),
        None => System::released(name, word),
    }
}

/// Whether a text has a program's name as a word of its own.
fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let is_edge =
            |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        is_edge(text[..at].chars().next_back()) && is_edge(text[at + word.len()..].chars().next())
    })
}
