use proptest::prelude::*;

use super::*;
use crate::oci::Digest;

pub(super) fn read(text: &str) -> Result<(PullFileFormat, ReadPulls), PullFileFault> {
    let login_server = "acme.azurecr.io".parse().unwrap();
    let file = PullFile {
        name: "pulls",
        text,
        login_server: &login_server,
    };
    read_pulls(file, None)
}

pub(super) fn events(text: &str) -> PullEvents {
    match read(text).unwrap().1 {
        ReadPulls::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

pub(super) fn fault(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

const ACR_CSV: &str = "\u{feff}\"TimeGenerated [UTC]\",OperationName,Repository,Tag,Digest,ResultType,UserAgent,CorrelationId,LoginServer\n\
    \"11/3/2026, 9:12:33.123 AM\",Pull,shop/api,1.4,,200,containerd/1.7,c-1,acme.azurecr.io\n\
    \"11/3/2026, 9:12:33.123 AM\",Pull,shop/api,1.4,,200,containerd/1.7,c-1,acme.azurecr.io\n\
    \"11/4/2026, 11:59:59.900 PM\",pull,shop/api,,sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,,containerd/1.7,c-2,ACME.azurecr.io\n\
    \"11/4/2026, 10:00:00.000 AM\",Push,shop/api,1.5,,201,docker/29,c-3,acme.azurecr.io\n\
    \"11/4/2026, 10:00:00.000 AM\",Pull,shop/api,9.9,,404,docker/29,c-4,acme.azurecr.io\n\
    \"11/5/2026, 10:00:00.000 AM\",Pull,shop/api,1.4,,200,registry-tare/0.1.0,c-5,acme.azurecr.io\n\
    \"11/9/2026, 10:00:00.000 AM\",Pull,shop/api,1.4,,200,docker/29,c-6,other.azurecr.io\n";

/// Vendors: Azure.
#[test]
fn azures_log_as_csv_counts_each_delivered_pull_once() {
    let read = events(ACR_CSV);
    assert_eq!(read.events.len(), 2);
    assert_eq!(read.events[0].tag.as_ref().unwrap().as_str(), "1.4");
    assert_eq!(read.events[1].day.to_string(), "2026-11-04");
    assert!(read.events[1].digest.is_some());
    assert_eq!(
        (read.period.start().to_string(), read.period.end().to_string()),
        ("2026-11-03".to_owned(), "2026-11-06".to_owned())
    );
    assert_eq!(
        read.skipped,
        Skipped {
            other_operations: 1,
            failed: 1,
            own: 1,
            other_registries: 1,
            repeated: 1,
            ..Skipped::default()
        }
    );
}

/// Vendors: Azure.
#[test]
fn azures_log_says_the_same_in_every_form() {
    let row = |time: &str, correlation: &str| {
        format!(
            r#"{{"TimeGenerated":"{time}","OperationName":"Pull","Repository":"shop/api","Tag":"1.4","Digest":"","ResultType":"200","CorrelationId":"{correlation}","LoginServer":"acme.azurecr.io"}}"#
        )
    };
    let (first, second) = (
        row("2026-11-03T09:12:33.1234567Z", "c-1"),
        row("2026-11-04T09:12:33Z", "c-2"),
    );
    let list = events(&format!("[\n{first},\n{second}\n]"));
    assert_eq!(list.events.len(), 2);
    assert_eq!(events(&format!("{first}\n{second}\n")), list);
    assert_eq!(events(&format!(r#"{{"records":[{first},{second}]}}"#)), list);
    let tables = r#"{"tables":[{"name":"PrimaryResult",
        "columns":[{"name":"LoginServer","type":"string"},{"name":"TimeGenerated","type":"datetime"},
                   {"name":"OperationName"},{"name":"Repository"},{"name":"Tag"},{"name":"CorrelationId"}],
        "rows":[["acme.azurecr.io","2026-11-03T09:12:33.1234567Z","Pull","shop/api","1.4","c-1"],
                ["acme.azurecr.io","2026-11-04T09:12:33Z","Pull","shop/api","1.4","c-2"]]}]}"#;
    assert_eq!(events(tables), list);
    let diagnostic = r#"{"time":"2026-11-03T09:12:33.1234567Z","operationName":"Pull","correlationId":"c-1","resultType":"200",
        "properties":{"repository":"shop/api","tag":"1.4","loginServer":"acme.azurecr.io"}}"#;
    assert_eq!(events(diagnostic).events, list.events[..1]);
}

/// A row as Azure's diagnostic settings write it.
fn diagnostic(tag: &str, digest: &str, status: &str, media_type: &str, artifact_type: &str) -> String {
    format!(
        r#"{{"time":"2026-11-03T09:12:33.1234567Z","operationName":"Pull","resultType":"HttpStatusCode",
            "resultDescription":"{status}","durationMs":"17","location":"westeurope","correlationId":"c-{tag}-{digest}",
            "properties":{{"repository":"shop/api","tag":"{tag}","digest":"{digest}","mediaType":"{media_type}",
            "artifactType":"{artifact_type}","loginServer":"acme.azurecr.io","userAgent":"containerd/1.7"}}}}"#
    )
}

/// Vendors: Azure.
#[test]
fn azures_own_rows_count_images_that_were_delivered() {
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
    let (index, image) = (Digest::sha256_of(b"index"), Digest::sha256_of(b"image"));
    let (index, image) = (index.to_string(), image.to_string());
    let rows = [
        diagnostic("1.4", &index, "200", INDEX, "acr.docker"),
        diagnostic(&index, &index, "200", LIST, "acr.docker"),
        diagnostic(&image, &image, "200", IMAGE, "acr.docker"),
        diagnostic(&image, "<nil>", "200", "<nil>", ""),
        diagnostic("9.9", "<nil>", "404", "<nil>", "acr.docker"),
        diagnostic("9.8", "<nil>", "401", "<nil>", "acr.docker"),
        diagnostic("9.7", "<nil>", "503", "<nil>", "acr.docker"),
        diagnostic(
            &format!("sha256-{}.sig", &image[7..]),
            &index,
            "200",
            IMAGE,
            "acr.docker",
        ),
        diagnostic("sbom", &index, "200", IMAGE, "application/spdx+json"),
    ];
    let read = events(&rows.join("\n"));
    let pulled: Vec<_> = read
        .events
        .iter()
        .map(|event| event.digest.unwrap().to_string())
        .collect();
    assert_eq!(pulled, [image.clone(), image]);
    assert!(read.events.iter().all(|event| event.tag.is_none()));
    assert_eq!(
        read.skipped,
        Skipped {
            failed: 3,
            indexes: 2,
            attachments: 2,
            ..Skipped::default()
        }
    );
}

/// Vendors: Docker Hub.
#[test]
fn docker_hubs_usage_counts_by_the_hour() {
    let header = "datehour,user_name,repository,access_token_name,ips,repository_privacy,tag,digest,version_checks,pulls";
    let read = events(&format!(
        "{header}\n2026/11/03/09,ci,acme/api,generated,203.0.113.7,private,1.4,,3,2\n\
         2026/11/03/10,ci,acme/api,generated,203.0.113.7,private,1.4,,3,5\n\
         2026/11/05/10,ci,acme/web,generated,203.0.113.7,private,1.4,,8,0\n"
    ));
    let counts: Vec<u64> = read.events.iter().map(|event| event.count).collect();
    assert_eq!(counts, [2, 5]);
    assert_eq!((read.skipped.other_operations, read.period.days()), (1, 3));
}

/// Vendors: Harbor.
#[test]
fn harbors_counters_are_readings() {
    let text = r#"[{"id":1,"name":"library/web","pull_count":7,"artifact_count":2},
        {"id":2,"name":"library/api","pull_count":1200}]"#;
    let (format, read) = read(text).unwrap();
    let ReadPulls::Readings(read) = read else { panic!() };
    assert_eq!(format, PullFileFormat::Harbor);
    let counts: Vec<(&str, u64)> = read
        .readings
        .iter()
        .map(|reading| (reading.repository.as_str(), reading.count))
        .collect();
    assert_eq!(counts, [("library/api", 1200), ("library/web", 7)]);
    assert!(!read.may_be_one_page);
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let hub = "datehour,repository,pulls\n2026/11/03/09,acme/api,1\n";
    for (text, said) in [
        (
            "hello\n",
            "pulls:1: in none of the formats that are read; give rows of ContainerRegistryRepositoryEvents",
        ),
        (
            "TimeGenerated,OperationName\n",
            "pulls:1: there is no column Repository; the first line must name the columns TimeGenerated",
        ),
        (
            "TimeGenerated,OperationName,Repository\n2026-11-03T09:00:00Z,Push,a\nyesterday,Pull,a\n",
            "pulls:3: TimeGenerated: \"yesterday\" is wrong; give the time in UTC, such as",
        ),
        (
            "TimeGenerated,OperationName,Repository\n2026-11-03T09:00:00Z,Pull,UPPER\n",
            "pulls:2: Repository: \"UPPER\" is wrong; give the repository's name",
        ),
        (
            "TimeGenerated,OperationName,Repository\n2026-11-03T09:00:00Z,Pull\n",
            "pulls:2: this row has 2 cells, and",
        ),
        (
            "TimeGenerated,OperationName,Repository\n",
            "pulls:1: no row is about this registry; give a file with rows of",
        ),
        (
            "\"TimeGenerated [Local Time]\",OperationName,Repository\n",
            "export with times in UTC",
        ),
        (
            "[\n{\"TimeGenerated\":\"2026-11-03T09:00:00Z\",\"OperationName\":\"Push\",\"Repository\":\"a\"},\n\
             {\"TimeGenerated\":\"2026-11-03T09:00:00Z\"}]",
            "pulls:3: OperationName: this object does not have it; give rows of",
        ),
        (
            "[{\"OperationName\": ]",
            "pulls:1: character 20: not JSON: expected value; save the whole answer again",
        ),
        (
            "{\"tables\":[{\"columns\":[{\"name\":\"Tag\"}],\"rows\":[]}]}",
            "the table has no column TimeGenerated",
        ),
        (
            &hub.replace(",1\n", ",-1\n"),
            "pulls:2: pulls: \"-1\" is wrong; give how many",
        ),
        (
            &hub.replace("/09", ""),
            "pulls:2: datehour: \"2026/11/03\" is wrong; give the hour as",
        ),
        (
            "[{\"name\":\"library/api\",\n\"pull_count\":-1}]",
            "pulls:2: not a repository: invalid value",
        ),
        (
            "[{\"name\":\"Library\",\"pull_count\":1}]",
            "pulls:1: name: \"Library\" is wrong",
        ),
        (
            "[{\"name\":\"a\",\"pull_count\":1},{\"name\":\"a\",\"pull_count\":1}]",
            "a is there twice; give each page of one answer once",
        ),
        (
            "[{\"name\":\"a\",\"pull_count\":1},\n{\"digest\":\"sha256:0\"}]",
            "pulls:2: pull_count: this is an artifact, and Harbor counts pulls of repositories only",
        ),
    ] {
        let fault = fault(text);
        assert!(fault.contains(said), "{text}\n{fault}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}", header in 0..4_usize) {
        let header = ["", "TimeGenerated,OperationName,Repository\n", "datehour,repository,pulls\n", "[{\"pull_count\":"][header];
        let _ = read(&format!("{header}{text}"));
    }
}
