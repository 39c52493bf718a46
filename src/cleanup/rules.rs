use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use chrono::{DateTime, Utc};

use super::age::AgeLimit;
use super::content::{RepositoryContent, TagFacts};
use super::glob::TagGlob;
use super::selection::Selection;
use super::semver::Release;

/// A rule of Tare's own.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Keeps so many of the newest tags of each repository.
    KeepNewest(u32),
    /// Keeps so many of the newest patch releases of each minor version.
    KeepNewestPatches(u32),
    /// Keeps the newest patch release of so many of the newest minor versions of each major version.
    KeepNewestMinors(u32),
    /// Keeps tags that match.
    Keep(TagGlob),
    /// Keeps tags that were pulled not longer ago.
    KeepPulledWithin(AgeLimit),
    /// Deletes tags that match.
    Delete(TagGlob),
    /// Deletes tags that were pushed longer ago.
    OlderThan(AgeLimit),
    /// Deletes tags that were pushed longer ago and not pulled since. Tags of which pulls are not known stay.
    NotPulledFor(AgeLimit),
    /// Deletes manifests that have had no tag for longer.
    UntaggedOlderThan(AgeLimit),
}

/// Tare's own rules. They apply to each repository alone.
#[derive(Debug, Clone, Default)]
pub struct CleanupRules(pub Vec<Rule>);

impl Rule {
    /// Whether the rule can delete something by itself.
    pub fn deletes(&self) -> bool {
        !matches!(self, Self::Keep(_) | Self::KeepPulledWithin(_))
    }

    /// Whether it is about untagged manifests.
    pub(super) fn is_about_untagged(&self) -> bool {
        matches!(self, Self::UntaggedOlderThan(_))
    }

    /// Whether it depends on when something was pulled.
    pub(super) fn is_about_pulls(&self) -> bool {
        matches!(self, Self::KeepPulledWithin(_) | Self::NotPulledFor(_))
    }

    /// Whether it depends on when tags were pushed.
    pub(super) fn is_about_age(&self) -> bool {
        matches!(
            self,
            Self::KeepNewest(_) | Self::OlderThan(_) | Self::NotPulledFor(_)
        )
    }

    /// Whether the rule keeps some tags and, if no rule of age says otherwise, deletes those like them.
    fn keeps_newest(&self) -> bool {
        matches!(
            self,
            Self::KeepNewest(_) | Self::KeepNewestPatches(_) | Self::KeepNewestMinors(_)
        )
    }

    /// The tags that a rule about the newest keeps, and those that it is about.
    fn newest(&self, content: &RepositoryContent) -> Newest {
        match self {
            Self::KeepNewest(number) => {
                let dated = content.newest_first(|tag| !tag.tag.is_referrers_fallback());
                let kept = dated.iter().copied().take(*number as usize).collect();
                (kept, dated.into_iter().collect())
            }
            Self::KeepNewestPatches(number) => kept_releases(
                content,
                |release| (release.variant, release.major, release.minor),
                |release| release.patch,
                *number,
            ),
            Self::KeepNewestMinors(number) => {
                // Of each minor version, the newest patch release.
                let (newest, all) = kept_releases(
                    content,
                    |release| (release.variant, release.major, release.minor),
                    |release| release.patch,
                    1,
                );
                let (minors, _) = kept_releases(
                    content,
                    |release| (release.variant, release.major, 0),
                    |release| release.minor,
                    *number,
                );
                (newest.intersection(&minors).copied().collect(), all)
            }
            _ => (HashSet::new(), HashSet::new()),
        }
    }
}

/// The places of the tags that a rule keeps, and of all that it is about.
type Newest = (HashSet<usize>, HashSet<usize>);

/// The variant, major and minor version of releases that are compared with each other.
type Line<'t> = ((&'t str, &'t str), u64, u64);

/// The releases with so many of the highest numbers in each line, and all releases.
fn kept_releases<'t>(
    content: &'t RepositoryContent,
    line: impl Fn(&Release<'t>) -> Line<'t>,
    number: impl Fn(&Release<'t>) -> u64,
    count: u32,
) -> (HashSet<usize>, HashSet<usize>) {
    let mut lines: BTreeMap<Line<'t>, BTreeMap<u64, Vec<usize>>> = BTreeMap::new();
    for (place, tag) in content.tags.iter().enumerate() {
        if let Some(release) = Release::parse(tag.tag.as_str()) {
            let numbers = lines.entry(line(&release)).or_default();
            numbers.entry(number(&release)).or_default().push(place);
        }
    }
    let kept = lines
        .values()
        .flat_map(|numbers| numbers.values().rev().take(count as usize).flatten());
    let all = lines.values().flat_map(|numbers| numbers.values().flatten());
    (kept.copied().collect(), all.copied().collect())
}

impl CleanupRules {
    /// Each rule in words, with the rules of it alone.
    pub(super) fn each_alone(&self) -> Vec<(String, Self)> {
        let rules = self.0.iter();
        rules
            .map(|rule| (rule.to_string(), Self(vec![rule.clone()])))
            .collect()
    }

    /// Whether any rule can delete something.
    pub fn delete_anything(&self) -> bool {
        self.0.iter().any(Rule::deletes)
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection {
            attachments_follow: true,
            ..Selection::nothing(content)
        };
        let newest: Vec<(&Rule, Newest)> = self
            .0
            .iter()
            .filter(|rule| rule.keeps_newest())
            .map(|rule| (rule, rule.newest(content)))
            .collect();
        let kept: BTreeSet<usize> = newest.iter().flat_map(|(_, (kept, _))| kept).copied().collect();
        let has_age = self
            .0
            .iter()
            .any(|rule| matches!(rule, Rule::OlderThan(_) | Rule::NotPulledFor(_)));
        for (place, tag) in content.tags.iter().enumerate() {
            if kept.contains(&place) || self.0.iter().any(|rule| rule.protects(tag, at)) {
                continue;
            }
            let by_rule = self.0.iter().find_map(|rule| rule.selects(tag, at));
            selection.tags[place] = by_rule.or_else(|| {
                let (rule, _) = newest
                    .iter()
                    .find(|(_, (_, about))| !has_age && about.contains(&place))?;
                Some(rule.reason_for_the_rest())
            });
        }
        for (place, untagged) in content.untagged.iter().flatten().enumerate() {
            selection.untagged[place] = self.0.iter().any(|rule| match rule {
                Rule::UntaggedOlderThan(age) => {
                    untagged.idle_since.is_some_and(|since| since < age.before(at))
                }
                _ => false,
            });
        }
        selection
    }
}

impl Rule {
    fn protects(&self, tag: &TagFacts, at: DateTime<Utc>) -> bool {
        match self {
            Self::Keep(glob) => glob.matches(tag.tag.as_str()),
            Self::KeepPulledWithin(age) => {
                let since = age.before(at).date_naive();
                // Where pulls are not known, a tag might have been pulled.
                tag.last_pull.is_unused_since(since) != Some(true)
            }
            _ => false,
        }
    }

    /// Why a rule that deletes selects a tag.
    fn selects(&self, tag: &TagFacts, at: DateTime<Utc>) -> Option<String> {
        let is_image = !tag.tag.is_referrers_fallback();
        match self {
            Self::Delete(glob) => glob
                .matches(tag.tag.as_str())
                .then(|| format!("it matches {glob}")),
            Self::OlderThan(age) => {
                let pushed = tag
                    .pushed
                    .filter(|pushed| is_image && pushed.at < age.before(at))?;
                Some(format!(
                    "it was pushed on {}, more than {age} ago",
                    pushed.at.format("%Y-%m-%d")
                ))
            }
            Self::NotPulledFor(age) => {
                let since = age.before(at);
                let is_unused = tag.last_pull.is_unused_since(since.date_naive()) == Some(true);
                (is_image && is_unused && tag.is_pushed_before(since)).then(|| match tag.last_pull.day {
                    Some(day) => format!("it was last pulled on {day}, more than {age} ago"),
                    None => format!("no pull of it was counted for {age}"),
                })
            }
            _ => None,
        }
    }

    fn reason_for_the_rest(&self) -> String {
        match self {
            Self::KeepNewestPatches(number) => {
                format!("it is not among the newest {number} patch releases of its minor version")
            }
            Self::KeepNewestMinors(number) => {
                format!("it is not the newest patch release of one of the newest {number} minor versions")
            }
            Self::KeepNewest(number) => format!("it is not among the newest {number}"),
            _ => self.to_string(),
        }
    }
}

impl fmt::Display for Rule {
    /// As the options of `tare cleanup`, without the hyphens in front.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeepNewest(number) => write!(formatter, "keep-newest {number}"),
            Self::KeepNewestPatches(number) => write!(formatter, "keep-newest-patches {number}"),
            Self::KeepNewestMinors(number) => write!(formatter, "keep-newest-minors {number}"),
            Self::Keep(glob) => write!(formatter, "keep {glob}"),
            Self::KeepPulledWithin(age) => write!(formatter, "keep-pulled-within {age}"),
            Self::Delete(glob) => write!(formatter, "delete {glob}"),
            Self::OlderThan(age) => write!(formatter, "older-than {age}"),
            Self::NotPulledFor(age) => write!(formatter, "not-pulled-for {age}"),
            Self::UntaggedOlderThan(age) => write!(formatter, "untagged-older-than {age}"),
        }
    }
}
