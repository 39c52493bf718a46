//! A generated repository: how large it is, what it is built on, and how its tags are named.

use super::draw::Draw;

// What is drawn for a repository, each from a source of its own.
const TAGS: u64 = 2;
const PARENT: u64 = 3;
const PLATFORMS: u64 = 4;
const LAYERS: u64 = 5;
const HABITS: u64 = 6;

// The distributions below are those of Docker's official images of January 2018: 116 repositories, 4,217 tags, 6,240
// images with 51,300 layers.

/// Tags of a repository.
const TAG_QUANTILES: [(u64, u64); 9] = [
    (0, 2),
    (100, 3),
    (250, 6),
    (500, 14),
    (750, 32),
    (900, 80),
    (950, 180),
    (990, 294),
    (1_000, 528),
];
/// Layers of an image that only its repository has.
const LAYER_QUANTILES: [(u64, u64); 8] = [
    (0, 1),
    (250, 2),
    (500, 4),
    (750, 5),
    (900, 9),
    (950, 10),
    (990, 13),
    (1_000, 21),
];
/// Platforms of an image. It is built for one in 45 of 100 repositories.
const PLATFORM_QUANTILES: [(u64, u64); 6] = [(0, 1), (450, 1), (451, 2), (650, 2), (651, 4), (1_000, 8)];

/// The platforms that images are built for, in this order. Without variants, so that a platform is two words.
pub(super) const ALL_PLATFORMS: [&str; 7] = [
    "linux/amd64",
    "linux/arm64",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "linux/riscv64",
    "linux/mips64le",
];

/// One of so many repositories is a base image of the company, which others build on.
const OWN_BASE_EVERY: usize = 40;
/// One of so many repositories has attestations, another one signatures, and one of twice as many has charts.
const ARTIFACTS_EVERY: usize = 8;
/// One of so many public bases is mirrored.
const MIRROR_EVERY: usize = 6;
/// Repositories of a team.
const TEAM: usize = 25;
/// The second part of a repository's name.
const WORDS: [&str; 20] = [
    "api", "web", "worker", "gateway", "search", "mail", "import", "export", "auth", "admin", "orders",
    "stock", "prices", "reports", "events", "images", "queue", "cache", "proxy", "batch",
];

/// What a repository's images are built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    Scratch,
    /// A public base, by its place in the list.
    Public(usize),
    /// The images of another repository, by its number.
    Repository(usize),
}

/// What a repository contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Charts,
    Images {
        parent: Parent,
        /// How many of [`ALL_PLATFORMS`], if the base has them.
        platforms: usize,
        /// The layers above those of the base; none in a mirror of a base.
        layers: u64,
        attests: bool,
        signs: bool,
    },
}

/// A repository: what follows from its number.
#[derive(Debug)]
pub(super) struct Repository {
    pub name: String,
    pub draw: Draw,
    pub kind: Kind,
    /// How many tags it has.
    pub tags: usize,
    /// How many different images, indexes or charts they point to.
    pub releases: usize,
    has_aliases: bool,
}

/// The sizes that the repositories of a registry are drawn from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bases<'a> {
    /// The names of the public bases.
    pub names: &'a [String],
    /// Their releases.
    pub releases: usize,
}

impl Bases<'_> {
    /// How many bases the registry mirrors. The mirrors are its first repositories.
    fn mirrors(&self) -> usize {
        self.names.len().div_ceil(MIRROR_EVERY)
    }
}

impl Repository {
    /// The repository of a number, with at most so many tags.
    pub fn new(number: usize, draw: Draw, bases: Bases<'_>, most_tags: usize) -> Self {
        let mirrored = number * MIRROR_EVERY;
        if let Some(name) = bases.names.get(mirrored) {
            return Self::mirror(name, mirrored, draw, bases, most_tags);
        }
        let own_base = is_own_base(number, bases);
        let habits = draw.of(HABITS);
        let drawn = draw.of(TAGS).quantile(&TAG_QUANTILES);
        let tags = usize::try_from(drawn).unwrap_or(usize::MAX).min(most_tags);
        let kind = if own_base {
            Kind::Images {
                parent: Parent::Public(skewed(draw.of(PARENT), bases.names.len())),
                platforms: ALL_PLATFORMS.len(),
                layers: 1 + draw.of(LAYERS).below(4),
                attests: false,
                signs: false,
            }
        } else if number % (2 * ARTIFACTS_EVERY) == 7 {
            Kind::Charts
        } else {
            let platforms = draw.of(PLATFORMS).quantile(&PLATFORM_QUANTILES);
            Kind::Images {
                parent: parent(number, draw.of(PARENT), bases),
                platforms: usize::try_from(platforms).map_or(1, |count| count.clamp(1, ALL_PLATFORMS.len())),
                layers: draw.of(LAYERS).quantile(&LAYER_QUANTILES),
                attests: number % ARTIFACTS_EVERY == 5,
                signs: number % ARTIFACTS_EVERY == 6,
            }
        };
        let word = WORDS[skewed(habits.of(3), WORDS.len())];
        let name = match kind {
            _ if own_base => format!("platform/base-{number}"),
            Kind::Charts => format!("charts/{word}-{number}"),
            Kind::Images { .. } => format!("team-{}/{word}-{number}", number / TEAM),
        };
        let has_aliases = kind != Kind::Charts && habits.of(4).percent(70);
        let releases = match kind {
            Kind::Charts => tags,
            Kind::Images { .. } => releases_for(tags, has_aliases),
        };
        Self {
            name,
            draw,
            kind,
            tags,
            releases,
            has_aliases,
        }
    }

    /// A mirror of a public base, with its releases.
    fn mirror(name: &str, base: usize, draw: Draw, bases: Bases<'_>, most_tags: usize) -> Self {
        let tags = tag_count(bases.releases, false).min(most_tags);
        Self {
            name: format!("mirror/{}", name.replace(':', "-")),
            draw,
            kind: Kind::Images {
                parent: Parent::Public(base),
                platforms: ALL_PLATFORMS.len(),
                layers: 0,
                attests: false,
                signs: false,
            },
            tags,
            releases: releases_for(tags, false),
            has_aliases: false,
        }
    }

    /// Its tags with the number of the release that each points to, oldest first, sorted by name.
    pub fn tag_table(&self) -> Vec<(String, usize)> {
        let newest = self.releases - 1;
        let mut table = Vec::with_capacity(self.tags + 4);
        if self.kind != Kind::Charts {
            table.push(("latest".to_owned(), newest));
        }
        for release in 0..self.releases {
            let version = Version::of(release);
            table.push((version.to_string(), release));
            if self.kind == Kind::Charts {
                continue;
            }
            if self.has_aliases {
                table.push((format!("{version}-bookworm"), release));
            }
            if release == newest || release % 4 == 3 {
                table.push((format!("{}.{}", version.major, version.minor), release));
            }
            if release == newest || release % 16 == 15 {
                table.push((version.major.to_string(), release));
            }
        }
        let branches = ["main", "stable", "edge", "nightly"];
        table.extend(branches.map(|branch| (branch.to_owned(), newest)));
        table.truncate(self.tags);
        table.sort_unstable();
        table
    }
}

/// Sixteen releases make a major version, and four a minor one.
struct Version {
    major: usize,
    minor: usize,
    patch: usize,
}

impl Version {
    fn of(release: usize) -> Self {
        Self {
            major: release / 16 + 1,
            minor: release / 4 % 4,
            patch: release % 4,
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// How many tags so many releases have, branches aside.
fn tag_count(releases: usize, has_aliases: bool) -> usize {
    releases * (1 + usize::from(has_aliases)) + releases.div_ceil(4) + releases.div_ceil(16) + 1
}

/// The most releases that have at most so many tags, at least one. One more has at most four more tags, so that
/// branches make up the rest.
fn releases_for(tags: usize, has_aliases: bool) -> usize {
    (1..=tags)
        .take_while(|releases| tag_count(*releases, has_aliases) <= tags)
        .last()
        .unwrap_or(1)
}

/// Most images are built on public bases, the rest on the company's own, or on nothing.
fn parent(number: usize, draw: Draw, bases: Bases<'_>) -> Parent {
    let own_bases = (0..number)
        .step_by(OWN_BASE_EVERY)
        .filter(|number| is_own_base(*number, bases))
        .count();
    let way = draw.of(1).below(100);
    if way < 5 {
        Parent::Scratch
    } else if way < 35 && own_bases > 0 {
        let first = bases.mirrors().next_multiple_of(OWN_BASE_EVERY);
        Parent::Repository(first + skewed(draw.of(2), own_bases) * OWN_BASE_EVERY)
    } else {
        Parent::Public(skewed(draw.of(3), bases.names.len()))
    }
}

fn is_own_base(number: usize, bases: Bases<'_>) -> bool {
    number >= bases.mirrors() && number.is_multiple_of(OWN_BASE_EVERY)
}

fn skewed(draw: Draw, bound: usize) -> usize {
    // Below a number of this type, so it is one.
    draw.skewed(bound as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        (0..29).map(|number| format!("base:{number}")).collect()
    }

    #[test]
    fn a_repository_has_as_many_tags_as_were_drawn_and_each_points_to_a_release() {
        let names = names();
        let bases = Bases {
            names: &names,
            releases: 9,
        };
        for number in 0..600 {
            for most in [1, 3, 40, usize::MAX] {
                let repository = Repository::new(number, Draw::new(5).of(number as u64), bases, most);
                let table = repository.tag_table();
                assert_eq!(table.len(), repository.tags, "{repository:?}");
                assert!(table.is_sorted_by(|one, other| one.0 < other.0), "{table:?}");
                let mut releases: Vec<usize> = table.iter().map(|(_, release)| *release).collect();
                releases.sort_unstable();
                releases.dedup();
                assert_eq!(releases, Vec::from_iter(0..repository.releases), "{repository:?}");
            }
        }
    }

    #[test]
    fn a_parent_is_a_base_image_of_the_company_with_a_lower_number() {
        let names = names();
        let bases = Bases {
            names: &names,
            releases: 9,
        };
        let mut on_own = 0;
        for number in 0..2_000 {
            let repository = Repository::new(number, Draw::new(9).of(number as u64), bases, usize::MAX);
            if let Kind::Images {
                parent: Parent::Repository(parent),
                ..
            } = repository.kind
            {
                assert!(
                    parent < number && is_own_base(parent, bases),
                    "{number} on {parent}"
                );
                on_own += 1;
            }
        }
        assert!((400..700).contains(&on_own), "{on_own}");
    }
}
