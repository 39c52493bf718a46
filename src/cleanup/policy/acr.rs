//! Azure Container Registry: command lines of `acr purge`, and the retention policy of untagged manifests.
//!
//! `acr purge` by its sources (Azure/acr-cli, `cmd/acr/purge.go`, March 2026): for each repository whose whole name the first
//! part of a filter matches, it removes the tags that the second part matches anywhere and that were updated before `--ago`,
//! but for the newest `--keep` of them. Removing a tag frees nothing. With `--untagged`, manifests go too that have no tag
//! then and were updated before `--ago`, but for the newest `--keep` of them; with `--untagged-only` no tag is removed.
//!
//! The retention policy (Microsoft's documentation, August 2026) deletes manifests that have had no tag for so many days,
//! and only those that lost their last tag after it was enabled.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::error::{InvalidPolicy, Node};
use super::words::words;
use crate::cleanup::content::RepositoryContent;
use crate::cleanup::regex::Regex;
use crate::cleanup::selection::Selection;
use crate::inventory::ManifestId;
use crate::oci::text::excerpt;

/// The longest retention in days (Microsoft's documentation, August 2026).
const LONGEST_RETENTION: u32 = 365;
/// The longest `--ago` in days: 150 years (Azure/acr-cli, March 2026). Longer ones are cut to it.
const LONGEST_AGO: i64 = 150 * 365;

/// One or more runs of `acr purge`, in their order.
#[derive(Debug, Clone)]
pub struct AcrPurge {
    runs: Vec<PurgeRun>,
}

#[derive(Debug, Clone)]
struct PurgeRun {
    text: String,
    filters: Vec<(Regex, Regex)>,
    ago: TimeDelta,
    keep: usize,
    removes_tags: bool,
    removes_manifests: bool,
}

impl AcrPurge {
    /// Whether a text has a command line of `acr purge`.
    pub(super) fn is_form(text: &str) -> bool {
        commands(text).next().is_some()
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        let runs = commands(text)
            .map(|(line, command)| PurgeRun::parse(line, &command))
            .collect::<Result<Vec<_>, _>>()?;
        match runs.is_empty() {
            true => Err(InvalidPolicy::new(
                "line 1",
                "expected a command line of acr purge",
            )),
            false => Ok(Self { runs }),
        }
    }

    pub(super) fn rules(&self) -> Vec<(String, Self)> {
        let runs = self.runs.iter().cloned();
        runs.map(|run| (run.text.clone(), Self { runs: vec![run] }))
            .collect()
    }

    pub(super) fn is_about_untagged(&self) -> bool {
        self.runs.iter().any(|run| run.removes_manifests)
    }

    /// Whether no run deletes a manifest, so that nothing is freed.
    pub(super) fn only_removes_tags(&self) -> bool {
        self.runs.iter().all(|run| !run.removes_manifests)
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let mut deleted: HashSet<ManifestId> = HashSet::new();
        for run in &self.runs {
            run.select(content, at, &mut selection, &mut deleted);
        }
        // Manifests that lost their tags stay unless a run deletes them.
        let tags = content.tags.iter().zip(&selection.tags);
        let removed = tags
            .filter(|(_, reason)| reason.is_some())
            .map(|(tag, _)| tag.manifest);
        selection.stay = removed.filter(|manifest| !deleted.contains(manifest)).collect();
        selection
    }
}

impl PurgeRun {
    fn select(
        &self,
        content: &RepositoryContent,
        at: DateTime<Utc>,
        selection: &mut Selection,
        deleted: &mut HashSet<ManifestId>,
    ) {
        let repository = content.repository.as_str();
        let own: Vec<&Regex> = self
            .filters
            .iter()
            .filter(|(repositories, _)| repositories.matches_whole(repository))
            .map(|(_, tags)| tags)
            .collect();
        let is_everywhere = self.filters.is_empty() && !self.removes_tags;
        if own.is_empty() && !is_everywhere {
            return;
        }
        let limit = at
            .checked_sub_signed(self.ago)
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        if self.removes_tags {
            let eligible = content.newest_first(|tag| {
                let is_old = tag.pushed.is_some_and(|pushed| pushed.at < limit);
                is_old && own.iter().any(|regex| regex.finds(tag.tag.as_str()))
            });
            let eligible = eligible
                .into_iter()
                .filter(|&place| selection.tags[place].is_none());
            for place in eligible.skip(self.keep).collect::<Vec<_>>() {
                selection.tags[place] = Some("acr purge removes it".to_owned());
            }
        }
        if self.removes_manifests {
            self.select_manifests(content, limit, selection, deleted);
        }
    }

    fn select_manifests(
        &self,
        content: &RepositoryContent,
        limit: DateTime<Utc>,
        selection: &mut Selection,
        deleted: &mut HashSet<ManifestId>,
    ) {
        let tags = || content.tags.iter().zip(&selection.tags);
        let tagged: HashSet<ManifestId> = tags()
            .filter(|(_, reason)| reason.is_none())
            .map(|(tag, _)| tag.manifest)
            .collect();
        let mut seen = HashSet::new();
        // When each was last updated, its digest, and its place among the untagged ones.
        let mut dangling: Vec<_> = tags()
            .map(|(tag, _)| tag)
            .filter(|tag| !tagged.contains(&tag.manifest) && !deleted.contains(&tag.manifest))
            .filter_map(|tag| Some((tag.pushed?.at, tag.digest, tag.manifest, None)))
            .filter(|own| seen.insert(own.2))
            .collect();
        let untagged = content.untagged.iter().flatten().enumerate();
        dangling.extend(untagged.filter_map(|(place, facts)| {
            let since = facts.idle_since.filter(|_| !selection.untagged[place])?;
            Some((since, facts.digest, facts.manifest, Some(place)))
        }));
        dangling.retain(|(since, ..)| *since <= limit);
        dangling.sort_by(|one, other| {
            other
                .0
                .cmp(&one.0)
                .then_with(|| one.1.to_string().cmp(&other.1.to_string()))
        });
        for (_, _, manifest, place) in dangling.into_iter().skip(self.keep) {
            deleted.insert(manifest);
            if let Some(place) = place {
                selection.untagged[place] = true;
            }
        }
    }

    fn parse(line: usize, command: &str) -> Result<Self, InvalidPolicy> {
        let error = |problem: String| InvalidPolicy::new(format!("line {line}"), problem);
        let words = words(command).map_err(error)?;
        let (mut filters, mut ago, mut keep) = (Vec::new(), None, 0);
        let (mut untagged, mut untagged_only) = (false, false);
        let mut rest = words.into_iter();
        while let Some(word) = rest.next() {
            let (flag, given) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag.to_owned(), Some(value.to_owned())),
                _ => (word, None),
            };
            let mut value = || {
                let value = given.clone().or_else(|| rest.next());
                value.ok_or_else(|| error(format!("{flag} needs a value")))
            };
            match flag.as_str() {
                "--filter" | "-f" => filters.push(filter(&value()?).map_err(error)?),
                "--ago" => ago = Some(go_duration(&value()?).map_err(error)?),
                "--keep" => {
                    let text = value()?;
                    let number = text.parse::<usize>();
                    keep = number
                        .map_err(|_| error(format!("--keep: expected a number, not {}", excerpt(&text))))?;
                }
                "--untagged" => untagged = given.as_deref() != Some("false"),
                "--untagged-only" => untagged_only = given.as_deref() != Some("false"),
                "--dry-run" | "--include-locked" | "--verbose" => {}
                "--registry"
                | "-r"
                | "--username"
                | "-u"
                | "--password"
                | "-p"
                | "--config"
                | "-c"
                | "--concurrency"
                | "--repository-page-size"
                | "--filter-timeout-seconds" => drop(value()?),
                other => return Err(error(format!("acr purge has no option {}", excerpt(other)))),
            }
        }
        if untagged && untagged_only {
            return Err(error(
                "--untagged and --untagged-only exclude each other".to_owned(),
            ));
        }
        if !untagged_only && filters.is_empty() {
            return Err(error("--filter is required without --untagged-only".to_owned()));
        }
        let ago = match ago {
            Some(ago) => ago,
            None if untagged_only => TimeDelta::zero(),
            None => return Err(error("--ago is required without --untagged-only".to_owned())),
        };
        Ok(Self {
            text: format!("acr purge {}", command.trim()),
            filters,
            ago,
            keep,
            removes_tags: !untagged_only,
            removes_manifests: untagged || untagged_only,
        })
    }
}

/// The arguments of each `acr purge` in a text, with its line: on a line of its own, in a task file, or within quotes of
/// another command. A backslash at the end of a line continues it.
fn commands(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut continues = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_end();
        let (part, next) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((_, open)) if continues => {
                open.push(' ');
                open.push_str(part);
            }
            _ => lines.push((number + 1, part.to_owned())),
        }
        continues = next;
    }
    lines.into_iter().filter_map(|(number, line)| {
        if line.trim_start().starts_with('#') {
            return None;
        }
        let (before, command) = line.split_once("acr purge")?;
        let quote = before
            .trim_end()
            .chars()
            .next_back()
            .filter(|last| "\"'".contains(*last));
        let command = match quote {
            Some(quote) => command
                .split(quote)
                .next()
                .unwrap_or_default()
                .replace("\\\"", "\""),
            None => command.to_owned(),
        };
        (command.is_empty() || command.starts_with([' ', '\t'])).then_some((number, command))
    })
}

/// A filter: an expression of repositories and one of tags, with a colon between them.
fn filter(text: &str) -> Result<(Regex, Regex), String> {
    // A colon of a group without a number does not count.
    let marked = text.replace("(?:", "(?\0").replace("[:", "[\0");
    let parts: Vec<String> = marked.split(':').map(|part| part.replace('\0', ":")).collect();
    let [repositories, tags] = &parts[..] else {
        return Err(format!(
            "--filter: expected REPOSITORY:TAG, not {}",
            excerpt(text)
        ));
    };
    if repositories.is_empty() || tags.is_empty() {
        return Err(format!(
            "--filter: expected REPOSITORY:TAG, not {}",
            excerpt(text)
        ));
    }
    let regex = |text: &str| Regex::new(text).map_err(|error| format!("--filter: {error}"));
    Ok((regex(repositories)?, regex(tags)?))
}

/// A number of days, then a duration of Go: `2d3h6m`, `30d`, `12h`.
fn go_duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || {
        format!(
            "--ago: expected a duration such as 30d or 2d3h, not {}",
            excerpt(text)
        )
    };
    let mut total = TimeDelta::zero();
    let mut rest = text;
    let mut units = "dhms".chars();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let end = rest.find(|next: char| !next.is_ascii_digit()).ok_or_else(wrong)?;
        let number: i64 = rest[..end].parse().map_err(|_| wrong())?;
        let unit = rest[end..].chars().next().ok_or_else(wrong)?;
        if !units.any(|next| next == unit) {
            return Err(wrong());
        }
        let seconds = match unit {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            _ => 1,
        };
        let part =
            TimeDelta::try_seconds(number.saturating_mul(seconds)).unwrap_or(TimeDelta::days(LONGEST_AGO));
        total = total.checked_add(&part).unwrap_or(TimeDelta::days(LONGEST_AGO));
        rest = &rest[end + 1..];
    }
    Ok(total.min(TimeDelta::days(LONGEST_AGO)))
}

/// The retention policy of untagged manifests.
#[derive(Debug, Clone, Copy)]
pub struct AcrRetention {
    days: u32,
    is_enabled: bool,
    enabled_at: Option<DateTime<Utc>>,
}

impl AcrRetention {
    /// The policy within a document: as `az acr config retention show` prints it, or within a whole registry.
    fn find(value: &Value) -> Option<&Value> {
        let policies = |value: &'_ Value| {
            value
                .get("policies")
                .and_then(|own| own.get("retentionPolicy"))
                .is_some()
        };
        if policies(value) {
            return value.get("policies")?.get("retentionPolicy");
        }
        let inner = value.get("properties").filter(|value| policies(value));
        if let Some(inner) = inner {
            return inner.get("policies")?.get("retentionPolicy");
        }
        if let Some(own) = value.get("retentionPolicy") {
            return Some(own);
        }
        (value.get("days").is_some() && value.get("status").is_some()).then_some(value)
    }

    pub(super) fn is_form(value: &Value) -> bool {
        Self::find(value).is_some()
    }

    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPolicy> {
        let policy =
            Self::find(value).ok_or_else(|| Node::root(value).error("expected a retentionPolicy"))?;
        let policy = Node::root(policy);
        policy.only(&["days", "status", "lastUpdatedTime"])?;
        let days = policy.required("days")?;
        let number = days.number(0)?;
        if number > LONGEST_RETENTION {
            return Err(days.error(format!("expected 0 to {LONGEST_RETENTION} days")));
        }
        let status = policy.required("status")?;
        let is_enabled = match status.text()?.to_ascii_lowercase().as_str() {
            "enabled" => true,
            "disabled" => false,
            _ => return Err(status.error("expected enabled or disabled")),
        };
        let enabled_at = match policy.member("lastUpdatedTime")? {
            Some(at) => Some(
                at.text()?
                    .parse()
                    .map_err(|_| at.error("expected a time with its zone"))?,
            ),
            None => None,
        };
        Ok(Self {
            days: number,
            is_enabled,
            enabled_at,
        })
    }

    pub(super) fn text(&self) -> String {
        match self.is_enabled {
            true => format!("untagged for {} days", self.days),
            false => "the policy is disabled".to_owned(),
        }
    }

    pub(super) fn deletes_anything(&self) -> bool {
        self.is_enabled
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let limit = at.checked_sub_signed(TimeDelta::days(i64::from(self.days)));
        let limit = limit.unwrap_or(DateTime::<Utc>::MIN_UTC);
        let untagged = content.untagged.iter().flatten().enumerate();
        for (place, facts) in untagged.filter(|_| self.is_enabled) {
            selection.untagged[place] = facts.idle_since.is_some_and(|since| {
                since <= limit && self.enabled_at.is_none_or(|enabled| since >= enabled)
            });
        }
        selection
    }
}
