//! The role that reads the views of finance, made as an administrator would make it.

use std::process::Command;

use parking_lot::Mutex;

/// Its password.
pub const PASSWORD: &str = "it's a test";

/// Makes the role in a database, or makes it anew.
pub fn make(url: &str) {
    // A role belongs to the whole server, and PostgreSQL does not alter one twice at once.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let made = Command::new("psql")
        .args(["--quiet", "--no-psqlrc", "--set", "owner=postgres"])
        .arg("--set")
        .arg(format!("password={PASSWORD}"))
        .args(["--file", "config/postgres/finance-reader.sql", url])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("psql runs");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success() && said.is_empty(), "{said}");
}
