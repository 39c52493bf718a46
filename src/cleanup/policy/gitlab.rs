//! The clean-up policy of GitLab's container registry (`container_expiration_policy`), by its documentation (2026).
//!
//! It takes all tags, leaves out `latest`, takes those whose whole name the expression of tags to remove matches, leaves out
//! those that the expression of tags to keep matches, then the newest so many, then those that are not old enough, and
//! removes the rest. GitLab's garbage collection deletes manifests that lost their last tag.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::error::{InvalidPolicy, Node};
use crate::cleanup::age::AgeLimit;
use crate::cleanup::content::RepositoryContent;
use crate::cleanup::regex::Regex;
use crate::cleanup::selection::Selection;

/// The ages that GitLab accepts (its documentation, 2026).
const AGES: [&str; 5] = ["7d", "14d", "30d", "60d", "90d"];
/// The numbers of tags to keep that GitLab accepts (its documentation, 2026).
const NUMBERS: [u32; 6] = [1, 5, 10, 25, 50, 100];
/// How often GitLab can run a policy (its documentation, 2026).
const CADENCES: [&str; 5] = ["1d", "7d", "14d", "1month", "3month"];

/// A clean-up policy of GitLab.
#[derive(Debug, Clone)]
pub struct GitLabPolicy {
    is_enabled: bool,
    keep: Option<u32>,
    older_than: Option<AgeLimit>,
    removed: Option<Regex>,
    kept: Option<Regex>,
}

impl GitLabPolicy {
    fn find(value: &Value) -> Option<&Value> {
        for key in [
            "container_expiration_policy",
            "container_expiration_policy_attributes",
        ] {
            if let Some(policy) = value.get(key) {
                return Some(policy);
            }
        }
        let keys = ["name_regex", "name_regex_delete", "name_regex_keep", "keep_n"];
        keys.iter().any(|key| value.get(key).is_some()).then_some(value)
    }

    /// Whether a document has the form of a clean-up policy.
    pub(super) fn is_form(value: &Value) -> bool {
        Self::find(value).is_some()
    }

    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPolicy> {
        let policy = Self::find(value)
            .ok_or_else(|| Node::root(value).error("expected a container_expiration_policy"))?;
        let policy = Node::root(policy);
        policy.only(&[
            "cadence",
            "enabled",
            "keep_n",
            "older_than",
            "name_regex",
            "name_regex_delete",
            "name_regex_keep",
            "next_run_at",
        ])?;
        if let Some(cadence) = policy.member("cadence")?
            && !CADENCES.contains(&cadence.text()?)
        {
            return Err(cadence.error(format!("expected one of {}", CADENCES.join(", "))));
        }
        let keep = match policy.member("keep_n")? {
            None => None,
            Some(number) => match number.number(0)? {
                own if NUMBERS.contains(&own) => Some(own),
                _ => return Err(number.error("expected 1, 5, 10, 25, 50 or 100")),
            },
        };
        let older_than = match policy.member("older_than")? {
            None => None,
            Some(age) => match age.text()? {
                own if AGES.contains(&own) => own.parse().ok(),
                _ => return Err(age.error(format!("expected one of {}", AGES.join(", ")))),
            },
        };
        let regex = |key: &str| match policy.member(key)? {
            Some(node) if !node.text()?.is_empty() => {
                Ok(Some(Regex::new(node.text()?).map_err(|error| node.error(error))?))
            }
            _ => Ok(None),
        };
        let is_enabled = match policy.member("enabled")? {
            Some(enabled) => enabled.flag()?,
            None => true,
        };
        let removed = match regex("name_regex_delete")? {
            Some(removed) => Some(removed),
            None => regex("name_regex")?,
        };
        if is_enabled && removed.is_none() {
            return Err(policy.error("an enabled policy needs name_regex_delete"));
        }
        Ok(Self {
            is_enabled,
            keep,
            older_than,
            removed,
            kept: regex("name_regex_keep")?,
        })
    }

    pub(super) fn text(&self) -> String {
        if !self.is_enabled {
            return "the policy is disabled".to_owned();
        }
        let mut parts = Vec::new();
        parts.extend(
            self.removed
                .as_ref()
                .map(|regex| format!("remove {}", regex.as_str())),
        );
        parts.extend(self.kept.as_ref().map(|regex| format!("keep {}", regex.as_str())));
        parts.extend(self.keep.map(|number| format!("keep the newest {number}")));
        parts.extend(self.older_than.map(|age| format!("older than {age}")));
        parts.join(", ")
    }

    pub(super) fn deletes_anything(&self) -> bool {
        self.is_enabled && self.removed.is_some()
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let Some(removed) = self.removed.as_ref().filter(|_| self.is_enabled) else {
            return selection;
        };
        let candidates = content.newest_first(|tag| {
            let name = tag.tag.as_str();
            let is_kept = self.kept.as_ref().is_some_and(|kept| kept.matches_whole(name));
            name != "latest" && removed.matches_whole(name) && !is_kept
        });
        let keep = self.keep.map_or(0, |number| number as usize);
        for place in candidates.into_iter().skip(keep) {
            let pushed = content.tags[place].pushed.map(|pushed| pushed.at);
            let is_old = self
                .older_than
                .is_none_or(|age| pushed.is_some_and(|pushed| pushed < age.before(at)));
            if is_old {
                selection.tags[place] = Some("the policy removes it".to_owned());
            }
        }
        selection
    }
}
