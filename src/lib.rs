//! Tare tells a company what its container registry stores and moves, repository by repository, what
//! that costs, and what it would cost had each image been built on Alpine.
//!
//! # The map
//!
//! One crate, a room a module. Data flows one way and each room knows only rooms above it in this list;
//! `tests/architecture.rs` holds the table of arrows and fails naming the file and the import.
//!
//! | room | what lives there |
//! |---|---|
//! | [`units`] | exact quantities |
//! | [`clock`] | what time it is: the one trait seam |
//! | [`oci`] | the words of the specifications: names, digests, manifests, configs |
//! | [`inventory`] | what a registry holds and how its repositories share it |
//!
//! `oci` to `report` are pure: values in, values out, no waiting, no machine. A fault met while crawling
//! is data in the result, never the end of it.
//!
//! # Reading order
//!
//! Start with [`inventory`]: its [`account`](inventory::account) is what everything else serves. Then
//! [`oci`] for the words.

pub mod cli;
pub mod clock;
pub mod config;
pub mod crawl;
pub mod demo;
pub mod inventory;
pub mod jobs;
pub mod oci;
pub mod registry;
pub mod report;
pub mod store;
pub mod telemetry;
pub mod units;
