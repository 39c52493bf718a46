//! Regular expressions of vendors' policies: RE2's syntax, as the package `regex` reads it.

use regex::bytes::{Regex as Compiled, RegexBuilder};

use crate::oci::text::excerpt;

/// The most memory that a compiled expression may take, in bytes. Our choice: far more than any policy needs.
const MOST_BYTES: usize = 1 << 20;

/// A regular expression. Matching takes time in proportion to expression and text, whatever the expression.
#[derive(Debug, Clone)]
pub(super) struct Regex {
    text: String,
    anywhere: Compiled,
    whole: Compiled,
}

/// A text that is no regular expression, or one with syntax that is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a regular expression that is supported: {0}")]
pub(super) struct InvalidRegex(String);

impl Regex {
    /// Reads an expression.
    pub(super) fn new(text: &str) -> Result<Self, InvalidRegex> {
        // By itself first: "a)(b" is valid in a group, and not alone.
        let anywhere = compiled(text)?;
        Ok(Self {
            text: text.to_owned(),
            anywhere,
            whole: compiled(&format!(r"\A(?:{text})\z"))?,
        })
    }

    /// The expression.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches any part of a text.
    pub(super) fn finds(&self, text: &str) -> bool {
        self.anywhere.is_match(text.as_bytes())
    }

    /// Whether it matches the whole text.
    pub(super) fn matches_whole(&self, text: &str) -> bool {
        self.whole.is_match(text.as_bytes())
    }
}

fn compiled(text: &str) -> Result<Compiled, InvalidRegex> {
    // `\d` and `\w` are ASCII in RE2, as names and tags are.
    let mut builder = RegexBuilder::new(text);
    builder.unicode(false).size_limit(MOST_BYTES);
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => InvalidRegex("its repetitions are too large together".to_owned()),
        // The last line of the message says what is wrong; the lines before it draw the place.
        other => {
            let message = other.to_string();
            let last = message.lines().last().unwrap_or_default();
            InvalidRegex(excerpt(last.trim_start_matches("error: ")))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_as_in_re2() {
        for (expression, text, finds, matches) in [
            (".*", "", true, true),
            ("^hello.*", "hello-1", true, true),
            ("v[0-9]+\\.[0-9]+$", "v1.22-rc", false, false),
            ("(?:dev|test)-\\d{2,3}", "test-123", true, true),
            ("a|b|", "x", true, false),
            ("(?i)RC", "1.0-rc1", true, false),
            ("\\bdev\\b", "a-dev-b", true, false),
            ("x{2}", "xxx", true, false),
            ("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false),
            ("\\d", "٣", false, false),
            ("", "x", true, false),
        ] {
            let regex = Regex::new(expression).unwrap();
            assert_eq!(
                (regex.finds(text), regex.matches_whole(text)),
                (finds, matches),
                "{expression} {text}"
            );
        }
    }

    #[test]
    fn what_is_not_supported_is_refused_in_one_line() {
        let deep = "(".repeat(10_000);
        for wrong in [
            "(",
            "[a",
            "*a",
            "(?=a)",
            "\\1",
            "a)(b",
            "((a{1000}){1000}){1000}",
            &deep,
        ] {
            let error = Regex::new(wrong).expect_err(wrong).to_string();
            assert!(error.lines().count() == 1 && error.len() < 200, "{error}");
        }
    }
}
