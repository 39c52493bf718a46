//! What cargo cannot see by itself: a new migration changes no Rust file, and tests that need the corpus of real
//! registries are ignored on machines without it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the tests read of the corpus.
const CORPUS: [&str; 2] = ["corpus/materialise.py", "catalogue/official-images-2026.jsonl"];

fn main() {
    name_commit();
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-env-changed=TARE_SHARED");
    println!("cargo::rustc-check-cfg=cfg(corpus)");
    let named = std::env::vars_os().find(|(name, _)| name == "TARE_SHARED");
    let folder = named.map_or_else(|| PathBuf::from("../shared"), |(_, folder)| folder.into());
    // A path that does not exist would make cargo run this, and compile the crate, each time.
    if let Ok(folder) = folder.canonicalize()
        && CORPUS.iter().all(|file| folder.join(file).is_file())
    {
        for file in CORPUS {
            println!("cargo::rerun-if-changed={}", folder.join(file).display());
        }
        println!("cargo::rustc-cfg=corpus");
        // Cargo also sets this when it runs a program, so the name must not look like a setting of Tare.
        println!("cargo::rustc-env=CORPUS_FOLDER={}", folder.display());
    }
}

/// Tells the program the commit that it is built from and its date: `unknown` where there is no git repository, as in an
/// archive of the sources. A release build notices a new commit; other builds keep the commit of when this last ran, because
/// each commit would compile everything again.
#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script the profile in its environment"
)]
fn name_commit() {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
    };
    // The sources may lie in the repository of something else.
    let is_own = git(&["ls-files", "--error-unmatch", "Cargo.toml"]).is_some();
    let commit = git(&["rev-parse", "--short=10", "HEAD"]).filter(|_| is_own);
    let date = git(&["show", "--no-patch", "--format=%cs", "HEAD"]).filter(|_| is_own);
    for (name, value) in [("BUILD_COMMIT", commit), ("BUILD_COMMIT_DATE", date)] {
        println!(
            "cargo::rustc-env={name}={}",
            value.as_deref().unwrap_or("unknown")
        );
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        for file in ["HEAD", "logs/HEAD"] {
            if let Some(path) =
                git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists())
            {
                println!("cargo::rerun-if-changed={path}");
            }
        }
    }
}
