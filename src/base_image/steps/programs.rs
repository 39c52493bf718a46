//! Classifies programs by their names and arguments.

use super::kind::{Command, Language};

/// The language whose packages a command installs or builds; `None` if it only queries or configures.
pub(super) fn language(command: &Command) -> Option<Language> {
    let program = command.program.as_str();
    let acts = |actions: &[&str]| command.words.iter().any(|word| actions.contains(&word.as_str()));
    let plain = || {
        let mut words = command.words.iter().filter(|word| !word.starts_with('-'));
        words.next().is_some()
    };
    let asks = || acts(&["--version", "-version", "-v", "-V", "version", "--help", "help"]);
    match program {
        "npm" | "pnpm" | "bower" | "cnpm" => acts(&[
            "install", "i", "ci", "add", "run", "update", "rebuild", "link", "isntall",
        ])
        .then_some(Language::Node),
        "yarn" => (!asks() && !acts(&["config", "cache"])).then_some(Language::Node),
        "pipenv" | "poetry" | "uv" | "easy_install" | "pipx" => {
            acts(&["install", "sync", "add", "pip"]).then_some(Language::Python)
        }
        _ if program.starts_with("pip") && is_versioned(program, "pip") => {
            acts(&["install", "wheel", "download"]).then_some(Language::Python)
        }
        _ if is_versioned(program, "python") || is_versioned(program, "pypy") => {
            let installs = acts(&["pip", "ensurepip", "easy_install"]) && acts(&["-m"])
                || command
                    .words
                    .iter()
                    .any(|word| word.ends_with("setup.py") || word.ends_with("get-pip.py"));
            installs.then_some(Language::Python)
        }
        "conda" | "mamba" | "micromamba" => {
            acts(&["install", "create", "update", "env"]).then_some(Language::Conda)
        }
        "gem" => acts(&["install", "update"]).then_some(Language::Ruby),
        "bundle" | "bundler" => (!asks() && !acts(&["config"])).then_some(Language::Ruby),
        "composer" | "composer.phar" => {
            acts(&["install", "require", "create-project", "update"]).then_some(Language::Php)
        }
        "cargo" => acts(&["install", "build", "fetch"]).then_some(Language::Rust),
        "rustup" | "rustup-init" => (!asks() && !acts(&["show"])).then_some(Language::Rust),
        "go" => acts(&["get", "install", "build", "mod"]).then_some(Language::Go),
        "mvn" | "mvnw" | "gradle" | "gradlew" | "sbt" | "lein" | "ant" | "activator" => {
            (!asks() && plain()).then_some(Language::Java)
        }
        "dotnet" | "nuget" => {
            acts(&["restore", "build", "publish", "install", "tool"]).then_some(Language::DotNet)
        }
        "cpan" | "cpanm" => plain().then_some(Language::Perl),
        "stack" | "cabal" | "mix" | "rebar" | "rebar3" | "luarocks" | "Rscript" | "install2.r"
        | "install.r" | "zef" | "panda" | "opam" => (plain() && !asks()).then_some(Language::Other),
        _ => None,
    }
}

/// `python`, `python3`, `python3.11`; not `python-config`.
fn is_versioned(program: &str, name: &str) -> bool {
    program
        .strip_prefix(name)
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// Whether a command compiles programs.
pub(super) fn compiles(command: &Command) -> bool {
    let has = |wanted: &str| command.words.iter().any(|word| word == wanted);
    match command.program.as_str() {
        "make" | "gmake" | "cmake" | "ninja" | "gcc" | "g++" | "cc" | "clang" => {
            !has("--version") && !has("-v")
        }
        "configure"
        | "Configure"
        | "meson"
        | "scons"
        | "autoconf"
        | "autoreconf"
        | "automake"
        | "autogen.sh"
        | "buildconf"
        | "bootstrap.sh"
        | "otp_build"
        | "docker-php-ext-install"
        | "docker-php-ext-configure"
        | "phpize"
        | "xbuild"
        | "b2"
        | "bjam" => true,
        "config" => true,
        "pecl" | "pear" => has("install"),
        "perl" => command
            .words
            .iter()
            .any(|word| word.ends_with("Makefile.PL") || word.ends_with("Configure.pl")),
        _ => false,
    }
}

/// What a command fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetch {
    /// Archives, programs, or unknown files.
    Content,
    /// Keys, signatures, checksums or descriptions of package sources.
    Small,
}

/// What a command downloads; `None` if nothing.
pub(super) fn fetches(command: &Command) -> Option<Fetch> {
    let first = command.words.first().map(String::as_str);
    let fetches = match command.program.as_str() {
        "curl" | "wget" | "aria2c" | "axel" | "lftp" | "Invoke-WebRequest" | "iwr" => true,
        "git" => matches!(first, Some("clone" | "fetch" | "pull")),
        "svn" => matches!(first, Some("co" | "checkout" | "export")),
        "hg" => matches!(first, Some("clone")),
        "gsutil" => matches!(first, Some("cp" | "rsync")),
        "aws" => matches!(first, Some("s3" | "s3api")),
        "az" => matches!(first, Some("storage")),
        _ => return None,
    };
    if !fetches {
        return None;
    }
    let mut addresses = command.words.iter().filter(|word| is_address(word)).peekable();
    let all_small = addresses.peek().is_some() && addresses.all(|word| is_small(word));
    Some(if all_small { Fetch::Small } else { Fetch::Content })
}

fn is_address(word: &str) -> bool {
    word.contains("://")
        || (word.starts_with('$') && !word.contains('/'))
        || word.contains("$") && word.contains('/')
}

/// Whether an address names a key, a signature, a checksum or a package source.
pub(super) fn is_small(address: &str) -> bool {
    const ENDS: [&str; 17] = [
        ".asc", ".sig", ".sign", ".gpg", ".key", ".pub", ".sha1", ".sha256", ".sha512", ".md5", ".list",
        ".repo", "KEYS", "gpgkey", ".txt", ".pem", ".crt",
    ];
    let path = address.split(['?', '#']).next().unwrap_or(address);
    let lower = address.to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end))
        || lower.contains("gpg-key")
        || lower.contains("/gpg")
        || lower.contains("pubkey")
        || lower.contains("key.public")
        || lower.contains("keyserver")
        || lower.contains("signing-key")
        || lower.contains("shasum")
        || lower.contains("sha256sum")
}

/// Whether a command handles the keys of package sources.
pub(super) fn imports_keys(command: &Command) -> bool {
    match command.program.as_str() {
        "apt-key" => true,
        "gpg" | "gpg2" | "gpgv" => true,
        "rpm" | "rpmkeys" => command.words.iter().any(|word| word == "--import"),
        _ => false,
    }
}

/// Whether a command adds a source of packages.
pub(super) fn adds_source(command: &Command) -> bool {
    let any = |test: fn(&str) -> bool| command.words.iter().any(|word| test(word));
    match command.program.as_str() {
        "add-apt-repository" | "apt-add-repository" | "yum-config-manager" | "rpm-ostree" => true,
        "dnf" => any(|word| word == "config-manager"),
        "zypper" => any(|word| matches!(word, "ar" | "addrepo")),
        "echo" | "printf" | "cat" => any(|word| {
            let word = word.trim_start();
            word == "deb"
                || word.starts_with("deb ")
                || word.starts_with("deb\t")
                || word.starts_with("[") && word.contains("baseurl")
        }),
        "tee" | "cp" | "mv" | "curl" | "wget" | "ln" => {
            any(|word| {
                word.contains("sources.list") || word.contains("yum.repos.d") || word.ends_with(".repo")
            }) || any(|word| word.contains("://") && word.contains("setup_"))
        }
        "rpm" | "yum" => {
            any(|word| word.contains("-release") && word.contains("://") && !word.contains("epel"))
        }
        "apt-key" => true,
        _ => false,
    }
}

/// Whether a command unpacks an archive.
pub(super) fn unpacks(command: &Command) -> bool {
    matches!(
        command.program.as_str(),
        "tar"
            | "bsdtar"
            | "unzip"
            | "gunzip"
            | "7z"
            | "7za"
            | "xz"
            | "bunzip2"
            | "unxz"
            | "unzstd"
            | "jar"
            | "cpio"
    )
}

/// Whether a command hardly changes the size of an image.
pub(super) fn is_small_change(program: &str) -> bool {
    const PROGRAMS: [&str; 189] = [
        ".",
        ":",
        "[",
        "[[",
        "a2dismod",
        "a2dissite",
        "a2enconf",
        "a2enmod",
        "a2ensite",
        "addgroup",
        "adduser",
        "alias",
        "alternatives",
        "apache2ctl",
        "apt-mark",
        "arch",
        "awk",
        "basename",
        "break",
        "bundle",
        "cargo",
        "cat",
        "cd",
        "chgrp",
        "chmod",
        "chown",
        "chpasswd",
        "chroot",
        "chsh",
        "cmp",
        "comm",
        "composer",
        "conda",
        "continue",
        "cp",
        "crontab",
        "cut",
        "date",
        "debconf-set-selections",
        "delgroup",
        "deluser",
        "diff",
        "dirname",
        "docker-php-ext-enable",
        "dotnet",
        "dpkg-architecture",
        "dpkg-divert",
        "dpkg-preconfigure",
        "dpkg-query",
        "dpkg-reconfigure",
        "dpkg-statoverride",
        "echo",
        "egrep",
        "env",
        "eval",
        "exec",
        "exit",
        "expr",
        "false",
        "fc-cache",
        "file",
        "find",
        "gcc",
        "gem",
        "getconf",
        "getent",
        "getopt",
        "git",
        "go",
        "gosu",
        "gpgconf",
        "gradle",
        "grep",
        "groupadd",
        "groupmod",
        "hash",
        "head",
        "hg",
        "hostname",
        "httpd",
        "id",
        "install",
        "java",
        "javac",
        "jlink",
        "jq",
        "keytool",
        "kill",
        "killall",
        "ldconfig",
        "ldd",
        "ln",
        "locale",
        "locale-gen",
        "localedef",
        "ls",
        "make",
        "md5sum",
        "mkdir",
        "mkfifo",
        "mktemp",
        "mount",
        "mv",
        "mvn",
        "nginx",
        "node",
        "nodejs",
        "npm",
        "nproc",
        "openssl",
        "passwd",
        "paste",
        "patch",
        "perl",
        "php",
        "pip",
        "pip2",
        "pip3",
        "pkill",
        "pnpm",
        "popd",
        "printenv",
        "printf",
        "ps",
        "pushd",
        "pwd",
        "python",
        "python2",
        "python3",
        "read",
        "readlink",
        "rename",
        "restorecon",
        "return",
        "rm",
        "rmdir",
        "ruby",
        "rustup",
        "scanelf",
        "sed",
        "seq",
        "service",
        "set",
        "setcap",
        "sha1sum",
        "sha256sum",
        "sha384sum",
        "sha512sum",
        "shift",
        "shopt",
        "sleep",
        "sort",
        "source",
        "split",
        "ssh-keygen",
        "stat",
        "strip",
        "svn",
        "sync",
        "tac",
        "tail",
        "tee",
        "test",
        "touch",
        "tr",
        "tree",
        "true",
        "truncate",
        "type",
        "umask",
        "umount",
        "uname",
        "uniq",
        "unlink",
        "unset",
        "update-alternatives",
        "update-ca-certificates",
        "update-locale",
        "update-rc.d",
        "useradd",
        "usermod",
        "vi",
        "visudo",
        "wait",
        "wc",
        "which",
        "xargs",
        "yarn",
        "yes",
    ];
    PROGRAMS.binary_search(&program).is_ok()
}
