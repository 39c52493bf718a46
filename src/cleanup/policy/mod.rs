//! Policies: Tare's own rules, and those of registry vendors by their own semantics.
//!
//! A vendor's policy is read in the form in which the vendor takes it. What the vendor would refuse is refused with its place.

mod acr;
mod artifact_registry;
mod ecr;
mod error;
mod ghcr;
mod gitlab;
mod harbor;
mod words;

use chrono::{DateTime, Utc};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray};

pub use acr::{AcrPurge, AcrRetention};
pub use artifact_registry::ArtifactRegistryPolicy;
pub use ecr::EcrPolicy;
pub use error::InvalidPolicy;
pub use ghcr::GhcrPolicy;
pub use gitlab::GitLabPolicy;
pub use harbor::HarborPolicy;

use super::content::RepositoryContent;
use super::rules::{CleanupRules, Rule};
use super::selection::Selection;

/// What decides which tags and untagged manifests go.
#[derive(Debug, Clone)]
pub enum Policy {
    /// Tare's own rules.
    Rules(CleanupRules),
    /// A lifecycle policy of Amazon ECR.
    Ecr(EcrPolicy),
    /// Command lines of `acr purge`.
    AcrPurge(AcrPurge),
    /// The retention policy of Azure Container Registry.
    AcrRetention(AcrRetention),
    /// Tag retention rules of Harbor.
    Harbor(HarborPolicy),
    /// Clean-up policies of Artifact Registry.
    ArtifactRegistry(ArtifactRegistryPolicy),
    /// The clean-up policy of GitLab.
    GitLab(GitLabPolicy),
    /// GitHub's action that deletes package versions.
    Ghcr(GhcrPolicy),
}

/// The form of a vendor's policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum PolicyForm {
    /// A lifecycle policy of Amazon ECR: JSON.
    Ecr,
    /// `acr purge`: command lines, alone or within a script or a task file.
    AcrPurge,
    /// The retention policy of Azure Container Registry: JSON, as `az acr config retention show` prints it.
    AcrRetention,
    /// Tag retention rules of Harbor: JSON, as its API takes them.
    Harbor,
    /// Clean-up policies of Artifact Registry: JSON, as `gcloud artifacts repositories set-cleanup-policies` takes them.
    ArtifactRegistry,
    /// The clean-up policy of GitLab: JSON, as its API shows it.
    #[strum(serialize = "gitlab")]
    GitLab,
    /// A workflow with the action `actions/delete-package-versions`: YAML.
    Ghcr,
}

/// A rule of a policy.
#[derive(Debug, Clone)]
pub struct PolicyRule {
    /// The rule in words.
    pub text: String,
    /// The policy that has no other rule.
    pub alone: Policy,
}

/// Whether a document has a form.
type IsForm = fn(&Value) -> bool;

impl PolicyForm {
    /// The form as it is named in options.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The names of all forms, for messages.
    pub fn names() -> String {
        let names: Vec<&str> = Self::VARIANTS.iter().map(|form| form.as_str()).collect();
        names.join(", ")
    }

    /// The form of a policy; `None` if it has none that is known.
    pub fn recognised(text: &str) -> Option<Self> {
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            let forms: [(Self, IsForm); 5] = [
                (Self::Ecr, EcrPolicy::is_form),
                (Self::Harbor, HarborPolicy::is_form),
                (Self::ArtifactRegistry, ArtifactRegistryPolicy::is_form),
                (Self::AcrRetention, AcrRetention::is_form),
                (Self::GitLab, GitLabPolicy::is_form),
            ];
            return forms
                .into_iter()
                .find(|(_, is_form)| is_form(&value))
                .map(|(form, _)| form);
        }
        if AcrPurge::is_form(text) {
            return Some(Self::AcrPurge);
        }
        GhcrPolicy::is_form(text).then_some(Self::Ghcr)
    }

    fn is_json(self) -> bool {
        !matches!(self, Self::AcrPurge | Self::Ghcr)
    }
}

impl Policy {
    /// Reads a vendor's policy, in this form or in the one that it shows.
    ///
    /// # Errors
    /// If its form is not known, or where its vendor would refuse it.
    pub fn parse(text: &str, form: Option<PolicyForm>) -> Result<Self, InvalidPolicy> {
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        let value = match form {
            Some(form) if !form.is_json() => None,
            None if !looks_like_json => None,
            _ => Some(serde_json::from_str::<Value>(text).map_err(|error| {
                InvalidPolicy::new(
                    format!("line {}", error.line().max(1)),
                    format!("not valid JSON: {error}"),
                )
            })?),
        };
        let Some(form) = form.or_else(|| PolicyForm::recognised(text)) else {
            return Err(InvalidPolicy::new(
                "the document",
                format!(
                    "its form is not recognised; the known forms are {}",
                    PolicyForm::names()
                ),
            ));
        };
        let value = value.unwrap_or_default();
        Ok(match form {
            PolicyForm::Ecr => Self::Ecr(EcrPolicy::parse(&value)?),
            PolicyForm::AcrPurge => Self::AcrPurge(AcrPurge::parse(text)?),
            PolicyForm::AcrRetention => Self::AcrRetention(AcrRetention::parse(&value)?),
            PolicyForm::Harbor => Self::Harbor(HarborPolicy::parse(&value)?),
            PolicyForm::ArtifactRegistry => Self::ArtifactRegistry(ArtifactRegistryPolicy::parse(&value)?),
            PolicyForm::GitLab => Self::GitLab(GitLabPolicy::parse(&value)?),
            PolicyForm::Ghcr => Self::Ghcr(GhcrPolicy::parse(text)?),
        })
    }

    /// The rules, in the order of the policy.
    pub fn rules(&self) -> Vec<PolicyRule> {
        fn named<Own>(rules: Vec<(String, Own)>, policy: fn(Own) -> Policy) -> Vec<PolicyRule> {
            let rules = rules.into_iter();
            rules
                .map(|(text, own)| PolicyRule {
                    text,
                    alone: policy(own),
                })
                .collect()
        }
        let only = |text| {
            vec![PolicyRule {
                text,
                alone: self.clone(),
            }]
        };
        match self {
            Self::Rules(rules) => named(rules.each_alone(), Self::Rules),
            Self::Ecr(policy) => named(policy.rules(), Self::Ecr),
            Self::AcrPurge(policy) => named(policy.rules(), Self::AcrPurge),
            Self::Harbor(policy) => named(policy.rules(), Self::Harbor),
            Self::ArtifactRegistry(policy) => named(policy.rules(), Self::ArtifactRegistry),
            Self::AcrRetention(policy) => only(policy.text()),
            Self::GitLab(policy) => only(policy.text()),
            Self::Ghcr(policy) => only(policy.text()),
        }
    }

    /// Whether it can delete anything at all.
    pub fn deletes_anything(&self) -> bool {
        match self {
            Self::Rules(rules) => rules.delete_anything(),
            Self::Harbor(policy) => policy.deletes_anything(),
            Self::ArtifactRegistry(policy) => policy.deletes_anything(),
            Self::AcrRetention(policy) => policy.deletes_anything(),
            Self::GitLab(policy) => policy.deletes_anything(),
            Self::Ecr(_) | Self::AcrPurge(_) | Self::Ghcr(_) => true,
        }
    }

    /// Whether a rule is about untagged manifests.
    pub fn is_about_untagged(&self) -> bool {
        match self {
            Self::Rules(rules) => rules.0.iter().any(Rule::is_about_untagged),
            Self::Ecr(policy) => policy.is_about_untagged(),
            Self::AcrPurge(policy) => policy.is_about_untagged(),
            Self::ArtifactRegistry(policy) => policy.is_about_untagged(),
            Self::AcrRetention(_) | Self::Harbor(_) | Self::Ghcr(_) => true,
            Self::GitLab(_) => false,
        }
    }

    /// Whether a rule depends on when something was pulled.
    pub fn is_about_pulls(&self) -> bool {
        match self {
            Self::Rules(rules) => rules.0.iter().any(Rule::is_about_pulls),
            Self::Ecr(policy) => policy.is_about_pulls(),
            Self::Harbor(policy) => policy.is_about_pulls(),
            _ => false,
        }
    }

    /// Whether a rule depends on when tags were pushed.
    pub fn is_about_age(&self) -> bool {
        match self {
            Self::Rules(rules) => rules.0.iter().any(Rule::is_about_age),
            Self::AcrRetention(_) => false,
            _ => true,
        }
    }

    /// What a reader must know about how the policy was simulated.
    pub fn notes(&self) -> Vec<&'static str> {
        match self {
            Self::Rules(_) | Self::Harbor(_) => Vec::new(),
            Self::Ecr(policy) if policy.archives() => vec![
                "Images that the policy moves to the archive are not deleted; they are billed at the archive's price, which is not \
                 computed. Rules about images in the archive select nothing.",
            ],
            Self::Ecr(_) => Vec::new(),
            Self::AcrPurge(policy) if policy.only_removes_tags() => vec![
                "Without --untagged, acr purge removes tags and leaves the manifests, so nothing is freed until untagged manifests \
                 are deleted.",
            ],
            Self::AcrPurge(_) => vec!["Locked tags and manifests are not known; acr purge keeps them."],
            Self::AcrRetention(_) => {
                vec!["Locked manifests are not known; the registry keeps them."]
            }
            Self::ArtifactRegistry(_) => Vec::new(),
            Self::GitLab(_) => {
                vec!["Bytes are freed once GitLab's garbage collection has deleted untagged manifests."]
            }
            Self::Ghcr(_) => vec![
                "The images of an index are versions of their own for this action. It may delete those of an index that stays, which \
                 then cannot be pulled. Here they stay with their index and do not count.",
            ],
        }
    }

    pub(super) fn select(&self, content: &RepositoryContent, at: DateTime<Utc>) -> Selection {
        match self {
            Self::Rules(rules) => rules.select(content, at),
            Self::Ecr(policy) => policy.select(content, at),
            Self::AcrPurge(policy) => policy.select(content, at),
            Self::AcrRetention(policy) => policy.select(content, at),
            Self::Harbor(policy) => policy.select(content, at),
            Self::ArtifactRegistry(policy) => policy.select(content, at),
            Self::GitLab(policy) => policy.select(content, at),
            Self::Ghcr(policy) => policy.select(content, at),
        }
    }
}
