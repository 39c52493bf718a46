//! Files in which registries say how often they were pulled from, read into counts.
//!
//! [`read_pulls`] takes the text of a file and gives everything that it says, or the first place at which it
//! says something that cannot be right. Nothing is taken over from a file with a fault.

mod acr;
mod acr_columns;
mod acr_json;
mod azure_metrics;
mod cloudtrail;
mod cloudwatch;
mod collector;
mod docker_hub;
mod fault;
mod file;
mod google_audit;
mod harbor;
mod harbor_audit;
mod json;
mod kubernetes;
mod table;

pub use fault::PullFileFault;
pub use file::{
    PullEvents, PullFile, PullFileFormat, PullReading, PullReadings, PullTotals, PullUnit, ReadPulls,
    ServedLayer, Skipped,
};

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
        PullFileFormat::HarborAudit => ReadPulls::Events(harbor_audit::read(file)?),
        PullFileFormat::Cloudtrail => ReadPulls::Events(cloudtrail::read(file)?),
        PullFileFormat::Cloudwatch => ReadPulls::Events(cloudwatch::read(file)?),
        PullFileFormat::GoogleAudit => ReadPulls::Events(google_audit::read(file)?),
        PullFileFormat::KubernetesEvents => ReadPulls::Events(kubernetes::read(file)?),
        PullFileFormat::AzureMetrics => ReadPulls::Totals(azure_metrics::read(file)?),
    };
    Ok((format, pulls))
}

/// What only JSON of one format contains, in lower case, in the order in which to look for it: a log may quote the words of
/// another.
const SIGNS: [(&str, PullFileFormat); 15] = [
    ("\"pull_count\"", PullFileFormat::Harbor),
    ("\"op_time\"", PullFileFormat::HarborAudit),
    ("\"metricdataresults\"", PullFileFormat::Cloudwatch),
    ("\"datapoints\"", PullFileFormat::Cloudwatch),
    ("\"cloudtrailevent\"", PullFileFormat::Cloudtrail),
    ("\"eventsource\"", PullFileFormat::Cloudtrail),
    ("\"protopayload\"", PullFileFormat::GoogleAudit),
    ("\"successfulpullcount\"", PullFileFormat::AzureMetrics),
    ("\"totalpullcount\"", PullFileFormat::AzureMetrics),
    ("\"involvedobject\"", PullFileFormat::KubernetesEvents),
    ("\"regarding\"", PullFileFormat::KubernetesEvents),
    ("\"operationname\"", PullFileFormat::AcrEvents),
    ("\"timegenerated\"", PullFileFormat::AcrEvents),
    ("\"tables\"", PullFileFormat::AcrEvents),
    ("\"columns\"", PullFileFormat::AcrEvents),
];

/// The format that a file seems to be in.
fn recognised(file: PullFile<'_>) -> Result<PullFileFormat, PullFileFault> {
    let lower = file.text.to_lowercase();
    let header = lower.lines().next().unwrap_or_default();
    let found = if lower.trim_start().starts_with(['{', '[']) {
        let mut signs = SIGNS.iter();
        signs
            .find(|(sign, _)| lower.contains(sign))
            .map(|(_, format)| *format)
    } else if header.contains("operationname") {
        Some(PullFileFormat::AcrEvents)
    } else if header.contains("datehour") {
        Some(PullFileFormat::DockerHub)
    } else {
        None
    };
    found.ok_or_else(|| {
        PullFileFault::new(
            file.name,
            1,
            "in none of the formats that are read",
            "give rows of ContainerRegistryRepositoryEvents (CSV with their names in the first line, or JSON), Azure's pull \
             metrics (JSON), Docker Hub's usage of pulls (CSV), Harbor's repositories or audit log (JSON), CloudTrail's \
             records or CloudWatch's RepositoryPullCount of ECR (JSON), Google's audit log (JSON), or Kubernetes' events \
             (JSON); --format says which it is",
        )
    })
}

#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod tests;
