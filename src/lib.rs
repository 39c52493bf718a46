//! Tare tells a company what its container registry stores and moves, repository by repository, what
//! that costs, and what it would cost had each image been built on Alpine.

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
