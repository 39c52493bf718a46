//! Tare tells a company what its container registry stores and moves, repository by repository, what
//! that costs, and what it would cost had each image been built on Alpine.

pub mod base_image;
pub mod clock;
pub mod inventory;
pub mod oci;
pub mod units;
pub mod whatif;
