/// A count as the database stores it; beyond 63 bits the largest that it can store.
pub(super) fn bigint(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
