//! Sections as a configuration file has them.

use std::fmt::Write;

use toml::Table;

use super::problem::{Origin, Origins};
use super::section::{Section, Shape};

/// Writes a section, with where each value comes from.
pub(super) fn write_section<S: Section>(text: &mut String, values: &S, origins: &Origins) {
    let shape = Shape::from_section::<S>();
    let header = if shape.repeated {
        format!("[[{}]]", shape.name)
    } else {
        format!("[{}]", shape.name)
    };
    // Every section serializes into a table, and writing to a string cannot fail.
    let table = Table::try_from(values).unwrap_or_default();
    let lines: Vec<(String, String)> = shape
        .fields
        .iter()
        .map(|field| match table.get(*field) {
            Some(value) => {
                let origin = origins.get(field).unwrap_or(&Origin::Default);
                (format!("{field} = {value}"), origin.to_string())
            }
            None => (format!("# {field} = …"), "not set".to_owned()),
        })
        .collect();
    let width = lines
        .iter()
        .map(|(setting, _)| setting.chars().count())
        .max()
        .unwrap_or(0);
    let _ = writeln!(text, "\n{header}");
    for (setting, origin) in lines {
        let _ = writeln!(text, "{setting:width$}  # {origin}");
    }
}
