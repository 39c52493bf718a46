//! The program `tare` itself, run as a user runs it, with a store of its own.

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// `tare` with an empty home folder, no settings from outside, and a store that only this value uses.
pub struct Program {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Program {
    /// With the embedded store.
    #[cfg(feature = "embedded")]
    pub fn with_embedded_store() -> Self {
        Self {
            home: tempfile::tempdir().expect("a folder"),
            variables: Vec::new(),
        }
    }

    /// With a database of a PostgreSQL server.
    pub fn with_database(url: String) -> Self {
        Self {
            home: tempfile::tempdir().expect("a folder"),
            variables: vec![("DATABASE_URL".to_owned(), url)],
        }
    }

    /// The same with one more environment variable.
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The address of its database; `None` with the embedded store.
    pub fn database(&self) -> Option<&str> {
        let address = self.variables.iter().find(|(name, _)| name == "DATABASE_URL");
        address.map(|(_, url)| url.as_str())
    }

    /// Its home folder, which stays when this value goes.
    #[cfg(feature = "embedded")]
    pub fn keep(self) -> std::path::PathBuf {
        self.home.keep()
    }

    /// Its home folder.
    pub fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// Starts it and lets it run.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts")
    }

    /// Runs it, checks that it says all is complete, and reads its answer.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{arguments:?}: {:?}\n{said}",
            output.status
        );
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Crawls a registry with no limit on requests in a minute.
    pub fn crawl(&self, url: &str) -> Value {
        self.json(&["crawl", url, "--json", "--requests-per-minute", "0"])
    }

    /// The report on all that was crawled.
    pub fn report(&self) -> Value {
        self.json(&["report", "--format", "json"])
    }

    /// Ready to be started, with nothing to read on its standard input.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tare"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            // The embedded database unpacks itself there once, and not for each home.
            .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}
