/// The columns that matter; the first three must be there.
pub(super) const COLUMNS: [&str; 12] = [
    "TimeGenerated",
    "OperationName",
    "Repository",
    "Tag",
    "Digest",
    "ResultType",
    "UserAgent",
    "CorrelationId",
    "LoginServer",
    "ResultDescription",
    "MediaType",
    "ArtifactType",
];
/// The number of columns that must be there, from the first on. Our choice: without a time, an operation and a
/// repository, a row is not a pull that can be counted.
pub(super) const NEEDED: usize = 3;
