//! How messages arrive by each channel.

use ring::hmac;

use super::{Company, webhook};
use crate::support::mail_server::{MailServer, MailTls};
use crate::support::web_receiver::WebReceiver;

const WEEKLY: &str = "\"weekly_summary\"";

fn email(server: &MailServer, tls: &str) -> String {
    format!(
        "[[notification]]\nname = \"finance\"\nkind = \"email\"\nevents = [{WEEKLY}]\nhost = \"localhost\"\n\
         port = {}\ntls = \"{tls}\"\nfrom = \"Tare <tare@example.com>\"\n\
         to = [\"cfo@example.com\", \"ops@example.com\"]\nhour = 7\nextra_ca = [\"{}\"]\n",
        server.port(),
        server.authority().display()
    )
}

async fn summary(notification: &str) -> Company {
    let company = Company::with(notification).await;
    company.crawl("2026-11-23T06:00:00Z").await;
    company.turn("2026-11-23T07:00:00Z").await;
    company
}

#[tokio::test(flavor = "multi_thread")]
async fn an_e_mail_goes_by_starttls_or_implicit_tls_with_a_login() {
    for (tls, setting) in [(MailTls::StartTls, "starttls"), (MailTls::Implicit, "implicit")] {
        let server = MailServer::start(tls);
        let login = "username = \"tare\"\npassword = \"hunter2\"\n";
        let company = summary(&format!("{}{login}", email(&server, setting))).await;
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{setting}: {:?}", company.outcomes().await);
        let mail = &mails[0];
        assert!(mail.is_encrypted);
        assert_eq!(mail.login, Some(("tare".to_owned(), "hunter2".to_owned())));
        assert_eq!(mail.recipients, ["cfo@example.com", "ops@example.com"]);
        assert!(
            mail.text
                .contains("Subject: Container registries: week of 23 November 2026"),
            "{}",
            mail.text
        );
        for part in [
            "text/plain",
            "text/html",
            "Message-ID: <",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(mail.text.contains(part), "{part}: {}", mail.text);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_without_encryption_is_used_only_if_the_settings_say_so() {
    let server = MailServer::start(MailTls::Unencrypted);
    let company = summary(&email(&server, "starttls")).await;
    assert!(server.mails().is_empty());
    assert_eq!(company.outcomes().await[0].1, "pending");
    let company = summary(&email(&server, "none")).await;
    assert_eq!(company.outcomes().await, [("email".into(), "sent".into(), 1)]);
    assert!(!server.mails()[0].is_encrypted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_mail_server_is_tried_again_and_a_refusal_is_final() {
    let server = MailServer::start(MailTls::StartTls);
    server.refuse_with("451 try again later");
    let company = summary(&email(&server, "starttls")).await;
    assert_eq!(company.outcomes().await, [("email".into(), "pending".into(), 1)]);
    company.turn("2026-11-23T07:00:30Z").await;
    assert_eq!(server.mails().len(), 1);

    server.refuse_with("550 no such user");
    let company = summary(&email(&server, "starttls")).await;
    assert_eq!(company.outcomes().await, [("email".into(), "failed".into(), 1)]);
    let wrong = "username = \"tare\"\npassword = \"wrong\"\n";
    let company = summary(&format!("{}{wrong}", email(&server, "starttls"))).await;
    assert_eq!(company.outcomes().await, [("email".into(), "failed".into(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_with_a_certificate_of_a_stranger_gets_nothing() {
    let server = MailServer::start(MailTls::StartTls);
    let stranger = MailServer::start(MailTls::StartTls);
    let section = email(&server, "starttls").replace(
        &server.authority().display().to_string(),
        &stranger.authority().display().to_string(),
    );
    summary(&section).await;
    assert!(server.mails().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_as_github_signs() {
    let receiver = WebReceiver::start();
    summary(&webhook(&receiver.url(), WEEKLY)).await;
    let received = receiver.received();
    let request = &received[0];
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("x-tare-event"), "weekly_summary");
    let signature = request
        .header("x-tare-signature-256")
        .strip_prefix("sha256=")
        .expect("a signature");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"hush");
    let signature = hex::decode(signature).expect("hexadecimal");
    hmac::verify(&key, request.body.as_bytes(), &signature).expect("the right signature");
    assert!(!request.body.contains("hush"));
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_gets_blocks_and_teams_an_adaptive_card() {
    let (slack, teams) = (WebReceiver::start(), WebReceiver::start());
    let section = |kind: &str, url: &str| {
        format!(
            "[[notification]]\nname = \"{kind}\"\nkind = \"{kind}\"\nevents = [{WEEKLY}]\nurl = \"{url}\"\nhour = 7\n"
        )
    };
    let sections = format!(
        "{}{}",
        section("slack", &slack.url()),
        section("teams", &teams.url())
    );
    summary(&sections).await;
    let received = slack.received();
    let to_slack = received[0].json();
    assert_eq!(to_slack["text"], "Container registries: week of 23 November 2026");
    assert_eq!(to_slack["blocks"][0]["text"]["type"], "mrkdwn");
    let received = teams.received();
    let card = &received[0].json()["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["content"]["type"], "AdaptiveCard");
    assert_eq!(card["content"]["actions"][0]["url"], "https://tare.example.com/");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_where_clouds_keep_secrets_is_never_asked() {
    let company = summary(&webhook("http://169.254.169.254/latest/meta-data", WEEKLY)).await;
    assert_eq!(company.outcomes().await, [("webhook".into(), "failed".into(), 1)]);
}
