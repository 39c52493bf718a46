//! Harbor's answer about repositories (`/api/v2.0/repositories`, or those of a project), each with a counter of
//! all pulls that there ever were.

use serde::Deserialize;

use super::fault::PullFileFault;
use super::file::{PullFile, PullReading, PullReadings};
use super::json::{Lines, rows, without_place};
use crate::oci::RepositoryName;

/// How many repositories a page of Harbor's answer has: by default, and at most. Source: the parameter `page_size` in
/// Harbor's API, `api/v2.0/swagger.yaml`.
const PAGES: [usize; 2] = [10, 100];

#[derive(Deserialize)]
struct Repository {
    name: Option<String>,
    pull_count: Option<u64>,
    digest: Option<String>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullReadings, PullFileFault> {
    let mut readings: Vec<PullReading> = Vec::new();
    // Several pages may stand one after another.
    rows(file, &[], &mut |row, lines| {
        readings.push(reading(row, lines)?);
        Ok(())
    })?;
    if readings.is_empty() {
        return Err(PullFileFault::new(
            file.name,
            1,
            "there is no repository",
            "save the answer of /api/v2.0/repositories?page_size=100, page by page",
        ));
    }
    readings.sort_by(|one, other| one.repository.cmp(&other.repository));
    if let Some(twice) = readings
        .windows(2)
        .find(|pair| pair[0].repository == pair[1].repository)
    {
        return Err(PullFileFault::new(
            file.name,
            1,
            format!("{} is there twice", twice[0].repository),
            "give each page of one answer once",
        ));
    }
    Ok(PullReadings {
        may_be_one_page: PAGES.contains(&readings.len()),
        readings,
    })
}

fn reading(row: &str, lines: &mut Lines<'_>) -> Result<PullReading, PullFileFault> {
    let (file, line) = (lines.file.name, lines.line_of(row));
    let repository: Repository = serde_json::from_str(row).map_err(|error| {
        PullFileFault::new(
            file,
            line + error.line() as u64 - 1,
            format!("not a repository: {}", without_place(&error)),
            "give objects with name and pull_count",
        )
    })?;
    let Some(count) = repository.pull_count else {
        let problem = if repository.digest.is_some() {
            "this is an artifact, and Harbor counts pulls of repositories only"
        } else {
            "this object does not have it"
        };
        return Err(PullFileFault {
            column: Some("pull_count".to_owned()),
            ..PullFileFault::new(file, line, problem, "save the answer of /api/v2.0/repositories")
        });
    };
    let name = repository.name.unwrap_or_default();
    let repository: RepositoryName = name.parse().map_err(|_| {
        PullFileFault::in_cell(
            file,
            line,
            "name",
            &name,
            "give the repository's name with its project: library/api",
        )
    })?;
    Ok(PullReading { repository, count })
}
