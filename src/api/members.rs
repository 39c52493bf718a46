//! Members of a list's rows that a client chooses, and rows as CSV with these members as columns.

use serde_json::{Map, Value};

use super::call::Call;
use super::problem::Problem;
use crate::oci::text::spreadsheet_text;

/// Paths of members, such as `repository` and `cost.month`.
pub(super) struct Members(Vec<Vec<String>>);

impl Members {
    /// These paths.
    pub(super) fn new(paths: &[&str]) -> Self {
        let parts = |path: &&str| path.split('.').map(str::to_owned).collect();
        Self(paths.iter().map(parts).collect())
    }

    /// The members that a request chooses with `fields`; `None` for all.
    ///
    /// # Errors
    /// If rows have no such member.
    pub(super) fn requested(call: &Call) -> Result<Option<Self>, Problem> {
        let Some(text) = call.values.text("fields") else {
            return Ok(None);
        };
        let members = Self::new(&text.split(',').collect::<Vec<_>>());
        let schemas = &call.api.schemas;
        let row = call
            .shape
            .map(|shape| &schemas[shape.name()]["properties"]["items"]["items"]);
        if let Some(row) = row {
            for path in &members.0 {
                check(schemas, row, path).map_err(|detail| Problem::invalid_query("fields", detail))?;
            }
        }
        Ok(Some(members))
    }

    /// A row with these members only.
    pub(super) fn project(&self, row: &Value) -> Value {
        let mut projected = Value::Object(Map::new());
        for path in &self.0 {
            copy(row, &mut projected, path);
        }
        projected
    }

    /// Rows as CSV. A member that is an object has a column for each of its own members.
    ///
    /// # Errors
    /// Only if the CSV writer fails, which memory does not.
    pub(super) fn csv(&self, rows: &[Value]) -> Result<String, csv::Error> {
        let mut columns: Vec<Vec<&str>> = Vec::new();
        for path in &self.0 {
            let before = columns.len();
            for row in rows {
                let mut leaves = Vec::new();
                collect_leaves(
                    member(row, path),
                    &mut path.iter().map(String::as_str).collect(),
                    &mut leaves,
                );
                for leaf in leaves {
                    if !columns[before..].contains(&leaf) {
                        columns.push(leaf);
                    }
                }
            }
            // A column of an object that is null in some rows is covered by the columns of its members.
            let own: Vec<&str> = path.iter().map(String::as_str).collect();
            if columns.len() > before + 1 {
                columns.retain(|column| *column != own);
            } else if columns.len() == before {
                columns.push(own);
            }
        }
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(columns.iter().map(|column| spreadsheet_text(&column.join("."))))?;
        for row in rows {
            writer.write_record(columns.iter().map(|column| cell(member(row, column))))?;
        }
        let bytes = writer
            .into_inner()
            .map_err(|error| csv::Error::from(error.into_error()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The member of a row at a path; null if it has none.
fn member<'v>(row: &'v Value, path: &[impl AsRef<str>]) -> &'v Value {
    path.iter().fold(row, |value, name| &value[name.as_ref()])
}

fn copy(row: &Value, projected: &mut Value, path: &[String]) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() || !row[name.as_str()].is_object() {
        projected[name.as_str()] = row[name.as_str()].clone();
        return;
    }
    if !projected[name.as_str()].is_object() {
        projected[name.as_str()] = Value::Object(Map::new());
    }
    copy(&row[name.as_str()], &mut projected[name.as_str()], rest);
}

/// The paths of all values below a member that are not objects.
fn collect_leaves<'v>(value: &'v Value, path: &mut Vec<&'v str>, leaves: &mut Vec<Vec<&'v str>>) {
    match value.as_object() {
        None => leaves.push(path.clone()),
        Some(members) => {
            for (name, value) in members {
                path.push(name);
                collect_leaves(value, path, leaves);
                path.pop();
            }
        }
    }
}

/// A value as a cell: text is safe for spreadsheets, lists are joined with semicolons.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => spreadsheet_text(text),
        Value::Array(values) => spreadsheet_text(&values.iter().map(cell).collect::<Vec<_>>().join("; ")),
        value => value.to_string(),
    }
}

/// Checks that a schema has a member at a path.
fn check(schemas: &Value, schema: &Value, path: &[String]) -> Result<(), String> {
    let mut properties = Vec::new();
    let mut own = vec![schema];
    for (place, name) in path.iter().enumerate() {
        properties.clear();
        for schema in &own {
            collect_properties(schemas, schema, &mut properties);
        }
        own = properties
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, schema)| *schema)
            .collect();
        // Members of a map have any name.
        let is_open = properties.iter().any(|(known, _)| *known == "*");
        if own.is_empty() && !is_open {
            let mut known: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
            known.sort_unstable();
            known.dedup();
            let within = path[..place].join(".");
            return Err(match (within.is_empty(), known.is_empty()) {
                (_, true) => format!("{within} has no members"),
                (true, _) => format!("no member {name:?}; there are {}", known.join(", ")),
                (false, _) => format!("{within} has no member {name:?}; it has {}", known.join(", ")),
            });
        }
    }
    Ok(())
}

/// The properties of a schema, of those that it refers to and of its alternatives. A map has the property `*`.
fn collect_properties<'s>(schemas: &'s Value, schema: &'s Value, found: &mut Vec<(&'s str, &'s Value)>) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|target| target.rsplit('/').next())
    {
        collect_properties(schemas, &schemas[name], found);
    }
    if let Some(properties) = schema["properties"].as_object() {
        found.extend(properties.iter().map(|(name, schema)| (name.as_str(), schema)));
    }
    if schema["additionalProperties"].is_object() {
        found.push(("*", &schema["additionalProperties"]));
    }
    for list in ["anyOf", "oneOf", "allOf"] {
        for schema in schema[list].as_array().into_iter().flatten() {
            collect_properties(schemas, schema, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Value> {
        vec![
            json!({"repository": "=a", "tags": ["1", "2"], "cost": {"month": {"amount": "1.5", "currency": "USD"}}}),
            json!({"repository": "b", "tags": [], "cost": null}),
        ]
    }

    #[test]
    fn a_row_is_reduced_to_the_chosen_members() {
        let members = Members::new(&["repository", "cost.month.amount"]);
        let rows: Vec<Value> = rows().iter().map(|row| members.project(row)).collect();
        assert_eq!(
            rows[0],
            json!({"repository": "=a", "cost": {"month": {"amount": "1.5"}}})
        );
        assert_eq!(rows[1], json!({"repository": "b", "cost": null}));
    }

    #[test]
    fn csv_has_a_column_for_each_value_of_the_chosen_members() {
        let text = Members::new(&["repository", "tags", "cost.month"])
            .csv(&rows())
            .unwrap();
        assert_eq!(
            text,
            "repository,tags,cost.month.amount,cost.month.currency\n'=a,1; 2,1.5,USD\nb,,,\n"
        );
        let empty = Members::new(&["repository", "cost"]).csv(&[]).unwrap();
        assert_eq!(empty, "repository,cost\n");
    }

    #[test]
    fn a_member_that_rows_do_not_have_is_refused_with_those_that_they_have() {
        let schemas = json!({
            "Row": {"properties": {"repository": {"type": "string"}, "cost": {"anyOf": [{"$ref": "#/x/Cost"}, {"type": "null"}]}}},
            "Cost": {"properties": {"month": {"type": "string"}}},
        });
        let row = json!({"$ref": "#/x/Row"});
        let check = |path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            check(&schemas, &row, &path)
        };
        assert_eq!(check("repository"), Ok(()));
        assert_eq!(check("cost.month"), Ok(()));
        assert_eq!(
            check("size"),
            Err("no member \"size\"; there are cost, repository".to_owned())
        );
        assert_eq!(
            check("cost.year"),
            Err("cost has no member \"year\"; it has month".to_owned())
        );
        assert_eq!(check("repository.x"), Err("repository has no members".to_owned()));
        assert!(check("").is_err());
    }
}
