//! Rules by kind, and what every form needs of them.

use crate::cleanup::age::AgeLimit;
use crate::cleanup::glob::TagGlob;
use crate::cleanup::rules::{CleanupRules, Rule};

/// The rules by kind, as the forms need them.
#[derive(Debug, Default)]
pub(super) struct Sorted<'a> {
    pub(super) newest: Option<u32>,
    pub(super) keep: Vec<&'a TagGlob>,
    pub(super) pulled_within: Option<AgeLimit>,
    pub(super) delete: Vec<&'a TagGlob>,
    pub(super) older_than: Option<AgeLimit>,
    pub(super) not_pulled_for: Option<AgeLimit>,
    pub(super) untagged: Option<AgeLimit>,
    pub(super) repositories: &'a [String],
    pub(super) reasons: Vec<String>,
    pub(super) differences: Vec<String>,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(rules: &'a CleanupRules, repositories: &'a [String]) -> Self {
        let mut sorted = Self {
            repositories,
            ..Self::default()
        };
        for rule in &rules.0 {
            match rule {
                Rule::KeepNewest(number) => sorted.newest = Some(*number),
                Rule::Keep(glob) => sorted.keep.push(glob),
                Rule::KeepPulledWithin(age) => sorted.pulled_within = Some(*age),
                Rule::Delete(glob) => sorted.delete.push(glob),
                Rule::OlderThan(age) => sorted.older_than = Some(*age),
                Rule::NotPulledFor(age) => sorted.not_pulled_for = Some(*age),
                Rule::UntaggedOlderThan(age) => sorted.untagged = Some(*age),
                Rule::KeepNewestPatches(_) | Rule::KeepNewestMinors(_) => {
                    sorted.reasons.push(format!("it knows no SemVer ({rule})"));
                }
            }
        }
        sorted
    }

    /// Whether all tags but those that are kept go.
    pub(super) fn sweeps(&self) -> bool {
        self.newest.is_some() && self.older_than.is_none() && self.not_pulled_for.is_none()
    }

    /// An age in whole days; otherwise it cannot be said.
    pub(super) fn days(&mut self, age: AgeLimit) -> u32 {
        age.whole_days().unwrap_or_else(|| {
            self.reasons
                .push(format!("an age is a whole number of days there, not {age}"));
            0
        })
    }

    pub(super) fn cannot(&mut self, has_rule: bool, reason: &str) {
        if has_rule {
            self.reasons.push(reason.to_owned());
        }
    }

    pub(super) fn differs(&mut self, has_rule: bool, difference: &str) {
        if has_rule {
            self.differences.push(difference.to_owned());
        }
    }
}

/// A glob as a regular expression of a whole text; `None` for one with brackets or braces.
pub(super) fn regex_of(glob: &str) -> Option<String> {
    let mut regex = String::new();
    for character in glob.chars() {
        match character {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' | ']' | '{' | '}' | '\\' => return None,
            '.' | '+' | '(' | ')' | '|' | '^' | '$' => regex.extend(['\\', character]),
            other => regex.push(other),
        }
    }
    Some(regex)
}

/// A value as JSON for people.
pub(super) fn json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}
