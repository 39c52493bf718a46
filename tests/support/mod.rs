//! What several tests need and the product does not.

pub mod faulty_registry;
pub mod postgres;
mod self_test;
