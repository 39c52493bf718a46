//! Options of `tare cleanup`.

use std::path::PathBuf;

use clap::Args;

use super::report::Format;
use super::values::{addresses, whole_number};
use crate::cleanup::{AgeLimit, CleanupRules, PolicyForm, Rule, TagGlob};
use crate::cli::outcome::UsageError;
use crate::config::RegistryAddress;

/// The options that are rules.
const RULES: [&str; 9] = [
    "keep_newest",
    "keep_newest_patches",
    "keep_newest_minors",
    "keep",
    "keep_pulled_within",
    "delete",
    "older_than",
    "not_pulled_for",
    "untagged_older_than",
];

/// Options of `tare cleanup`.
#[derive(Debug, Default, Args)]
pub struct CleanupOptions {
    /// Keeps this many of the newest tags of each repository; the others go, unless a rule of age says which of them do
    #[arg(long, value_name = "N", help_heading = "Rules")]
    keep_newest: Option<u32>,
    /// Keeps this many of the newest patch releases (1.2.x) of each minor version; other releases go as with
    /// --keep-newest
    #[arg(long, value_name = "N", help_heading = "Rules")]
    keep_newest_patches: Option<u32>,
    /// Keeps the newest patch release of this many of the newest minor versions (1.x) of each major version; other
    /// releases go as with --keep-newest
    #[arg(long, value_name = "N", help_heading = "Rules")]
    keep_newest_minors: Option<u32>,
    /// Keeps tags that match, such as v1.*; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Rules")]
    keep: Vec<TagGlob>,
    /// Keeps tags that were pulled within this time, such as 30d, and tags of which pulls are not counted
    #[arg(long, value_name = "AGE", help_heading = "Rules")]
    keep_pulled_within: Option<AgeLimit>,
    /// Deletes tags that match, such as pr-*; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Rules")]
    delete: Vec<TagGlob>,
    /// Deletes tags that were pushed longer ago, such as 90d, 12h or 8w
    #[arg(long, value_name = "AGE", help_heading = "Rules")]
    older_than: Option<AgeLimit>,
    /// Deletes tags that were pushed longer ago and not pulled since
    #[arg(long, value_name = "AGE", help_heading = "Rules")]
    not_pulled_for: Option<AgeLimit>,
    /// Deletes manifests that have had no tag for longer
    #[arg(long, value_name = "AGE", help_heading = "Rules")]
    untagged_older_than: Option<AgeLimit>,
    /// A registry vendor's own policy in place of rules: Amazon ECR, acr purge, Azure's retention, Harbor, Artifact
    /// Registry, GitLab, or GitHub's delete-package-versions
    #[arg(long, value_name = "FILE", conflicts_with_all = RULES)]
    pub policy: Option<PathBuf>,
    /// The form of the policy: ecr, acr-purge, acr-retention, harbor, artifact-registry, gitlab or ghcr [default: as it
    /// looks]
    #[arg(long, value_name = "FORM", value_parser = form, requires = "policy")]
    pub policy_form: Option<PolicyForm>,
    /// Writes the rules as a vendor's own policy or command, for you to apply: ecr, acr-purge, acr-retention, harbor,
    /// artifact-registry, gitlab or ghcr
    #[arg(long, value_name = "FORM", value_parser = form, conflicts_with_all = ["policy", "format"])]
    pub write_policy: Option<PolicyForm>,
    /// Only repositories with this name or glob, such as team-a/**; may be repeated
    #[arg(long = "repository", value_name = "GLOB")]
    pub repositories: Vec<String>,
    /// Only this registry; may be repeated
    #[arg(long = "registry", value_name = "REGISTRY")]
    registries: Vec<String>,
    /// Price book for every registry; overrides the configuration; tare prices list shows all price books
    #[arg(long, value_name = "BOOK")]
    pub price_book: Option<String>,
    /// Maximum number of tags in the table
    #[arg(long, value_name = "N", value_parser = whole_number, default_value = "20")]
    pub limit: usize,
    /// Output format
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
}

impl CleanupOptions {
    /// The registries to clean up; all if empty.
    ///
    /// # Errors
    /// If one is not the address of a registry.
    pub(in crate::cli) fn registries(&self) -> Result<Vec<RegistryAddress>, UsageError> {
        addresses(&self.registries)
    }

    /// The rules, those that keep first.
    pub(in crate::cli) fn rules(&self) -> CleanupRules {
        let numbers = [
            self.keep_newest.map(Rule::KeepNewest),
            self.keep_newest_patches.map(Rule::KeepNewestPatches),
            self.keep_newest_minors.map(Rule::KeepNewestMinors),
            self.keep_pulled_within.map(Rule::KeepPulledWithin),
        ];
        let ages = [
            self.older_than.map(Rule::OlderThan),
            self.not_pulled_for.map(Rule::NotPulledFor),
            self.untagged_older_than.map(Rule::UntaggedOlderThan),
        ];
        let mut rules: Vec<Rule> = numbers.into_iter().flatten().collect();
        rules.extend(self.keep.iter().cloned().map(Rule::Keep));
        rules.extend(self.delete.iter().cloned().map(Rule::Delete));
        rules.extend(ages.into_iter().flatten());
        CleanupRules(rules)
    }
}

/// Reads the form of a policy.
fn form(text: &str) -> Result<PolicyForm, String> {
    text.parse()
        .map_err(|_| format!("expected one of {}", PolicyForm::names()))
}
