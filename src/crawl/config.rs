use super::digest_state::DigestState;
use super::repository::Visit;
use super::walk::TagWalk;
use super::walk_outcome::WalkOutcome;
use crate::inventory::{ConfigFact, FaultKind, Finding};
use crate::oci::{Descriptor, ImageConfig};
use crate::units::ByteCount;

impl Visit<'_> {
    /// Reports an image configuration, unless it is known.
    pub(super) async fn config(&self, descriptor: &Descriptor, tag_walk: &TagWalk) -> WalkOutcome {
        let digest = descriptor.digest;
        if self.known.complete.contains(&digest) {
            return WalkOutcome::COMPLETE;
        }
        let Some(state) = self.walk.digests.get(digest) else {
            return WalkOutcome::COMPLETE;
        };
        let mut state = state.lock().await;
        match &*state {
            DigestState::Complete => return WalkOutcome::COMPLETE,
            // A configuration has nothing below it, so it is never partial.
            DigestState::Open | DigestState::Partial(_) | DigestState::Broken(_) => {}
        }
        if self.is_gone(&digest) {
            return WalkOutcome::VANISHED;
        }
        let reference = digest.to_string();
        let content = match self.walk.client.get_config(self.repository, &digest).await {
            Ok(content) => content,
            Err(error) => return self.missing_below(tag_walk, digest, &reference, &error).await,
        };
        let size = ByteCount::try_from(content.len() as u64).unwrap_or(ByteCount::MAX);
        let config = match ImageConfig::parse_keeping(&content, &self.walk.plan.kept_labels) {
            Ok(config) => config,
            Err(error) => {
                // Signatures, models and other artifacts pass for images to registries that accept nothing else.
                *state = DigestState::Complete;
                let fault = format!("not the configuration of an image: {error}");
                self.fault_within(tag_walk, &reference, FaultKind::Unsupported, fault)
                    .await;
                return WalkOutcome::COMPLETE;
            }
        };
        let is_sound = self
            .check_size(tag_walk, &reference, Some(descriptor.size), size)
            .await;
        self.walk
            .sender
            .send(Finding::Config(Box::new(ConfigFact { digest, size, config })))
            .await;
        *state = DigestState::Complete;
        self.walk.digests.complete(digest);
        match is_sound {
            true => WalkOutcome::COMPLETE,
            false => WalkOutcome::COMPLETE.with_loss(),
        }
    }
}
