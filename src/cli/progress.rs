//! How far a crawl has come: a bar on a terminal, else a line every few seconds.

use std::future::Future;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::context::Context;
use crate::crawl::{Progress, ProgressSnapshot};
use crate::registry::Client;
use crate::report::grouped;
use crate::units::RequestCounts;

/// The time between two updates of the bar. Our choice: smooth to the eye.
const BAR_EVERY: Duration = Duration::from_millis(150);
/// The time between two lines where there is no bar. Our choice: it keeps a log short.
const LINE_EVERY: Duration = Duration::from_secs(5);
/// The width of the bar in characters. Our choice: the rest of the line is for words.
const BAR_WIDTH: usize = 10;
/// The length of the bar in steps; what is done is a fraction of it. Our choice: finer than a terminal is wide.
const STEPS: u64 = 1000;

/// Shows the progress of a crawl on standard error until the work is done, and gives back its result.
pub(super) async fn with_progress<Work: Future>(
    work: Work,
    client: &Client,
    progress: &Progress,
    side_by_side: usize,
    context: &Context,
) -> Work::Output {
    let console = &context.console;
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
                        let width = context.widths.messages.unwrap_or(usize::MAX);
                        bar.set_message(view.in_words(width.saturating_sub(BAR_WIDTH + 2)));
                    }
                    None => console.tell(&format!("{}: {}", client.origin().name(), view.in_words(usize::MAX))),
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
    match ProgressStyle::with_template(&format!("{{bar:{BAR_WIDTH}}} {{wide_msg}}")) {
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

    /// The state in one line of at most so many characters: what matters most comes first, and what does not fit is left
    /// out.
    fn in_words(&self, width: usize) -> String {
        let count = |count: u64| grouped(usize::try_from(count).unwrap_or(usize::MAX));
        let seen = &self.progress;
        let seconds = self.elapsed.as_secs().max(1);
        let mut text = format!(
            "{}/{} repositories",
            count(seen.repositories_done),
            count(seen.repositories_listed)
        );
        let mut parts = vec![format!(
            "{} requests ({}/s)",
            count(self.requests.total),
            count(self.requests.total / seconds)
        )];
        if seen.repositories_listed > 0 && seen.repositories_done == seen.repositories_listed {
            parts.push("saving".to_owned());
        } else if let Some(left) = self.left() {
            let seconds = left.as_secs();
            parts.push(format!("{}:{:02} left", seconds / 60, seconds % 60));
        }
        if seen.faults > 0 {
            parts.push(format!("{} faults", count(seen.faults)));
        }
        parts.push(format!(
            "{}/{} tags",
            count(seen.tags_done),
            count(seen.tags_listed)
        ));
        if self.requests.rate_limited > 0 {
            parts.push(format!(
                "rate-limited {} times",
                count(self.requests.rate_limited)
            ));
        }
        for part in parts {
            if text.len() + ", ".len() + part.len() <= width {
                text.push_str(", ");
                text.push_str(&part);
            }
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
        let words = early.in_words(usize::MAX);
        assert!(
            words.contains("0:40 left") && words.contains("50/100 tags"),
            "{words}"
        );
        // Whole parts only.
        let narrow = early.in_words(50);
        assert_eq!(narrow, "2/10 repositories, 0 requests (0/s), 0:40 left");
        // One repository with many tags moves the bar too.
        assert_eq!(view((0, 1), (500, 1000), 10).steps_done(), 500);
        assert_eq!(view((10, 10), (250, 250), 60).steps_done(), STEPS);
        assert_eq!(view((0, 0), (0, 0), 0).left(), None);
    }
}
