use super::instruction::{Instruction, Keyword, Shell};
use super::kind::{Command, PackageKind, Step, StepKind};
use super::packages::{PackageChange, is_portable, package_change, package_kind};
use super::programs::{self, Fetch};
use super::shell;
use crate::base_image::PackageFamily;

/// Classifies a history entry.
///
/// Depends only on the text, so the result is reused for every image that has the step. Whether a package is
/// a vendor's also depends on earlier steps: see [`Step::kind_after`].
pub fn read_step(text: &str) -> Step {
    let instruction = Instruction::read(text);
    let mut step = Step::from_kind(match instruction.keyword {
        Keyword::Copy => StepKind::Copy,
        Keyword::Add => add(&instruction.body),
        Keyword::Missing => StepKind::Unknown,
        Keyword::Run => StepKind::Unknown,
        Keyword::Workdir
        | Keyword::Cmd
        | Keyword::Env
        | Keyword::Arg
        | Keyword::Label
        | Keyword::Metadata => StepKind::NoOp,
    });
    step.downloads = step.kind == StepKind::Download;
    if instruction.keyword != Keyword::Run {
        return step;
    }
    if is_other_builder(&instruction.body) {
        step.kind = StepKind::Copy;
        return step;
    }
    step.commands = shell::parse(&instruction.body);
    if instruction.shell == Shell::Windows {
        step.windows = true;
        step.downloads =
            instruction.body.contains("Invoke-WebRequest") || instruction.body.contains("DownloadFile");
        step.kind = if step.downloads {
            StepKind::Download
        } else {
            StepKind::Unknown
        };
        return step;
    }
    Reading::from_commands(&step.commands).into_step(step)
}

/// `ADD`: an address is downloaded, anything else is copied.
fn add(body: &str) -> StepKind {
    let mut sources = body.split_whitespace().filter(|word| !word.starts_with("--"));
    match sources.next() {
        Some(source) if source.contains("://") && programs::is_small(source) => StepKind::KeyImport,
        Some(source) if source.contains("://") || source.starts_with("git@") => StepKind::Download,
        _ => StepKind::Copy,
    }
}

/// The texts that builders other than Docker write for layers of files.
fn is_other_builder(body: &str) -> bool {
    const STARTS: [&str; 8] = [
        "bazel build",
        "ko build",
        "ko publish",
        "jib-",
        "apko",
        "crane ",
        "Buildpacks ",
        "umoci raw",
    ];
    STARTS.iter().any(|start| body.starts_with(start))
}

impl Step {
    fn from_kind(kind: StepKind) -> Self {
        Self {
            kind,
            commands: Vec::new(),
            packages: Vec::new(),
            removed: Vec::new(),
            languages: Vec::new(),
            adds_source: false,
            downloads: false,
            compiles: false,
            windows: false,
        }
    }

    /// The kind of the step, given whether an earlier step added a package source.
    ///
    /// Packages from such a source are the vendor's: compiled for many systems and larger than Alpine's own
    /// packages, or jars that are the same everywhere.
    pub fn kind_after(&self, source_added: bool) -> StepKind {
        let StepKind::Packages(family, PackageKind::Compilers | PackageKind::Libraries) = self.kind else {
            return self.kind;
        };
        if !source_added && !self.adds_source {
            return self.kind;
        }
        let programs: Vec<&String> = self
            .packages
            .iter()
            .filter(|name| package_kind(name) == PackageKind::Libraries && !name.starts_with("lib"))
            .collect();
        if programs.is_empty() {
            self.kind
        } else if programs.iter().any(|name| is_portable(name)) {
            StepKind::Packages(family, PackageKind::VendorPortable)
        } else {
            StepKind::Packages(family, PackageKind::VendorNative)
        }
    }
}

/// The state of a script so far.
#[derive(Default)]
struct Reading {
    family: Option<PackageFamily>,
    installed: Vec<(String, Option<String>)>,
    removed: Vec<String>,
    marked_all_unneeded: bool,
    languages: Vec<super::Language>,
    compiles: bool,
    fetches_content: bool,
    fetches: bool,
    keys: bool,
    adds_source: bool,
    unpacks: bool,
    unknown: bool,
    any: bool,
}

impl Reading {
    fn from_commands(commands: &[Command]) -> Self {
        let mut reading = Self::default();
        for (place, command) in commands.iter().enumerate() {
            reading.any = true;
            reading.adds_source |= programs::adds_source(command);
            if let Some(change) = package_change(command) {
                reading.packages(change);
                reading.keys |= programs::imports_keys(command);
            } else if let Some(language) = programs::language(command) {
                if !reading.languages.contains(&language) {
                    reading.languages.push(language);
                }
            } else if programs::compiles(command) {
                reading.compiles = true;
            } else if let Some(fetch) = programs::fetches(command) {
                reading.fetches = true;
                // `curl … | apt-key add -` downloads a key, whatever the address looks like.
                let is_key = commands.get(place + 1).is_some_and(programs::imports_keys);
                let is_source = programs::adds_source(command);
                reading.fetches_content |= fetch == Fetch::Content && !is_key && !is_source;
            } else if programs::imports_keys(command) {
                reading.keys = true;
            } else if programs::unpacks(command) {
                reading.unpacks = true;
            } else if command.program == "apt-mark" {
                reading.marked_all_unneeded |= command.words.first().is_some_and(|word| word == "auto")
                    && command.words.iter().any(|word| word.contains('*'));
            } else if !programs::is_small_change(&command.program) && !is_variable(&command.program) {
                reading.unknown = true;
            }
        }
        reading
    }

    fn packages(&mut self, change: PackageChange) {
        match change {
            PackageChange::Install {
                family,
                packages,
                group,
            } => {
                self.family = Some(family);
                self.installed
                    .extend(packages.into_iter().map(|name| (name, group.clone())));
            }
            PackageChange::Remove { packages } => {
                let named = |name: &str| packages.iter().any(|removed| same_name(removed, name));
                let (gone, left) = std::mem::take(&mut self.installed)
                    .into_iter()
                    .partition::<Vec<_>, _>(|(name, group)| {
                        named(name) || group.as_deref().is_some_and(named) || self.marked_all_unneeded
                    });
                self.removed.extend(packages.iter().cloned());
                self.removed.extend(gone.into_iter().map(|(name, _)| name));
                self.installed = left;
            }
            PackageChange::RemoveUnneeded if self.marked_all_unneeded => {
                self.removed.extend(
                    std::mem::take(&mut self.installed)
                        .into_iter()
                        .map(|(name, _)| name),
                );
            }
            PackageChange::RemoveUnneeded => {}
            PackageChange::Other(family) => {
                self.family.get_or_insert(family);
            }
        }
    }

    fn into_step(self, mut step: Step) -> Step {
        step.kind = self.kind();
        step.packages = self.installed.into_iter().map(|(name, _)| name).collect();
        step.removed = self.removed;
        step.languages = self.languages;
        step.adds_source = self.adds_source;
        step.downloads = self.fetches_content;
        step.compiles = self.compiles;
        step
    }

    /// The kind that takes most space if a script does several things: compiled programs, then packages of a
    /// language, then downloads and system packages.
    fn kind(&self) -> StepKind {
        let family = self.family.unwrap_or(PackageFamily::None);
        if self.compiles {
            return StepKind::Compile;
        }
        if let Some(language) = self.languages.first() {
            return StepKind::Language(*language);
        }
        let packages = self.package_kind();
        match (packages, self.fetches_content) {
            (Some(PackageKind::Jdk), _) => StepKind::Packages(family, PackageKind::Jdk),
            (Some(_), true) if self.installs_fetched_package() => self.packages_of(family, packages),
            (Some(_), true) => StepKind::DownloadWithPackages(family),
            (Some(_), false) => self.packages_of(family, packages),
            (None, true) => StepKind::Download,
            (None, false) if self.keys || self.adds_source || (self.fetches && !self.unknown) => {
                StepKind::KeyImport
            }
            (None, false) if self.unpacks => StepKind::Copy,
            (None, false) if self.unknown => StepKind::Unknown,
            (None, false) => StepKind::NoOp,
        }
    }

    fn packages_of(&self, family: PackageFamily, kind: Option<PackageKind>) -> StepKind {
        StepKind::Packages(family, kind.unwrap_or(PackageKind::Libraries))
    }

    fn installs_fetched_package(&self) -> bool {
        self.installed.iter().any(|(name, _)| is_package_file(name))
    }

    fn package_kind(&self) -> Option<PackageKind> {
        let kind = |name: &str| match name {
            name if is_package_file(name) && is_portable(name) => PackageKind::VendorPortable,
            name if is_package_file(name) && package_kind(name) != PackageKind::Jdk => {
                PackageKind::VendorNative
            }
            name => package_kind(name),
        };
        self.installed.iter().map(|(name, _)| kind(name)).min()
    }
}

fn is_package_file(name: &str) -> bool {
    [".deb", ".rpm", ".apk"].iter().any(|end| name.ends_with(end))
}

/// `$deps` and `${deps}` are the same packages.
fn same_name(one: &str, two: &str) -> bool {
    let bare = |name: &str| {
        name.trim_matches(|c| matches!(c, '$' | '{' | '}' | '"'))
            .to_owned()
    };
    one == two || (one.starts_with('$') && two.starts_with('$') && bare(one) == bare(two))
}

/// A program whose name is known only when the script runs.
fn is_variable(program: &str) -> bool {
    program.starts_with('$') || program.starts_with('`')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::steps::Language;

    fn kind(text: &str) -> StepKind {
        read_step(text).kind
    }

    #[test]
    fn each_kind_is_told_from_its_command() {
        let apt = |kind| StepKind::Packages(PackageFamily::Apt, kind);
        for (text, expected) in [
            ("COPY . /app # buildkit", StepKind::Copy),
            ("/bin/sh -c #(nop) ADD file:00ff in / ", StepKind::Copy),
            ("ADD https://example.com/app.tar.gz /opt/", StepKind::Download),
            ("ADD https://example.com/release.asc /tmp/", StepKind::KeyImport),
            ("CMD [\"bash\"]", StepKind::NoOp),
            ("", StepKind::Unknown),
            (
                "RUN apt-get update && apt-get install -y --no-install-recommends curl ca-certificates && rm -rf /var/lib/apt/lists/*",
                apt(PackageKind::Tools),
            ),
            (
                "RUN apt-get update; apt-get install -y libicu57 curl",
                apt(PackageKind::Libraries),
            ),
            (
                "RUN apt-get install -y openjdk-8-jre-headless=\"$V\"",
                apt(PackageKind::Jdk),
            ),
            (
                "RUN apt-get install -y build-essential curl",
                apt(PackageKind::Compilers),
            ),
            (
                "RUN set -ex; curl -fSL https://x/app.tgz -o a.tgz; tar -xf a.tgz; rm a.tgz",
                StepKind::Download,
            ),
            (
                "RUN apt-get install -y unzip && wget https://x/app.zip && unzip app.zip",
                StepKind::DownloadWithPackages(PackageFamily::Apt),
            ),
            (
                "RUN apt-get install -y unzip && wget https://x/app.zip && unzip app.zip && apt-get purge -y unzip",
                StepKind::Download,
            ),
            (
                "RUN set -eux; savedAptMark=\"$(apt-mark showmanual)\"; apt-get install -y wget; wget -O /g \"$URL\"; apt-mark auto '.*' > /dev/null; apt-get purge -y --auto-remove -o APT::A=false",
                StepKind::Download,
            ),
            ("RUN npm ci --only=production", StepKind::Language(Language::Node)),
            ("RUN npm config set loglevel warn", StepKind::NoOp),
            (
                "RUN pip install --no-cache-dir -r requirements.txt",
                StepKind::Language(Language::Python),
            ),
            (
                "RUN python3 -m pip install x",
                StepKind::Language(Language::Python),
            ),
            (
                "RUN set -x && ./configure --prefix=/usr && make -j4 && make install",
                StepKind::Compile,
            ),
            ("RUN docker-php-ext-install pdo_mysql", StepKind::Compile),
            ("RUN apt-key adv --keyserver x --recv-keys 1", StepKind::KeyImport),
            ("RUN wget -O - https://x/y | apt-key add -", StepKind::KeyImport),
            (
                "RUN groupadd -r app && useradd -r -g app app && mkdir -p /data",
                StepKind::NoOp,
            ),
            ("RUN /opt/do-something", StepKind::Unknown),
            ("RUN tar xzf /tmp/app.tgz -C /opt", StepKind::Copy),
            (
                "RUN apk add --no-cache bash",
                StepKind::Packages(PackageFamily::Apk, PackageKind::Tools),
            ),
            (
                "RUN apk add --virtual .d gcc && make && apk del .d",
                StepKind::Compile,
            ),
            (
                "RUN yum install -y httpd && yum clean all",
                StepKind::Packages(PackageFamily::Yum, PackageKind::Libraries),
            ),
            (
                "RUN wget https://x/app.deb && dpkg -i app.deb",
                apt(PackageKind::VendorNative),
            ),
            ("jib-maven-plugin:3.4.0", StepKind::Copy),
            ("ko build ko://github.com/x/y", StepKind::Copy),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn words_in_quotes_are_no_commands() {
        for text in [
            "RUN echo 'please run: apt-get install -y gcc && make'",
            "RUN echo \"pip install x; npm install\" > /README",
            "RUN cat <<EOF > /x\napt-get install gcc\nmake\nEOF",
            "RUN mkdir x # && make install",
        ] {
            assert_eq!(kind(text), StepKind::NoOp, "{text}");
        }
    }

    #[test]
    fn packages_left_in_are_those_not_removed() {
        let step = read_step(
            "RUN buildDeps='gcc make' && apt-get update && apt-get install -y $buildDeps libpq5 \
             && true && apt-get purge -y --auto-remove $buildDeps",
        );
        assert_eq!(step.packages, ["libpq5"]);
        assert_eq!(
            step.kind,
            StepKind::Packages(PackageFamily::Apt, PackageKind::Libraries)
        );
        let unknown_value = read_step("RUN apt-get install -y $DEPS libpq5 && apt-get purge ${DEPS}");
        assert_eq!(unknown_value.packages, ["libpq5"]);
    }

    #[test]
    fn a_vendors_package_follows_the_source_it_came_from() {
        let step = read_step("RUN apt-get update && apt-get install -y nginx libx");
        assert_eq!(
            step.kind_after(false),
            StepKind::Packages(PackageFamily::Apt, PackageKind::Libraries)
        );
        assert_eq!(
            step.kind_after(true),
            StepKind::Packages(PackageFamily::Apt, PackageKind::VendorNative)
        );
        let source = read_step(
            "RUN echo 'deb http://nginx.org/packages/debian/ stretch nginx' > /etc/apt/sources.list",
        );
        assert!(source.adds_source);
        let jars = read_step("RUN apt-get install -y elasticsearch");
        assert_eq!(
            jars.kind_after(true),
            StepKind::Packages(PackageFamily::Apt, PackageKind::VendorPortable)
        );
    }
}
