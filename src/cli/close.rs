//! `tare close`: a month's statements, kept as they are.

use super::arguments::{CloseOptions, addresses};
use super::context::Context;
use super::outcome::{Outcome, begun, print, unanswered};
use crate::analysis::{Closed, Closing, Difference};
use crate::clock::{Clock, SystemClock};

/// Does what `tare close` was asked.
pub(super) async fn close(options: &CloseOptions, context: &Context) -> anyhow::Result<Outcome> {
    let closing = Closing {
        registries: addresses(&options.registries)?
            .iter()
            .map(|address| address.registry().clone())
            .collect(),
        correct: options.correct,
        even_if_assumed: options.even_if_assumed,
    };
    begun(options.month, SystemClock.now())?;
    let store = context.open_store().await?;
    let closed = match context.analysis(&store) {
        Ok(analysis) => analysis
            .close(options.month, &closing, SystemClock.now())
            .await
            .map_err(unanswered),
        Err(error) => Err(error),
    };
    store.close().await;
    let closed = closed?;
    let name = options.month.start().format("%Y-%m").to_string();
    if closed.is_empty() {
        anyhow::bail!(
            "there is nothing to close for {name}: a registry needs a price book (prices.book) and a crawl in that month \
             or before"
        );
    }
    let mut refused = Vec::new();
    for closed in &closed {
        match closed {
            Closed::Now(statement) => print(&format!(
                "{}: {name} is closed: {}\n",
                statement.registry, statement.now.parts.total
            ))?,
            Closed::Same { statement, at } => print(&format!(
                "{}: {name} was closed on {}: {}; computed again, it is the same to the last byte\n",
                statement.registry,
                at.format("%F %R UTC"),
                statement.now.parts.total
            ))?,
            Closed::Corrected(difference) => print(&format!(
                "{}: {name} has a correction: {}\n",
                difference.registry,
                described(difference)
            ))?,
            Closed::Differs(difference) => refused.push(format!(
                "{}: {name} was closed on {} and is different today: {}; nothing was changed; --correct adds a \
                 correction",
                difference.registry,
                difference.closed_at.format("%F %R UTC"),
                described(difference)
            )),
            Closed::NotRead(registry) => refused.push(format!(
                "{registry}: has not been crawled since {name} ended, so its last days are not known; crawl it \
                 first, or close with --even-if-assumed"
            )),
        }
    }
    if refused.is_empty() {
        Ok(Outcome::Complete)
    } else {
        anyhow::bail!("{}", refused.join("\n"))
    }
}

/// How many repositories are named one by one. Our choice: they fit onto one screen.
const NAMED: usize = 10;

fn described(difference: &Difference) -> String {
    let (before, now) = difference.total;
    let mut parts = vec![if before == now {
        format!("{now} as before")
    } else {
        format!("{before} before, {now} now")
    }];
    parts.extend(difference.versions.iter().cloned());
    if before != now && difference.versions.is_empty() {
        parts.push("prices and catalogue are the same, so settings or known pulls have changed".to_owned());
    }
    for (repository, change) in difference.repositories.iter().take(NAMED) {
        let sign = if change.amount().is_sign_positive() {
            "+"
        } else {
            ""
        };
        parts.push(format!("{repository} {sign}{change}"));
    }
    if difference.repositories.len() > NAMED {
        parts.push(format!(
            "and {} more repositories",
            difference.repositories.len() - NAMED
        ));
    }
    if before == now && difference.versions.is_empty() && difference.repositories.is_empty() {
        parts.push("only estimates, labels or remarks differ".to_owned());
    }
    parts.join(", ")
}
