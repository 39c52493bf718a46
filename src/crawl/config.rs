use super::claims::Claim;
use super::reach::Reach;
use super::repository::Visit;
use crate::inventory::{ConfigFact, FaultKind, Finding};
use crate::oci::{Descriptor, ImageConfig};
use crate::units::ByteCount;

impl Visit<'_> {
    /// Reports an image's configuration, unless it is known.
    pub(super) async fn config(&self, descriptor: &Descriptor) -> Reach {
        let digest = descriptor.digest;
        if self.known.complete.contains(&digest) {
            return Reach::WHOLE;
        }
        let Some(claim) = self.walk.claims.of(digest) else {
            return Reach::WHOLE;
        };
        let mut claim = claim.lock().await;
        match &*claim {
            Claim::Complete => return Reach::WHOLE,
            Claim::Broken(_) => return Reach::LOST,
            // A configuration has nothing beneath it, so it is never partial.
            Claim::Open | Claim::Partial(_) => {}
        }
        if self.is_gone(&digest) {
            return Reach::GONE;
        }
        let reference = digest.to_string();
        let content = match self.walk.client.get_config(self.repository, &digest).await {
            Ok(content) => content,
            Err(error) => return self.missing(digest, &reference, &error).await,
        };
        let size = ByteCount::try_from(content.len() as u64).unwrap_or(ByteCount::MAX);
        let config = match ImageConfig::parse_keeping(&content, &self.walk.plan.kept_labels) {
            Ok(config) => config,
            Err(error) => {
                *claim = Claim::Broken(error.to_string().into());
                self.fault(&reference, FaultKind::Invalid, error.to_string())
                    .await;
                return Reach::LOST;
            }
        };
        let is_sound = self.check_size(&reference, Some(descriptor.size), size).await;
        self.walk
            .outbox
            .send(Finding::Config(Box::new(ConfigFact { digest, size, config })))
            .await;
        *claim = Claim::Complete;
        self.walk.claims.complete(digest);
        match is_sound {
            true => Reach::WHOLE,
            false => Reach::WHOLE.with_loss(),
        }
    }
}
