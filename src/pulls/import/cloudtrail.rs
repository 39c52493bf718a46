//! AWS CloudTrail's records of Amazon ECR: a record for each request of a manifest (`BatchGetImage`) and for each layer that
//! the client did not have (`GetDownloadUrlForLayer`).
//!
//! Forms: a trail's log file (`{"Records": […]}`), `aws cloudtrail lookup-events` (`{"Events": […]}`, each with the record as
//! text), or a record a line. Source: Amazon ECR's user guide, "Logging Amazon ECR actions with AWS CloudTrail", whose
//! example of a pull the tests follow. Whether ECR records HEAD requests as `BatchGetImage` is not documented: a request by
//! tag that the same client follows with one by digest is one pull either way.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit, ServedLayer};
use super::json::{parsed, rows};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::event::{EventKey, OWN_AGENT, PullEvent, key};

/// The service whose records are read.
const SERVICE: &str = "ecr.amazonaws.com";

/// How soon a client follows a request by tag with one by digest. Our choice: clients do so at once.
const FOLLOWS_WITHIN: TimeDelta = TimeDelta::seconds(10);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    event_time: Option<String>,
    event_source: Option<String>,
    event_name: Option<String>,
    #[serde(rename = "eventID")]
    event_id: Option<String>,
    aws_region: Option<String>,
    error_code: Option<String>,
    user_agent: Option<String>,
    #[serde(rename = "sourceIPAddress")]
    source_ip_address: Option<String>,
    recipient_account_id: Option<String>,
    user_identity: Option<Identity>,
    request_parameters: Option<Parameters>,
    /// An answer of `lookup-events` has the record as text in this member.
    #[serde(rename = "CloudTrailEvent")]
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    principal_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    repository_name: Option<String>,
    registry_id: Option<String>,
    #[serde(default)]
    image_ids: Vec<ImageId>,
    layer_digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageId {
    image_tag: Option<String>,
    image_digest: Option<String>,
}

/// A request of a manifest.
struct Request {
    repository: RepositoryName,
    client: String,
    at: DateTime<Utc>,
    key: EventKey,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut pulls = Collector::new(file);
    let mut requests = Vec::new();
    rows(file, &["Records", "Events"], &mut |row, lines| {
        let record: Record = parsed(row, lines)?;
        let line = lines.line_of(row);
        let record = match record.text {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                PullFileFault::new(
                    file.name,
                    line,
                    format!("CloudTrailEvent is not a record: {error}"),
                    "save the whole answer of aws cloudtrail lookup-events",
                )
            })?,
            None => record,
        };
        take(record, line, &mut pulls, &mut requests)
    })?;
    for request in without_first_steps(requests, &mut pulls.skipped.by_tag_first) {
        pulls.pull(PullEvent {
            key: request.key,
            repository: request.repository,
            tag: request.tag,
            digest: request.digest,
            day: request.at.date_naive(),
            count: 1,
        });
    }
    pulls.finish(PullUnit::Manifests)
}

fn take(
    record: Record,
    line: u64,
    pulls: &mut Collector<'_>,
    requests: &mut Vec<Request>,
) -> Result<(), PullFileFault> {
    let name = record.event_name.as_deref().unwrap_or_default();
    if record.event_source.as_deref() != Some(SERVICE) {
        pulls.skipped.other_operations += 1;
        return Ok(());
    }
    let parameters = record.request_parameters.as_ref();
    let account = parameters
        .and_then(|parameters| parameters.registry_id.as_deref())
        .or(record.recipient_account_id.as_deref());
    if !is_of(
        pulls.file.login_server.as_str(),
        account,
        record.aws_region.as_deref(),
    ) {
        pulls.skipped.other_registries += 1;
        return Ok(());
    }
    let wrong = |column: &str, text: &str, remedy: &str| {
        PullFileFault::in_cell(pulls.file.name, line, column, text, remedy)
    };
    let time = record.event_time.as_deref().unwrap_or_default();
    let at = time.parse::<DateTime<Utc>>().map_err(|_| {
        wrong(
            "eventTime",
            time,
            "give the time in UTC, such as 2026-11-23T09:30:00Z",
        )
    })?;
    pulls.covers(at.date_naive());
    if !["BatchGetImage", "GetDownloadUrlForLayer"].contains(&name) {
        pulls.skipped.other_operations += 1;
        return Ok(());
    }
    if record.error_code.is_some() {
        pulls.skipped.failed += 1;
        return Ok(());
    }
    let agent = record.user_agent.as_deref().unwrap_or_default();
    if agent.starts_with(OWN_AGENT) {
        pulls.skipped.own += 1;
        return Ok(());
    }
    let Some(parameters) = parameters else {
        return Err(wrong(
            "requestParameters",
            "",
            "give whole records: without it the repository is not known",
        ));
    };
    let repository = parameters.repository_name.as_deref().unwrap_or_default();
    let repository: RepositoryName = repository.parse().map_err(|_| {
        wrong(
            "requestParameters.repositoryName",
            repository,
            "give the repository's name without its registry",
        )
    })?;
    let key_of = |number: usize| match record.event_id.as_deref() {
        Some(id) => key(&["cloudtrail", id, &number.to_string()]),
        None => key(&[
            "cloudtrail",
            &format!("{:?}", pulls.key_of_line(line)),
            &number.to_string(),
        ]),
    };
    if name == "GetDownloadUrlForLayer" {
        let digest = parameters.layer_digest.as_deref().unwrap_or_default();
        let digest = digest.parse().map_err(|_| {
            wrong(
                "requestParameters.layerDigest",
                digest,
                "give a digest, such as sha256:…",
            )
        })?;
        let layer = ServedLayer {
            key: key_of(0),
            repository,
            digest,
            day: at.date_naive(),
        };
        pulls.layer(layer);
        return Ok(());
    }
    let principal = record.user_identity.and_then(|identity| identity.principal_id);
    let address = record.source_ip_address.as_deref().unwrap_or_default();
    let client = format!("{}\n{address}\n{agent}", principal.unwrap_or_default());
    for (number, image) in parameters.image_ids.iter().enumerate() {
        requests.push(Request {
            repository: repository.clone(),
            client: client.clone(),
            at,
            key: key_of(number),
            tag: image.image_tag.as_deref().and_then(|tag| tag.parse().ok()),
            digest: image
                .image_digest
                .as_deref()
                .and_then(|digest| digest.parse().ok()),
        });
    }
    Ok(())
}

/// The requests without those by tag that the same client followed with one by digest.
fn without_first_steps(mut requests: Vec<Request>, left_out: &mut u64) -> Vec<Request> {
    requests.sort_by(|one, other| {
        let order = |request: &Request| (request.digest.is_some(), request.key);
        (&one.repository, &one.client, one.at, order(one)).cmp(&(
            &other.repository,
            &other.client,
            other.at,
            order(other),
        ))
    });
    let follows = |first: &Request, next: &Request| {
        first.digest.is_none()
            && next.digest.is_some()
            && (&first.repository, &first.client) == (&next.repository, &next.client)
            && next.at - first.at <= FOLLOWS_WITHIN
    };
    let steps: Vec<bool> = requests
        .windows(2)
        .map(|pair| follows(&pair[0], &pair[1]))
        .collect();
    *left_out += steps.iter().filter(|step| **step).count() as u64;
    let steps = steps.into_iter().chain([false]);
    let kept = requests.into_iter().zip(steps).filter(|(_, step)| !step);
    kept.map(|(request, _)| request).collect()
}

/// Whether a record is about the registry of a host. A host that names no account is taken to be any.
fn is_of(host: &str, account: Option<&str>, region: Option<&str>) -> bool {
    let mut labels = host.split('.');
    let first = labels.next().unwrap_or_default();
    if first.len() != 12 || !first.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    // ACCOUNT.dkr.ecr.REGION.… or ACCOUNT.dkr-ecr.REGION.…, each also with -fips.
    let own = labels.find(|label| !label.starts_with("dkr") && !label.starts_with("ecr"));
    account.is_none_or(|account| account == first) && (region.is_none() || own.is_none() || region == own)
}
