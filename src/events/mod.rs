//! Events that registries send: an envelope of any vendor becomes a list of our own events.
//!
//! [`read_envelope`] recognises the vendor by the shape of the document. There is a file for each vendor; all of them rest
//! on the vendors' public documentation, which `docs/vendors.md` names. An event is a hint and never a fact: it says which
//! tag or manifest to ask the registry for. What makes no sense is skipped and counted, because most registries send a
//! refused envelope again and again.
//!
//! Pulls that an envelope tells of are counted by [`pulls`](crate::pulls).

mod azure;
mod cloud_event;
mod coverage;
mod distribution;
mod docker_hub;
mod ecr;
mod envelope;
mod event;
mod github;
mod google;
mod harbor;
mod quay;
mod reader;
#[cfg(test)]
mod tests;

pub use coverage::EventCoverage;
pub use envelope::{Envelope, KNOWN_FORMS, UnknownEnvelope, read_envelope};
pub use event::{EventAction, EventSubject, RegistryEvent};
pub use reader::{ReadEvents, SkipReason, Skipped};
