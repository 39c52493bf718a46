use serde_json::{Map, Value};

use crate::oci::text::excerpt;

/// Why a policy cannot be used. A policy that its vendor would refuse is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct InvalidPolicy {
    /// Where it is wrong: a path such as `rules[1].selection.countUnit`, or a line.
    pub place: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl InvalidPolicy {
    pub(super) fn new(place: impl Into<String>, problem: impl ToString) -> Self {
        Self {
            place: place.into(),
            problem: problem.to_string(),
        }
    }
}

/// A value of a JSON document, with its place.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    pub(super) value: &'a Value,
    path: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            path: String::new(),
        }
    }

    pub(super) fn error(&self, problem: impl ToString) -> InvalidPolicy {
        let place = if self.path.is_empty() {
            "the document"
        } else {
            &self.path
        };
        InvalidPolicy::new(place, problem)
    }

    pub(super) fn object(&self) -> Result<&'a Map<String, Value>, InvalidPolicy> {
        self.value
            .as_object()
            .ok_or_else(|| self.error("expected an object"))
    }

    /// An object with no other members than these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), InvalidPolicy> {
        let unknown = self.object()?.keys().find(|key| !known.contains(&key.as_str()));
        match unknown {
            None => Ok(()),
            Some(key) => Err(self.error(format!(
                "there is no member {:?}; the members are {}",
                excerpt(key),
                known.join(", ")
            ))),
        }
    }

    /// A member; `None` if it is missing or null.
    pub(super) fn member(&self, key: &str) -> Result<Option<Node<'a>>, InvalidPolicy> {
        let value = self.object()?.get(key).filter(|value| !value.is_null());
        let path = if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        };
        Ok(value.map(|value| Node { value, path }))
    }

    pub(super) fn required(&self, key: &str) -> Result<Node<'a>, InvalidPolicy> {
        self.member(key)?
            .ok_or_else(|| self.error(format!("the member {key:?} is missing")))
    }

    pub(super) fn items(&self) -> Result<Vec<Node<'a>>, InvalidPolicy> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.error("expected a list"))?;
        let items = items.iter().enumerate();
        Ok(items
            .map(|(place, value)| Node {
                value,
                path: format!("{}[{place}]", self.path),
            })
            .collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, InvalidPolicy> {
        self.value.as_str().ok_or_else(|| self.error("expected a text"))
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, InvalidPolicy> {
        let items = self.items()?;
        items.iter().map(|item| Ok(item.text()?.to_owned())).collect()
    }

    /// A whole number from `least` on.
    pub(super) fn number(&self, least: u32) -> Result<u32, InvalidPolicy> {
        let number = self.value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .filter(|&number| number >= least)
            .ok_or_else(|| self.error(format!("expected a whole number from {least} on")))
    }

    pub(super) fn flag(&self) -> Result<bool, InvalidPolicy> {
        self.value
            .as_bool()
            .ok_or_else(|| self.error("expected true or false"))
    }
}
