//! System packages that a command installs or removes, and their kind.

use super::kind::{Command, PackageKind};
use crate::base_image::PackageFamily;

/// What a command does with system packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PackageChange {
    /// Installs these; a virtual name groups them for a later removal.
    Install {
        family: PackageFamily,
        packages: Vec<String>,
        group: Option<String>,
    },
    /// Removes these packages or groups.
    Remove { packages: Vec<String> },
    /// Removes packages that were installed only as dependencies.
    RemoveUnneeded,
    /// Only reads or cleans lists.
    Other(PackageFamily),
}

/// What a command does with system packages; `None` if it is no package manager.
pub(super) fn package_change(command: &Command) -> Option<PackageChange> {
    let family = match command.program.as_str() {
        "apt-get" | "apt" | "aptitude" | "dpkg" | "gdebi" | "install_packages" | "apt-install" => {
            PackageFamily::Apt
        }
        "apk" => PackageFamily::Apk,
        "yum" | "dnf" | "microdnf" | "tdnf" | "rpm" | "urpmi" | "yum-builddep" => PackageFamily::Yum,
        "zypper" => PackageFamily::Zypper,
        "pacman" => PackageFamily::Pacman,
        "emerge" => PackageFamily::Portage,
        "swupd" => PackageFamily::Swupd,
        _ => return None,
    };
    let mut plain: Vec<&str> = Vec::new();
    let mut group = None;
    let mut unneeded = false;
    let mut words = command.words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-t" | "--target-release" | "-o" | "--option" | "-c" | "--repository" | "-X"
            | "--installroot" => {
                words.next();
            }
            "--virtual" => group = words.next().map(ToOwned::to_owned),
            "--auto-remove" | "--autoremove" => unneeded = true,
            _ if word.starts_with("--virtual=") => {
                group = word.split_once('=').map(|(_, name)| name.to_owned());
            }
            // apk's short options may be joined: -Ut, but its long ones begin with two dashes.
            _ if family == PackageFamily::Apk && is_short(word) && word.ends_with('t') => {
                group = words.next().map(ToOwned::to_owned);
            }
            _ if word.starts_with('-') => plain.extend(installing_option(family, word)),
            _ => plain.push(word),
        }
    }
    let direct = matches!(
        command.program.as_str(),
        "install_packages" | "apt-install" | "urpmi" | "emerge"
    );
    let (action, names) = if direct {
        ("install", plain.as_slice())
    } else {
        match plain.split_first() {
            Some((action, names)) => (*action, names),
            None => return Some(PackageChange::Other(family)),
        }
    };
    let packages = || names.iter().filter_map(|name| package_name(name)).collect();
    Some(match action {
        "install" | "add" | "in" | "build-dep" | "groupinstall" | "localinstall" | "reinstall"
        | "bundle-add" | "source-install" | "satisfy" => PackageChange::Install {
            family,
            packages: packages(),
            group,
        },
        "remove" | "purge" | "erase" | "del" | "rm" | "autopurge" => {
            PackageChange::Remove { packages: packages() }
        }
        "autoremove" => PackageChange::RemoveUnneeded,
        _ if unneeded => PackageChange::RemoveUnneeded,
        _ => PackageChange::Other(family),
    })
}

fn is_short(word: &str) -> bool {
    word.starts_with('-') && !word.starts_with("--")
}

/// Managers whose action is an option.
fn installing_option(family: PackageFamily, word: &str) -> Option<&'static str> {
    match (family, word) {
        (PackageFamily::Apt, "-i" | "--install") => Some("install"),
        (PackageFamily::Apt, "-r" | "-P" | "--purge") => None,
        (PackageFamily::Yum, "--import" | "--rebuilddb") => Some("import"),
        (PackageFamily::Yum, _) if is_short(word) && word.contains(['i', 'U']) && !word.contains('y') => {
            Some("install")
        }
        (PackageFamily::Yum, "-e" | "--erase") => Some("erase"),
        (PackageFamily::Yum, "--install" | "--upgrade") => Some("install"),
        (PackageFamily::Pacman, _) if word.starts_with("-S") && !matches!(word, "-Scc" | "-Sc" | "-Sy") => {
            Some("install")
        }
        (PackageFamily::Pacman, _) if word.starts_with("-R") => Some("remove"),
        _ => None,
    }
}

/// The name of a package without version, architecture and folder; `None` if it is not a name.
fn package_name(word: &str) -> Option<String> {
    let file = word.rsplit('/').next().unwrap_or(word);
    let word = if word.ends_with(".deb") || word.ends_with(".rpm") || word.ends_with(".apk") {
        file
    } else {
        // `package/stretch-backports`.
        word.split('/').next().unwrap_or(word)
    };
    let name = word
        .split(['=', '<', '>', '~', '@'])
        .next()
        .unwrap_or(word)
        .trim_end_matches(['+', '*']);
    let name = match name.rsplit_once(':') {
        Some((name, architecture)) if architecture.bytes().all(|b| b.is_ascii_alphanumeric()) => name,
        _ => name,
    };
    // `name-` asks apt to remove it.
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '$' | '@'))
        && !name.ends_with('-');
    is_name.then(|| {
        if word.contains("g++") {
            "g++".to_owned()
        } else {
            name.to_owned()
        }
    })
}

/// The kind of a package by its name. Vendors' programs are recognised later, because only the whole image
/// tells whether a vendor's package source was added.
pub(super) fn package_kind(name: &str) -> PackageKind {
    if is_jdk(name) {
        PackageKind::Jdk
    } else if is_compiler(name) {
        PackageKind::Compilers
    } else if is_tool(name) {
        PackageKind::Tools
    } else {
        PackageKind::Libraries
    }
}

fn is_jdk(name: &str) -> bool {
    const STARTS: [&str; 14] = [
        "openjdk",
        "java-1.",
        "java-8",
        "java-11",
        "java-17",
        "java-21",
        "java-25",
        "oracle-java",
        "adoptopenjdk",
        "temurin-",
        "zulu",
        "bellsoft-java",
        "default-j",
        "msopenjdk",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
        || (name.contains("corretto") && !name.contains("crypto"))
        || name.starts_with("jdk-")
        || name.starts_with("jre-")
}

fn is_compiler(name: &str) -> bool {
    const NAMES: [&str; 37] = [
        "alpine-sdk",
        "autoconf",
        "automake",
        "binutils",
        "bison",
        "build-base",
        "build-essential",
        "bzr",
        "cargo",
        "clang",
        "cmake",
        "cpp",
        "dpkg-dev",
        "flex",
        "g++",
        "gcc",
        "gcc-c++",
        "gfortran",
        "ghc",
        "go",
        "golang",
        "golang-go",
        "libtool",
        "linux-headers",
        "llvm",
        "m4",
        "make",
        "meson",
        "nasm",
        "ninja-build",
        "patch",
        "pkg-config",
        "pkgconf",
        "pkgconfig",
        "rustc",
        "swig",
        "yasm",
    ];
    const STARTS: [&str; 7] = ["gcc-", "g++-", "clang-", "llvm-", "golang-1", "ghc-", "cpp-"];
    NAMES.contains(&name)
        || name.ends_with("-dev")
        || name.ends_with("-devel")
        || name.ends_with("-headers")
        || name.contains("PHPIZE_DEPS")
        || STARTS.iter().any(|start| name.starts_with(start))
}

fn is_tool(name: &str) -> bool {
    const NAMES: [&str; 93] = [
        "apt-transport-https",
        "apt-utils",
        "axel",
        "bash",
        "bash-completion",
        "bc",
        "bsdtar",
        "bzip2",
        "ca-certificates",
        "ca-certificates-bundle",
        "coreutils",
        "cron",
        "cronie",
        "curl",
        "debconf-utils",
        "debian-archive-keyring",
        "diffutils",
        "dirmngr",
        "dnsutils",
        "dos2unix",
        "dumb-init",
        "epel-release",
        "expect",
        "file",
        "findutils",
        "gawk",
        "gettext",
        "gettext-base",
        "git",
        "git-core",
        "gnupg",
        "gnupg1",
        "gnupg2",
        "gosu",
        "gpg",
        "gpg-agent",
        "gpgv",
        "gzip",
        "hostname",
        "htop",
        "iproute",
        "iproute2",
        "iptables",
        "iputils",
        "iputils-ping",
        "jq",
        "less",
        "locales",
        "logrotate",
        "lsb-release",
        "lsof",
        "mercurial",
        "nano",
        "ncurses-bin",
        "net-tools",
        "netbase",
        "netcat",
        "netcat-openbsd",
        "nmap-ncat",
        "openssh",
        "openssh-client",
        "openssh-clients",
        "openssl",
        "p7zip",
        "passwd",
        "procps",
        "procps-ng",
        "psmisc",
        "rsync",
        "sed",
        "shadow-utils",
        "socat",
        "software-properties-common",
        "strace",
        "su-exec",
        "subversion",
        "sudo",
        "supervisor",
        "tar",
        "telnet",
        "tini",
        "tree",
        "tzdata",
        "unzip",
        "util-linux",
        "uuid-runtime",
        "vim",
        "vim-tiny",
        "wget",
        "which",
        "xz",
        "xz-utils",
        "zip",
    ];
    NAMES.binary_search(&name).is_ok()
}

/// Programs that vendors ship as jars or scripts in their packages: the same on any system.
pub(super) fn is_portable(name: &str) -> bool {
    const STARTS: [&str; 13] = [
        "elasticsearch",
        "logstash",
        "kibana",
        "cassandra",
        "neo4j",
        "jenkins",
        "solr",
        "sbt",
        "scala",
        "kafka",
        "confluent",
        "opensearch",
        "dse-",
    ];
    STARTS.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::steps::shell::parse;

    fn change(script: &str) -> Option<PackageChange> {
        parse(script).first().and_then(package_change)
    }

    fn installed(script: &str) -> Vec<String> {
        match change(script) {
            Some(PackageChange::Install { packages, .. }) => packages,
            other => panic!("{script}: {other:?}"),
        }
    }

    #[test]
    fn packages_are_found_behind_every_managers_options() {
        for (script, packages) in [
            (
                "apt-get install -y --no-install-recommends curl wget",
                vec!["curl", "wget"],
            ),
            ("apt-get -qq -o Dpkg::Use-Pty=0 install curl", vec!["curl"]),
            (
                "apt-get install -t stretch-backports -y openjdk-8-jre=8u1-b2",
                vec!["openjdk-8-jre"],
            ),
            ("apt install libc6:i386 vim/stable libx-", vec!["libc6", "vim"]),
            ("dpkg -i /tmp/app_1.0_amd64.deb", vec!["app_1.0_amd64.deb"]),
            ("apk add --no-cache --virtual .deps gcc make", vec!["gcc", "make"]),
            ("apk --no-cache add 'curl>7' tzdata@edge", vec!["curl", "tzdata"]),
            ("yum -y install epel-release", vec!["epel-release"]),
            ("dnf install -y --setopt=tsflags=nodocs python3", vec!["python3"]),
            ("microdnf install --nodocs tar", vec!["tar"]),
            ("rpm -Uvh https://example.com/a.rpm", vec!["a.rpm"]),
            ("zypper --non-interactive in nginx", vec!["nginx"]),
            ("pacman -Syu --noconfirm git", vec!["git"]),
            ("apt-get install g++ libstdc++6", vec!["g++", "libstdc++6"]),
        ] {
            assert_eq!(installed(script), packages, "{script}");
        }
    }

    #[test]
    fn removals_and_groups_are_seen() {
        assert_eq!(
            change("apk add --virtual .deps gcc"),
            Some(PackageChange::Install {
                family: PackageFamily::Apk,
                packages: vec!["gcc".into()],
                group: Some(".deps".into())
            })
        );
        for (script, packages) in [
            ("apk del .deps", vec![".deps"]),
            ("apt-get purge -y --auto-remove gcc make", vec!["gcc", "make"]),
            ("yum remove -y gcc", vec!["gcc"]),
        ] {
            let packages: Vec<String> = packages.into_iter().map(Into::into).collect();
            assert_eq!(
                change(script),
                Some(PackageChange::Remove { packages }),
                "{script}"
            );
        }
        assert_eq!(
            change("apt-get update"),
            Some(PackageChange::Other(PackageFamily::Apt))
        );
        assert_eq!(change("echo apt-get install curl"), None);
    }

    #[test]
    fn names_say_the_sort() {
        for (name, kind) in [
            ("openjdk-8-jdk", PackageKind::Jdk),
            ("java-1.8.0-openjdk-headless", PackageKind::Jdk),
            ("libssl-dev", PackageKind::Compilers),
            ("build-essential", PackageKind::Compilers),
            ("zip", PackageKind::Tools),
            ("apt-transport-https", PackageKind::Tools),
            ("xz-utils", PackageKind::Tools),
            ("libicu57", PackageKind::Libraries),
            ("imagemagick", PackageKind::Libraries),
        ] {
            assert_eq!(package_kind(name), kind, "{name}");
        }
    }
}
