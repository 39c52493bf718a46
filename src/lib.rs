//! Tare tells a company what its container registry stores and moves, repository by repository, what that costs, and
//! what it would cost if the images were built on Alpine.
//!
//! `docs/architecture.md` explains the decisions, the way of one digest and of one price through the code, and how to
//! add a figure, a setting or a vendor.
//!
//! # The map
//!
//! One crate; each top-level module is called a room. Data flows one way: a room uses only rooms above it in this list,
//! and not all of those. `tests/architecture.rs` has the table of what each room may use, and fails naming the file and
//! the import.
//!
//! | room | what it contains |
//! |---|---|
//! | [`units`] | byte counts, money, currencies, periods: exact, never floats |
//! | [`wording`] | messages for people: which known name was meant, lines that fit a terminal |
//! | [`clock`] | the current time, as a trait |
//! | [`oci`] | types of the OCI specifications: names, digests, manifests, configurations; untrusted text |
//! | [`inventory`] | what a registry contains, and how its repositories share it |
//! | [`base_image`] | which base image is under an image; the catalogue of base images and their Alpine variants |
//! | [`whatif`] | the image and the registry as they would be on Alpine |
//! | [`pricing`] | price books: from bytes and pulls to money |
//! | [`pulls`] | how often images were pulled: notifications, imported logs, assumptions |
//! | [`events`] | events that registries send, of any vendor, as our own |
//! | [`cleanup`] | what a clean-up would delete, by our rules or a vendor's policy, and what that frees |
//! | [`cost`] | what a registry and its repositories cost, now and on Alpine; cost centres; budgets |
//! | [`plan`] | in which order repositories are best switched |
//! | [`report`] | the answers that every interface shows |
//! | [`export`] | a month's costs as FOCUS, CSV and Excel |
//! | [`http`] | the HTTP client for servers that are not trusted |
//! | [`registry`] | the distribution protocol, as a client that does not trust the registry |
//! | [`crawl`] | from a registry to findings: what to request, what to skip; knows no SQL |
//! | [`store`] | the only room with SQL |
//! | [`analysis`] | loads facts, computes answers, saves them, closes months |
//! | [`jobs`] | crawl → save → analyse, on a schedule, shared by any number of processes |
//! | [`identity`] | API keys, access tokens, logins with a browser and their sessions, failed logins; who may see what |
//! | [`metrics`] | Prometheus metrics |
//! | [`api`] | the REST API and its OpenAPI document |
//! | [`page`] | the web page and how it is served |
//! | [`demo`] | registries to try and to measure with, served over real HTTP: a made-up company's, and generated ones |
//! | [`config`] | settings from file, environment and options, each with its origin |
//! | [`telemetry`] | logs and spans |
//! | [`cli`] | the commands; connects everything |
//!
//! `oci` to `export` are pure: values in, values out, no async code, no I/O, no clock. `crawl` and `store` meet in
//! `jobs` only. A fault that a crawl meets is data in its result and never ends the crawl.
//!
//! # Reading order
//!
//! Start with [`inventory`]: everything else serves its [`account`](inventory::account). Then [`oci`] for the terms,
//! [`crawl`] for how facts are found, [`store`] for how they are saved, [`jobs`] for how the two meet. Then the core:
//! [`base_image`] finds the base of an image, and [`whatif`] predicts what Alpine would change. [`pricing`] turns bytes
//! into a bill, [`cost`] divides it, and [`analysis`] computes all of it. [`report`] is what people see; [`api`] and
//! [`metrics`] are how programs get it. [`cli`] comes last: it connects everything.
//!
//! # Glossary
//!
//! Terms of the OCI specifications:
//!
//! | term | meaning |
//! |---|---|
//! | registry | a server that stores images; has repositories |
//! | repository | a named set of images in a registry, such as `team/api` |
//! | tag | a name for an image in a repository; can be moved to another image |
//! | digest | the SHA-256 hash of a document or layer, and its address: content never changes under its digest |
//! | manifest | the document that lists the configuration and the layers of one image for one platform, with their sizes |
//! | index | a document that lists manifests, usually one per platform (Docker: manifest list) |
//! | platform | operating system, architecture and variant, such as `linux/arm64/v8` |
//! | configuration | the document of an image with its environment, labels and build history |
//! | layer | a compressed archive of files; an image is a stack of layers |
//! | blob | any content with a digest: a layer or a configuration; here manifests and indexes too, since they are stored as well |
//! | catalogue | of a registry: the list of its repositories |
//! | referrer | a manifest that is attached to another one: a signature, an SBOM, an attestation |
//! | untagged manifest | a manifest that no tag reaches, directly or through an index or as a referrer |
//! | foreign layer | a layer that the registry does not store because its vendor distributes it (Windows base layers) |
//!
//! Sizes. All are compressed bytes, as stored and transferred:
//!
//! | term | meaning |
//! |---|---|
//! | logical bytes | the sizes of all tags added up, each tag counted alone |
//! | stored bytes | every reachable blob counted once within the dedup scope |
//! | dedup scope | where a registry keeps one copy of a blob: the whole registry, or each repository (AWS ECR) |
//! | exclusive bytes | of a repository or tag: blobs that nothing else reaches; deleting it frees them |
//! | attributed bytes | of a repository: each blob's bytes divided by the number of repositories that reach it. Adds up to the stored bytes exactly |
//! | untagged bytes | stored, but reached by no tag |
//!
//! Alpine:
//!
//! | term | meaning |
//! |---|---|
//! | base image | the image on which another image is built |
//! | Alpine variant, twin | the Alpine image that replaces a base image: `node:22-alpine` for `node:22` |
//! | builder | an image that is used to build others and does not run in production |
//! | evidence | what shows the base of an image: digests, layers, names, build steps, version variables |
//! | evidence class | A to D: how good the evidence for a predicted size is |
//! | estimate, range | a predicted figure with `low`, `expected` and `high` |
//! | coverage | the share of repositories in which the truth lies within the range: 80 or 90 of 100 |
//! | verdict | what to do with an image or repository: switch, already small, not smaller, builder, blocked, unknown base, not an image |
//! | representative image | the image whose evidence and size explain the verdict on its repository |
//! | solo saving | what is saved if only this repository moves; does not add up |
//! | joint saving | a repository's part of the registry's saving if all with the verdict `switch` move; adds up |
//! | break-even | how many repositories that share a base must move before anything is freed |
//! | counterfactual | the whole registry as it would be, in one graph with the registry as it is |
//! | step, wave | repositories that switch together in the best order; several steps in a row, as a plan shows them |
//!
//! Money:
//!
//! | term | meaning |
//! |---|---|
//! | price book | the prices of one plan of one seller, with source and date |
//! | plan, fee, quota, tier | what is sold; its flat fee; the free amount; a price that applies from a level on |
//! | zone | the destination of traffic in a price book: same region, other region, internet |
//! | usage | what was stored and moved over a period |
//! | bill | what a usage costs by a price book, line by line |
//! | allocation | dividing a bill among repositories; what is left is *unallocated* |
//! | statement | a bill with its allocation, now and on Alpine, and everything that it rests on |
//! | closed month | a month whose statements are saved and no longer change; differences become corrections |
//! | marginal price | what one more unit costs; 0 below a quota |
//! | pull | one download of an image by a node. A *cold* pull finds no layer of it on the node, a *warm* one finds the base |
//! | metered, imported, assumed | the sources of pull counts: notifications, files, configuration |
//! | cost centre | who pays for a repository; with team and environment one of its three labels |
//! | budget | what may be spent in a month on a registry, a cost centre or everything |
//! | payback | after how many months a saving has paid for the effort of moving |
//!
//! Operation:
//!
//! | term | meaning |
//! |---|---|
//! | crawl | reading a registry once; *complete* if everything that was chosen could be read |
//! | event, question | what a registry tells when it happens; what the registry is asked because of it |
//! | finding, fault | a fact that a crawl reports; something that it could not read |
//! | lease | the time for which a process owns its part of a crawl unless it renews it |
//! | clean-up, policy | deleting tags and manifests by rules, which Tare simulates; the rules, our own or a vendor's |
//! | snapshot | the analysis that the service answers from until there is a newer one |
//! | caller, scope | who sends a request; what a key or token allows |

pub mod analysis;
pub mod api;
pub mod base_image;
pub mod cleanup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cost;
pub mod crawl;
pub mod demo;
pub mod events;
pub mod export;
pub mod http;
pub mod identity;
pub mod inventory;
pub mod jobs;
pub mod metrics;
pub mod notify;
pub mod oci;
pub mod page;
pub mod plan;
pub mod pricing;
pub mod pulls;
pub mod registry;
pub mod report;
pub mod store;
pub mod telemetry;
pub mod units;
pub mod whatif;
pub mod wording;
