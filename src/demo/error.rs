/// Why the demo's registry cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The data compiled into the program are inconsistent.
    #[error("the demo's data are inconsistent: {0}")]
    Data(String),
    /// The address could not be bound.
    #[error("cannot serve the demo's registry: {0}")]
    Serve(#[from] std::io::Error),
}
