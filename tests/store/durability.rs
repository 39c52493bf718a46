//! Processes that are killed, and processes that meet. The other process is this test binary, told to
//! run the ignored test below on a folder that comes through its input.
#![cfg(feature = "embedded")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tare::inventory::account;
use tare::store::{DatabaseLocation, Store, StoreError, StoreSettings};

use super::sample::{image, tag};
use super::{day, registry, saved_inventory};

async fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open(
        &StoreSettings::at(DatabaseLocation::Embedded(folder.to_owned())),
        day(1),
    )
    .await
}

/// Another process that opens a folder and saves one tag after the other until it is killed.
struct OtherProcess {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl OtherProcess {
    fn saving_into(folder: &Path) -> Self {
        let program = std::env::current_exe().expect("this test binary");
        let mut child = Command::new(program)
            .args([
                "--exact",
                "store::durability::saves_until_it_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let mut input = child.stdin.take().expect("its input");
        writeln!(input, "{}", folder.display()).expect("the folder is told");
        let says = BufReader::new(child.stdout.take().expect("its output"));
        Self { child, says }
    }

    fn wait_until_it_says(&mut self, words: &str) {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert!(
                self.says.read_line(&mut line).expect("output") > 0,
                "it ended before saying {words}"
            );
        }
    }

    /// `SIGKILL`, which no process can prepare for.
    fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

#[ignore = "no test: the process that the tests of this file start"]
#[tokio::test(flavor = "multi_thread")]
async fn saves_until_it_is_killed() {
    let mut folder = String::new();
    std::io::stdin().read_line(&mut folder).unwrap();
    let store = open(Path::new(folder.trim())).await.unwrap();
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    for number in 0.. {
        let (digest, mut findings) = image(&format!("image-{number}"));
        findings.push(tag("api", &number.to_string(), digest));
        saver.save(&findings, day(1)).await.unwrap();
        println!("saved {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_saved_before_a_kill_is_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let mut saved = 0;
    for round in 1..=3 {
        let mut other = OtherProcess::saving_into(folder.path());
        saved = saved.max(round * 40);
        other.wait_until_it_says(&format!("saved {saved}"));
        other.kill();
        let store = open(folder.path()).await.unwrap();
        let inventory = saved_inventory(&store).await;
        let counted = account(&inventory).unwrap().registry;
        assert!(
            counted.tags > saved,
            "{} tags after {saved} were said to be saved",
            counted.tags
        );
        assert_eq!((counted.tags, counted.tags), (counted.images, counted.manifests));
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_told_who_is_there_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = OtherProcess::saving_into(folder.path());
    other.wait_until_it_says("saved 0");
    let refusal = open(folder.path()).await.unwrap_err();
    assert!(matches!(refusal, StoreError::InUse { .. }));
    let process = format!("process {} (", other.child.id());
    for words in [
        process.as_str(),
        "since 2026-11-01T12:00:00Z",
        "--data-dir",
        "DATABASE_URL",
    ] {
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
    other.kill();
    open(folder.path()).await.unwrap().close().await;
}
