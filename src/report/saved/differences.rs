//! What two sets of answers do not have in common, in words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde_json::Value;

use super::SavedAnswers;

impl SavedAnswers {
    /// What is different in answers that were computed again: one line for each value, registries first. Empty if both are
    /// equal.
    pub fn differences(&self, computed: &Self) -> Vec<String> {
        if self == computed {
            return Vec::new();
        }
        let mut lines = Lines(Vec::new());
        let (saved, new) = (&self.report, &computed.report);
        lines.value("report", "as_of", &saved.as_of, &new.as_of);
        lines.value("report", "complete", &saved.complete, &new.complete);
        lines.rows(&saved.registries, &new.registries, |row| row.registry.to_string());
        lines.rows(&saved.repositories, &new.repositories, |row| {
            format!("{}/{}", row.registry, row.totals.repository)
        });
        lines.value("report", "headline", &saved.headline, &new.headline);
        lines.value("report", "notes", &saved.notes, &new.notes);
        if self.last_crawls != computed.last_crawls {
            lines
                .0
                .push("the states of the last crawls are different".to_owned());
        }
        let images = self.representatives.iter().zip(&computed.representatives);
        for ((saved, new), row) in images.zip(&new.repositories) {
            let what = format!(
                "the representative image of {}/{}",
                row.registry, row.totals.repository
            );
            lines.compare(&what, saved, new);
        }
        if self.alpine_releases != computed.alpine_releases {
            lines
                .0
                .push("the known releases of Alpine are different".to_owned());
        }
        if lines.0.is_empty() {
            lines
                .0
                .push("the answers are different in a value that no interface shows".to_owned());
        }
        lines.0
    }
}

/// The lines that have been written.
struct Lines(Vec<String>);

impl Lines {
    fn value<T: PartialEq + Serialize>(&mut self, what: &str, name: &str, saved: &T, computed: &T) {
        if saved != computed {
            self.walk(&format!("{what}: {name}"), &json(saved), &json(computed));
        }
    }

    /// Compares rows that have the same key.
    fn rows<T: PartialEq + Serialize + Debug>(
        &mut self,
        saved: &[T],
        computed: &[T],
        key: impl Fn(&T) -> String,
    ) {
        let mut known: BTreeMap<String, &T> = saved.iter().map(|row| (key(row), row)).collect();
        for row in computed {
            let key = key(row);
            match known.remove(&key) {
                Some(saved) => self.compare(&key, saved, row),
                None => self.0.push(format!("{key} is not in the saved answers")),
            }
        }
        let gone = known.keys();
        self.0
            .extend(gone.map(|key| format!("{key} is only in the saved answers")));
    }

    fn compare<T: PartialEq + Serialize + Debug>(&mut self, what: &str, saved: &T, computed: &T) {
        if saved == computed {
            return;
        }
        let before = self.0.len();
        self.walk(what, &json(saved), &json(computed));
        if self.0.len() == before {
            self.0
                .push(format!("{what}: a value that no interface shows is different"));
        }
    }

    /// Compares two documents value by value.
    fn walk(&mut self, path: &str, saved: &Value, computed: &Value) {
        match (saved, computed) {
            _ if saved == computed => {}
            (Value::Object(one), Value::Object(other)) => {
                let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
                names.sort_unstable();
                names.dedup();
                for name in names {
                    let of = |object: &serde_json::Map<String, Value>| {
                        object.get(name).cloned().unwrap_or(Value::Null)
                    };
                    let separator = if path.contains(": ") { "." } else { ": " };
                    self.walk(&format!("{path}{separator}{name}"), &of(one), &of(other));
                }
            }
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (place, (one, other)) in one.iter().zip(other).enumerate() {
                    self.walk(&format!("{path}[{place}]"), one, other);
                }
            }
            _ => self
                .0
                .push(format!("{path} is {saved} in the saved answers, and {computed}")),
        }
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}
