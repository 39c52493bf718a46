//! What cargo cannot see by itself: a new migration changes no Rust file, and tests that need the corpus of real
//! registries are ignored on machines without it.

use std::path::PathBuf;

/// What the tests read of the corpus.
const CORPUS: [&str; 2] = ["corpus/materialise.py", "catalogue/official-images-2026.jsonl"];

fn main() {
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
