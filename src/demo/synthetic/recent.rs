//! A small cache of the last results: a client asks for the parts of one release one after another.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// The values that were computed last, at most so many.
pub(super) struct Recent<K, V> {
    most: usize,
    kept: Mutex<Kept<K, V>>,
}

struct Kept<K, V> {
    values: HashMap<K, Arc<V>>,
    /// The keys, oldest first.
    order: VecDeque<K>,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// Keeps at most so many values.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::new(Kept {
                values: HashMap::new(),
                order: VecDeque::new(),
            }),
        }
    }

    /// The value of a key, computed if it is not kept. Two threads may compute the same value at the same time.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> Arc<V> {
        if let Some(value) = self.kept.lock().values.get(&key) {
            return Arc::clone(value);
        }
        let value = Arc::new(compute());
        let kept = &mut *self.kept.lock();
        if kept.values.insert(key, Arc::clone(&value)).is_none() {
            kept.order.push_back(key);
        }
        if kept.order.len() > self.most
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.values.remove(&oldest);
        }
        value
    }
}
