//! How far a crawl has come: a bar on a terminal, else a line every few seconds.

use std::future::Future;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::crawl::{Progress, ProgressSnapshot};
use crate::registry::Client;
use crate::report::grouped;
use crate::telemetry::Console;
use crate::units::RequestCounts;

/// The time between two updates of the bar. Our choice: smooth to the eye.
const BAR_EVERY: Duration = Duration::from_millis(150);
/// The time between two lines where there is no bar. Our choice: it keeps a log short.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The length of the bar in steps; what is done is a fraction of it. Our choice: finer than a terminal is wide.
const STEPS: u64 = 1000;

/// Shows the progress of a crawl on standard error until the work is done, and gives back its result.
pub(super) async fn with_progress<Work: Future>(
    work: Work,
    client: &Client,
    progress: &Progress,
    side_by_side: usize,
    console: &Console,
) -> Work::Output {
    let bar = console.has_room_for_a_bar().then(bar);
    console.show(bar.clone());
    let started = Instant::now();
    let mut every = tokio::time::interval(if bar.is_some() { BAR_EVERY } else { LINE_EVERY });
    // The first tick comes at once, when there is nothing to show.
    every.tick().await;
    let mut work = std::pin::pin!(work);
    let output = loop {
        tokio::select! {
            output = &mut work => break output,
            _ = every.tick() => {
                let view = View {
                    progress: progress.snapshot(),
                    requests: client.statistics().requests,
                    elapsed: started.elapsed(),
                    side_by_side: side_by_side as u64,
                };
                match &bar {
                    Some(bar) => {
                        bar.set_position(view.steps_done());
                        bar.set_message(view.in_words());
                    }
                    None => console.tell(&format!("{}: {}", client.origin().name(), view.in_words())),
                }
            }
        }
    };
    console.show(None);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    output
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(STEPS), ProgressDrawTarget::stderr());
    match ProgressStyle::with_template("{bar:10} {wide_msg}") {
        Ok(style) => bar.with_style(style),
        // The template is a constant, so this is for the type alone.
        Err(_) => bar,
    }
}

struct View {
    progress: ProgressSnapshot,
    requests: RequestCounts,
    elapsed: Duration,
    side_by_side: u64,
}

impl View {
    /// How much is done, in steps of the bar. How many tags the repositories have that were not begun
    /// is not known; they are taken to have as many on average as the others.
    fn steps_done(&self) -> u64 {
        let seen = &self.progress;
        let begun = (seen.repositories_done + self.side_by_side).min(seen.repositories_listed);
        if begun == 0 || seen.tags_listed == 0 {
            return 0;
        }
        let expected = seen.tags_listed.saturating_mul(seen.repositories_listed) / begun;
        (seen.tags_done.saturating_mul(STEPS) / expected.max(1)).min(STEPS)
    }

    /// How long it will take from here, once enough is done to tell.
    fn left(&self) -> Option<Duration> {
        let done = self.steps_done();
        if done < STEPS / 100 || self.elapsed < Duration::from_secs(2) {
            return None;
        }
        let total = self
            .elapsed
            .saturating_mul(u32::try_from(STEPS).unwrap_or(u32::MAX))
            / u32::try_from(done).unwrap_or(u32::MAX);
        Some(total.saturating_sub(self.elapsed))
    }

    fn in_words(&self) -> String {
        let count = |count: u64| grouped(usize::try_from(count).unwrap_or(usize::MAX));
        let seen = &self.progress;
        let seconds = self.elapsed.as_secs().max(1);
        // What matters most stands first: a narrow terminal shows only the beginning.
        let mut text = format!(
            "{}/{} repositories, {} requests ({}/s)",
            count(seen.repositories_done),
            count(seen.repositories_listed),
            count(self.requests.total),
            count(self.requests.total / seconds),
        );
        if seen.repositories_listed > 0 && seen.repositories_done == seen.repositories_listed {
            text.push_str(", saving");
        } else if let Some(left) = self.left() {
            let seconds = left.as_secs();
            text.push_str(&format!(", {}:{:02} left", seconds / 60, seconds % 60));
        }
        text.push_str(&format!(
            ", {}/{} tags",
            count(seen.tags_done),
            count(seen.tags_listed)
        ));
        if self.requests.rate_limited > 0 {
            text.push_str(&format!(
                ", rate-limited {} times",
                count(self.requests.rate_limited)
            ));
        }
        if seen.faults > 0 {
            text.push_str(&format!(", {} faults", count(seen.faults)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(repositories: (u64, u64), tags: (u64, u64), seconds: u64) -> View {
        View {
            progress: ProgressSnapshot {
                repositories_done: repositories.0,
                repositories_listed: repositories.1,
                tags_done: tags.0,
                tags_listed: tags.1,
                faults: 0,
            },
            requests: RequestCounts::default(),
            elapsed: Duration::from_secs(seconds),
            side_by_side: 2,
        }
    }

    #[test]
    fn repositories_that_were_not_begun_are_taken_to_be_like_the_others() {
        // Of ten repositories four are begun, with 100 tags together: about 250 in all.
        let early = view((2, 10), (50, 100), 10);
        assert_eq!(early.steps_done(), 200);
        assert_eq!(early.left(), Some(Duration::from_secs(40)));
        assert!(early.in_words().contains("0:40 left"), "{}", early.in_words());
        // One repository with many tags moves the bar too.
        assert_eq!(view((0, 1), (500, 1000), 10).steps_done(), 500);
        assert_eq!(view((10, 10), (250, 250), 60).steps_done(), STEPS);
        assert_eq!(view((0, 0), (0, 0), 0).left(), None);
    }
}
