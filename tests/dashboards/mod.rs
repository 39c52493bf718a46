//! Every query of every dashboard, run for real: a registry is crawled into a PostgreSQL server, the service
//! answers, a Prometheus scrapes it, and both are asked what Grafana would ask them. Each query gives something,
//! and the figures at the top of the dashboards are those of the report.

mod dashboard;
mod service;

use chrono::{TimeZone as _, Utc};
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, PgConnection, Row as _};

use crate::support::finance_reader;
use crate::support::postgres::PostgresServer;
use crate::support::program::Program;
use crate::support::prometheus::Prometheus;
use dashboard::{Dashboard, PromQl, Sql};
use service::Service;

/// The demo's registry as two crawls of different days saw it, with budgets.
struct Company {
    url: String,
    program: Program,
    registry: String,
    _home: tempfile::TempDir,
}

impl Company {
    async fn crawled() -> Self {
        let url = PostgresServer::shared().new_database().await;
        let demo = tokio::task::spawn_blocking(tare::demo::serve)
            .await
            .expect("a thread")
            .expect("the demo's registry");
        let registry = demo.url().trim_start_matches("http://").to_owned();
        let home = tempfile::tempdir().expect("a folder");
        let settings = home.path().join("tare.toml");
        let budget =
            format!("\n[[budget]]\nregistry = \"{registry}\"\nmonthly = \"4000\"\ncurrency = \"USD\"\n");
        std::fs::write(&settings, tare::demo::SETTINGS.to_owned() + &budget).expect("settings");
        let program = Program::with_database(url.clone())
            .variable("TARE_CONFIG", settings.to_str().expect("a path of text"));
        for moment in [Utc.with_ymd_and_hms(2026, 8, 1, 0, 0, 0).unwrap(), demo.ends()] {
            demo.show(moment);
            program.crawl(demo.url());
        }
        tokio::task::spawn_blocking(move || drop(demo))
            .await
            .expect("a thread");
        Self {
            url,
            program,
            registry,
            _home: home,
        }
    }

    /// What the report says of the registry.
    fn reported(&self) -> Value {
        self.program.report()["registries"][0].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_every_dashboard_gives_what_the_report_says() {
    let company = Company::crawled().await;
    let service = Service::start(&company.program);
    let prometheus = Prometheus::scraping(service.address());
    // Rates need two scrapes, recorded rules one evaluation more.
    prometheus
        .wait_for("rate(tare_http_requests_total{code=\"200\"}[5s]) > 0")
        .await;
    prometheus.wait_for("budget:tare_monthly_cost_usd:ratio").await;
    let mut database = reader(&company.url).await;

    let mut asked = 0;
    for file in ["tare-operations", "tare-cost", "tare-finance"] {
        let dashboard = Dashboard::read(file);
        for query in dashboard.promql() {
            let series = prometheus.query(&query.expression).await;
            let series = series.unwrap_or_else(|error| panic!("{file}, {}: {error}", query.panel));
            assert!(
                !series.is_empty(),
                "{file}, {}: {} gives nothing",
                query.panel,
                query.expression
            );
            asked += 1;
        }
        for query in dashboard.sql(&company.registry) {
            let rows = database.fetch_all(AssertSqlSafe(query.statement.clone())).await;
            let rows = rows.unwrap_or_else(|error| panic!("{file}, {}: {error}", query.panel));
            assert!(
                !rows.is_empty(),
                "{file}, {}: {} gives nothing",
                query.panel,
                query.statement
            );
            asked += 1;
        }
    }
    assert!(asked > 60, "only {asked} queries");

    let reported = company.reported();
    let amount = |path: &str| decimal(reported.pointer(path).expect(path));
    let cost = Dashboard::read("tare-cost");
    for (panel, expected) in [
        ("Month", amount("/cost/month/amount")),
        ("Month on Alpine", amount("/cost/alpine/month/expected/amount")),
        ("Saving in a month", amount("/cost/alpine/saving/expected/amount")),
        ("Stored", amount("/stored_bytes")),
    ] {
        let shown = prometheus_shows(&prometheus, &cost.promql(), panel).await;
        assert_eq!(shown, expected.round_dp(6), "{panel}");
        println!("cost, {panel}: {shown}, report: {expected}");
    }
    let finance = Dashboard::read("tare-finance");
    for (panel, expected) in [
        ("Month", amount("/cost/month/amount")),
        ("Month on Alpine", amount("/cost/alpine/month/expected/amount")),
        ("Saving in a month", amount("/cost/alpine/saving/expected/amount")),
    ] {
        let shown = sql_shows(&mut database, &finance.sql(&company.registry), panel).await;
        assert_eq!(shown, expected.round_dp(2), "{panel}");
        println!("finance, {panel}: {shown}, report: {expected}");
    }
    alerts_are_loaded(&prometheus).await;
}

/// The variables offer what there is to choose from.
#[tokio::test(flavor = "multi_thread")]
async fn every_variable_offers_a_choice() {
    let company = Company::crawled().await;
    let service = Service::start(&company.program);
    let prometheus = Prometheus::scraping(service.address());
    prometheus.wait_for("tare_registry_stored_bytes").await;
    let mut database = reader(&company.url).await;
    for file in ["tare-operations", "tare-cost"] {
        for (name, selector, label) in Dashboard::read(file).label_variables() {
            let series = prometheus.get("series", &[("match[]", &selector)]).await;
            let series = series.unwrap_or_else(|error| panic!("{file}, {name}: {error}"));
            let offered = series.as_array().into_iter().flatten();
            assert!(
                offered.clone().all(|series| series[&label].is_string()),
                "{name}: {series}"
            );
            assert!(offered.count() > 0, "{file}, {name}: nothing to choose");
        }
    }
    for (name, statement) in Dashboard::read("tare-finance").sql_variables() {
        let rows = database.fetch_all(AssertSqlSafe(statement)).await;
        assert!(!rows.expect(&name).is_empty(), "{name}: nothing to choose");
    }
}

/// A connection as the role that Grafana uses.
async fn reader(url: &str) -> PgConnection {
    finance_reader::make(url);
    let options: PgConnectOptions = url.parse().expect("a URL");
    options
        .username("tare_finance_reader")
        .password(finance_reader::PASSWORD)
        .connect()
        .await
        .expect("the reader may log in")
}

/// The single figure that a panel shows, to six decimals: Prometheus knows floats only.
async fn prometheus_shows(prometheus: &Prometheus, queries: &[PromQl], panel: &str) -> Decimal {
    let query = queries.iter().find(|query| query.panel == panel).expect(panel);
    let series = prometheus.query(&query.expression).await.expect(panel);
    assert_eq!(series.len(), 1, "{panel}");
    decimal(&series[0]["value"][1]).round_dp(6)
}

/// The single figure that a panel shows.
async fn sql_shows(database: &mut PgConnection, queries: &[Sql], panel: &str) -> Decimal {
    let query = queries.iter().find(|query| query.panel == panel).expect(panel);
    let row = database
        .fetch_one(AssertSqlSafe(query.statement.clone()))
        .await
        .expect(panel);
    row.get(0)
}

fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Decimal::from_scientific(&text)
        .or_else(|_| text.parse())
        .expect("a number")
}

async fn alerts_are_loaded(prometheus: &Prometheus) {
    let rules = prometheus.get("rules", &[]).await.expect("rules");
    let groups = rules["groups"].as_array().expect("groups");
    let rules: Vec<&Value> = groups
        .iter()
        .flat_map(|group| group["rules"].as_array().into_iter().flatten())
        .collect();
    assert!(rules.len() > 15);
    for rule in rules {
        assert_ne!(rule["health"], "err", "{rule}");
    }
}
