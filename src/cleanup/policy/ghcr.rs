//! The settings of GitHub's action `delete-package-versions` for images in GitHub's container registry, by its sources
//! (actions/delete-package-versions, `src/delete.ts` and `src/input.ts`, 2026).
//!
//! Each manifest is a version, also the images of an index; its name is its digest, which `ignore-versions` is compared with.
//! Versions are taken from the oldest on. One run deletes at most a hundred.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::error::InvalidPolicy;
use crate::cleanup::content::RepositoryContent;
use crate::cleanup::regex::Regex;
use crate::cleanup::selection::Selection;
use crate::inventory::ManifestId;
use crate::oci::text::excerpt;

/// How many versions one run deletes at most (`RATE_LIMIT` of the action, 2026).
const MOST_DELETED: usize = 100;

/// The name of the action.
const ACTION: &str = "actions/delete-package-versions";

/// The inputs of the action (its `action.yml`, 2026).
const INPUTS: [&str; 10] = [
    "package-version-ids",
    "owner",
    "package-name",
    "package-type",
    "num-old-versions-to-delete",
    "min-versions-to-keep",
    "ignore-versions",
    "delete-only-pre-release-versions",
    "delete-only-untagged-versions",
    "token",
];

/// The settings of the action.
#[derive(Debug, Clone)]
pub struct GhcrPolicy {
    package: String,
    oldest: usize,
    keep: Option<usize>,
    ignored: Option<Regex>,
    only_untagged: bool,
}

impl GhcrPolicy {
    /// Whether a text is a workflow with a step of the action.
    pub(super) fn is_form(text: &str) -> bool {
        text.contains(ACTION)
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidPolicy> {
        let at = |line: usize| format!("line {line}");
        let mut inputs: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        let mut lines = text.lines().enumerate().map(|(number, line)| (number + 1, line));
        let Some((line, uses)) = lines.by_ref().find(|(_, line)| line.contains(ACTION)) else {
            return Err(InvalidPolicy::new(
                at(1),
                format!("expected a step that uses {ACTION}"),
            ));
        };
        let indent = |line: &str| line.len() - line.trim_start_matches([' ', '-']).len();
        let step = indent(uses);
        let mut begun = false;
        for (line, text) in lines {
            if text.trim().is_empty() || text.trim_start().starts_with('#') {
                continue;
            }
            if text.trim() == "with:" && !begun {
                begun = true;
                continue;
            }
            if !begun || indent(text) <= step || text.trim_start().starts_with("- ") {
                break;
            }
            let Some((key, value)) = text.split_once(':') else {
                return Err(InvalidPolicy::new(at(line), "expected an input and its value"));
            };
            let Some(&key) = INPUTS.iter().find(|input| **input == key.trim()) else {
                return Err(InvalidPolicy::new(
                    at(line),
                    format!(
                        "the action has no input {}; the inputs are {}",
                        excerpt(key.trim()),
                        INPUTS.join(", ")
                    ),
                ));
            };
            inputs.insert(key, (line, scalar(value)));
        }
        let text = |key: &str| {
            inputs
                .get(key)
                .map(|(_, value)| value.as_str())
                .unwrap_or_default()
        };
        let place = |key: &str| at(inputs.get(key).map_or(line, |(line, _)| *line));
        if text("package-type") != "container" {
            return Err(InvalidPolicy::new(
                place("package-type"),
                "expected the package-type container",
            ));
        }
        if text("package-name").is_empty() {
            return Err(InvalidPolicy::new(
                place("package-name"),
                "the input package-name is required",
            ));
        }
        if !text("package-version-ids").is_empty() {
            return Err(InvalidPolicy::new(
                place("package-version-ids"),
                "GitHub's version ids are not known here; name rules instead",
            ));
        }
        let number = |key: &str| -> Result<Option<i64>, InvalidPolicy> {
            let text = text(key);
            let number = (!text.is_empty()).then(|| text.parse::<i64>());
            number
                .transpose()
                .map_err(|_| InvalidPolicy::new(place(key), "expected a whole number"))
        };
        let is_true = |key: &str| text(key) == "true";
        let oldest = number("num-old-versions-to-delete")?.unwrap_or(1);
        let mut keep = number("min-versions-to-keep")?.filter(|number| *number >= 0);
        let only_untagged = is_true("delete-only-untagged-versions");
        let only_pre_releases = is_true("delete-only-pre-release-versions");
        if oldest > 1 && (keep.is_some() || only_untagged || only_pre_releases) {
            return Err(InvalidPolicy::new(
                place("num-old-versions-to-delete"),
                "the action refuses it together with min-versions-to-keep, delete-only-pre-release-versions or \
                 delete-only-untagged-versions",
            ));
        }
        if only_untagged || only_pre_releases {
            keep = keep.or(Some(0));
        }
        // Of images, versions are named by digest, which never looks like a release, so that all of them are pre-releases.
        let ignored = match text("ignore-versions") {
            "" => None,
            _ if only_pre_releases => None,
            expression => Some(
                Regex::new(expression)
                    .map_err(|error| InvalidPolicy::new(place("ignore-versions"), error))?,
            ),
        };
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        Ok(Self {
            package: text("package-name").to_owned(),
            oldest: count(oldest),
            keep: keep.map(count),
            ignored,
            only_untagged,
        })
    }

    pub(super) fn text(&self) -> String {
        let kind = if self.only_untagged {
            "untagged versions"
        } else {
            "versions"
        };
        match self.keep {
            Some(number) => format!("delete {kind} of {} but for the newest {number}", self.package),
            None => format!("delete the {} oldest {kind} of {}", self.oldest, self.package),
        }
    }

    pub(super) fn select(&self, content: &RepositoryContent, _at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let name = content.repository.as_str();
        // The package is the name after the owner.
        let is_own =
            name == self.package || name.split_once('/').is_some_and(|(_, rest)| rest == self.package);
        if !is_own {
            return selection;
        }
        // By manifest: when it came, its digest, and the places of its tags or of the untagged manifest.
        let mut versions: BTreeMap<ManifestId, Version> = BTreeMap::new();
        for (place, tag) in content.tags.iter().enumerate() {
            let pushed = tag.pushed.map(|pushed| pushed.at);
            let version = versions
                .entry(tag.manifest)
                .or_insert_with(|| (pushed, tag.digest.to_string(), true, Vec::new()));
            version.0 = version.0.min(pushed);
            version.3.push(place);
        }
        for (place, facts) in content.untagged.iter().flatten().enumerate() {
            let came = facts.pushed.or(facts.idle_since);
            versions.insert(
                facts.manifest,
                (came, facts.digest.to_string(), false, vec![place]),
            );
        }
        let mut versions: Vec<_> = versions.into_values().collect();
        versions.retain(|(_, digest, is_tagged, _)| {
            let is_ignored = self.ignored.as_ref().is_some_and(|regex| regex.finds(digest));
            !(is_ignored || self.only_untagged && *is_tagged)
        });
        versions.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| one.1.cmp(&other.1)));
        let number = match self.keep {
            Some(keep) => versions.len().saturating_sub(keep),
            None => self.oldest,
        };
        for (_, _, is_tagged, places) in versions.into_iter().take(number.min(MOST_DELETED)) {
            for place in places {
                if is_tagged {
                    selection.tags[place] = Some("the action deletes it".to_owned());
                } else {
                    selection.untagged[place] = true;
                }
            }
        }
        selection
    }
}

/// When a version came, its digest, whether it has tags, and the places of its tags or of the untagged manifest.
type Version = (Option<DateTime<Utc>>, String, bool, Vec<usize>);

/// A value of YAML on one line, without its quotes or comment.
fn scalar(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split(quote).next().unwrap_or_default().to_owned();
        }
    }
    text.split(" #").next().unwrap_or_default().trim_end().to_owned()
}
