use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

use super::Progress;
use crate::inventory::{Fault, FaultKind, Finding};
use crate::oci::RepositoryName;
use crate::registry::{ErrorKind, RegistryError};

/// Sends findings to the receiver and counts them.
pub(super) struct FindingSender<'a> {
    findings: mpsc::Sender<Finding>,
    pub(super) progress: &'a Progress,
    pub(super) counts: Counts,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) repositories: AtomicU64,
    pub(super) tags: AtomicU64,
    pub(super) manifests: AtomicU64,
    pub(super) configs: AtomicU64,
    pub(super) faults: AtomicU64,
    /// The faults that make the result incomplete.
    pub(super) losses: AtomicU64,
}

impl<'a> FindingSender<'a> {
    pub(super) fn new(findings: mpsc::Sender<Finding>, progress: &'a Progress) -> Self {
        Self {
            findings,
            progress,
            counts: Counts::default(),
        }
    }

    /// Waits until the receiver is gone.
    pub(super) async fn closed(&self) {
        self.findings.closed().await;
    }

    pub(super) async fn send(&self, finding: Finding) {
        let counter = match &finding {
            Finding::Manifest(_) => Some(&self.counts.manifests),
            Finding::Config(_) => Some(&self.counts.configs),
            Finding::Tag { .. } => Some(&self.counts.tags),
            Finding::Repository(_) => Some(&self.counts.repositories),
            Finding::Fault(_) => Some(&self.counts.faults),
            Finding::Referrer { .. } | Finding::SoftDeleted(_) => None,
        };
        // If the receiver is gone, the crawl is about to be dropped at an await like this one.
        if self.findings.send(finding).await.is_ok()
            && let Some(counter) = counter
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) async fn fault(
        &self,
        repository: Option<&RepositoryName>,
        reference: impl Into<String>,
        kind: FaultKind,
        fault: impl Into<String>,
    ) {
        if kind.is_loss() {
            self.counts.losses.fetch_add(1, Ordering::Relaxed);
        }
        Progress::add(&self.progress.faults, 1);
        self.send(Finding::Fault(Fault {
            repository: repository.cloned(),
            reference: Some(reference.into()),
            kind,
            fault: fault.into(),
        }))
        .await;
    }
}

/// The kind of fault when a request for something listed fails.
pub(super) fn kind_of(error: &RegistryError) -> FaultKind {
    match error.kind() {
        ErrorKind::NotFound => FaultKind::Vanished,
        ErrorKind::Denied => FaultKind::Denied,
        ErrorKind::Unavailable => FaultKind::Unavailable,
        ErrorKind::Invalid => FaultKind::Invalid,
    }
}
