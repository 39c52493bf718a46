use crate::base_image::System;

/// A system, and how sure that is in percent.
pub(super) type Found = Option<(System, u8)>;

/// How many steps at the start of a history are searched for traces of a system. A system's own steps come first.
pub(super) const SYSTEM_STEPS: usize = 12;
