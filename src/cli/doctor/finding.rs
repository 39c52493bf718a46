/// What a check found.
pub(super) enum Finding {
    /// Passed, with details.
    Well(String),
    /// Failed: the problem and the remedy.
    Amiss(String, String),
}
