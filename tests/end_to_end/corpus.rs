//! Docker's official images of 2018, 4,217 tags, served by docker-registry. They are not part of the
//! project: without the corpus, these tests are ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::with_new_database;
use crate::support::corpus::shared;
use crate::support::docker_registry::DockerRegistry;

fn python(script: &Path, arguments: &[&str]) -> Value {
    let output = Command::new("python3")
        .arg(script)
        .args(arguments)
        .output()
        .expect("python3 is installed, as tests/run does");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The corpus as a registry's storage folder. It is laid out once and kept beside what cargo builds: some
/// two hundred thousand small files take seconds to write and minutes to remove.
fn laid_out(corpus: &Path) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("corpus-train-head");
    if !kept.exists() {
        // Under another name until it is whole, so that a test that is killed leaves no half of it.
        let unfinished = tempfile::Builder::new()
            .prefix("corpus-")
            .tempdir_in(env!("CARGO_TARGET_TMPDIR"))
            .expect("a folder");
        let path = unfinished.path().to_str().expect("UTF-8");
        python(&corpus.join("materialise.py"), &["--into", path]);
        fs::rename(unfinished.keep(), &kept).expect("nobody else made it meanwhile");
    }
    kept
}

#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn every_figure_is_that_of_the_registrys_own_files_and_the_second_crawl_reads_nothing_again() {
    let corpus = shared("corpus");
    let folder = laid_out(&corpus);
    let path = folder.to_str().expect("UTF-8");
    let truth = python(&corpus.join("expect.py"), &[path, "--repositories"]);
    let registry = DockerRegistry::serve(&folder);
    let program = with_new_database();

    let begin = Instant::now();
    let first = program.crawl(registry.url());
    println!("first crawl in {:?}: {}", begin.elapsed(), first["requests"]);
    assert_eq!(first["status"], "complete", "{first}");
    for figure in ["repositories", "tags", "manifests", "blobs"] {
        assert_eq!(first[figure], truth[figure], "{figure}");
    }

    let report = program.report();
    let totals = &report["registries"][0];
    for figure in [
        "repositories",
        "tags",
        "manifests",
        "blobs",
        "logical_bytes",
        "stored_bytes",
    ] {
        assert_eq!(totals[figure], truth[figure], "{figure}");
    }
    // A client cannot list what no tag reaches.
    assert_eq!(totals["untagged_bytes"], Value::Null);
    let expected = truth["by_repository"].as_object().expect("an object");
    let repositories = report["repositories"].as_array().expect("a list");
    assert_eq!(repositories.len(), expected.len());
    let mut attributed = 0;
    for row in repositories {
        let name = row["repository"].as_str().expect("a name");
        for figure in ["tags", "logical_bytes", "stored_bytes", "exclusive_bytes"] {
            assert_eq!(row[figure], expected[name][figure], "{name}: {figure}");
        }
        let share = row["attributed_bytes"].as_u64().expect("a number");
        let exact = expected[name]["attributed_bytes"].as_f64().expect("a number");
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let off = (share as f64 - exact).abs();
        assert!(off < 1.0, "{name}: {share} for {exact}");
        attributed += share;
    }
    assert_eq!(
        json!(attributed),
        truth["stored_bytes"],
        "the shares sum to the whole"
    );

    // One page of the catalogue, one of each repository's tags, and one HEAD for each tag.
    let begin = Instant::now();
    let second = program.crawl(registry.url());
    println!("second crawl in {:?}: {}", begin.elapsed(), second["requests"]);
    let count = |figure: &str| truth[figure].as_u64().expect("a number");
    let (repositories, tags) = (count("repositories"), count("tags"));
    assert_eq!(
        second["requests"]["total"],
        json!(1 + repositories + tags),
        "{second}"
    );
    assert_eq!(second["requests"]["head"], json!(tags));
}
