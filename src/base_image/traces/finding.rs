use crate::base_image::System;

/// An operating system with a confidence in percent.
pub(super) type Found = Option<(System, u8)>;

/// The number of first steps that are searched for traces of an operating system, whose own steps come first.
/// Our choice.
pub(super) const SYSTEM_STEPS: usize = 12;
