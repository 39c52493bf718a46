//! What the service asks of a database that has been kept for years: never all rows of a table that grows.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{company, name_of};
use crate::support::postgres::PostgresServer;

/// Tables that grow with the registries or with time.
const LARGE: [&str; 7] = [
    "blob",
    "crawl_event",
    "crawl_fault",
    "pull_count",
    "report",
    "report_repository",
    "tag",
];

/// Five years of a registry with 300 repositories.
const YEARS: &str = r"
    INSERT INTO repository (registry_id, name, first_seen)
      SELECT registry.id, 'old/' || n, now() - interval '5 years' FROM registry, generate_series(1, 300) AS n;
    INSERT INTO blob (digest) SELECT 'sha256:' || encode(sha256(n::text::bytea), 'hex') FROM generate_series(1, 30000) AS n;
    INSERT INTO tag (repository_id, name, manifest_blob_id, valid_from, valid_until)
      SELECT repository.id, 'v' || n, (SELECT min(id) FROM blob), now() - interval '3 years', now() - interval '2 years'
      FROM repository, generate_series(1, 100) AS n;
    INSERT INTO crawl (registry_id, state, started_at, finished_at, tare_version, requested_at, requested_by)
      SELECT registry.id, 'complete', day, day, '0', day, 'schedule'
      FROM registry, generate_series(now() - interval '5 years', now() - interval '1 day', interval '1 day') AS day;
    INSERT INTO crawl_event (crawl_id, at, kind, data)
      SELECT crawl.id, crawl.started_at, 'progress', '{}' FROM crawl, generate_series(1, 20);
    INSERT INTO crawl_fault (crawl_id, kind, fault)
      SELECT crawl.id, 'invalid', 'a fault' FROM crawl, generate_series(1, 20);
    INSERT INTO report (registry_id, as_of, computed_at, tare_version, catalogue_version, model_version, is_complete,
        repositories, tags, images, logical_bytes, stored_bytes)
      SELECT registry_id, finished_at, finished_at, '0', '0', '0', true, 100, 1, 1, 1, 1 FROM crawl
      WHERE finished_at < now() - interval '1 hour';
    INSERT INTO report_repository (report_id, repository, tags, images, logical_bytes, stored_bytes, exclusive_bytes,
        attributed_bytes)
      SELECT report.id, 'old/' || n, 1, 1, 1, 1, 1, 1 FROM report, generate_series(1, 40) AS n
      WHERE computed_at < now() - interval '1 hour';
    INSERT INTO pull_count (registry_id, day, repository, tag, digest, counted_by, count)
      SELECT registry.id, day::date, 'old/' || n, '', '', 'metered', 1
      FROM registry, generate_series(1, 40) AS n,
        generate_series(now() - interval '5 years', now() - interval '2 years', interval '1 day') AS day;
    ANALYZE;
";

#[test]
fn answers_of_today_read_no_table_of_years_as_a_whole() {
    let (registry, program) = company();
    let url = program.database().expect("a database on a server").to_owned();
    let database = url.split('?').next().and_then(|url| url.rsplit('/').next());
    let database = database.expect("a name").to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&url).await.expect("a connection");
        connection.execute(YEARS).await.expect("five years");
        // Connections from now on log the plan of each statement.
        let explain = format!(
            "ALTER DATABASE {database} SET session_preload_libraries = 'auto_explain';
             ALTER DATABASE {database} SET auto_explain.log_min_duration = 0;"
        );
        connection
            .execute(AssertSqlSafe(explain))
            .await
            .expect("plans in the log");
    });

    let service = program.serve(&[]);
    let name = name_of(&registry);
    for path in [
        "/readyz".to_owned(),
        "/metrics".to_owned(),
        "/v1/registries".to_owned(),
        format!("/v1/registries/{name}"),
        "/v1/repositories?limit=50&sort=-cost".to_owned(),
        format!("/v1/repositories/{name}/web"),
        format!("/v1/repositories/{name}/web/history?window=30d"),
        format!("/v1/history?registry={name}&window=30d"),
        "/v1/summary?group_by=team".to_owned(),
        "/v1/savings".to_owned(),
        "/v1/crawls?limit=10".to_owned(),
    ] {
        let answer = service.get(&path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    runtime.block_on(async {
        let mut connection = sqlx::PgConnection::connect(&url).await.expect("a connection");
        for view in [
            "v_registry",
            "v_repository",
            "v_allocation",
            "v_cost_centre",
            "v_saving",
        ] {
            let select = format!("SELECT * FROM finance.{view}");
            connection.execute(AssertSqlSafe(select)).await.expect("rows");
        }
    });
    let log = PostgresServer::shared().log();
    assert!(log.contains("Index Scan"), "plans are in the log");
    let scanned: BTreeSet<&str> = log
        .lines()
        .filter_map(|line| line.split_once("Seq Scan on "))
        .filter_map(|(_, rest)| rest.split_whitespace().next())
        .filter(|table| LARGE.contains(table))
        .collect();
    let statements: Vec<&str> = log
        .split("Query Text:")
        .filter(|entry| {
            scanned
                .iter()
                .any(|table| entry.contains(&format!("Seq Scan on {table}")))
        })
        .collect();
    assert!(
        scanned.is_empty(),
        "{scanned:?} are read as a whole by {statements:#?}"
    );
}
