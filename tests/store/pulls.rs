use sqlx::{Connection as _, PgConnection};
use tare::oci::{Digest, RepositoryName, RepositoryPatterns};
use tare::pricing::Period;
use tare::pulls::{PullAssumption, PullCounts, PullFile, PullFileFormat, PullSource, ReadPulls, read_pulls};
use tare::store::{DatabaseLocation, PullFileSource, PullImport, Store};

use super::sample::{image, index, tag};
use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(
    events_count_once_whichever_files_they_are_in,
    counters_make_differences,
    a_log_of_manifests_counts_images_and_weighs_their_layers,
    sums_and_clusters_leave_other_repositories_unknown,
);

/// A database with one imported pull, its store, and a connection that writes what the store would not.
async fn one_pull_and_a_connection() -> (TestDatabase, Store, PgConnection) {
    let database = TestDatabase::server().await;
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!()
    };
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    import(&store, &events(&[("2026-11-01T10:00:00Z", "a")]), 1).await;
    let connection = PgConnection::connect(secrecy::ExposeSecret::expose_secret(url))
        .await
        .unwrap();
    (database, store, connection)
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_no_repository_can_have_cost_the_others_nothing() {
    let (_database, store, mut connection) = one_pull_and_a_connection().await;
    // What older versions and hostile logs may have left: sums of it would overflow.
    let statements = "
        INSERT INTO pull_count (registry_id, day, repository, tag, digest, counted_by, count)
            SELECT id, '2026-11-01', 'liar', tag, '', 'metered', 9223372036854775807
            FROM registry, (VALUES ('1'), ('2')) AS tags (tag);
        INSERT INTO pull_count (registry_id, day, repository, tag, digest, counted_by, count)
            SELECT registry_id, day, repository, 'more', digest, counted_by, 9223372036854775807 FROM pull_count
            WHERE repository <> 'liar';
        INSERT INTO pulled_bytes (registry_id, day, repository, counted_by, bytes, blobs)
            SELECT id, '2026-11-01', 'liar', 'metered', 9223372036854775807, 1 FROM registry;
        INSERT INTO pull_reading SELECT id, 'liar', '2026-11-01', 0 FROM registry;
        INSERT INTO pull_reading SELECT id, 'liar', '2026-11-02', 9223372036854775807 FROM registry;";
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    let (pulls, _) = store.counted_pulls(None).await.unwrap();
    let counts: Vec<(&str, u64)> = pulls
        .iter()
        .map(|pulls| (pulls.repository.as_str(), pulls.count))
        .collect();
    assert_eq!(counts, [("team/api", 1)]);
    assert!(store.pull_counts(None).await.is_ok());
}

/// What this program never writes is an error, and not another word or number. The constraints of the tables forbid it, so
/// they are dropped first.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_with_an_unknown_word_or_a_negative_number_is_an_error() {
    let (_database, store, mut connection) = one_pull_and_a_connection().await;
    let mut execute = async |statements: &'static str| {
        sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    };
    execute(
        "ALTER TABLE pull_count DROP CONSTRAINT pull_count_counted_by_check, DROP CONSTRAINT pull_count_count_check;
         ALTER TABLE pull_import DROP CONSTRAINT pull_import_pulls_check;
         ALTER TABLE pull_reading DROP CONSTRAINT pull_reading_count_check;
         ALTER TABLE pulled_bytes DROP CONSTRAINT pulled_bytes_bytes_check;
         INSERT INTO pull_reading SELECT id, 'team/api', now() - interval '1 day', 7 FROM registry;
         INSERT INTO pull_reading SELECT id, 'team/api', now(), 9 FROM registry;
         INSERT INTO pulled_bytes (registry_id, day, repository, counted_by, bytes, blobs)
             SELECT id, '2026-11-01', 'team/api', 'metered', 5, 1 FROM registry;
         INSERT INTO pull_count (registry_id, day, repository, tag, digest, counted_by, count)
             SELECT registry_id, day, repository, 'other', digest, counted_by, 100 FROM pull_count;",
    )
    .await;
    assert!(store.pull_counts(None).await.is_ok());
    for (change, back, says) in [
        (
            "UPDATE pull_count SET counted_by = 'guessed'",
            "UPDATE pull_count SET counted_by = 'imported'",
            "column counted_by: \"guessed\"",
        ),
        (
            // Beside the 100 of another tag, the sum alone would not show it.
            "UPDATE pull_count SET count = -5 WHERE tag <> 'other'",
            "UPDATE pull_count SET count = 1",
            "column count: -5 is no count",
        ),
        (
            "UPDATE pull_import SET pulls = -1",
            "UPDATE pull_import SET pulls = 1",
            "column pulls: -1 is no count",
        ),
        (
            "UPDATE pull_reading SET count = -9",
            "UPDATE pull_reading SET count = 9",
            "column count: -9 is no count",
        ),
        (
            "UPDATE pulled_bytes SET bytes = -2",
            "UPDATE pulled_bytes SET bytes = 2",
            "column bytes: -2 is no count",
        ),
    ] {
        execute(change).await;
        let error = store.pull_counts(None).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
        execute(back).await;
        assert!(store.pull_counts(None).await.is_ok(), "{back}");
    }
}

fn events(rows: &[(&str, &str)]) -> String {
    let rows = rows
        .iter()
        .map(|(time, id)| format!("{time},Pull,team/api,1,{id}\n"))
        .collect::<String>();
    format!("TimeGenerated,OperationName,Repository,Tag,CorrelationId\n{rows}")
}

async fn import(store: &Store, text: &str, read_at: u32) -> PullImport {
    let registry = registry().name;
    let file = PullFile {
        name: "pulls",
        text,
        login_server: &registry,
    };
    let (format, pulls): (PullFileFormat, ReadPulls) = read_pulls(file, None).unwrap();
    let source = PullFileSource {
        name: "pulls".into(),
        digest: Digest::sha256_of(text.as_bytes()),
        format,
        read_at: day(read_at),
    };
    let import = store.import_pulls(&registry, &source, &pulls, day(28)).await;
    import.unwrap().expect("the registry is known")
}

/// New pulls and known ones, and nothing else.
fn added(new: u64, known: u64) -> PullImport {
    PullImport::Events {
        new,
        known,
        indexes: 0,
        unknown_layers: 0,
    }
}

async fn november(store: &Store, assumed: u64) -> (u64, PullSource) {
    let november = Period::month(2026, 11).unwrap();
    let counts = store.pull_counts(Some(november.start())).await.unwrap();
    let api: RepositoryName = "team/api".parse().unwrap();
    let assumption = PullAssumption {
        repositories: RepositoryPatterns::new(["**"]).unwrap(),
        per_month: Some(assumed),
    };
    PullCounts::assuming(vec![assumption])
        .merged(counts)
        .pulls_in(&registry().name, &api, november)
}

async fn events_count_once_whichever_files_they_are_in(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let first = events(&[("2026-11-01T10:00:00Z", "a"), ("2026-11-10T10:00:00Z", "b")]);
    let second = events(&[("2026-11-10T10:00:00Z", "b"), ("2026-11-30T10:00:00Z", "c")]);
    assert_eq!(import(&store, &first, 1).await, added(2, 0));
    assert_eq!(import(&store, &second, 1).await, added(1, 1));
    assert_eq!(import(&store, &first, 1).await, PullImport::Known { at: day(28) });
    // All of November lies in one of the files, so nothing is assumed.
    assert_eq!(november(&store, 3000).await, (3, PullSource::Imported));

    // An hour that had not ended when the first file was made.
    let hour = |pulls: u32| format!("datehour,repository,pulls\n2026/11/03/09,team/api,{pulls}\n");
    assert_eq!(import(&store, &hour(5), 1).await, added(5, 0));
    assert_eq!(import(&store, &hour(8), 1).await, added(3, 5));
    assert_eq!(november(&store, 0).await.0, 11);
    assert_eq!(store.pull_imports().await.unwrap().len(), 4);

    let unknown = "other.example.com".parse().unwrap();
    let source = PullFileSource {
        name: "pulls".into(),
        digest: Digest::sha256_of(b"x"),
        format: PullFileFormat::Harbor,
        read_at: day(1),
    };
    let nothing = ReadPulls::Readings(tare::pulls::PullReadings {
        readings: Vec::new(),
        may_be_one_page: false,
    });
    let import = store.import_pulls(&unknown, &source, &nothing, day(28)).await;
    assert_eq!(import.unwrap(), None);
}

async fn counters_make_differences(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let reading = |count: u32| format!(r#"[{{"name":"team/api","pull_count":{count}}}]"#);
    let first = import(&store, &reading(1000), 1).await;
    assert_eq!(
        first,
        PullImport::Readings {
            since_last: 0,
            first: 1
        }
    );
    assert_eq!(november(&store, 30).await, (30, PullSource::Assumed));
    let second = import(&store, &reading(1200), 11).await;
    assert_eq!(
        second,
        PullImport::Readings {
            since_last: 200,
            first: 0
        }
    );
    // Ten days were counted, and twenty are assumed.
    assert_eq!(november(&store, 30).await, (220, PullSource::Assumed));
    // The same counts later are a reading of their own, the same file again is not.
    assert_eq!(
        import(&store, &reading(1200), 21).await,
        PullImport::Readings {
            since_last: 0,
            first: 0
        }
    );
    assert_eq!(
        import(&store, &reading(1200), 21).await,
        PullImport::Known { at: day(28) }
    );
    // The repository was made anew.
    let anew = import(&store, &reading(7), 30).await;
    assert_eq!(
        anew,
        PullImport::Readings {
            since_last: 7,
            first: 0
        }
    );
    assert_eq!(november(&store, 30).await, (208, PullSource::Imported));
}

/// A record of Amazon ECR in CloudTrail.
fn record(id: usize, event: &str, parameters: &str) -> String {
    format!(
        r#"{{"eventTime":"2026-11-03T09:00:{id:02}Z","eventSource":"ecr.amazonaws.com","eventName":"{event}","eventID":"e-{id}",
            "requestParameters":{{"repositoryName":"team/api",{parameters}}}}}"#
    )
}

/// CloudTrail does not tell an index from an image, nor how large a layer is. What was crawled does.
/// Vendors: ECR, Google, Harbor.
async fn a_log_of_manifests_counts_images_and_weighs_their_layers(database: TestDatabase) {
    let store = database.open().await;
    let (platform, mut findings) = image("one");
    let (several, finding) = index(&[platform]);
    findings.extend([
        finding,
        tag("team/api", "multi", several),
        tag("team/api", "single", platform),
    ]);
    let mut crawl = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    crawl.save(&findings, day(1)).await.unwrap();

    let asked =
        |id, reference: &str| record(id, "BatchGetImage", &format!(r#""imageIds":[{{{reference}}}]"#));
    let layer = |id, name: &str| {
        let digest = Digest::sha256_of(name.as_bytes());
        record(
            id,
            "GetDownloadUrlForLayer",
            &format!(r#""layerDigest":"{digest}""#),
        )
    };
    let records = [
        // One cold pull of a multi-platform image by tag, and a warm one by the digest of its index.
        asked(1, r#""imageTag":"multi""#),
        asked(2, &format!(r#""imageDigest":"{platform}""#)),
        layer(3, "base"),
        layer(4, "one"),
        asked(20, &format!(r#""imageDigest":"{several}""#)),
        asked(21, &format!(r#""imageDigest":"{platform}""#)),
        // By tag alone: of an index, whose image the client had, and of an image.
        asked(40, r#""imageTag":"multi""#),
        asked(55, r#""imageTag":"single""#),
        layer(56, "never crawled"),
    ];
    let file = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let counted = PullImport::Events {
        new: 3,
        known: 0,
        indexes: 2,
        unknown_layers: 1,
    };
    assert_eq!(import(&store, &file, 1).await, counted);
    let pulls = store.pull_counts(None).await.unwrap();
    let (name, api) = (registry().name, "team/api".parse().unwrap());
    let period = Period::month(2026, 11).unwrap();
    assert_eq!(pulls.pulls_in(&name, &api, period), (3, PullSource::Imported));
    // 1,000 and 10 bytes for three pulls.
    assert_eq!(pulls.bytes_each(&name, &api, period).unwrap().get(), 336);
    // Another file with the same events adds neither.
    assert_eq!(import(&store, &format!("{file}\n"), 1).await, {
        PullImport::Events {
            new: 0,
            known: 3,
            indexes: 2,
            unknown_layers: 1,
        }
    });
    let pulls = store.pull_counts(None).await.unwrap();
    assert_eq!(pulls.bytes_each(&name, &api, period).unwrap().get(), 336);
}

/// That a cluster did not pull a repository does not mean that nobody did, and a sum belongs to no repository.
async fn sums_and_clusters_leave_other_repositories_unknown(database: TestDatabase) {
    let store = database.open().await;
    store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let event = r#"{"metadata":{"uid":"u-1"},"reason":"Pulled","lastTimestamp":"2026-11-03T09:00:00Z","count":2,
        "involvedObject":{"kind":"Pod"},
        "message":"Successfully pulled image \"reg.example.com/team/web:1\" in 1.5s (1.5s including waiting). Image size: 9 bytes."}"#;
    assert_eq!(import(&store, event, 1).await, added(2, 0));
    let points: Vec<String> = (1..=30)
        .map(|day| format!(r#"{{"timeStamp":"2026-11-{day:02}T00:00:00Z","total":10.0}}"#))
        .collect();
    let metric = format!(
        r#"{{"value":[{{"name":{{"value":"TotalPullCount"}},"timeseries":[{{"data":[{}]}}]}}]}}"#,
        points.join(",")
    );
    assert_eq!(import(&store, &metric, 1).await, PullImport::Totals);
    assert_eq!(november(&store, 3000).await, (3000, PullSource::Assumed));
    let pulls = store.pull_counts(None).await.unwrap();
    let name = registry().name;
    assert_eq!(pulls.total_in(&name, Period::month(2026, 11).unwrap()), Some(300));
    assert_eq!(pulls.total_in(&name, Period::month(2026, 10).unwrap()), None);
    assert_eq!(pulls.monthly_total(&name, day(10).date_naive()), Some(300));
}
