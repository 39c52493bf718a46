//! What a clean-up would delete, and what that frees. Nothing is ever deleted.
//!
//! A [`Policy`] is either Tare's own [`CleanupRules`] or a registry vendor's own policy, read as it is. It selects tags and
//! untagged manifests of repositories; [`simulate`] works out which manifests go with them and which bytes that frees.
//!
//! # What goes
//!
//! - Rules select **tags**. A **manifest** goes if it is in the repository before the clean-up and nothing that stays in
//!   the repository reaches it: no tag, no index, and no image that it is attached to. So the platform images of an index
//!   go with the index, and signatures and SBOMs go with their image.
//! - Signatures that are attached by a tag (`sha256-….sig`) follow their image: rules of age or number neither select nor count
//!   them. Without their image they stay, unless a rule deletes them by name.
//! - Manifests that had **no tag before** stay, with all that they reach, unless a rule about untagged manifests selects them.
//!   Registries that do not list untagged manifests give no such rule anything to select.
//! - A **blob** is freed if nothing that stays reaches it within the scope in which the registry shares blobs
//!   ([`DedupScope`](crate::inventory::DedupScope)): the whole registry, or each repository. Registries free it with their
//!   next garbage collection.
//!
//! # How rules combine
//!
//! A tag goes if any rule that deletes selects it and no rule that keeps protects it. So a further rule that keeps never
//! frees more. [`Rule::KeepNewest`] keeps the newest tags; unless a rule of age ([`Rule::OlderThan`], [`Rule::NotPulledFor`])
//! says which of the others go, all of them do. The SemVer rules do the same among releases. Without any rule that
//! deletes, nothing goes.
//!
//! A tag is as old as its push: as the registry says, else as crawls saw it appear, else as its image was built
//! ([`PushTimeBasis`]). The newest come first; of equal times, the last by name does.
//!
//! # How freed bytes are divided
//!
//! A shared blob is freed only if all repositories that held it release it, so its bytes are divided evenly among them.
//! This is the Shapley value of the bytes that a group of repositories can free. The parts add up to the total.

mod age;
mod content;
mod glob;
mod policy;
#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod property_tests;
mod regex;
mod rules;
mod selection;
mod semver;
mod simulate;
#[cfg(test)]
mod tests;
mod times;
mod written;
#[cfg(test)]
mod written_tests;

pub use age::{AgeLimit, InvalidAge};
pub use content::{PushTime, PushTimeBasis, RepositoryContent, TagFacts, UntaggedFacts};
pub use glob::{InvalidTagGlob, TagGlob};
pub use policy::{
    AcrPurge, AcrRetention, ArtifactRegistryPolicy, EcrPolicy, GhcrPolicy, GitLabPolicy, HarborPolicy,
    InvalidPolicy, Policy, PolicyForm, PolicyRule,
};
pub use rules::{CleanupRules, Rule};
pub use selection::Selection;
pub use simulate::{CleanupResult, RepositoryResult, simulate};
pub use times::{TagTimes, TagTimesByRegistry};
pub use written::{CannotSay, WrittenPolicy};
