//! Repositories that the registry lists and these credentials may not read. With attribute-based access control of Azure,
//! that may be most of them.

use super::walk::Walk;
use crate::inventory::FaultKind;
use crate::oci::RepositoryName;

/// How many repositories are named. Our choice.
const MAX_NAMED: usize = 5;

impl Walk<'_> {
    /// Whether denied repositories are reported together: on Azure, if the catalogue listed them.
    pub(super) fn gathers_denied(&self) -> bool {
        self.plan.untagged && self.plan.repositories.needs_catalogue()
    }

    /// Reports the denied repositories, all at once.
    pub(super) async fn send_denied(&self) {
        let mut denied = std::mem::take(&mut *self.denied.lock());
        if denied.is_empty() {
            return;
        }
        denied.sort();
        let named: Vec<&str> = denied
            .iter()
            .take(MAX_NAMED)
            .map(RepositoryName::as_str)
            .collect();
        let more = match denied.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let fault = format!(
            "these credentials may not read {} of the listed repositories: {}{more}. Give them the right (Container \
             Registry Repository Reader where the registry goes by attributes), or name the repositories to be read",
            denied.len(),
            named.join(", "),
        );
        self.sender
            .fault(None, "repositories", FaultKind::Denied, fault)
            .await;
    }
}
