//! Figures of the past: every list can be asked for as it was at a moment.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use tokio::sync::Mutex;

use super::call::Call;
use super::parameter::{Form, Parameter};
use super::problem::Problem;
use super::snapshot::Snapshot;
use crate::units::Period;

/// The number of moments whose figures are kept in memory. Our choice: two periods that are compared, for two readers.
const KEPT_MOMENTS: usize = 4;

/// The latest figures of past moments that were asked for.
#[derive(Default)]
pub(super) struct PastSnapshots(Mutex<VecDeque<Kept>>);

struct Kept {
    moment: DateTime<Utc>,
    /// The present figures at the time of the computation: the past can only change with them.
    present: String,
    snapshot: Arc<Snapshot>,
}

/// The parameters that choose a moment of the past.
pub(super) fn parameters() -> [Parameter; 2] {
    [
        Parameter::new(
            "as_of",
            Form::Window,
            "The moment of the figures: a day (`2026-10-31`) or a month (`2026-10`) stands for its end; or an RFC 3339 time. \
             Default: the last crawl.",
        ),
        Parameter::new(
            "window",
            Form::Window,
            "The same as `as_of` with the end of a window, such as `lastmonth` or `2026-10`.",
        ),
    ]
}

impl Call {
    /// The figures of the moment that was asked for: the present ones, or those of the past.
    ///
    /// # Errors
    /// If the moment is invalid, in the future, or no longer known.
    pub(super) async fn snapshot_asked_for(&self) -> Result<Arc<Snapshot>, Problem> {
        match self.moment()? {
            Some((name, moment)) => self.snapshot_at(name, moment, self.snapshot()?).await,
            None => self.snapshot(),
        }
    }

    /// The same figures with the analysis that they rest on.
    ///
    /// # Errors
    /// As with [`Self::snapshot_asked_for`].
    pub(super) async fn whole_snapshot_asked_for(&self) -> Result<Arc<Snapshot>, Problem> {
        let snapshot = self.snapshot_asked_for().await?;
        match snapshot.is_whole() {
            true => Ok(snapshot),
            false => self.whole_snapshot().await,
        }
    }

    /// The figures of a moment, or the present ones after the last crawl. `name` is the parameter that it comes from.
    ///
    /// # Errors
    /// If nothing is known of the moment.
    pub(super) async fn snapshot_at(
        &self,
        name: &str,
        moment: DateTime<Utc>,
        present: Arc<Snapshot>,
    ) -> Result<Arc<Snapshot>, Problem> {
        if moment >= present.report.as_of {
            return Ok(present);
        }
        // The lock is held while figures are computed, so that they are not computed twice.
        let mut kept = self.api.past.0.lock().await;
        let known = kept
            .iter()
            .find(|own| own.moment == moment && own.present == present.id);
        if let Some(known) = known {
            return Ok(Arc::clone(&known.snapshot));
        }
        let analysed = self
            .analyse(move |analysis| async move { analysis.analysed_as_of(moment).await })
            .await
            .map_err(|problem| problem.in_query(name))?;
        let snapshot = self
            .api
            .run_blocking(move || {
                let (analysed, inputs) = analysed;
                Snapshot::new(Arc::new(analysed), Arc::new(inputs))
            })
            .await??;
        let snapshot = Arc::new(snapshot);
        kept.push_front(Kept {
            moment,
            present: present.id.clone(),
            snapshot: Arc::clone(&snapshot),
        });
        kept.truncate(KEPT_MOMENTS);
        Ok(snapshot)
    }

    /// The moment of the past that was asked for, and the parameter that it comes from.
    fn moment(&self) -> Result<Option<(&'static str, DateTime<Utc>)>, Problem> {
        let window = self
            .window("window")?
            .map(|window| ("window", window.last_second()));
        let Some(text) = self.values.text("as_of") else {
            return Ok(window);
        };
        if window.is_some() {
            return Err(Problem::invalid_query("as_of", "give either as_of or window"));
        }
        let moment = moment(text, self.today()).map_err(|detail| Problem::invalid_query("as_of", detail))?;
        if moment > end_of_day(self.today()) {
            return Err(Problem::invalid_query("as_of", "the moment is in the future"));
        }
        Ok(Some(("as_of", moment)))
    }
}

/// The moment that a text stands for.
fn moment(text: &str, today: NaiveDate) -> Result<DateTime<Utc>, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let is_day_or_month = text.starts_with("20") && !text.contains(',');
    match Period::from_window(text, today) {
        Ok(period) if is_day_or_month => Ok(period.last_second().min(end_of_day(today))),
        Err(error @ crate::units::InvalidWindow::Future(_)) if is_day_or_month => Err(error.to_string()),
        _ => {
            Err("expected a day such as 2026-10-31, a month such as 2026-10, or an RFC 3339 time".to_owned())
        }
    }
}

/// The first moment of a period.
pub(super) fn start_of(period: Period) -> DateTime<Utc> {
    period.start().and_time(NaiveTime::MIN).and_utc()
}

fn end_of_day(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1) - TimeDelta::seconds(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_or_a_month_stands_for_its_end() {
        let today = "2026-11-20".parse().unwrap();
        let shown = |text: &str| moment(text, today).map(|moment| moment.to_rfc3339());
        assert_eq!(shown("2026-10-31").unwrap(), "2026-10-31T23:59:59+00:00");
        assert_eq!(shown("2026-10").unwrap(), "2026-10-31T23:59:59+00:00");
        assert_eq!(shown("2026-11").unwrap(), "2026-11-20T23:59:59+00:00");
        assert_eq!(
            shown("2026-10-31T12:00:00+02:00").unwrap(),
            "2026-10-31T10:00:00+00:00"
        );
        assert!(shown("2031-01").unwrap_err().contains("has not begun"));
        for wrong in ["", "lastmonth", "7d", "2026-10-01,2026-10-02", "2026-13"] {
            assert!(shown(wrong).unwrap_err().contains("expected a day"), "{wrong}");
        }
    }
}
