//! Stores events of registries before they are answered. Envelopes that arrive at the same time share a transaction: a
//! registry sends one event at a time, and each commit waits for the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tracing::Instrument as _;

use crate::clock::Clock;
use crate::events::{ReadEvents, RegistryEvent};
use crate::oci::RegistryName;
use crate::pulls::MeteredPulls;
use crate::store::{AcceptedEvents, CountedNotifications, PENDING_LIMIT, Store, StoreError};

/// How many envelopes may wait. Our choice: a second's worth; more are answered 503.
const WAITING: usize = 5_000;
/// How many envelopes share a transaction. Our choice: more bring no more speed.
const SHARED: usize = 500;
/// How many events share a transaction. Our choice: it bounds the memory and the time of one statement.
const SHARED_EVENTS: usize = 20_000;

/// What became of an envelope.
pub(super) struct Stored {
    pub(super) changes: AcceptedEvents,
    pub(super) pulls: CountedNotifications,
}

/// Why an envelope is not stored.
pub(super) enum NotStored {
    /// Too many are waiting.
    Busy,
    /// The database does not take it.
    Store(Arc<StoreError>),
}

/// An envelope on its way to the store.
struct Delivery {
    registry: RegistryName,
    changes: Vec<RegistryEvent>,
    pulls: MeteredPulls,
    reply: oneshot::Sender<Result<Stored, Arc<StoreError>>>,
}

/// The way of envelopes to the store.
pub(super) struct Intake(mpsc::Sender<Delivery>);

impl Intake {
    /// Starts the task that stores envelopes, on the current runtime. It ends with the last sender.
    pub(super) fn start(store: Store, clock: Arc<dyn Clock>) -> Self {
        let (sender, deliveries) = mpsc::channel(WAITING);
        tokio::spawn(Writer { store, clock }.run(deliveries).in_current_span());
        Self(sender)
    }

    /// Stores an envelope.
    ///
    /// # Errors
    /// If it is not stored.
    pub(super) async fn store(&self, registry: RegistryName, read: ReadEvents) -> Result<Stored, NotStored> {
        let (reply, stored) = oneshot::channel();
        let delivery = Delivery {
            registry,
            changes: read.changes,
            pulls: read.pulls,
            reply,
        };
        self.0.try_send(delivery).map_err(|_| NotStored::Busy)?;
        match stored.await {
            Ok(stored) => stored.map_err(NotStored::Store),
            // The writer is gone, because the process ends.
            Err(_) => Err(NotStored::Busy),
        }
    }
}

struct Writer {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl Writer {
    async fn run(self, mut deliveries: mpsc::Receiver<Delivery>) {
        while let Some(first) = deliveries.recv().await {
            let mut by_registry: BTreeMap<RegistryName, Vec<Delivery>> = BTreeMap::new();
            let (mut envelopes, mut events) = (0, 0);
            let mut next = Some(first);
            while let Some(delivery) = next {
                envelopes += 1;
                events += delivery.changes.len() + delivery.pulls.pulls.len() + delivery.pulls.blobs.len();
                by_registry
                    .entry(delivery.registry.clone())
                    .or_default()
                    .push(delivery);
                next = match envelopes < SHARED && events < SHARED_EVENTS {
                    true => deliveries.try_recv().ok(),
                    false => None,
                };
            }
            for (registry, deliveries) in by_registry {
                self.write(&registry, deliveries).await;
            }
        }
    }

    /// Stores envelopes of one registry together. If the database refuses them, each is tried alone, so that one of them
    /// cannot take others with it.
    async fn write(&self, registry: &RegistryName, deliveries: Vec<Delivery>) {
        match self.write_together(registry, &deliveries).await {
            Ok(stored) => {
                for (delivery, stored) in deliveries.into_iter().zip(stored) {
                    // The client may be gone.
                    let _ = delivery.reply.send(Ok(stored));
                }
            }
            Err(error) if error.is_transient() || deliveries.len() == 1 => {
                let error = Arc::new(error);
                for delivery in deliveries {
                    let _ = delivery.reply.send(Err(Arc::clone(&error)));
                }
            }
            Err(_) => {
                for delivery in deliveries {
                    let alone = self
                        .write_together(registry, std::slice::from_ref(&delivery))
                        .await;
                    let alone = alone.map(|stored| stored.into_iter().next());
                    let _ = match alone {
                        Ok(Some(stored)) => delivery.reply.send(Ok(stored)),
                        Ok(None) => continue,
                        Err(error) => delivery.reply.send(Err(Arc::new(error))),
                    };
                }
            }
        }
    }

    async fn write_together(
        &self,
        registry: &RegistryName,
        deliveries: &[Delivery],
    ) -> Result<Vec<Stored>, StoreError> {
        let envelopes: Vec<&[RegistryEvent]> = deliveries.iter().map(|delivery| &*delivery.changes).collect();
        let now = self.clock.now();
        let changes = self
            .store
            .accept_events(registry, &envelopes, PENDING_LIMIT, now)
            .await?;
        let mut counted = BTreeMap::new();
        let with_pulls: Vec<usize> = deliveries
            .iter()
            .zip(&changes)
            .enumerate()
            .filter(|(_, (delivery, changes))| {
                let pulls = &delivery.pulls;
                let has_pulls = !pulls.pulls.is_empty() || !pulls.blobs.is_empty();
                has_pulls && matches!(changes, AcceptedEvents::Stored { .. })
            })
            .map(|(place, _)| place)
            .collect();
        if !with_pulls.is_empty() {
            let pulls: Vec<&MeteredPulls> =
                with_pulls.iter().map(|place| &deliveries[*place].pulls).collect();
            let metered = self.store.meter_envelopes(registry, &pulls).await?;
            counted.extend(with_pulls.into_iter().zip(metered.unwrap_or_default()));
        }
        let stored = changes.into_iter().enumerate().map(|(place, changes)| Stored {
            changes,
            pulls: counted.remove(&place).unwrap_or_default(),
        });
        Ok(stored.collect())
    }
}
