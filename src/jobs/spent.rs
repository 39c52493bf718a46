use crate::registry::{Client, RequestStatistics};
use crate::store::CrawlCost;
use crate::units::ByteCount;

/// What a client spends from some moment on; it may have been used before.
pub(super) struct Spent<'a> {
    client: &'a Client,
    before: RequestStatistics,
}

impl<'a> Spent<'a> {
    pub(super) fn since_now(client: &'a Client) -> Self {
        Self {
            client,
            before: client.statistics(),
        }
    }

    pub(super) fn so_far(&self) -> CrawlCost {
        let (before, now) = (&self.before, self.client.statistics());
        let bytes = now.bytes_received - before.bytes_received;
        CrawlCost {
            requests: now.total - before.total,
            get: now.get - before.get,
            head: now.head - before.head,
            retried: now.retried - before.retried,
            rate_limited: now.rate_limited - before.rate_limited,
            bytes_received: ByteCount::try_from(bytes).unwrap_or(ByteCount::MAX),
            waited: now.waited.saturating_sub(before.waited),
        }
    }
}
