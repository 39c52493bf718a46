//! Sections as they are in force, with where each value comes from.

use std::fmt::Write;

use serde::Serialize;
use toml::{Table, Value};

use super::problem::{Origin, Origins};
use super::section::{Section, Shape};

/// The settings in force. Serialized, it is the JSON of `tare config`: keys are added, never renamed or removed.
#[derive(Debug, Serialize)]
pub struct ShownSettings {
    /// The configuration file; null if there is none.
    pub file: Option<String>,
    /// The sections, in the order of the documentation.
    pub sections: Vec<ShownSection>,
}

/// A section of the settings.
#[derive(Debug, Serialize)]
pub struct ShownSection {
    /// Its name, such as `crawl`.
    pub section: &'static str,
    /// Whether there may be several of it.
    pub repeated: bool,
    /// Its settings.
    pub settings: Vec<ShownSetting>,
}

/// A setting.
#[derive(Debug, Serialize)]
pub struct ShownSetting {
    /// Its name in the section.
    pub setting: &'static str,
    /// Its value, secrets masked; null if it is not set.
    pub value: Option<Value>,
    /// Where the value comes from: a place in a file, a variable, an option, or `default`; null if it is not set.
    pub source: Option<String>,
}

impl ShownSection {
    /// A section, with where each value comes from.
    pub(super) fn new<S: Section>(values: &S, origins: &Origins) -> Self {
        let shape = Shape::from_section::<S>();
        // Every section serializes into a table.
        let table = Table::try_from(values).unwrap_or_default();
        let setting = |&field: &&'static str| {
            let value = table.get(field).cloned();
            let origin = origins.get(field).unwrap_or(&Origin::Default);
            ShownSetting {
                setting: field,
                source: value.as_ref().map(|_| origin.to_string()),
                value,
            }
        };
        Self {
            section: shape.name,
            repeated: shape.repeated,
            settings: shape.fields.iter().map(setting).collect(),
        }
    }

    /// The section as a configuration file has it.
    pub(super) fn to_toml(&self) -> String {
        let lines: Vec<(String, &str)> = self
            .settings
            .iter()
            .map(|shown| match (&shown.value, &shown.source) {
                (Some(value), Some(source)) => (format!("{} = {value}", shown.setting), source.as_str()),
                _ => (format!("# {} = …", shown.setting), "not set"),
            })
            .collect();
        let width = lines
            .iter()
            .map(|(setting, _)| setting.chars().count())
            .max()
            .unwrap_or(0);
        let mut text = match self.repeated {
            true => format!("\n[[{}]]\n", self.section),
            false => format!("\n[{}]\n", self.section),
        };
        for (setting, source) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{setting:width$}  # {source}");
        }
        text
    }
}
