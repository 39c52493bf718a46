//! Tare's own rules in the form of a vendor's policy, for people to apply themselves.
//!
//! A form that cannot say a rule is refused; what it says a little differently is told.

mod acr;
mod artifact_registry;
mod ecr;
mod ghcr;
mod gitlab;
mod harbor;
mod sorted;

use super::policy::{Policy, PolicyForm};
use sorted::Sorted;

/// A vendor's policy that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPolicy {
    /// The policy or command.
    pub text: String,
    /// How what it does differs from the rules.
    pub differences: Vec<String>,
}

/// Rules that a form cannot say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{form} cannot say these rules: {}", .reasons.join("; "))]
pub struct CannotSay {
    form: &'static str,
    reasons: Vec<String>,
}

impl WrittenPolicy {
    /// The rules as a policy of this form, for the repositories of these globs; for all without one.
    ///
    /// # Errors
    /// If the form cannot say them. The error names each rule that it cannot.
    pub fn new(policy: &Policy, form: PolicyForm, repositories: &[String]) -> Result<Self, CannotSay> {
        let cannot = |reasons| CannotSay {
            form: form.as_str(),
            reasons,
        };
        let Policy::Rules(rules) = policy else {
            return Err(cannot(vec![
                "only Tare's own rules are written in another form".to_owned(),
            ]));
        };
        if !rules.delete_anything() {
            return Err(cannot(vec!["no rule deletes anything".to_owned()]));
        }
        let mut sorted = Sorted::new(rules, repositories);
        let text = match form {
            PolicyForm::Ecr => ecr::written(&mut sorted),
            PolicyForm::AcrPurge => acr::purge(&mut sorted),
            PolicyForm::AcrRetention => acr::retention(&mut sorted),
            PolicyForm::Harbor => harbor::written(&mut sorted),
            PolicyForm::ArtifactRegistry => artifact_registry::written(&mut sorted),
            PolicyForm::GitLab => gitlab::written(&mut sorted),
            PolicyForm::Ghcr => ghcr::written(&mut sorted),
        };
        match sorted.reasons.is_empty() {
            true => Ok(Self {
                text,
                differences: sorted.differences,
            }),
            false => Err(cannot(sorted.reasons)),
        }
    }
}
