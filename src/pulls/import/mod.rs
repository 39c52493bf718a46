//! Files in which registries say how often they were pulled from, read into counts.
//!
//! [`read_pulls`] takes the text of a file and gives everything that it says, or the first place at which it
//! says something that cannot be right. Nothing is taken over from a file with a fault.

mod acr;
mod acr_columns;
mod acr_json;
mod docker_hub;
mod fault;
mod file;
mod harbor;
mod table;

pub use fault::PullFileFault;
pub use file::{PullEvents, PullFile, PullFileFormat, PullReading, PullReadings, ReadPulls, Skipped};

/// Reads a file, in the format said or else in the one that it seems to be in.
///
/// # Errors
/// If the file is in none of the formats, and at the first thing in it that cannot be right.
pub fn read_pulls(
    file: PullFile<'_>,
    format: Option<PullFileFormat>,
) -> Result<(PullFileFormat, ReadPulls), PullFileFault> {
    // Spreadsheets and PowerShell put a mark of the encoding in front.
    let file = PullFile {
        text: file.text.trim_start_matches('\u{feff}'),
        ..file
    };
    let format = match format {
        Some(format) => format,
        None => recognised(file)?,
    };
    let pulls = match format {
        PullFileFormat::AcrEvents => ReadPulls::Events(acr::read(file)?),
        PullFileFormat::DockerHub => ReadPulls::Events(docker_hub::read(file)?),
        PullFileFormat::Harbor => ReadPulls::Readings(harbor::read(file)?),
    };
    Ok((format, pulls))
}

/// The format that a file seems to be in.
fn recognised(file: PullFile<'_>) -> Result<PullFileFormat, PullFileFault> {
    let is_json = file.text.trim_start().starts_with(['{', '[']);
    let header = file.text.lines().next().unwrap_or_default().to_lowercase();
    if is_json && file.text.contains("\"pull_count\"") {
        Ok(PullFileFormat::Harbor)
    } else if is_json || header.contains("operationname") {
        Ok(PullFileFormat::AcrEvents)
    } else if header.contains("datehour") {
        Ok(PullFileFormat::DockerHub)
    } else {
        Err(PullFileFault::new(
            file.name,
            1,
            "in none of the formats that are read",
            "give rows of ContainerRegistryRepositoryEvents (CSV with their names in the first line, or JSON), Docker Hub's \
             usage of pulls (CSV), or Harbor's repositories (JSON); --format says which it is",
        ))
    }
}

#[cfg(test)]
mod tests;
