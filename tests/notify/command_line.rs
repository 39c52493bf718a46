//! `tare notify`.

use serde_json::Value;

use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{FaultyRegistry, image};
use crate::support::mail_server::{MailServer, MailTls};
use crate::support::program::Program;
use crate::support::web_receiver::WebReceiver;

fn with_settings(text: &str) -> Program {
    let program = with_new_database();
    let folder = program.home().join(".config/tare");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("tare.toml"), text).expect("a file");
    program
}

#[test]
fn a_preview_shows_each_event_in_each_form_and_sends_nothing() {
    let receiver = WebReceiver::start();
    let program = with_settings(&format!(
        "[[notification]]\nname = \"ops\"\nkind = \"slack\"\nevents = [\"weekly_summary\"]\nurl = \"{}\"\n",
        receiver.url()
    ));
    let nothing = program.run(&["notify", "preview", "weekly_summary"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("nothing has been crawled yet"));
    let registry = FaultyRegistry::holding(|content| {
        content.repository("web").tag("v1", image().layer("web", 1000));
    })
    .start();
    program.crawl(registry.url());
    for event in [
        "weekly_summary",
        "budget_exceeded",
        "budget_forecast",
        "crawl_failed",
        "price_change",
    ] {
        for format in ["text", "html", "slack", "teams", "json"] {
            let output = program.run(&["notify", "preview", event, "--format", format]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{event} {format}: {said}");
            let text = String::from_utf8_lossy(&output.stdout);
            match format {
                "text" => assert!(text.lines().count() >= 3, "{text}"),
                "html" => assert!(text.starts_with("<!doctype html>"), "{text}"),
                _ => drop(serde_json::from_str::<Value>(&text).expect("JSON")),
            }
        }
    }
    let json = program.json(&["notify", "preview", "weekly_summary", "--format", "json"]);
    assert_eq!(
        (&json["version"], &json["event"]),
        (&1.into(), &"weekly_summary".into())
    );
    assert!(receiver.received().is_empty());
}

#[test]
fn the_doctor_reaches_receivers_without_sending_and_names_missing_secrets() {
    let (hook, mail) = (WebReceiver::start(), MailServer::start(MailTls::StartTls));
    let email = |name: &str, port: u16, password: &str| {
        format!(
            "[[notification]]\nname = \"{name}\"\nkind = \"email\"\nevents = [\"weekly_summary\"]\nhost = \"localhost\"\n\
             port = {port}\nusername = \"tare\"\n{password}\nfrom = \"tare@example.com\"\nto = [\"cfo@example.com\"]\n\
             extra_ca = [\"{}\"]\n",
            mail.authority().display()
        )
    };
    let webhook = |name: &str, rest: &str| {
        format!(
            "[[notification]]\nname = \"{name}\"\nkind = \"webhook\"\nevents = [\"crawl_failed\"]\n{rest}\n"
        )
    };
    let well = with_settings(&format!(
        "{}{}",
        webhook("ops", &format!("url = \"{}?token=hunter2\"", hook.url())),
        email("finance", mail.port(), "password = \"hunter2\"")
    ));
    let output = well.run(&["doctor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.success(), "{text}");
    assert!(text.contains("ok notification ops: 127.0.0.1:"), "{text}");
    assert!(
        text.contains("ok notification finance: mail server localhost:"),
        "{text}"
    );
    assert!(
        text.contains("STARTTLS and accepts the login; nothing was sent"),
        "{text}"
    );
    assert!(hook.received().is_empty() && mail.mails().is_empty());

    let amiss = with_settings(&format!(
        "{}{}{}{}{}",
        webhook("closed", "url = \"http://127.0.0.1:1/hook\""),
        webhook("unset", "url_env = \"TARE_TEST_HOOK\""),
        webhook("budgets", &format!("url = \"{}\"", hook.url())).replace("crawl_failed", "budget_exceeded"),
        email("wrong", mail.port(), "password = \"wrong\""),
        email("lost", mail.port(), "password_file = \"/nowhere/password\"")
    ));
    let output = amiss.run(&["doctor", "--format", "json"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{text}");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let checks = document["checks"].as_array().expect("checks");
    for (name, said) in [
        ("closed", "refused"),
        ("unset", "TARE_TEST_HOOK"),
        ("budgets", "there is none"),
        ("wrong", "535"),
        ("lost", "/nowhere/password"),
    ] {
        let check = checks
            .iter()
            .find(|check| check["check"] == format!("notification {name}"));
        let check = check.unwrap_or_else(|| panic!("{name}: {text}"));
        assert_eq!(check["ok"], false, "{check}");
        assert!(
            check["found"].as_str().is_some_and(|found| found.contains(said)),
            "{check}"
        );
    }
    assert!(!text.contains("hunter2") && mail.mails().is_empty(), "{text}");
}

#[test]
fn a_test_message_reaches_the_receiver_or_the_reason_is_shown_without_the_secret() {
    let receiver = WebReceiver::start();
    let url = format!("{}?token=hunter2", receiver.url());
    let program = with_settings(&format!(
        "[[notification]]\nname = \"ops\"\nkind = \"webhook\"\nevents = [\"crawl_failed\"]\nurl = \"{url}\"\n"
    ));
    let sent = program.run(&["notify", "test", "ops"]);
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    let received = receiver.received();
    assert_eq!(received[0].json()["event"], "test");

    receiver.answer_with(&[403]);
    let refused = program.run(&["notify", "test", "ops"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said.contains("ops: ") && said.contains("403") && !said.contains("hunter2"),
        "{said}"
    );
    let unknown = program.run(&["notify", "test", "opps"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there are ops"));
}
