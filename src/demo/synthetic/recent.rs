//! A small memory of what was computed last: a client asks for the parts of one release one after another.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::Arc;

use parking_lot::Mutex;

/// The values that were computed last, at most so many.
pub(super) struct Recent<K, V> {
    most: usize,
    kept: Mutex<(HashMap<K, Arc<V>>, VecDeque<K>)>,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// Keeps at most so many values.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            kept: Mutex::new((HashMap::new(), VecDeque::new())),
        }
    }

    /// The value of a key, computed if it is not kept. Two threads may compute the same value at the same time.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> Arc<V> {
        if let Some(value) = self.kept.lock().0.get(&key) {
            return Arc::clone(value);
        }
        let value = Arc::new(compute());
        let (values, order) = &mut *self.kept.lock();
        if values.insert(key, Arc::clone(&value)).is_none() {
            order.push_back(key);
        }
        if order.len() > self.most
            && let Some(oldest) = order.pop_front()
        {
            values.remove(&oldest);
        }
        value
    }
}
