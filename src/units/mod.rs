//! Exact quantities: bytes here, money beside it once prices arrive.
//!
//! Nothing in this room is ever a float, and every sum is checked: a registry that claims sizes which
//! overflow gets an error, not a small total.

mod byte_count;

pub use byte_count::{ByteCount, ByteOverflow};
