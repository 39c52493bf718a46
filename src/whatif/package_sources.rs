//! Package sources that build steps add: whose packages they bring, and whether those exist for Alpine.
//!
//! Distributions know where their own packages come from. Any other source that a step adds is a vendor's. Unless the
//! rules say that Alpine has the vendor's packages, an image that uses them cannot simply move.

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::base_image::{Instruction, Keyword};
use crate::oci::text::printable;

/// A package source as a file of rules defines it. The names of the fields are those of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageSource {
    /// Whose packages they are.
    pub name: String,
    /// Patterns for host and path, such as `packages.ros.org/*`.
    pub locations: Vec<String>,
    /// What Alpine has instead; without it, the source ties an image to glibc.
    pub on_alpine: Option<String>,
    /// Why the packages do not exist for Alpine.
    pub reason: Option<String>,
    /// Where that is stated, and when it was read.
    #[serde(default)]
    pub source: String,
}

/// The known package sources.
#[derive(Debug, Clone)]
pub(super) struct PackageSources {
    sources: Vec<PackageSource>,
    patterns: GlobSet,
    /// For each pattern: its length and its source.
    owners: Vec<(usize, usize)>,
}

impl PackageSources {
    /// Compiles the patterns of these sources.
    ///
    /// # Errors
    /// If a pattern cannot be parsed: the name of its source, and what is wrong.
    pub fn new(sources: Vec<PackageSource>) -> Result<Self, (String, globset::Error)> {
        let mut patterns = GlobSetBuilder::new();
        let mut owners = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            for text in &source.locations {
                patterns.add(pattern(text).map_err(|error| (source.name.clone(), error))?);
                owners.push((text.len(), index));
            }
        }
        let patterns = patterns.build().map_err(|error| ("all".to_owned(), error))?;
        Ok(Self {
            sources,
            patterns,
            owners,
        })
    }

    /// The sources as the files define them.
    pub fn definitions(&self) -> &[PackageSource] {
        &self.sources
    }

    /// Why a step ties an image to glibc: it uses a source whose packages do not exist for Alpine, or are not known to.
    pub fn blocker(&self, text: &str) -> Option<String> {
        let read = Instruction::read(text);
        if read.keyword != Keyword::Run {
            return None;
        }
        let script = read.body.as_ref();
        // A known vendor counts wherever a step mentions its server: some are set up by a script or a package.
        let mentioned = urls(script).find_map(|location| self.known(location)?.blocker());
        mentioned.or_else(|| {
            added(script)
                .find(|source| !source.is_of_distribution() && self.known(source.location).is_none())
                .map(|source| {
                    format!(
                        "it installs packages from {}, which is not known to have them for Alpine",
                        printable(host(source.location))
                    )
                })
        })
    }

    fn known(&self, location: &str) -> Option<&PackageSource> {
        let mut location = location.to_ascii_lowercase();
        if !location.contains('/') {
            location.push('/');
        }
        // The longest pattern is the most specific one; of equal ones the last counts, which is the user's.
        let found = self.patterns.matches(&location).into_iter();
        let best = found.map(|pattern| self.owners[pattern]).max()?;
        self.sources.get(best.1)
    }
}

impl PackageSource {
    fn blocker(&self) -> Option<String> {
        let reason = || format!("packages of {} are built for glibc only", self.name);
        match self.on_alpine {
            Some(_) => None,
            None => Some(self.reason.clone().unwrap_or_else(reason)),
        }
    }
}

/// A package source that a step adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct AddedSource<'a> {
    /// Host and path, without scheme.
    location: &'a str,
    /// What follows in a line of apt's: the suite and the components.
    rest: &'a str,
}

impl AddedSource<'_> {
    /// Whether it has the distribution's own packages: a mirror of Debian or Ubuntu, wherever it is.
    fn is_of_distribution(&self) -> bool {
        const COMPONENTS: [&str; 7] = [
            "main",
            "contrib",
            "non-free",
            "non-free-firmware",
            "universe",
            "multiverse",
            "restricted",
        ];
        let path = self.location.trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap_or_default();
        let is_archive = last.starts_with("debian") || last.starts_with("ubuntu") || last == "raspbian";
        // The suite may be the output of a command: `$(lsb_release -cs)`.
        let after_suite = match self.rest.strip_prefix("$(") {
            Some(command) => command.split_once(')').map_or("", |(_, rest)| rest),
            None => self
                .rest
                .split_once(char::is_whitespace)
                .map_or("", |(_, rest)| rest),
        };
        let mut components = after_suite.split_whitespace().peekable();
        is_archive && components.peek().is_some() && components.all(|word| COMPONENTS.contains(&word))
    }
}

/// The locations of all URLs in a script.
fn urls(script: &str) -> impl Iterator<Item = &str> {
    script
        .match_indices("://")
        .map(|(at, mark)| location(&script[at + mark.len()..]))
        .chain(ppas(script))
        .filter(|location| !location.is_empty())
}

/// The beginning of a text up to the end of a URL.
fn location(text: &str) -> &str {
    let end = text.find(|letter: char| letter.is_whitespace() || "\"'`;|&<>()[],\\".contains(letter));
    &text[..end.unwrap_or(text.len())]
}

/// Personal archives of Ubuntu's: `ppa:ondrej/php` gives `ondrej/php`.
fn ppas(script: &str) -> impl Iterator<Item = &str> {
    script.split("ppa:").skip(1).map(location)
}

/// The package sources that a script adds: lines of apt's in either format, archives of Ubuntu's, repository files,
/// packages that contain a repository file, and set-up scripts.
fn added(script: &str) -> impl Iterator<Item = AddedSource<'_>> {
    let bare = |location| AddedSource { location, rest: "" };
    lines(script)
        .chain(ppas(script).map(bare))
        .chain(after(script, "URIs:").map(bare))
        .chain(urls(script).filter(|location| is_repository(location)).map(bare))
        .filter(|source| !source.location.is_empty())
}

/// Lines of apt's: `deb [signed-by=…] https://packages.example.com/apt stable main`.
fn lines(script: &str) -> impl Iterator<Item = AddedSource<'_>> {
    script.match_indices("deb").filter_map(|(at, word)| {
        let is_word = script[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !is_name(before));
        let rest = &script[at + word.len()..];
        let rest = rest.strip_prefix("-src").unwrap_or(rest);
        if !is_word || !rest.starts_with([' ', '\t']) {
            return None;
        }
        let line = rest.trim_start();
        let line = match line.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1.trim_start(),
            None => line,
        };
        let line = &line[..end_of_line(line)];
        let (url, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let (scheme, location) = url.split_once("://")?;
        // Packages that the image brings along are no vendor's.
        (scheme != "file" && scheme != "copy").then_some(AddedSource { location, rest })
    })
}

/// Where a line of apt's ends in a script: at the end of the quotes or of the command, but not within `$(…)`.
fn end_of_line(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            _ if depth == 0 && "\"'\n>|;&\\)".contains(letter) => return at,
            _ => {}
        }
    }
    text.len()
}

/// The URLs behind a word: `URIs: https://packages.example.com/apt`.
fn after<'a>(script: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    script.split(word).skip(1).filter_map(|rest| {
        let (scheme, rest) = rest.trim_start().split_once("://")?;
        let is_web = matches!(scheme, "http" | "https");
        is_web.then(|| location(rest))
    })
}

/// Whether a URL is that of a repository file, of a package that contains one, or of a set-up script.
fn is_repository(location: &str) -> bool {
    let file = location.rsplit('/').next().unwrap_or_default();
    let is_package = file.ends_with(".rpm") || file.ends_with(".deb");
    let brings_source = ["release", "repo", "apt-config", "keyring", "packages-"];
    file.ends_with(".repo")
        || file.ends_with(".list")
        || (is_package && brings_source.iter().any(|word| file.contains(word)))
        || matches!(file, "script.deb.sh" | "script.rpm.sh")
}

fn host(location: &str) -> &str {
    location.split('/').next().unwrap_or(location)
}

fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/')
}

fn pattern(text: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(text).case_insensitive(true).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> PackageSources {
        let source = |name: &str, location: &str, on_alpine: Option<&str>| PackageSource {
            name: name.to_owned(),
            locations: vec![location.to_owned()],
            on_alpine: on_alpine.map(ToOwned::to_owned),
            reason: None,
            source: String::new(),
        };
        PackageSources::new(vec![
            source("Acme", "packages.acme.example/*", None),
            source("Node", "deb.nodesource.com/*", Some("nodejs")),
            source("Debian", "deb.debian.org/*", Some("main")),
            source("PHP", "ondrej/php", Some("php")),
        ])
        .unwrap()
    }

    #[test]
    fn a_source_is_blocked_unless_alpine_is_known_to_have_its_packages() {
        let sources = sources();
        for (step, blocker) in [
            (
                "RUN echo 'deb http://packages.acme.example/ubuntu noble main' > /etc/apt/sources.list.d/acme.list",
                Some("Acme"),
            ),
            (
                "RUN /bin/sh -c curl -fsSL https://packages.acme.example/setup.sh | bash # buildkit",
                Some("Acme"),
            ),
            (
                "RUN echo \"deb [arch=amd64 signed-by=/k.gpg] https://apt.other.example/x stable main\" >> /etc/apt/sources.list",
                Some("apt.other.example"),
            ),
            (
                "RUN printf 'Types: deb\\nURIs: https://apt.other.example/x\\nSuites: /\\n' > /a.sources",
                Some("apt.other.example"),
            ),
            ("RUN add-apt-repository -y ppa:someone/tool", Some("someone")),
            (
                "RUN yum-config-manager --add-repo https://rpm.other.example/tool.repo",
                Some("rpm.other.example"),
            ),
            (
                "RUN yum install -y https://rpm.other.example/other-release-7.noarch.rpm",
                Some("rpm.other.example"),
            ),
            (
                "RUN curl -s https://packagecloud.io/install/repositories/a/b/script.deb.sh | bash",
                Some("packagecloud.io"),
            ),
            (
                "RUN curl -sL https://deb.nodesource.com/setup_20.x | bash -",
                None,
            ),
            (
                "RUN add-apt-repository ppa:ondrej/php && apt-get install php8.3",
                None,
            ),
            (
                "RUN echo 'deb http://deb.debian.org/debian stretch-backports main' > /x.list",
                None,
            ),
            // A mirror of the distribution within a company.
            (
                "RUN echo 'deb http://mirror.corp.example/debian trixie main contrib' > /x.list",
                None,
            ),
            (
                "RUN echo \"deb http://mirror.corp.example/ubuntu/ noble-security universe\" > /x.list",
                None,
            ),
            (
                "RUN echo \"deb [ trusted=yes ] file:///tmp/built ./\" > /x.list",
                None,
            ),
            (
                "RUN echo \"deb http://mirror.corp.example/debian $(lsb_release -cs) main\" > /x.list",
                None,
            ),
            (
                "RUN echo \"deb [arch=\"$(dpkg --print-architecture)\" signed-by=/k] https://apt.other.example/x $(. /etc/os-release && echo \"$VERSION_CODENAME\") stable\" > /x.list",
                Some("apt.other.example"),
            ),
            // Mentioned, not added.
            (
                "RUN curl -O https://downloads.other.example/tool.tar.gz && dpkg -i tool.deb",
                None,
            ),
            ("LABEL url=https://packages.acme.example/about", None),
            ("ENV DEB http://apt.other.example stable main", None),
        ] {
            let found = sources.blocker(step);
            match blocker {
                Some(word) => assert!(
                    found.as_deref().is_some_and(|reason| reason.contains(word)),
                    "{step}: {found:?}"
                ),
                None => assert_eq!(found, None, "{step}"),
            }
        }
    }
}
