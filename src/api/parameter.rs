//! The parameters of an operation. Each is declared once; its documentation and its checks come from the declaration.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::units::Period;

use super::problem::{INVALID_REQUEST, Invalid, Place, Problem};

/// The maximum length of a filter's text. Our choice: the maximum length of a repository name.
const LONGEST_TEXT: usize = 255;

/// The maximum length of a list of members. Our choice: more than all members of any row.
const LONGEST_MEMBERS: usize = 2000;

/// A parameter in the query, in the path or in a header.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub name: &'static str,
    pub form: Form,
    pub about: &'static str,
}

/// The type of a parameter.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Any text, including an empty one.
    Text,
    /// A text of visible ASCII characters, not empty, with this maximum length.
    Token(usize),
    /// One of these words.
    Word(Vec<&'static str>),
    /// A whole number in a range, with a default.
    Number {
        least: u64,
        most: u64,
        default: Option<u64>,
    },
    /// A day or a month: `2026-11-23`, `2026-11`.
    DayOrMonth,
    /// A month: `2026-11`.
    Month,
    /// A window of days, which the operation reads with the clock.
    Window,
    /// One of these sort keys; a leading `-` sorts in descending order.
    Order(Vec<&'static str>),
    /// Paths of members, separated by commas, which the operation checks.
    Members,
    /// True or false.
    Flag,
}

impl Parameter {
    pub(super) fn new(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, form, about }
    }

    /// The parameter in the OpenAPI document.
    pub(super) fn document(&self, place: &str) -> Value {
        json!({
            "name": self.name,
            "in": place,
            "required": place == "path",
            "description": self.about,
            "schema": self.form.schema(),
        })
    }
}

impl Form {
    fn schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": "string", "maxLength": LONGEST_TEXT}),
            Self::Token(longest) => json!({"type": "string", "pattern": format!("^[!-~]{{1,{longest}}}$")}),
            Self::Word(words) => json!({"type": "string", "enum": words}),
            Self::Number { least, most, default } => {
                let mut schema = json!({"type": "integer", "minimum": least, "maximum": most});
                if let Some(default) = default {
                    schema["default"] = json!(default);
                }
                schema
            }
            Self::DayOrMonth => json!({
                "type": "string",
                "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$",
            }),
            Self::Month => json!({"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}),
            Self::Window => json!({"type": "string", "maxLength": LONGEST_TEXT}),
            Self::Order(keys) => {
                let both = keys.iter().flat_map(|key| [(*key).to_owned(), format!("-{key}")]);
                json!({"type": "string", "enum": both.collect::<Vec<String>>()})
            }
            Self::Members => json!({
                "type": "string",
                "pattern": format!("^[a-z0-9_.,]{{1,{LONGEST_MEMBERS}}}$"),
            }),
            Self::Flag => json!({"type": "boolean", "default": false}),
        }
    }

    /// The error for a value.
    pub(super) fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Text | Self::Window if value.chars().count() <= LONGEST_TEXT => Ok(()),
            Self::Text | Self::Window => Err(format!("longer than {LONGEST_TEXT} characters")),
            Self::Token(longest) => {
                let is_token = (1..=*longest).contains(&value.len())
                    && value.bytes().all(|byte| matches!(byte, b'!'..=b'~'));
                is_token
                    .then_some(())
                    .ok_or_else(|| format!("expected 1 to {longest} visible ASCII characters"))
            }
            Self::Word(words) if words.contains(&value) => Ok(()),
            Self::Word(words) => Err(format!("expected one of {}", words.join(", "))),
            Self::Number { least, most, .. } => {
                let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse::<u64>().ok().filter(|_| is_plain);
                match number {
                    Some(number) if (*least..=*most).contains(&number) => Ok(()),
                    _ => Err(format!("expected a whole number from {least} to {most}")),
                }
            }
            Self::DayOrMonth => day_or_month(value)
                .map(|_| ())
                .ok_or_else(|| "expected a day such as 2026-11-23 or a month such as 2026-11".to_owned()),
            Self::Month => month(value)
                .map(|_| ())
                .ok_or_else(|| "expected a month such as 2026-11".to_owned()),
            Self::Order(keys) if keys.contains(&value.strip_prefix('-').unwrap_or(value)) => Ok(()),
            Self::Order(keys) => Err(format!(
                "expected one of {}, each perhaps with a leading -",
                keys.join(", ")
            )),
            Self::Members => {
                let is_path =
                    |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.,".contains(&byte);
                let is_list = (1..=LONGEST_MEMBERS).contains(&value.len()) && value.bytes().all(is_path);
                is_list.then_some(()).ok_or_else(|| {
                    "expected names of members, separated by commas, such as repository,cost.month".to_owned()
                })
            }
            Self::Flag if matches!(value, "true" | "false") => Ok(()),
            Self::Flag => Err("expected true or false".to_owned()),
        }
    }
}

fn day_or_month(text: &str) -> Option<Period> {
    match text.len() {
        7 => Period::month_containing(month(text)?).ok(),
        10 if text.starts_with("20") => {
            let day: NaiveDate = text.parse().ok()?;
            Period::new(day, day.succ_opt()?).ok()
        }
        _ => None,
    }
}

fn month(text: &str) -> Option<NaiveDate> {
    (text.len() == 7 && text.starts_with("20"))
        .then(|| format!("{text}-01").parse().ok())
        .flatten()
}

/// The values of an operation's parameters, checked.
#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Values {
    /// Reads a query string. Unknown parameters, repeated ones and wrong values are refused, all at once.
    pub(super) fn from_query(query: &str, declared: &[Parameter]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        let mut errors = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let mut wrong = |detail: String| {
                errors.push(Invalid {
                    place: Place::Query,
                    name: name.chars().take(80).collect(),
                    detail,
                });
            };
            match declared.iter().find(|parameter| parameter.name == name) {
                None if declared.is_empty() => wrong("no such parameter; this operation has none".to_owned()),
                None => {
                    let known: Vec<&str> = declared.iter().map(|parameter| parameter.name).collect();
                    wrong(format!("no such parameter; expected one of {}", known.join(", ")));
                }
                Some(parameter) => match parameter.form.check(&value) {
                    Err(detail) => wrong(detail),
                    Ok(()) if values.contains_key(parameter.name) => {
                        wrong("may be given only once".to_owned());
                    }
                    Ok(()) => {
                        values.insert(parameter.name, value.into_owned());
                    }
                },
            }
        }
        if errors.is_empty() {
            Ok(Self(values))
        } else {
            Err(Problem::invalid(&INVALID_REQUEST, errors))
        }
    }

    /// Adds a value that is not from the query.
    pub(super) fn insert(&mut self, name: &'static str, value: Cow<'_, str>) {
        self.0.insert(name, value.into_owned());
    }

    /// A value as text; `None` if it was not given.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A number, or its default.
    pub(super) fn number(&self, name: &str, default: u64) -> u64 {
        self.text(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// A day or a month; `None` if it was not given.
    pub(super) fn day_or_month(&self, name: &str) -> Option<Period> {
        self.text(name).and_then(day_or_month)
    }

    /// The first day of a month; `None` if it was not given.
    pub(super) fn month(&self, name: &str) -> Option<NaiveDate> {
        self.text(name).and_then(month)
    }

    /// The filters and the order in a canonical form, which is the same for all pages of a list.
    pub(super) fn without(&self, names: &[&str]) -> String {
        let mut text = String::new();
        for (name, value) in self.0.iter().filter(|(name, _)| !names.contains(name)) {
            text.push_str(&format!("{name}={value}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Vec<Parameter> {
        let number = Form::Number {
            least: 1,
            most: 500,
            default: Some(50),
        };
        vec![
            Parameter::new("limit", number, ""),
            Parameter::new("sort", Form::Word(vec!["name", "-name"]), ""),
            Parameter::new("team", Form::Text, ""),
            Parameter::new("from", Form::DayOrMonth, ""),
            Parameter::new("month", Form::Month, ""),
        ]
    }

    #[test]
    fn declared_parameters_are_read() {
        let query = "limit=5&sort=-name&team=&from=2026-11-23&month=2026-11";
        let values = Values::from_query(query, &declared()).unwrap();
        assert_eq!(values.number("limit", 50), 5);
        assert_eq!(values.text("sort"), Some("-name"));
        assert_eq!(values.text("team"), Some(""), "given, and empty");
        assert_eq!(
            values.day_or_month("from").unwrap().start().to_string(),
            "2026-11-23"
        );
        assert_eq!(values.month("month").unwrap().to_string(), "2026-11-01");
        assert!(
            Values::from_query("", &declared())
                .unwrap()
                .text("team")
                .is_none()
        );
    }

    #[test]
    fn unknown_parameters_and_invalid_values_are_refused() {
        for query in [
            "limt=5",
            "limit=0",
            "limit=501",
            "limit=+5",
            "limit=05x",
            "limit=",
            "sort=size",
            "from=2026-11-31",
            "from=+2026-1-1",
            "month=2026-13",
            "month=2026-1",
            "limit=5&limit=6",
        ] {
            assert!(Values::from_query(query, &declared()).is_err(), "{query}");
        }
        let long = format!("team={}", "x".repeat(256));
        assert!(Values::from_query(&long, &declared()).is_err());
    }
}
