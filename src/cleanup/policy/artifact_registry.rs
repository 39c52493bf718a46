//! Clean-up policies of Google Artifact Registry, by its documentation (`cleanup-policy` and `cleanup-policy-overview`, 2026).
//!
//! A version (a manifest) is deleted if a policy that deletes matches it and none that keeps does. A package is an image's name
//! within a repository of Artifact Registry, which is the part of Tare's repository name after project and repository.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::error::{InvalidPolicy, Node};
use crate::cleanup::age::AgeLimit;
use crate::cleanup::content::RepositoryContent;
use crate::cleanup::selection::Selection;
use crate::inventory::ManifestId;

/// The most policies of a repository (Google's documentation, 2026).
const MOST_POLICIES: usize = 10;

/// Clean-up policies of Artifact Registry.
#[derive(Debug, Clone)]
pub struct ArtifactRegistryPolicy {
    policies: Vec<NamedPolicy>,
}

#[derive(Debug, Clone)]
struct NamedPolicy {
    name: String,
    deletes: bool,
    condition: Condition,
}

#[derive(Debug, Clone)]
enum Condition {
    Matches {
        state: TagState,
        tag_prefixes: Vec<String>,
        version_prefixes: Vec<String>,
        package_prefixes: Vec<String>,
        older_than: Option<AgeLimit>,
        newer_than: Option<AgeLimit>,
    },
    MostRecent {
        package_prefixes: Vec<String>,
        count: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagState {
    Tagged,
    Untagged,
    Any,
}

/// A version: a manifest with its tags.
struct Version<'a> {
    tags: Vec<&'a str>,
    places: Vec<usize>,
    is_tagged: bool,
    digest: String,
    uploaded: Option<DateTime<Utc>>,
}

impl ArtifactRegistryPolicy {
    /// Whether a document has the form of clean-up policies.
    pub(super) fn is_form(value: &Value) -> bool {
        let is_policy = |value: &Value| {
            value.get("action").is_some()
                && (value.get("condition").is_some() || value.get("mostRecentVersions").is_some())
        };
        match value {
            Value::Array(items) => items.iter().any(is_policy),
            _ => value.get("cleanupPolicies").is_some(),
        }
    }

    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPolicy> {
        let root = Node::root(value);
        let mut policies: Vec<NamedPolicy> = Vec::new();
        if value.is_array() {
            let items = root.items()?;
            if items.is_empty() || items.len() > MOST_POLICIES {
                return Err(root.error(format!("expected 1 to {MOST_POLICIES} policies")));
            }
            for item in items {
                let name = item.required("name")?;
                let text = name.text()?.to_owned();
                if policies.iter().any(|other| other.name == text) {
                    return Err(name.error("another policy has this name too"));
                }
                policies.push(NamedPolicy::parse(text, &item)?);
            }
        } else {
            let map = root.required("cleanupPolicies")?;
            let names: Vec<&String> = map.object()?.keys().collect();
            if names.is_empty() || names.len() > MOST_POLICIES {
                return Err(map.error(format!("expected 1 to {MOST_POLICIES} policies")));
            }
            for name in names {
                policies.push(NamedPolicy::parse(name.clone(), &map.required(name)?)?);
            }
        }
        Ok(Self { policies })
    }

    pub(super) fn rules(&self) -> Vec<(String, Self)> {
        let policies = self.policies.iter().cloned();
        policies
            .map(|policy| {
                (
                    policy.text(),
                    Self {
                        policies: vec![policy],
                    },
                )
            })
            .collect()
    }

    pub(super) fn deletes_anything(&self) -> bool {
        self.policies.iter().any(|policy| policy.deletes)
    }

    pub(super) fn is_about_untagged(&self) -> bool {
        self.policies.iter().any(|policy| match &policy.condition {
            Condition::Matches { state, .. } => policy.deletes && *state != TagState::Tagged,
            Condition::MostRecent { .. } => false,
        })
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let name = content.repository.as_str();
        let package = match content.registry.as_str().ends_with("-docker.pkg.dev") {
            true => name.splitn(3, '/').nth(2).unwrap_or(name),
            false => name,
        };
        let versions = versions(content);
        let matching = |deletes: bool| {
            let own = self
                .policies
                .iter()
                .filter(move |policy| policy.deletes == deletes);
            own.map(|policy| (policy, policy.matching(package, &versions, at)))
        };
        let mut deleted: BTreeMap<usize, &str> = BTreeMap::new();
        for (policy, places) in matching(true) {
            for place in places {
                deleted.entry(place).or_insert(&policy.name);
            }
        }
        for (_, places) in matching(false) {
            for place in places {
                deleted.remove(&place);
            }
        }
        for (place, policy) in deleted {
            let version = &versions[place];
            for &own in &version.places {
                if version.is_tagged {
                    selection.tags[own] = Some(format!("the policy {policy} deletes it"));
                } else {
                    selection.untagged[own] = true;
                }
            }
        }
        selection
    }
}

fn versions(content: &RepositoryContent) -> Vec<Version<'_>> {
    let mut by_manifest: BTreeMap<ManifestId, Version<'_>> = BTreeMap::new();
    for (place, tag) in content.tags.iter().enumerate() {
        let version = by_manifest.entry(tag.manifest).or_insert_with(|| Version {
            tags: Vec::new(),
            places: Vec::new(),
            is_tagged: true,
            digest: tag.digest.to_string(),
            uploaded: None,
        });
        version.tags.push(tag.tag.as_str());
        version.places.push(place);
        version.uploaded = version.uploaded.max(tag.pushed.map(|pushed| pushed.at));
    }
    let mut versions: Vec<Version<'_>> = by_manifest.into_values().collect();
    let untagged = content.untagged.iter().flatten().enumerate();
    versions.extend(
        untagged
            .filter(|(_, facts)| !facts.is_part)
            .map(|(place, facts)| Version {
                tags: Vec::new(),
                places: vec![place],
                is_tagged: false,
                digest: facts.digest.to_string(),
                uploaded: facts.pushed.or(facts.idle_since),
            }),
    );
    versions
}

impl NamedPolicy {
    fn parse(name: String, policy: &Node<'_>) -> Result<Self, InvalidPolicy> {
        policy.only(&["name", "id", "action", "condition", "mostRecentVersions"])?;
        let action = policy.required("action")?;
        let kind = match action.value.is_object() {
            true => action.required("type")?,
            false => action,
        };
        let deletes = match kind.text()?.to_ascii_lowercase().as_str() {
            "delete" => true,
            "keep" => false,
            _ => return Err(kind.error("expected Delete or Keep")),
        };
        let condition = match (policy.member("condition")?, policy.member("mostRecentVersions")?) {
            (Some(condition), None) => Condition::parse(&condition)?,
            (None, Some(recent)) if !deletes => {
                recent.only(&["packageNamePrefixes", "keepCount"])?;
                Condition::MostRecent {
                    package_prefixes: prefixes(&recent, "packageNamePrefixes")?,
                    count: recent.required("keepCount")?.number(1)? as usize,
                }
            }
            (None, Some(recent)) => {
                return Err(recent.error("only a policy that keeps has mostRecentVersions"));
            }
            _ => return Err(policy.error("expected either a condition or mostRecentVersions")),
        };
        Ok(Self {
            name,
            deletes,
            condition,
        })
    }

    /// The places of the versions that it is about.
    fn matching(&self, package: &str, versions: &[Version<'_>], at: DateTime<Utc>) -> Vec<usize> {
        let starts = |text: &str, prefixes: &[String]| {
            prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
        };
        match &self.condition {
            Condition::MostRecent {
                package_prefixes,
                count,
            } => {
                if !starts(package, package_prefixes) {
                    return Vec::new();
                }
                let mut places: Vec<usize> = (0..versions.len()).collect();
                places.sort_by_key(|&place| std::cmp::Reverse(versions[place].uploaded));
                places.truncate(*count);
                places
            }
            Condition::Matches {
                state,
                tag_prefixes,
                version_prefixes,
                package_prefixes,
                older_than,
                newer_than,
            } => {
                let is_about = |version: &Version<'_>| {
                    let has_state = match state {
                        TagState::Any => true,
                        TagState::Tagged => version.is_tagged,
                        TagState::Untagged => !version.is_tagged,
                    };
                    let has_tag =
                        tag_prefixes.is_empty() || version.tags.iter().any(|tag| starts(tag, tag_prefixes));
                    let is_old =
                        older_than.is_none_or(|age| version.uploaded.is_some_and(|at_| at_ < age.before(at)));
                    let is_new =
                        newer_than.is_none_or(|age| version.uploaded.is_some_and(|at_| at_ > age.before(at)));
                    has_state && has_tag && is_old && is_new && starts(&version.digest, version_prefixes)
                };
                let places = 0..versions.len();
                let places =
                    places.filter(|&place| starts(package, package_prefixes) && is_about(&versions[place]));
                places.collect()
            }
        }
    }

    fn text(&self) -> String {
        let action = if self.deletes { "delete" } else { "keep" };
        format!("{}: {action}", self.name)
    }
}

impl Condition {
    fn parse(condition: &Node<'_>) -> Result<Self, InvalidPolicy> {
        condition.only(&[
            "tagState",
            "tagPrefixes",
            "versionNamePrefixes",
            "packageNamePrefixes",
            "olderThan",
            "newerThan",
        ])?;
        let state = match condition.member("tagState")? {
            None => TagState::Any,
            Some(state) => match state.text()?.to_ascii_lowercase().as_str() {
                "any" => TagState::Any,
                "tagged" => TagState::Tagged,
                "untagged" => TagState::Untagged,
                _ => return Err(state.error("expected tagged, untagged or any")),
            },
        };
        let tag_prefixes = prefixes(condition, "tagPrefixes")?;
        if state != TagState::Tagged && !tag_prefixes.is_empty() {
            let place = condition.required("tagPrefixes")?;
            return Err(place.error("tagPrefixes need the tagState tagged"));
        }
        Ok(Self::Matches {
            state,
            tag_prefixes,
            version_prefixes: prefixes(condition, "versionNamePrefixes")?,
            package_prefixes: prefixes(condition, "packageNamePrefixes")?,
            older_than: duration(condition, "olderThan")?,
            newer_than: duration(condition, "newerThan")?,
        })
    }
}

fn prefixes(node: &Node<'_>, key: &str) -> Result<Vec<String>, InvalidPolicy> {
    node.member(key)?.map_or(Ok(Vec::new()), |list| list.texts())
}

/// A duration: a number with `s`, `m`, `h` or `d`. Parts of an hour are rounded up.
fn duration(node: &Node<'_>, key: &str) -> Result<Option<AgeLimit>, InvalidPolicy> {
    let Some(member) = node.member(key)? else {
        return Ok(None);
    };
    let wrong = || member.error("expected a duration such as 30d or 2592000s");
    let text = member.text()?;
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    let hours = number.checked_mul(seconds).map(|seconds| seconds.div_ceil(3_600));
    let hours = hours
        .and_then(|hours| u32::try_from(hours).ok())
        .and_then(AgeLimit::from_hours);
    hours.map(Some).ok_or_else(wrong)
}
