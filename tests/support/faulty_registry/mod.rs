//! A container registry inside the test process, with faults on demand.
//!
//! It speaks the distribution protocol over real HTTP on a port of its own, from contents that the test
//! makes up, and records every request. It is honest until told otherwise: [`Setup`] chooses how it
//! pages, links and asks for credentials, and [`FaultyRegistry::on`] spoils chosen answers while it runs.
//!
//! ```ignore
//! let registry = FaultyRegistry::holding(|content| {
//!     content.repository("team-a/api").tag("1.0", image().layer("base", 100).layer("app", 20));
//! })
//! .page_size(2)
//! .start();
//! registry.on(|request| request.is_get("/manifests/")).times(1).spoil(Spoil::Status(503));
//! assert_eq!(registry.count("GET", "/tags/list"), 1);
//! ```

mod answer;
mod attachments;
mod content;
mod endpoints;
mod gate;
mod image;
mod rules;
mod server;
mod setup;
mod tokens;

pub use answer::{Answer, Body};
pub use attachments::{
    artifact_manifest_of, attestation_of, helm_chart, oci_attestation_of, schema1, signature_of,
};
pub use content::Content;
pub use gate::Gate;
pub use image::{Document, image, index, layer_digest};
pub use rules::{Request, Spoil};
pub use server::FaultyRegistry;
pub use setup::{Links, Setup};
pub use tokens::TokenServer;
