use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::EventKind;

/// The version of the body that webhooks get. Members are added without a new version; the version changes when one is
/// removed or means something else.
pub const VERSION: u32 = 1;

/// A message, as webhooks get it and as templates read it. Texts are plain; escaping is the templates' work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The version of this form.
    pub version: u32,
    /// The kind of event.
    pub event: EventKind,
    /// The identity of the event. It is the same each time the message is sent.
    pub id: String,
    /// When the event was found.
    pub at: DateTime<Utc>,
    /// The subject of an e-mail.
    pub title: String,
    /// The main statement, in a few sentences.
    pub text: String,
    /// Details, as small tables.
    pub sections: Vec<Section>,
    /// Where to read more.
    pub links: Vec<Link>,
    /// The figures for programs; its members depend on the event.
    pub data: Value,
}

/// A small table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row of a small table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// What the row is about, such as a repository.
    pub label: String,
    /// The figure, such as an amount with its currency.
    pub value: String,
    /// More about it; empty if there is nothing to add.
    pub note: String,
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its text.
    pub text: String,
    /// Its address.
    pub url: String,
}

impl Row {
    /// A row.
    pub fn new(label: impl Into<String>, value: impl Into<String>, note: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            note: note.into(),
        }
    }
}

/// Where the page of the service is.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a>(pub Option<&'a str>);

impl Page<'_> {
    /// Links to views of the page; none if its address is not configured.
    pub(super) fn links(self, views: &[(&str, &str)]) -> Vec<Link> {
        let Some(base) = self.0 else { return Vec::new() };
        let base = base.trim_end_matches('/');
        let link = |(text, view): &(&str, &str)| Link {
            text: (*text).to_owned(),
            url: format!("{base}/{view}"),
        };
        views.iter().map(link).collect()
    }
}
