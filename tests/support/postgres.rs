//! A private PostgreSQL server, one for the whole test run, from the machine's own binaries.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

use super::keeper::at_the_end;

/// A server that listens on a Unix socket in a folder of its own.
pub struct PostgresServer {
    folder: PathBuf,
    _server: Child,
    /// Stops the server and removes the folder once this process is gone.
    _keeper: Child,
}

impl PostgresServer {
    /// The server of this test run, started by whoever asks first.
    pub fn shared() -> &'static Self {
        static SERVER: OnceLock<PostgresServer> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    /// Starts a server, which a test may have for itself.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("tare-postgres-")
            .tempdir()
            .expect("a folder")
            .keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("permissions");
        let binaries = binaries();
        let data = folder.join("data");
        let initdb = as_postgres(&binaries.join("initdb"))
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb runs");
        assert!(initdb.success(), "initdb failed");
        let log = fs::File::create(folder.join("log")).expect("a log");
        let server = as_postgres(&binaries.join("postgres"))
            .arg("-D")
            .arg(&data)
            .arg("-k")
            .arg(&folder)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=200",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("postgres runs");
        let keeper = at_the_end(
            "pid=$(head -n 1 \"$0/data/postmaster.pid\"); kill -QUIT \"$pid\"; \
             while kill -0 \"$pid\" 2>/dev/null; do sleep 0.1; done; rm -rf \"$0\"",
            &folder,
        );
        let server = Self {
            folder,
            _server: server,
            _keeper: keeper,
        };
        let socket = server.folder.join(".s.PGSQL.5432");
        for _ in 0..600 {
            if socket.exists() {
                return server;
            }
            sleep(Duration::from_millis(50));
        }
        panic!(
            "PostgreSQL did not start: {:?}",
            fs::read_to_string(server.folder.join("log"))
        );
    }

    /// Restarts the server as an administrator does: whoever is connected is cut off.
    pub fn restart(&self) {
        let restarted = as_postgres(&binaries().join("pg_ctl"))
            .args(["restart", "--mode=fast", "--silent", "--pgdata"])
            .arg(self.folder.join("data"))
            .arg("--log")
            .arg(self.folder.join("data").join("log"))
            .stdout(Stdio::null())
            .status()
            .expect("pg_ctl runs");
        assert!(restarted.success(), "PostgreSQL does not restart");
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).expect("a log")
    }

    /// The URL of a database, which need not be there yet.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@localhost/{database}?host={}",
            self.folder.display()
        )
    }

    /// Makes a new, empty database and gives its URL.
    pub async fn new_database(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let options: sqlx::postgres::PgConnectOptions = self.url("postgres").parse().expect("a URL");
        // The socket is there a moment before the server answers.
        for _ in 0..100 {
            if let Ok(mut connection) = options.connect().await {
                let statement = format!("CREATE DATABASE {name} TEMPLATE template0");
                connection
                    .execute(AssertSqlSafe(statement))
                    .await
                    .expect("a new database");
                connection.close().await.expect("an orderly end");
                return self.url(&name);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("PostgreSQL does not answer");
    }
}

/// Where Debian keeps the newest version's programs.
fn binaries() -> PathBuf {
    let versions =
        fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed (apt-get install postgresql)");
    let newest = versions
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .expect("a version of PostgreSQL");
    PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin"))
}

/// PostgreSQL refuses to run as root, so root runs it as the user whom Debian's package made for it.
fn as_postgres(program: &Path) -> Command {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}
