//! A registry server that wants a token for everything, from a token server elsewhere.

use std::collections::BTreeMap;

use serde_json::json;

use super::with_new_database;
use crate::support::docker_registry::DockerRegistry;
use crate::support::storage_folder::StorageFolder;
use crate::support::token_server::{ISSUER, TokenServer};

#[test]
fn a_protected_registry_is_read_with_one_token_for_each_scope() {
    let folder = StorageFolder::new();
    let (base, app) = ([7_u8; 4_000], [9_u8; 500]);
    let first = folder.image("team/api", "1", &[&base, &app]);
    let second = folder.image("team/web", "latest", &[&base]);
    for number in 0..20 {
        folder.image("team/api", &format!("1.{number}"), &[&base, &app]);
    }
    let tokens = TokenServer::serve("crawler", "hunter2");
    let registry =
        DockerRegistry::serve_with_tokens(folder.path(), tokens.realm(), ISSUER, &tokens.certificate());

    let nobody = with_new_database().run(&["crawl", registry.url(), "--json"]);
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
    let wrong = with_new_database()
        .variable("TARE_USERNAME", "crawler")
        .variable("TARE_PASSWORD", "hunter3")
        .run(&["crawl", registry.url(), "--json"]);
    assert_eq!(wrong.status.code(), Some(3), "{wrong:?}");
    for output in [&wrong.stdout, &wrong.stderr] {
        assert!(!String::from_utf8_lossy(output).contains("hunter3"));
    }
    assert_eq!(tokens.given(), [""; 0]);

    let program = with_new_database()
        .variable("TARE_USERNAME", "crawler")
        .variable("TARE_PASSWORD", "hunter2");
    let crawl = program.crawl(registry.url());
    assert_eq!(
        (&crawl["status"], &crawl["tags"]),
        (&json!("complete"), &json!(22)),
        "{crawl}"
    );
    let mut scopes: BTreeMap<String, usize> = BTreeMap::new();
    for scope in tokens.given() {
        *scopes.entry(scope).or_default() += 1;
    }
    let expected = [
        ("registry:catalog:*", 1),
        ("repository:team/api:pull", 1),
        ("repository:team/web:pull", 1),
    ];
    assert_eq!(
        scopes,
        expected.map(|(scope, count)| (scope.to_owned(), count)).into()
    );

    let report = program.report();
    let stored = 4_000 + 500 + first + second;
    assert_eq!(report["registries"][0]["stored_bytes"], json!(stored));
    assert_eq!(report["repositories"][0]["repository"], json!("team/api"));
    assert_eq!(report["repositories"][0]["exclusive_bytes"], json!(500 + first));
    assert_eq!(
        report["repositories"][0]["attributed_bytes"],
        json!(2_000 + 500 + first)
    );
}
