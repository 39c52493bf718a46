//! What several tests need and the product does not.

pub mod faulty_registry;
mod self_test;
