//! Hash maps for keys that are digests, hashes or small numbers.

use std::collections::{HashMap, HashSet};

/// The hash of such keys: faster than the standard library's, and with a random start, because registries choose the
/// digests that they state.
pub(crate) type KeyHash = foldhash::fast::RandomState;

/// A map whose keys are digests, hashes or small numbers.
pub(crate) type KeyMap<K, V> = HashMap<K, V, KeyHash>;

/// A set of such keys.
pub(crate) type KeySet<K> = HashSet<K, KeyHash>;
