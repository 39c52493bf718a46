use serde_json::{Value, json};

use super::content::{Listing, Repository};
use super::image::OCI_INDEX;
use super::server::Shared;
use super::setup::Login;
use super::tokens::is_basic;
use super::{Answer, Content, Links, Request};

/// What is answered about one reference in a repository.
type Endpoint = fn(&Shared, &Repository, &str) -> Answer;

/// What an honest registry of this setup answers.
pub(super) fn answer(shared: &Shared, request: &Request) -> Answer {
    let path = request
        .path
        .split('?')
        .next()
        .unwrap_or_default()
        .replace("%3A", ":");
    if path == "/token" {
        return match &mut *shared.login.lock().expect("no test panics inside") {
            Login::Tokens(tokens) => tokens.issue(request),
            Login::Open | Login::Basic { .. } => Answer::error(404, "NOT_FOUND"),
        };
    }
    if let Some(path) = path.strip_prefix("/acr/v1/").filter(|_| shared.lists_manifests) {
        return azure(shared, request, path);
    }
    let Some(path) = path.strip_prefix("/v2/") else {
        return Answer::error(404, "NOT_FOUND");
    };
    if let Some(refusal) = refuse(shared, request, path) {
        return refusal;
    }
    let content = shared.content.lock().expect("no test panics inside");
    route(shared, &content, request, path)
}

/// Azure's own API.
fn azure(shared: &Shared, request: &Request, path: &str) -> Answer {
    if let Some(name) = path.strip_suffix("/_manifests") {
        return all_manifests(shared, request, name);
    }
    if path == "_deleted/_catalog" {
        return deleted(shared, request);
    }
    let (name, lists_tags) = match path.strip_suffix("/_tags") {
        Some(name) => (name, true),
        None => (path, false),
    };
    let scope = format!("repository:{name}:metadata_read");
    if let Some(refusal) = refuse_without(shared, request, &scope) {
        return refusal;
    }
    let content = shared.content.lock().expect("no test panics inside");
    let Some(repository) = content.repositories.get(name) else {
        return Answer::error(404, "NAME_UNKNOWN");
    };
    if !lists_tags {
        return Answer::json(&json!({
            "registry": "faulty", "imageName": name,
            "tagCount": repository.tags.len(), "manifestCount": repository.manifests.len(),
        }));
    }
    let shown = repository
        .tags
        .iter()
        .filter(|(tag, _)| !repository.hidden.contains(tag));
    let tags: Vec<&str> = shown.map(|(tag, _)| tag.as_str()).collect();
    page(shared, request, &tags, |page| {
        let rows = page.iter().map(|tag| {
            let (_, digest) = repository
                .tags
                .iter()
                .find(|(held, _)| held == tag)
                .expect("listed");
            json!({"name": tag, "digest": digest, "signed": false, "createdTime": "2026-11-01T00:00:00Z"})
        });
        json!({"registry": "faulty", "imageName": name, "tags": rows.collect::<Vec<_>>()})
    })
}

/// Azure's listing of soft-deleted repositories; a registry without soft delete answers 404.
fn deleted(shared: &Shared, request: &Request) -> Answer {
    if let Some(refusal) = refuse_without(shared, request, "registry:deleted_catalog:*") {
        return refusal;
    }
    let content = shared.content.lock().expect("no test panics inside");
    if content.soft_deleted.is_empty() {
        return Answer::error(404, "NAME_UNKNOWN");
    }
    let names: Vec<&str> = content
        .soft_deleted
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    page(shared, request, &names, |page| {
        let rows = content
            .soft_deleted
            .iter()
            .filter(|(name, _)| page.contains(&name.as_str()));
        let rows = rows.map(
            |(name, at)| json!({"repository": name, "createdAt": "2026-01-01T00:00:00Z", "deletedAt": at}),
        );
        json!({"repositories": rows.collect::<Vec<_>>()})
    })
}

fn all_manifests(shared: &Shared, request: &Request, name: &str) -> Answer {
    let scope = format!("repository:{name}:metadata_read");
    if let Some(refusal) = refuse_without(shared, request, &scope) {
        return refusal;
    }
    let content = shared.content.lock().expect("no test panics inside");
    let Some(repository) = content.repositories.get(name) else {
        return Answer::error(404, "NAME_UNKNOWN");
    };
    let mut digests: Vec<String> = repository.manifests.keys().map(ToString::to_string).collect();
    digests.sort();
    let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
    page(shared, request, &digests, |page| {
        let rows = page.iter().map(|digest| repository.row(digest));
        json!({"registry": "faulty", "imageName": name, "manifests": rows.collect::<Vec<_>>()})
    })
}

fn route(shared: &Shared, content: &Content, request: &Request, path: &str) -> Answer {
    if path.is_empty() {
        return Answer::json(&json!({}));
    }
    if path == "_catalog" {
        let names: Vec<&str> = content.repositories.keys().map(String::as_str).collect();
        return page(shared, request, &names, |page| json!({"repositories": page}));
    }
    let unknown = || Answer::error(404, "NAME_UNKNOWN");
    if let Some(name) = path.strip_suffix("/tags/list") {
        let children = content.children(name);
        return match content.repositories.get(name) {
            None if shared.lists_as_google && !children.is_empty() => {
                Answer::json(&json!({"name": name, "child": children, "tags": [], "manifest": {}}))
            }
            None => unknown(),
            Some(repository) if repository.listing == Listing::Dead => unknown(),
            Some(repository) if repository.listing == Listing::Null => {
                Answer::json(&json!({"name": name, "tags": null}))
            }
            Some(repository) => {
                let tags: Vec<&str> = repository.tags.iter().map(|(tag, _)| tag.as_str()).collect();
                page(shared, request, &tags, |page| match shared.lists_as_google {
                    true => {
                        json!({"name": name, "child": children, "tags": page, "manifest": repository.google_map()})
                    }
                    false => json!({"name": name, "tags": page}),
                })
            }
        };
    }
    for (word, answer) in [
        ("/manifests/", manifest as Endpoint),
        ("/blobs/", blob),
        ("/referrers/", referrers),
    ] {
        if let Some((name, reference)) = path.split_once(word) {
            let repository = content.repositories.get(name);
            return repository.map_or_else(unknown, |repository| answer(shared, repository, reference));
        }
    }
    Answer::error(404, "NOT_FOUND")
}

fn manifest(shared: &Shared, repository: &Repository, reference: &str) -> Answer {
    let Some((digest, served)) = repository.resolve(reference) else {
        return Answer::error(404, "MANIFEST_UNKNOWN");
    };
    let answer = Answer::new(200)
        .with("Content-Type", &served.media_type)
        .bytes(served.bytes.clone());
    match shared.says_digest {
        true => answer.with("Docker-Content-Digest", digest.to_string()),
        false => answer,
    }
}

fn blob(_: &Shared, repository: &Repository, reference: &str) -> Answer {
    let blob = reference
        .parse()
        .ok()
        .and_then(|digest| repository.blobs.get(&digest));
    match blob {
        Some(bytes) => Answer::new(200)
            .with("Content-Type", "application/octet-stream")
            .bytes(bytes.clone()),
        None => Answer::error(404, "BLOB_UNKNOWN"),
    }
}

fn referrers(shared: &Shared, repository: &Repository, reference: &str) -> Answer {
    let Some(subject) = reference.parse().ok().filter(|_| shared.has_referrers) else {
        return Answer::error(404, "NOT_FOUND");
    };
    let attached = repository.referrers(subject);
    Answer::json(&json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": attached}))
        .with("Content-Type", OCI_INDEX)
}

/// One page of a listing, as large as client and registry allow, with a `Link` where there is more.
fn page(shared: &Shared, request: &Request, all: &[&str], envelope: impl Fn(&[&str]) -> Value) -> Answer {
    let asked = request.parameter("n").and_then(|n| n.parse().ok());
    let size = asked.unwrap_or(shared.page_size).min(shared.page_size).max(1);
    let start = match (request.parameter("cursor"), request.parameter("last")) {
        (Some(cursor), _) => cursor.trim_start_matches("page-after-").parse().unwrap_or(0),
        (None, Some(last)) => all.iter().position(|name| *name == last).map_or(0, |at| at + 1),
        (None, None) => 0,
    };
    let end = (start + size).min(all.len());
    let answer = Answer::json(&envelope(&all[start.min(end)..end]));
    if end >= all.len() {
        return answer;
    }
    let path = request.path.split('?').next().unwrap_or_default();
    let last: String = url::form_urlencoded::byte_serialize(all[end - 1].as_bytes()).collect();
    let target = match shared.links {
        Links::Relative => format!("{path}?last={last}&n={size}"),
        Links::Absolute => format!("{}{path}?last={last}&n={size}", shared.url),
        Links::Opaque => format!("{path}?cursor=page-after-{end}"),
    };
    answer.with("Link", format!("<{target}>; rel=\"next\""))
}

/// The refusal of a request that does not bring what the registry wants; none where it does.
fn refuse(shared: &Shared, request: &Request, path: &str) -> Option<Answer> {
    let scope = match path.rsplit_once("/tags/list") {
        _ if path.is_empty() => String::new(),
        _ if path == "_catalog" => "registry:catalog:*".to_owned(),
        Some((name, _)) => format!("repository:{name}:pull"),
        None => {
            let name = ["/manifests/", "/blobs/", "/referrers/"]
                .iter()
                .find_map(|word| path.split_once(word))
                .map_or(path, |(name, _)| name);
            format!("repository:{name}:pull")
        }
    };
    refuse_without(shared, request, &scope)
}

/// The refusal of a request without leave for this scope; none where it has it.
fn refuse_without(shared: &Shared, request: &Request, scope: &str) -> Option<Answer> {
    let challenge = match &*shared.login.lock().expect("no test panics inside") {
        Login::Open => None,
        Login::Basic { username, password } => {
            (!is_basic(request, username, password)).then(|| r#"Basic realm="faulty""#.to_owned())
        }
        Login::Tokens(tokens) => {
            (!tokens.accepts(request, scope)).then(|| tokens.challenge(&shared.url, scope))
        }
    };
    challenge.map(|challenge| Answer::error(401, "UNAUTHORIZED").with("WWW-Authenticate", challenge))
}
