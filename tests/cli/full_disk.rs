//! A data folder on a disk that is full.

use std::path::Path;
use std::process::{Command, Output};

use super::stdout;
use crate::support::faulty_registry::{FaultyRegistry, image};
use crate::support::program::Program;

/// Runs a script of the shell in a mount namespace of its own, in which `$DISK` is a file system of some megabytes. `None`,
/// said aloud, where the system does not allow that. The file system ends with the script, however that ends.
fn on_a_small_disk(program: &Program, megabytes: u32, script: &str) -> Option<Output> {
    let namespace = ["--user", "--map-root-user", "--mount"];
    let is_allowed = Command::new("unshare")
        .args(namespace)
        .args(["sh", "-c", "mount -t tmpfs tmpfs /mnt"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !is_allowed {
        eprintln!(
            "SKIPPED: no file system can be mounted here (unshare --user --mount), so no disk can be full"
        );
        return None;
    }
    let disk = program.home().join("disk");
    std::fs::create_dir_all(&disk).expect("a folder");
    let whole = format!("set -e; mount -t tmpfs -o size={megabytes}m tmpfs \"$DISK\"; {script}");
    let own = program.command(&[]);
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", &whole]).env_clear();
    for (name, value) in own.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    let output = command
        .env(
            "PATH",
            "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        )
        .env("TARE", own.get_program())
        .env("DISK", &disk)
        .output();
    Some(output.expect("a shell"))
}

/// The message about a full disk.
fn message(folder: &Path) -> String {
    format!(
        "no space left on {}; free some, or use --data-dir elsewhere; nothing that was saved is lost",
        folder.display()
    )
}

/// All that was said, with lines joined.
fn said(output: &Output) -> String {
    let words =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_database_that_finds_no_room_says_so_with_the_folder_and_what_to_do() {
    let program = Program::with_embedded_store();
    let script = "status=0; \"$TARE\" --data-dir \"$DISK/store\" report || status=$?; test $status = 1";
    let Some(output) = on_a_small_disk(&program, 8, script) else {
        return;
    };
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains(&message(&program.home().join("disk/store"))),
        "{said}"
    );
    assert!(!said.contains("wasi") && !said.contains("base/1"), "{said}");
}

#[test]
fn a_disk_that_becomes_full_while_crawling_loses_nothing_that_was_saved() {
    let registry = FaultyRegistry::holding(|content| {
        for number in 0..150 {
            let name = format!("team-{}/service-{number}", number % 7);
            let image = image().layer("base", 1000).layer(&name, 10 + number);
            content.repository(&name).tag("v1", image);
        }
    })
    .start();
    let program = Program::with_embedded_store();
    // The disk is filled after a first crawl of a part, and has room again for a last one.
    let script = format!(
        "tare() {{ \"$TARE\" --data-dir \"$DISK/store\" \"$@\"; }}\n\
         tare crawl '{0}' --repository team-0/service-0 --requests-per-minute 0 > \"$DISK/../first\" 2>&1\n\
         dd if=/dev/zero of=\"$DISK/filler\" bs=64k > /dev/null 2>&1 || true\n\
         tare crawl '{0}' --requests-per-minute 0 > \"$DISK/../full\" 2>&1 || true\n\
         rm \"$DISK/filler\"\n\
         tare report --format json > \"$DISK/../kept\"\n\
         tare crawl '{0}' --requests-per-minute 0 > \"$DISK/../last\" 2>&1\n\
         tare report --format json\n",
        registry.url()
    );
    let Some(output) = on_a_small_disk(&program, 200, &script) else {
        return;
    };
    let read = |name: &str| std::fs::read_to_string(program.home().join(name)).unwrap_or_default();
    let full = read("full").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.success(), "{full}\n{}", said(&output));
    assert!(
        full.contains(&message(&program.home().join("disk/store"))),
        "{full}"
    );
    assert!(!full.contains("could not extend"), "{full}");
    let repositories = |text: &str| {
        let report: serde_json::Value = serde_json::from_str(text).expect("JSON");
        report["registries"][0]["repositories"].as_u64()
    };
    assert!(repositories(&read("kept")) >= Some(1), "{}", read("kept"));
    assert_eq!(repositories(&stdout(&output)), Some(150));
}
