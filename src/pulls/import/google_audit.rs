//! Google Cloud's audit log of Artifact Registry (data access, `DATA_READ`): an entry for each manifest and each layer that
//! a client requested, as `gcloud logging read --format json` or a log sink writes them.
//!
//! A recorded entry (a log tool's test, July 2024) names the manifest in `request.requestUrl`
//! (`/v2/PROJECT/REPOSITORY/IMAGE/manifests/REFERENCE`), and a failure in `status.code`.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit, ServedLayer};
use super::json::{parsed, rows};
use crate::oci::RepositoryName;
use crate::pulls::event::{OWN_AGENT, PullEvent, key};

/// The service whose entries are read.
const SERVICE: &str = "artifactregistry.googleapis.com";

/// The end of the account that Google's scanner uses. Source: the recorded entry.
const SCANNER: &str = "@container-analysis.iam.gserviceaccount.com";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    timestamp: Option<String>,
    insert_id: Option<String>,
    proto_payload: Option<Payload>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    service_name: Option<String>,
    method_name: Option<String>,
    status: Option<Status>,
    authentication_info: Option<Authentication>,
    request_metadata: Option<Metadata>,
    request: Option<Request>,
    resource_location: Option<Location>,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    code: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authentication {
    principal_email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    caller_supplied_user_agent: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    request_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    current_locations: Vec<String>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut pulls = Collector::new(file);
    rows(file, &["entries"], &mut |row, lines| {
        let entry: Entry = parsed(row, lines)?;
        take(entry, lines.line_of(row), &mut pulls)
    })?;
    pulls.finish(PullUnit::Manifests)
}

fn take(entry: Entry, line: u64, pulls: &mut Collector<'_>) -> Result<(), PullFileFault> {
    let Some(payload) = entry
        .proto_payload
        .filter(|payload| payload.service_name.as_deref() == Some(SERVICE))
    else {
        pulls.skipped.other_operations += 1;
        return Ok(());
    };
    let location = payload
        .resource_location
        .iter()
        .flat_map(|location| &location.current_locations)
        .next();
    if !is_of(pulls.file.login_server.as_str(), location.map(String::as_str)) {
        pulls.skipped.other_registries += 1;
        return Ok(());
    }
    let wrong = |column: &str, text: &str, remedy: &str| {
        PullFileFault::in_cell(pulls.file.name, line, column, text, remedy)
    };
    let time = entry.timestamp.as_deref().unwrap_or_default();
    let at = time.parse::<DateTime<Utc>>().map_err(|_| {
        wrong(
            "timestamp",
            time,
            "give the time in UTC, such as 2026-11-23T09:30:00Z",
        )
    })?;
    pulls.covers(at.date_naive());
    let is_manifest = match payload.method_name.as_deref().unwrap_or_default() {
        "Docker-GetManifest" => true,
        "Docker-ServeBlob" => false,
        _ => {
            pulls.skipped.other_operations += 1;
            return Ok(());
        }
    };
    if payload.status.is_some_and(|status| status.code != 0) {
        pulls.skipped.failed += 1;
        return Ok(());
    }
    let agent = payload
        .request_metadata
        .and_then(|metadata| metadata.caller_supplied_user_agent)
        .unwrap_or_default();
    if agent.starts_with(OWN_AGENT) {
        pulls.skipped.own += 1;
        return Ok(());
    }
    let account = payload
        .authentication_info
        .and_then(|authentication| authentication.principal_email)
        .unwrap_or_default();
    if account.ends_with(SCANNER) {
        pulls.skipped.scans += 1;
        return Ok(());
    }
    let url = payload
        .request
        .and_then(|request| request.request_url)
        .unwrap_or_default();
    let middle = if is_manifest { "/manifests/" } else { "/blobs/" };
    let unknown = || {
        wrong(
            "protoPayload.request.requestUrl",
            &url,
            "give whole entries, with the path /v2/PROJECT/REPOSITORY/IMAGE/manifests/REFERENCE",
        )
    };
    let path = url.split_once("/v2/").map(|(_, path)| path);
    let (repository, reference) = path
        .and_then(|path| path.rsplit_once(middle))
        .ok_or_else(unknown)?;
    let repository: RepositoryName = repository.parse().map_err(|_| unknown())?;
    let key = match entry.insert_id.as_deref() {
        Some(id) => key(&["google-audit", id, time]),
        None => pulls.key_of_line(line),
    };
    let day = at.date_naive();
    if is_manifest {
        pulls.pull(PullEvent {
            key,
            repository,
            tag: reference.parse().ok(),
            digest: reference.parse().ok(),
            day,
            count: 1,
        });
    } else {
        let digest = reference.parse().map_err(|_| unknown())?;
        let layer = ServedLayer {
            key,
            repository,
            digest,
            day,
        };
        pulls.layer(layer);
    }
    Ok(())
}

/// Whether an entry of a location is about the registry of a host. Only `LOCATION-docker.pkg.dev` names a location.
fn is_of(host: &str, location: Option<&str>) -> bool {
    match (host.strip_suffix("-docker.pkg.dev"), location) {
        (Some(own), Some(location)) => own.eq_ignore_ascii_case(location),
        _ => true,
    }
}
