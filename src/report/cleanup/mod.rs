//! What a clean-up would delete and free, in bytes and in money: the answer of `tare cleanup` and of `/v1/cleanup`.

mod answer;
mod content;
mod csv;
mod money;
mod notes;
mod table;

pub use answer::{
    Cleanup, CleanupCostCentre, CleanupQuestion, CleanupRegistry, CleanupRepository, CleanupRule, CleanupTag,
};
pub use csv::cleanup_csv;
pub use table::cleanup_table;
