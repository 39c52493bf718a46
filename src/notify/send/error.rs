use crate::notify::templates::RenderError;

/// Why a message was not sent. No text holds an address that may contain a secret.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The receiver cannot take it at the moment; another attempt may succeed.
    #[error("{0}")]
    Temporary(String),
    /// Another attempt would fail in the same way.
    #[error("{0}")]
    Permanent(String),
}

impl From<RenderError> for SendError {
    fn from(error: RenderError) -> Self {
        Self::Permanent(error.to_string())
    }
}
