/// The columns that matter; the first three must be there.
pub(super) const COLUMNS: [&str; 9] = [
    "TimeGenerated",
    "OperationName",
    "Repository",
    "Tag",
    "Digest",
    "ResultType",
    "UserAgent",
    "CorrelationId",
    "LoginServer",
];
/// How many of them must be there, from the first on.
pub(super) const NEEDED: usize = 3;
