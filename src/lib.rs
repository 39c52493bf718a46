//! Tare tells a company what its container registry stores and moves, repository by repository, what
//! that costs, and what it would cost had each image been built on Alpine.
//!
//! # The map
//!
//! One crate, a room a module. Data flows one way: each room knows only rooms above it in this list, and
//! not all of those. `tests/architecture.rs` holds the table of arrows and fails naming the file and the
//! import.
//!
//! | room | what lives there |
//! |---|---|
//! | [`units`] | exact quantities: bytes and money, never floats |
//! | [`clock`] | what time it is: the one trait seam |
//! | [`oci`] | the words of the specifications: names, digests, manifests, configs; untrusted text as it may be shown |
//! | [`inventory`] | what a registry holds and how its repositories share it |
//! | [`base_image`] | which base is beneath an image, by which evidence; the catalogue of bases and twins |
//! | [`whatif`] | the image and the registry as they would be on Alpine |
//! | [`pricing`] | price books: bytes and pulls to money |
//! | [`cost`] | what a registry and its repositories cost, now and on Alpine |
//! | [`report`] | the answers that every edge shows |
//! | [`export`] | a month's costs in the forms that finance takes: FOCUS, CSV, a workbook |
//! | [`http`] | the HTTP client for servers that are not trusted: bounded in time and size |
//! | [`registry`] | the distribution protocol, as a client that trusts nothing |
//! | [`crawl`] | registry → findings: what to ask, what to skip; knows no SQL |
//! | [`store`] | the only room with SQL |
//! | [`jobs`] | crawl → save → work out → prune, when it is time, shared by any number of processes |
//! | [`identity`] | who sends a request and what they may see: API keys, access tokens, failed logins |
//! | [`metrics`] | what Prometheus is told |
//! | [`api`] | the service: REST and its documentation |
//! | [`page`] | the page at `/`: its files, and how they are served |
//! | [`demo`] | a made-up company's registry, served over real HTTP |
//! | [`config`] | settings from file, environment and flags, each with its origin |
//! | [`telemetry`] | what is said on standard error while a command works |
//! | [`cli`] | the commands; wires everything |
//!
//! `oci` to `export` are pure: values in, values out, no waiting, no machine. `crawl` and `store` meet in
//! `jobs` alone. A fault met while crawling is data in the result, never the end of it.
//!
//! # Reading order
//!
//! Start with [`inventory`]: its [`account`](inventory::account) is what everything else serves. Then
//! [`oci`] for the words, [`crawl`] for how facts are found, [`store`] for how they are kept, [`jobs`]
//! for how the two meet. Then the heart: [`base_image`] says what is beneath an image, and [`whatif`] what
//! Alpine would change. [`pricing`] turns bytes into a bill, [`cost`] divides it. [`report`] is what people
//! see, [`api`] and [`metrics`] how programs ask for it. [`cli`] comes last: it only wires.

pub mod api;
pub mod base_image;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cost;
pub mod crawl;
pub mod demo;
pub mod export;
pub mod http;
pub mod identity;
pub mod inventory;
pub mod jobs;
pub mod metrics;
pub mod oci;
pub mod page;
pub mod pricing;
pub mod registry;
pub mod report;
pub mod store;
pub mod telemetry;
pub mod units;
pub mod whatif;
