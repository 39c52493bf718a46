use std::process::Command;

use super::company;
use crate::end_to_end::with_new_database;

#[test]
fn it_is_told_to_stop_and_ends_in_order() {
    let (_registry, program) = company();
    let mut service = program.serve(&["--role", "api"]);
    let kill = Command::new("kill")
        .arg(service.process_id().to_string())
        .status();
    assert!(kill.expect("kill runs").success());
    assert!(service.ended().success());
}

#[test]
fn it_needs_nothing_that_was_crawled() {
    let service = with_new_database().serve(&["--role", "api"]);
    let list = service.json("/v1/repositories");
    assert_eq!(
        (&list["items"], &list["as_of"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    assert_eq!(service.json("/v1/summary")["totals"]["repositories"], 0);
}

#[test]
fn strangers_are_let_in_only_where_that_was_said() {
    let program = with_new_database();
    let refused = program.run(&["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        said.contains("tare key create") && said.contains("--allow-anonymous"),
        "{said}"
    );
}

#[test]
fn https_is_spoken_with_a_certificate_of_ones_own() {
    let program = with_new_database();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let (chain, key) = (program.home().join("tls.crt"), program.home().join("tls.key"));
    std::fs::write(&chain, certified.cert.pem()).expect("written");
    std::fs::write(&key, certified.signing_key.serialize_pem()).expect("written");
    let program = program
        .variable("TARE_SERVE_TLS_CERTIFICATE", chain.to_str().expect("text"))
        .variable("TARE_SERVE_TLS_KEY", key.to_str().expect("text"));
    let service = program.serve(&["--role", "api"]);
    assert!(service.url().starts_with("https://"));
    assert!(
        service
            .get("/healthz")
            .header("strict-transport-security")
            .contains("max-age")
    );

    std::fs::write(&key, "no key").expect("written");
    let refused = program.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("tls.key"));
}

#[test]
fn the_doctor_says_what_is_amiss_and_what_to_do() {
    let (registry, program) = company();
    let well = program.run(&["doctor"]);
    let text = String::from_utf8_lossy(&well.stdout).into_owned();
    assert!(well.status.success() && !text.contains("FAIL"), "{text}");

    let file = program.home().join("other.toml");
    let url = registry.url();
    let settings = format!(
        "[serve]\naccess = \"keys\"\n[[registry]]\nurl = \"{url}\"\n[[registry]]\nurl = \"http://127.0.0.1:1\"\n"
    );
    std::fs::write(&file, settings).expect("written");
    let amiss = program.run(&["doctor", "--config", file.to_str().expect("text")]);
    let text = String::from_utf8_lossy(&amiss.stdout).into_owned();
    assert_eq!(amiss.status.code(), Some(3), "{text}");
    assert!(text.contains("can list the catalogue (4 repositories"), "{text}");
    assert!(text.contains("FAIL   registry 127.0.0.1:1:"), "{text}");
    assert!(text.contains("tare key create"), "{text}");
}
