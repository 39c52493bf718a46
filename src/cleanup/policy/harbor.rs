//! Tag retention rules of Harbor, by its documentation and sources (goharbor/harbor, `src/pkg/retention`, 2026).
//!
//! A rule says what stays. In a repository that any enabled rule is about, every artifact that no rule keeps is deleted with
//! all its tags; other repositories are not touched. A rule first chooses artifacts by their tags, then keeps some of those.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use globset::{GlobBuilder, GlobMatcher};
use serde_json::Value;

use super::error::{InvalidPolicy, Node};
use crate::cleanup::content::{RepositoryContent, UnknownPulls};
use crate::cleanup::selection::Selection;
use crate::inventory::ManifestId;

/// The most rules of a policy (Harbor's documentation, 2026).
const MOST_RULES: usize = 15;

/// Retention rules of Harbor.
#[derive(Debug, Clone)]
pub struct HarborPolicy {
    rules: Vec<HarborRule>,
}

#[derive(Debug, Clone)]
struct HarborRule {
    template: Template,
    tags: Vec<TagSelector>,
    repositories: Vec<(GlobMatcher, bool)>,
    text: String,
}

#[derive(Debug, Clone)]
struct TagSelector {
    glob: GlobMatcher,
    excludes: bool,
    untagged: bool,
}

#[derive(Debug, Clone, Copy)]
enum Template {
    Always,
    Nothing,
    LatestPushed(usize),
    LatestPulled(usize),
    PushedWithin(i64),
    PulledWithin(i64),
}

/// An artifact: a manifest with its tags.
struct Artifact<'a> {
    tags: Vec<&'a str>,
    places: Vec<usize>,
    is_tagged: bool,
    pushed: Option<DateTime<Utc>>,
    /// The day of its last pull; `Err` if pulls are not known.
    pulled: Result<Option<DateTime<Utc>>, UnknownPulls>,
}

impl HarborPolicy {
    /// Whether a document has the form of retention rules.
    pub(super) fn is_form(value: &Value) -> bool {
        let rules = value.get("rules").and_then(Value::as_array);
        rules.is_some_and(|rules| {
            rules
                .iter()
                .any(|rule| rule.get("template").is_some() || rule.get("tag_selectors").is_some())
        })
    }

    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPolicy> {
        let root = Node::root(value);
        if let Some(algorithm) = root.member("algorithm")?
            && algorithm.text()? != "or"
        {
            return Err(algorithm.error("expected or"));
        }
        let list = root.required("rules")?;
        let items = list.items()?;
        if items.len() > MOST_RULES {
            return Err(list.error(format!("expected at most {MOST_RULES} rules")));
        }
        let mut rules = Vec::new();
        for item in &items {
            let rule = HarborRule::parse(item)?;
            let disabled = item.member("disabled")?.map(|node| node.flag()).transpose()?;
            if disabled != Some(true) {
                rules.push(rule);
            }
        }
        Ok(Self { rules })
    }

    pub(super) fn rules(&self) -> Vec<(String, Self)> {
        let rules = self.rules.iter().cloned();
        rules
            .map(|rule| (rule.text.clone(), Self { rules: vec![rule] }))
            .collect()
    }

    pub(super) fn deletes_anything(&self) -> bool {
        !self.rules.is_empty()
    }

    pub(super) fn is_about_pulls(&self) -> bool {
        let is_about = |rule: &HarborRule| {
            matches!(
                rule.template,
                Template::LatestPulled(_) | Template::PulledWithin(_)
            )
        };
        self.rules.iter().any(is_about)
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        // A rule's scope is a project, so the pattern is about the name within it.
        let name = content.repository.as_str();
        let name = name.split_once('/').map_or(name, |(_, rest)| rest);
        let rules: Vec<&HarborRule> = self.rules.iter().filter(|rule| rule.is_about(name)).collect();
        if rules.is_empty() {
            return selection;
        }
        let artifacts = artifacts(content);
        let kept: HashSet<usize> = rules.iter().flat_map(|rule| rule.keeps(&artifacts, at)).collect();
        for (place, artifact) in artifacts.iter().enumerate() {
            if kept.contains(&place) {
                continue;
            }
            for &own in &artifact.places {
                if artifact.is_tagged {
                    selection.tags[own] = Some("no rule of the policy keeps it".to_owned());
                } else {
                    selection.untagged[own] = true;
                }
            }
        }
        selection
    }
}

fn artifacts(content: &RepositoryContent) -> Vec<Artifact<'_>> {
    let mut by_manifest: BTreeMap<ManifestId, Artifact<'_>> = BTreeMap::new();
    for (place, tag) in content.tags.iter().enumerate() {
        let artifact = by_manifest.entry(tag.manifest).or_insert_with(|| Artifact {
            tags: Vec::new(),
            places: Vec::new(),
            is_tagged: true,
            pushed: None,
            pulled: Ok(None),
        });
        artifact.tags.push(tag.tag.as_str());
        artifact.places.push(place);
        artifact.pushed = artifact.pushed.max(tag.pushed.map(|pushed| pushed.at));
        artifact.pulled = match (artifact.pulled, tag.last_pulled_at()) {
            (Ok(one), Ok(other)) => Ok(one.max(other)),
            _ => Err(UnknownPulls),
        };
    }
    let mut artifacts: Vec<Artifact<'_>> = by_manifest.into_values().collect();
    let untagged = content.untagged.iter().flatten().enumerate();
    artifacts.extend(
        untagged
            .filter(|(_, facts)| !facts.is_part)
            .map(|(place, facts)| Artifact {
                tags: Vec::new(),
                places: vec![place],
                is_tagged: false,
                pushed: facts.pushed.or(facts.idle_since),
                pulled: Err(UnknownPulls),
            }),
    );
    artifacts
}

impl HarborRule {
    fn is_about(&self, repository: &str) -> bool {
        self.repositories
            .iter()
            .all(|(glob, excludes)| glob.is_match(repository) != *excludes)
    }

    /// The places of the artifacts that stay by this rule. What is not known keeps an artifact.
    fn keeps(&self, artifacts: &[Artifact<'_>], at: DateTime<Utc>) -> Vec<usize> {
        let chosen = (0..artifacts.len()).filter(|&place| {
            let artifact = &artifacts[place];
            self.tags.iter().all(|selector| selector.chooses(&artifact.tags))
        });
        let mut chosen: Vec<usize> = chosen.collect();
        let since = |days: i64| {
            at.checked_sub_signed(TimeDelta::days(days))
                .unwrap_or(DateTime::<Utc>::MIN_UTC)
        };
        match self.template {
            Template::Always => {}
            Template::Nothing => chosen.clear(),
            Template::LatestPushed(number) => {
                chosen.sort_by_key(|&place| std::cmp::Reverse(artifacts[place].pushed));
                chosen.truncate(number);
            }
            Template::LatestPulled(number) => {
                let unknown: Vec<usize> = chosen
                    .iter()
                    .copied()
                    .filter(|&place| artifacts[place].pulled.is_err())
                    .collect();
                chosen.retain(|&place| artifacts[place].pulled.is_ok());
                chosen.sort_by_key(|&place| std::cmp::Reverse(artifacts[place].pulled));
                chosen.truncate(number);
                chosen.extend(unknown);
            }
            Template::PushedWithin(days) => {
                chosen.retain(|&place| artifacts[place].pushed.is_none_or(|pushed| pushed >= since(days)));
            }
            Template::PulledWithin(days) => chosen.retain(|&place| match artifacts[place].pulled {
                Ok(pulled) => pulled.is_some_and(|pulled| pulled >= since(days)),
                Err(UnknownPulls) => true,
            }),
        }
        chosen
    }

    fn parse(rule: &Node<'_>) -> Result<Self, InvalidPolicy> {
        if let Some(action) = rule.member("action")?
            && action.text()? != "retain"
        {
            return Err(action.error("expected retain"));
        }
        let template = rule.required("template")?;
        let params = rule.member("params")?;
        let number = |key: &str| -> Result<u32, InvalidPolicy> {
            let Some(params) = &params else {
                return Err(rule.error(format!("the member \"params\" with {key} is missing")));
            };
            params.required(key)?.number(0)
        };
        let (template, words) = match template.text()? {
            "always" => (Template::Always, "keep all".to_owned()),
            "nothing" => (Template::Nothing, "keep nothing".to_owned()),
            key @ "latestPushedK" => {
                let number = number(key)?;
                (
                    Template::LatestPushed(number as usize),
                    format!("keep the {number} pushed last"),
                )
            }
            key @ ("latestPulledN" | "latestPulledK") => {
                let number = number(key)?;
                (
                    Template::LatestPulled(number as usize),
                    format!("keep the {number} pulled last"),
                )
            }
            key @ "nDaysSinceLastPush" => {
                let days = number(key)?;
                (
                    Template::PushedWithin(i64::from(days)),
                    format!("keep what was pushed within {days} days"),
                )
            }
            key @ "nDaysSinceLastPull" => {
                let days = number(key)?;
                (
                    Template::PulledWithin(i64::from(days)),
                    format!("keep what was pulled within {days} days"),
                )
            }
            _ => {
                return Err(template.error(
                    "expected always, nothing, latestPushedK, latestPulledN, nDaysSinceLastPush or nDaysSinceLastPull",
                ));
            }
        };
        let mut shown = Vec::new();
        let mut tags = Vec::new();
        for selector in rule.required("tag_selectors")?.items()? {
            let (glob, decoration) = pattern(&selector)?;
            let excludes = match decoration.text()? {
                "matches" => false,
                "excludes" => true,
                _ => return Err(decoration.error("expected matches or excludes")),
            };
            shown.push(format!(
                "{} {}",
                decoration.text()?,
                selector.required("pattern")?.text()?
            ));
            tags.push(TagSelector {
                glob,
                excludes,
                untagged: untagged(&selector)?,
            });
        }
        let mut repositories = Vec::new();
        for selector in rule
            .required("scope_selectors")?
            .required("repository")?
            .items()?
        {
            let (glob, decoration) = pattern(&selector)?;
            let excludes = match decoration.text()? {
                "repoMatches" => false,
                "repoExcludes" => true,
                _ => return Err(decoration.error("expected repoMatches or repoExcludes")),
            };
            repositories.push((glob, excludes));
        }
        Ok(Self {
            template,
            tags,
            repositories,
            text: format!("{words} of tags that {}", shown.join(" and ")),
        })
    }
}

impl TagSelector {
    fn chooses(&self, tags: &[&str]) -> bool {
        if tags.is_empty() {
            return self.untagged;
        }
        tags.iter().any(|tag| self.glob.is_match(tag) != self.excludes)
    }
}

/// The pattern of a selector, and its decoration.
fn pattern<'a>(selector: &Node<'a>) -> Result<(GlobMatcher, Node<'a>), InvalidPolicy> {
    if let Some(kind) = selector.member("kind")?
        && kind.text()? != "doublestar"
    {
        return Err(kind.error("expected doublestar"));
    }
    let pattern = selector.required("pattern")?;
    let mut glob = GlobBuilder::new(pattern.text()?);
    let glob = glob.literal_separator(true).empty_alternates(true).build();
    let glob = glob.map_err(|error| pattern.error(error.kind()))?;
    Ok((glob.compile_matcher(), selector.required("decoration")?))
}

/// Whether a selector chooses artifacts without tags: as its extras say, a JSON document in a text; by default it does.
fn untagged(selector: &Node<'_>) -> Result<bool, InvalidPolicy> {
    let Some(extras) = selector.member("extras")? else {
        return Ok(true);
    };
    let text = extras.text()?;
    if text.is_empty() {
        return Ok(true);
    }
    let value: Value = serde_json::from_str(text).map_err(|error| extras.error(error))?;
    Ok(value.get("untagged").and_then(Value::as_bool).unwrap_or(false))
}
