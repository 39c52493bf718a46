//! In which order repositories are best switched.
//!
//! Repositories share layers, so the saving of one depends on the others: an old layer is freed when the last repository that
//! holds it has switched, and a new one is paid for by the first that needs it. A [`SwitchGraph`] has the repositories that can
//! switch, the effort of each, and these dependencies. [`SwitchGraph::order`] is the best order.
//!
//! For any price of effort there is a set of repositories whose saving, less the price of its effort, is largest. It is a
//! closure of maximum weight, found by a minimum cut. The sets are nested: a lower price only adds repositories. So they are the
//! [`Step`]s of one order, and each step rests on a proof: no other choice saves more for the same or less effort.
//!
//! One dependency is left open: a blob that some repositories would release while others would start to use it, such as a layer
//! of an Alpine image that only one repository has today. It counts as never freed, so at most
//! [`SwitchGraph::undecided_bytes`] more can be saved than the order says.
//!
//! All arithmetic is exact, in integers.

mod closure;
mod graph;
mod groups;
mod network;
mod order;
#[cfg(test)]
mod order_tests;
mod registry;
mod waves;

pub use graph::{RepositoryChange, SwitchGraph, TooLarge};
pub use order::{Step, SwitchOrder};
pub use registry::Candidate;
pub use waves::waves;
