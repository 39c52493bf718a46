//! Docker Hub's usage of pulls: a row for each hour, user, token and image.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit, Skipped, period};
use super::table::Table;
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::event::{EventKey, PullEvent, key};

/// The columns. The first three must be there; the others distinguish rows.
const COLUMNS: [&str; 9] = [
    "datehour",
    "repository",
    "pulls",
    "user_name",
    "access_token_name",
    "ips",
    "repository_privacy",
    "tag",
    "digest",
];
/// The number of columns that must be there, from the first on. Our choice: without an hour, a repository and a number, a
/// row is not a pull that can be counted.
const NEEDED: usize = 3;

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut events: Vec<PullEvent> = Vec::new();
    let mut places: HashMap<EventKey, usize> = HashMap::new();
    let mut days: Option<(NaiveDate, NaiveDate)> = None;
    let mut skipped = Skipped::default();
    Table::open(file, &COLUMNS, NEEDED)?.each(|row| {
        let cells: [&str; COLUMNS.len()] = std::array::from_fn(|column| row.cell(column));
        let wrong = |column: usize, remedy: &str| {
            PullFileFault::in_cell(file.name, row.line, COLUMNS[column], cells[column], remedy)
        };
        let day = hour(cells[0]).ok_or_else(|| wrong(0, "give the hour as 2026/11/23/09"))?;
        let repository: RepositoryName = cells[1]
            .parse()
            .map_err(|_| wrong(1, "give the repository's name, such as acme/api"))?;
        let count: u64 = cells[2]
            .parse()
            .map_err(|_| wrong(2, "give how many pulls there were, a whole number from 0"))?;
        let (first, last) = days.unwrap_or((day, day));
        days = Some((first.min(day), last.max(day)));
        if count == 0 {
            // Nothing but looks at whether there is something new.
            skipped.other_operations += 1;
            return Ok(());
        }
        let mut identity = vec!["docker-hub"];
        identity.extend(
            cells
                .iter()
                .enumerate()
                .filter(|&(column, _)| column != 2)
                .map(|(_, cell)| *cell),
        );
        let key = key(&identity);
        match places.get(&key) {
            // What tells these rows apart is not in the file, so they are one.
            Some(&place) => events[place].count = events[place].count.saturating_add(count),
            None => {
                places.insert(key, events.len());
                events.push(PullEvent {
                    key,
                    repository,
                    tag: cells[7].parse::<Tag>().ok(),
                    digest: cells[8].parse::<Digest>().ok(),
                    day,
                    count,
                });
            }
        }
        Ok(())
    })?;
    Ok(PullEvents {
        period: period(days, file.name)?,
        events,
        layers: Vec::new(),
        unit: PullUnit::Images,
        skipped,
    })
}

/// The day of an hour: `2026/11/23/09`.
fn hour(text: &str) -> Option<NaiveDate> {
    let (day, hour) = text.rsplit_once('/')?;
    let hour: u8 = hour.parse().ok()?;
    (hour < 24).then(|| NaiveDate::parse_from_str(day, "%Y/%m/%d").ok())?
}
