use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use crate::oci::text::excerpt;

/// A pattern of tags: `*` stands for any characters, `?` for one, `[ab]` for one of them, `{dev,test}` for one of the
/// alternatives. It must match the whole tag.
#[derive(Clone)]
pub struct TagGlob {
    text: Box<str>,
    matcher: GlobMatcher,
}

/// A text that is no pattern of tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a pattern of tags such as v1.*: {0}")]
pub struct InvalidTagGlob(String);

impl TagGlob {
    /// Whether it matches a tag.
    pub fn matches(&self, tag: &str) -> bool {
        self.matcher.is_match(tag)
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for TagGlob {
    type Err = InvalidTagGlob;

    fn from_str(text: &str) -> Result<Self, InvalidTagGlob> {
        if text.is_empty() {
            return Err(InvalidTagGlob("it is empty".to_owned()));
        }
        let glob = GlobBuilder::new(text)
            .empty_alternates(true)
            .backslash_escape(true)
            .build();
        let glob = glob.map_err(|error| InvalidTagGlob(format!("{}: {}", excerpt(text), error.kind())))?;
        Ok(Self {
            text: text.into(),
            matcher: glob.compile_matcher(),
        })
    }
}

impl fmt::Debug for TagGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, formatter)
    }
}

impl fmt::Display for TagGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
