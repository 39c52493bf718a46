use std::ops::Range;

use crate::registry::{Client, RequestStatistics};
use crate::store::{Answers, CrawlCost};
use crate::units::ByteCount;

/// The requests of a client since a moment; the client may have been used before.
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
            requests: now.requests - before.requests,
            bytes_received: ByteCount::try_from(bytes).unwrap_or(ByteCount::MAX),
            waited: now.waited.saturating_sub(before.waited),
            answers: Answers {
                successes: answered(&now, 200..300) - answered(before, 200..300),
                redirections: answered(&now, 300..400) - answered(before, 300..400),
                refusals: answered(&now, 400..500) - answered(before, 400..500),
                failures: answered(&now, 500..600) - answered(before, 500..600),
            },
        }
    }
}

/// How many responses had a status in this range.
fn answered(statistics: &RequestStatistics, statuses: Range<u16>) -> u64 {
    statistics.by_status.range(statuses).map(|(_, count)| count).sum()
}
