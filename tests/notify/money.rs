//! Prices that change and budgets that will be exceeded reach their receivers.

use super::{Company, webhook};
use crate::support::faulty_registry::image;
use crate::support::mail_server::{MailServer, MailTls};
use crate::support::web_receiver::WebReceiver;

const GIB: u64 = 1 << 30;

/// A price book of storage at this price per GiB, for some days.
fn edition(folder: &std::path::Path, version: &str, price: &str, days: (&str, &str)) -> String {
    let file = folder.join(format!("{version}.toml"));
    let text = format!(
        "id = \"house\"\nversion = \"{version}\"\nextends = \"self-hosted-s3\"\nvalid_from = {}\nvalid_until = {}\n\
         [storage]\ntiers = [{{ from = 0, price = {price} }}]\n",
        days.0, days.1
    );
    std::fs::write(&file, text).expect("a file");
    format!("{:?}", file.display().to_string())
}

/// The settings of a house with these editions and a mailbox beside other receivers.
fn house(editions: &[String], mail: &MailServer, event: &str, others: &str) -> String {
    format!(
        "[prices]\nbook = \"house\"\nbooks = [{}]\n[serve]\npublic_url = \"https://tare.example.com/\"\n\
         [[budget]]\nmonthly = \"75\"\ncurrency = \"USD\"\n\
         [[notification]]\nname = \"finance\"\nkind = \"email\"\nevents = [\"{event}\"]\nhost = \"localhost\"\n\
         port = {}\ntls = \"none\"\nfrom = \"tare@example.com\"\nto = [\"cfo@example.com\"]\n{others}",
        editions.join(", "),
        mail.port()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_edition_of_a_price_book_is_told_of_once_with_what_it_changes() {
    let (hook, mail) = (WebReceiver::start(), MailServer::start(MailTls::Unencrypted));
    let folder = tempfile::tempdir().expect("a folder");
    let editions = [
        edition(folder.path(), "2026-a", "1", ("2026-01-01", "2026-11-30")),
        edition(folder.path(), "2026-b", "1.5", ("2026-12-01", "2027-12-31")),
    ];
    let others = webhook(&hook.url(), "\"price_change\"");
    let company = Company::with_settings(&house(&editions, &mail, "price_change", &others)).await;
    company.registry.change(|content| {
        let large = image().layer("large", 40 * GIB);
        content.repository("large").tag("v1", large);
    });
    company.crawl("2026-11-30T06:00:00Z").await;
    company.turn("2026-11-30T06:00:10Z").await;
    assert!(hook.received().is_empty(), "the first prices are no change");

    company.crawl("2026-12-01T06:00:00Z").await;
    company.turn("2026-12-01T06:00:10Z").await;
    // Neither another turn nor another crawl with the same prices is news.
    company.crawl("2026-12-01T12:00:00Z").await;
    company.turn("2026-12-01T12:00:10Z").await;
    let received = hook.received();
    assert_eq!(received.len(), 1);
    let message = received[0].json();
    assert_eq!(message["event"], "price_change");
    let data = &message["data"];
    assert_eq!(data["before"], "house (2026-a)");
    assert_eq!(data["after"], "house (2026-b)");
    let amounts = ["month_before", "month_after"].map(|key| {
        let amount = data[key]["amount"].as_str().expect("an amount");
        amount.split('.').next().unwrap_or_default().to_owned()
    });
    assert_eq!(amounts, ["40", "60"], "{message}");
    let rows = message["sections"][0]["rows"].to_string();
    for stated in ["40.00 USD", "60.00 USD", "+20.00 USD"] {
        assert!(rows.contains(stated), "{message}");
    }
    let mails = mail.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipients, ["cfo@example.com"]);
    assert!(mails[0].text.contains("60.00 USD"), "{}", mails[0].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_a_proven_trend_will_exceed_is_told_of_before_it_is() {
    let (hook, mail) = (WebReceiver::start(), MailServer::start(MailTls::Unencrypted));
    let folder = tempfile::tempdir().expect("a folder");
    let editions = [edition(folder.path(), "2026", "1", ("2026-01-01", "2027-12-31"))];
    let others = webhook(&hook.url(), "\"budget_forecast\", \"budget_exceeded\"");
    let company = Company::with_settings(&house(&editions, &mail, "budget_forecast", &others)).await;
    // Ten GiB more in each month, and a budget of 75 USD.
    for month in 6..=11 {
        company.registry.change(|content| {
            let name = format!("month-{month}");
            let layer = image().layer(&name, 10 * GIB);
            content.repository(&name).tag("v1", layer);
        });
        company.crawl(&format!("2026-{month:02}-05T06:00:00Z")).await;
        company.turn(&format!("2026-{month:02}-05T06:00:10Z")).await;
        // Five months prove a trend, and each later month tells again.
        let told = if month >= 10 { month - 9 } else { 0 };
        assert_eq!(hook.received().len(), told, "month {month}");
    }
    let message = hook.received()[1].json();
    assert_eq!(message["event"], "budget_forecast");
    assert_eq!(
        message["title"],
        "All registries: the budget is expected to be exceeded in January 2027"
    );
    let forecast = &message["data"]["forecast"];
    assert_eq!(forecast["month"], "2027-01-01");
    assert_eq!(forecast["expected"]["amount"], "80", "{message}");
    // It is the forecast that the report shows.
    let report = company.analysis().report(&[], &Default::default()).await;
    let shown = report.expect("a report").forecast.expect("a forecast");
    let january = serde_json::to_value(&shown.months[1]).expect("JSON");
    assert_eq!(*forecast, january);
    assert_eq!(mail.mails().len(), 2);
    assert!(
        mail.mails()[0].text.contains("January 2027"),
        "{}",
        mail.mails()[0].text
    );

    // A new month tells again, another crawl of the same month does not.
    company.crawl("2026-11-20T06:00:00Z").await;
    company.turn("2026-11-20T06:00:10Z").await;
    assert_eq!(hook.received().len(), 2);
    company.turn("2026-12-01T00:00:10Z").await;
    assert_eq!(hook.received().len(), 3);
}
