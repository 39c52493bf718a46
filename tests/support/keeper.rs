//! What is shared by all tests is dropped by none: a keeper ends it with the test process, whatever ends that.

use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Runs a shell script with the folder as `$0` once this process is gone: its input is a pipe from here.
pub fn at_the_end(script: &str, folder: &Path) -> Child {
    Command::new("sh")
        .arg("-c")
        .arg(format!("cat >/dev/null; {script}"))
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh runs")
}

/// Removes the folder once this process is gone.
pub fn remove_at_the_end(folder: &Path) -> Child {
    at_the_end("rm -rf \"$0\"", folder)
}
