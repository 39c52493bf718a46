//! Lifecycle policies of Amazon ECR, by its user guide (`LifecyclePolicies` and `lifecycle_policy_parameters`, read in
//! December 2026).
//!
//! Images are manifests with all their tags. A rule identifies the images that meet its tag requirements, and expires the
//! oldest of them beyond a number, or those beyond an age. An image is expired only by the rule with the lowest priority
//! number whose tag requirements it meets, but counts in each rule. Images that an index lists are not expired.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::error::{InvalidPolicy, Node};
use crate::cleanup::age::AgeLimit;
use crate::cleanup::content::RepositoryContent;
use crate::cleanup::selection::Selection;
use crate::inventory::ManifestId;

/// The most rules of a policy (ECR service quotas, December 2026).
const MOST_RULES: usize = 50;
/// The most wildcards of a tag pattern (ECR user guide, December 2026).
const MOST_WILDCARDS: usize = 4;

/// A lifecycle policy of Amazon ECR.
#[derive(Debug, Clone)]
pub struct EcrPolicy {
    /// Its rules, by priority.
    rules: Vec<EcrRule>,
}

#[derive(Debug, Clone)]
struct EcrRule {
    priority: u32,
    description: Option<String>,
    status: TagStatus,
    count: Count,
    /// Whether it moves images to the archive and deletes nothing.
    archives: bool,
    /// Whether it is about images in the archive, of which nothing is known here.
    is_of_archive: bool,
}

#[derive(Debug, Clone)]
enum TagStatus {
    /// Each pattern must match one of the image's tags.
    Tagged(Vec<String>),
    Untagged,
    Any,
}

#[derive(Debug, Clone, Copy)]
enum Count {
    MoreThan(u32),
    SincePushed(AgeLimit),
    SincePulled(AgeLimit),
    /// Days in the archive.
    SinceTransitioned,
}

/// An image: a manifest with its tags.
struct Image<'a> {
    tags: Vec<&'a str>,
    /// The places of its tags, or of the untagged manifest.
    places: Vec<usize>,
    pushed: Option<DateTime<Utc>>,
    unused_since: Option<DateTime<Utc>>,
    is_listed: bool,
    manifest: ManifestId,
}

impl EcrPolicy {
    /// Whether a document has the form of a lifecycle policy.
    pub(super) fn is_form(value: &Value) -> bool {
        let rules = value.get("rules").and_then(Value::as_array);
        rules.is_some_and(|rules| {
            rules
                .iter()
                .any(|rule| rule.get("rulePriority").is_some() || rule.get("selection").is_some())
        })
    }

    pub(super) fn parse(value: &Value) -> Result<Self, InvalidPolicy> {
        let root = Node::root(value);
        root.only(&["rules"])?;
        let list = root.required("rules")?;
        let items = list.items()?;
        if items.is_empty() || items.len() > MOST_RULES {
            return Err(list.error(format!("expected 1 to {MOST_RULES} rules")));
        }
        let mut rules: Vec<EcrRule> = Vec::with_capacity(items.len());
        for item in &items {
            let rule = EcrRule::parse(item)?;
            let place = item.required("rulePriority")?;
            if rules.iter().any(|other| other.priority == rule.priority) {
                return Err(place.error(format!("another rule has the priority {} too", rule.priority)));
            }
            rules.push(rule);
        }
        let of_standard = rules.iter().filter(|rule| !rule.is_of_archive);
        let highest = of_standard.map(|rule| rule.priority).max().unwrap_or_default();
        let is_early = |rule: &EcrRule| {
            matches!(rule.status, TagStatus::Any) && !rule.is_of_archive && rule.priority < highest
        };
        if let Some(place) = rules.iter().position(is_early) {
            let place = items[place].required("selection")?.required("tagStatus")?;
            return Err(place.error("a rule about any images must have the highest rulePriority"));
        }
        rules.sort_by_key(|rule| rule.priority);
        Ok(Self { rules })
    }

    /// Each rule in words, with the policy of it alone.
    pub(super) fn rules(&self) -> Vec<(String, Self)> {
        let rules = self.rules.iter().cloned();
        rules
            .map(|rule| (rule.text(), Self { rules: vec![rule] }))
            .collect()
    }

    pub(super) fn is_about_untagged(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule.status, TagStatus::Untagged | TagStatus::Any))
    }

    pub(super) fn is_about_pulls(&self) -> bool {
        self.rules
            .iter()
            .any(|rule| matches!(rule.count, Count::SincePulled(_)))
    }

    pub(super) fn archives(&self) -> bool {
        self.rules.iter().any(|rule| rule.archives || rule.is_of_archive)
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        let mut selection = Selection::nothing(content);
        let (images, tagged) = images(content);
        let mut seen: HashSet<ManifestId> = HashSet::new();
        for rule in self.rules.iter().filter(|rule| !rule.is_of_archive) {
            let mut matching: Vec<usize> = (0..images.len())
                .filter(|&place| rule.status.matches(&images[place].tags))
                .collect();
            matching.sort_by(|&one, &other| {
                images[other]
                    .pushed
                    .cmp(&images[one].pushed)
                    .then(one.cmp(&other))
            });
            for (rank, &place) in matching.iter().enumerate() {
                let image = &images[place];
                // A rule of higher priority decides about it.
                if seen.contains(&image.manifest) || !rule.expires(image, rank, at) {
                    continue;
                }
                if rule.archives || image.is_listed {
                    continue;
                }
                for &own in &image.places {
                    if place < tagged {
                        selection.tags[own] =
                            Some(format!("rule {} of the policy expires it", rule.priority));
                    } else {
                        selection.untagged[own] = true;
                    }
                }
            }
            seen.extend(matching.iter().map(|&place| images[place].manifest));
        }
        selection
    }
}

/// The images of a repository: those with tags, whose number is given too, then those without.
fn images(content: &RepositoryContent) -> (Vec<Image<'_>>, usize) {
    let mut by_manifest: BTreeMap<ManifestId, Image<'_>> = BTreeMap::new();
    for (place, tag) in content.tags.iter().enumerate() {
        let pushed = tag.pushed.map(|pushed| pushed.at);
        let image = by_manifest.entry(tag.manifest).or_insert_with(|| Image {
            tags: Vec::new(),
            places: Vec::new(),
            pushed,
            unused_since: tag.unused_since(),
            is_listed: tag.is_listed,
            manifest: tag.manifest,
        });
        image.tags.push(tag.tag.as_str());
        image.places.push(place);
        image.pushed = image.pushed.max(pushed);
        // Unknown for one tag is unknown for the image.
        image.unused_since = image
            .unused_since
            .zip(tag.unused_since())
            .map(|(one, other)| one.max(other));
    }
    let mut images: Vec<Image<'_>> = by_manifest.into_values().collect();
    let tagged = images.len();
    let untagged = content.untagged.iter().flatten().enumerate();
    images.extend(
        untagged
            .filter(|(_, facts)| !facts.is_part)
            .map(|(place, facts)| Image {
                tags: Vec::new(),
                places: vec![place],
                pushed: facts.pushed.or(facts.idle_since),
                unused_since: None,
                is_listed: false,
                manifest: facts.manifest,
            }),
    );
    (images, tagged)
}

impl TagStatus {
    fn matches(&self, tags: &[&str]) -> bool {
        match self {
            Self::Any => true,
            Self::Untagged => tags.is_empty(),
            Self::Tagged(patterns) => patterns
                .iter()
                .all(|pattern| tags.iter().any(|tag| wildcard_matches(pattern, tag))),
        }
    }
}

/// Whether a pattern in which `*` stands for any characters matches a whole text.
pub(super) fn wildcard_matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

impl EcrRule {
    fn parse(rule: &Node<'_>) -> Result<Self, InvalidPolicy> {
        rule.only(&["rulePriority", "description", "selection", "action"])?;
        let selection = rule.required("selection")?;
        selection.only(&[
            "tagStatus",
            "tagPatternList",
            "tagPrefixList",
            "storageClass",
            "countType",
            "countUnit",
            "countNumber",
        ])?;
        let action = rule.required("action")?;
        action.only(&["type", "targetStorageClass"])?;
        let kind = action.required("type")?;
        let archives = match kind.text()? {
            "expire" => false,
            "transition" => true,
            _ => return Err(kind.error("expected expire or transition")),
        };
        let class = selection.member("storageClass")?;
        let is_of_archive = match class.as_ref().map(Node::text).transpose()? {
            None | Some("standard") => false,
            Some("archive") => true,
            Some(_) => {
                return Err(selection
                    .required("storageClass")?
                    .error("expected standard or archive"));
            }
        };
        Ok(Self {
            priority: rule.required("rulePriority")?.number(1)?,
            description: match rule.member("description")? {
                Some(description) => Some(description.text()?.to_owned()),
                None => None,
            },
            status: TagStatus::parse(&selection)?,
            count: Count::parse(&selection)?,
            archives,
            is_of_archive,
        })
    }

    /// Whether it expires an image that is at this place among those that it identifies, the newest first.
    fn expires(&self, image: &Image<'_>, rank: usize, at: DateTime<Utc>) -> bool {
        match self.count {
            Count::MoreThan(number) => rank >= number as usize,
            Count::SincePushed(age) => image.pushed.is_some_and(|pushed| pushed < age.before(at)),
            Count::SincePulled(age) => image.unused_since.is_some_and(|since| since < age.before(at)),
            Count::SinceTransitioned => false,
        }
    }

    fn text(&self) -> String {
        let count = match self.count {
            Count::MoreThan(number) => format!("more than {number} images"),
            Count::SincePushed(age) => format!("pushed more than {age} ago"),
            Count::SincePulled(age) => format!("not pulled for {age}"),
            Count::SinceTransitioned => "by the time in the archive".to_owned(),
        };
        let about = match &self.status {
            TagStatus::Tagged(patterns) => format!("tagged {}", patterns.join(" and ")),
            TagStatus::Untagged => "untagged".to_owned(),
            TagStatus::Any => "any".to_owned(),
        };
        let description = self.description.as_deref().map(|text| format!(": {text}"));
        format!(
            "rule {} ({about}, {count}){}",
            self.priority,
            description.unwrap_or_default()
        )
    }
}

impl TagStatus {
    fn parse(selection: &Node<'_>) -> Result<Self, InvalidPolicy> {
        let status = selection.required("tagStatus")?;
        let (prefixes, patterns) = (
            selection.member("tagPrefixList")?,
            selection.member("tagPatternList")?,
        );
        let list = patterns.as_ref().or(prefixes.as_ref());
        match (status.text()?, list) {
            ("untagged", None) => Ok(Self::Untagged),
            ("any", None) => Ok(Self::Any),
            ("untagged" | "any", Some(list)) => {
                Err(list.error("only rules whose tagStatus is tagged have a list of tags"))
            }
            ("tagged", None) => {
                Err(selection
                    .error("a rule whose tagStatus is tagged needs a tagPatternList or a tagPrefixList"))
            }
            ("tagged", Some(list)) => {
                if prefixes.is_some() && patterns.is_some() {
                    return Err(list.error("a rule has a tagPatternList or a tagPrefixList, not both"));
                }
                let is_pattern = patterns.is_some();
                let mut texts = Vec::new();
                for item in list.items()? {
                    let text = item.text()?;
                    if text.is_empty() {
                        return Err(item.error("expected a tag"));
                    }
                    if is_pattern && text.matches('*').count() > MOST_WILDCARDS {
                        return Err(item.error(format!("a pattern has at most {MOST_WILDCARDS} wildcards")));
                    }
                    if !is_pattern && text.contains('*') {
                        return Err(item.error("a prefix has no wildcards; use tagPatternList"));
                    }
                    texts.push(if is_pattern {
                        text.to_owned()
                    } else {
                        format!("{text}*")
                    });
                }
                match texts.is_empty() {
                    true => Err(list.error("expected at least one tag")),
                    false => Ok(Self::Tagged(texts)),
                }
            }
            _ => Err(status.error("expected tagged, untagged or any")),
        }
    }
}

impl Count {
    fn parse(selection: &Node<'_>) -> Result<Self, InvalidPolicy> {
        let kind = selection.required("countType")?;
        let number = selection.required("countNumber")?;
        let count = number.number(1)?;
        let unit = selection.member("countUnit")?;
        if kind.text()? == "imageCountMoreThan" {
            return match unit {
                None => Ok(Self::MoreThan(count)),
                Some(unit) => Err(unit.error("imageCountMoreThan has no countUnit")),
            };
        }
        let age = AgeLimit::from_days(count).ok_or_else(|| number.error("too many days"))?;
        let count = match kind.text()? {
            "sinceImagePushed" => Self::SincePushed(age),
            "sinceImagePulled" => Self::SincePulled(age),
            "sinceImageTransitioned" => Self::SinceTransitioned,
            _ => {
                return Err(kind.error(
                    "expected imageCountMoreThan, sinceImagePushed, sinceImagePulled or sinceImageTransitioned",
                ));
            }
        };
        match unit {
            Some(unit) if unit.text()? == "days" => Ok(count),
            Some(unit) => Err(unit.error("expected days")),
            None => Err(selection.error("the member \"countUnit\" is missing; it is days")),
        }
    }
}
