//! The client over real HTTP: against honest registries, faulty ones, and ones that attack.

mod attacks;
mod authentication;
mod azure;
mod bounds;
mod harness;
mod listings;
mod oracle;
mod persistence;
mod requests;
mod tls;
