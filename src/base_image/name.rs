use std::fmt;

/// The name of a base (`node:22`): an upstream repository and a tag, or a digest if no tag is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BaseName {
    /// The repository without registry or mirror: `node`, `team/runtime`.
    pub repository: String,
    /// The tag; `None` if only a repository or a digest is known.
    pub tag: Option<String>,
}

impl BaseName {
    /// A name with a tag.
    pub fn new(repository: impl Into<String>, tag: impl Into<String>) -> Self {
        Self {
            repository: repository.into(),
            tag: Some(tag.into()),
        }
    }
}

impl fmt::Display for BaseName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tag {
            Some(tag) => formatter.pad(&format!("{}:{tag}", self.repository)),
            None => formatter.pad(&self.repository),
        }
    }
}
