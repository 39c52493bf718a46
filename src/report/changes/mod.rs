//! What changed between two moments, repository by repository, and why: `/v1/changes`.
//!
//! Both moments are priced as a calendar month at the level of their last crawl, with today's settings and all pulls known
//! today. The difference of a repository is divided among three causes: bytes (what it and its neighbours store, and what a
//! pull moves), pulls, and prices (editions of the price book, and the length of the month). Each cause gets its Shapley value:
//! the mean change that it alone adds, over every order in which the three can change. The registry is billed anew
//! for each combination, so quotas, tiers and the division of fees count. The causes add up to the difference to the last
//! digit.

mod causes;
mod compare;
mod group;
#[cfg(test)]
mod tests;

pub use causes::{ChangeCauses, CostChange};
pub use compare::{Moment, RepositoryChange, changes};
pub use group::{BytesChange, ChangeError, ChangeRow, ChangeStatus, PullsChange, change_rows};
