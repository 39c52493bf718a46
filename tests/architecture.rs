//! The arrows between the rooms. A single crate has no compiler wall between its modules, so this reads
//! every path that starts with `crate::` and fails naming the file and the import.

mod circles;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The law: what each room may use. A room that is not listed here may not exist.
const ROOMS: &[(&str, &[&str])] = &[
    ("units", &[]),
    ("wording", &[]),
    ("clock", &[]),
    ("oci", &["units"]),
    ("inventory", &["oci", "units"]),
    ("base_image", &["inventory", "oci", "units"]),
    ("whatif", &["base_image", "inventory", "oci", "units"]),
    ("pricing", &["oci", "wording", "units"]),
    ("pulls", &["inventory", "oci", "units"]),
    ("events", &["pulls", "oci"]),
    ("cleanup", &["pulls", "inventory", "oci", "units"]),
    ("cost", &["pricing", "pulls", "whatif", "oci", "units"]),
    ("plan", &["whatif", "inventory"]),
    (
        "report",
        &[
            "events",
            "cleanup",
            "plan",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "base_image",
            "inventory",
            "oci",
            "wording",
            "units",
        ],
    ),
    ("export", &["report", "cost", "pricing", "oci", "units"]),
    // The HTTP client for servers that are not trusted. It serves the registries, Entra ID and the
    // identity providers, so that all of them have the same bounds.
    ("http", &["oci"]),
    ("registry", &["http", "oci", "units", "clock"]),
    ("crawl", &["registry", "inventory", "oci", "units", "clock"]),
    (
        "store",
        &[
            "events",
            "cleanup",
            "report",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "base_image",
            "inventory",
            "oci",
            "units",
            "clock",
        ],
    ),
    (
        "analysis",
        &[
            "events",
            "cleanup",
            "store",
            "report",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "base_image",
            "inventory",
            "oci",
            "units",
            "clock",
        ],
    ),
    // About crawling alone: it knows no costs and no report.
    (
        "jobs",
        &[
            "events",
            "analysis",
            "store",
            "crawl",
            "registry",
            "inventory",
            "oci",
            "units",
            "clock",
        ],
    ),
    // Access tokens need the keys of their issuers, API keys the store.
    ("identity", &["store", "http", "oci", "clock"]),
    (
        "metrics",
        &[
            "events",
            "analysis",
            "store",
            "report",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "inventory",
            "oci",
            "units",
        ],
    ),
    // Messages about what happened. It sends them by the bounded HTTP client, to addresses that the registries' guard lets
    // through.
    (
        "notify",
        &[
            "analysis", "store", "report", "cost", "registry", "http", "oci", "units", "clock",
        ],
    ),
    // The page's files and how they are served; it asks the API as any other client does.
    ("page", &[]),
    (
        "api",
        &[
            "events",
            "page",
            "identity",
            "analysis",
            "jobs",
            "export",
            "metrics",
            "store",
            "report",
            "cleanup",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "base_image",
            "inventory",
            "oci",
            "units",
            "clock",
        ],
    ),
    // A made-up company's registry, served over real HTTP.
    ("demo", &["oci", "units"]),
    (
        "config",
        &[
            "analysis",
            "base_image",
            "export",
            "store",
            "crawl",
            "registry",
            "report",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "inventory",
            "oci",
            "units",
            "jobs",
            "metrics",
            "notify",
            "identity",
            "api",
            "telemetry",
            "wording",
        ],
    ),
    ("telemetry", &["oci", "wording"]),
    (
        "cli",
        &[
            "events",
            "analysis",
            "export",
            "config",
            "telemetry",
            "api",
            "identity",
            "demo",
            "jobs",
            "notify",
            "store",
            "crawl",
            "registry",
            "cleanup",
            "report",
            "cost",
            "pulls",
            "pricing",
            "whatif",
            "base_image",
            "inventory",
            "oci",
            "wording",
            "units",
            "clock",
        ],
    ),
];

/// Rooms that take values and give values.
const PURE: &[&str] = &[
    "units",
    "wording",
    "oci",
    "inventory",
    "base_image",
    "whatif",
    "pricing",
    "pulls",
    "events",
    "cleanup",
    "cost",
    "plan",
    "report",
    "export",
];

/// What a pure room never mentions, but for [`ALLOWED`]: I/O, the machine's state, global state, waiting.
const IMPURE: &[&str] = &[
    "sqlx::",
    "reqwest::",
    "actix_web::",
    "tokio::",
    "pglite_oxide::",
    "std::fs",
    "std::net::Tcp",
    "std::env::",
    "std::process",
    "std::time::SystemTime",
    "std::time::Instant",
    "async fn",
    "static mut",
    "thread_local!",
    "OnceLock",
    "OnceCell",
    "LazyLock",
    "LazyCell",
    "rayon::",
    "tracing::",
    "Utc::now",
];

/// Files of pure rooms that may mention one of these words, each with its reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "src/whatif/analysis.rs",
        "rayon::",
        "images are analysed side by side; the result does not depend on the number of threads",
    ),
    (
        "src/pricing/property_tests.rs",
        "LazyLock",
        "a test: the book is parsed once for all cases and never changes",
    ),
];

#[test]
fn every_arrow_points_down() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let Some(room) = room_of(&file) else { continue };
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: the room `{room}` is not in the table",
                file.display()
            ));
            continue;
        };
        for used in rooms_used(&text).into_iter().chain(rooms_above(&file, &text)) {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: `{room}` may not use `crate::{used}`",
                    file.display()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn pure_rooms_stay_pure() {
    let mut wrong = Vec::new();
    let mut unused = ALLOWED.to_vec();
    for (file, text) in sources() {
        if !room_of(&file).is_some_and(|room| PURE.contains(&room.as_str())) {
            continue;
        }
        for line in code_lines(&text) {
            for word in IMPURE.iter().filter(|word| line.contains(*word)) {
                let is_this =
                    |(path, allowed, _): &(&str, &str, &str)| file.ends_with(path) && allowed == word;
                if ALLOWED.iter().any(is_this) {
                    unused.retain(|entry| !is_this(entry));
                    continue;
                }
                wrong.push(format!(
                    "{}: `{word}` in a pure room: {}",
                    file.display(),
                    line.trim()
                ));
            }
        }
    }
    assert!(
        unused.is_empty(),
        "remove these from the list of allowed words: {unused:?}"
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn only_the_store_speaks_sql() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        if room_of(&file).as_deref() == Some("store") {
            continue;
        }
        for line in code_lines(&text).filter(|line| line.contains("sqlx::")) {
            wrong.push(format!("{}: {}", file.display(), line.trim()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_statement_has_a_name_of_its_own_in_the_log() {
    let mut wrong = Vec::new();
    let mut names = BTreeMap::new();
    let store = sources()
        .into_iter()
        .filter(|(file, _)| room_of(file).as_deref() == Some("store"));
    for (file, text) in store {
        let code: String = code_lines(&text).map(str::trim).collect();
        for call in [".execute(", ".fetch_all(", ".fetch_one(", ".fetch_optional("] {
            for (at, _) in code.match_indices(call) {
                let after = &code[at + call.len()..];
                let name = after
                    .split_once(").named(\"")
                    .filter(|(connection, _)| !connection.contains(')'))
                    .and_then(|(_, rest)| rest.split('"').next());
                match name {
                    None => wrong.push(format!("{}: no name after `{call}`", file.display())),
                    Some(name) => *names.entry(name.to_owned()).or_insert(0) += 1,
                }
            }
        }
    }
    names.retain(|_, count| *count > 1);
    assert!(
        wrong.is_empty() && names.is_empty(),
        "twice: {names:?}\n{}",
        wrong.join("\n")
    );
}

#[test]
fn files_stay_small_enough_to_read() {
    let long: BTreeMap<_, _> = sources()
        .into_iter()
        .map(|(file, text)| (file, text.lines().count()))
        .filter(|&(_, lines)| lines > 600)
        .collect();
    assert!(long.is_empty(), "past 600 lines, split these: {long:?}");
}

/// Content is read back from the store and accounted for in one place, so that no answer is loaded twice.
#[test]
fn only_the_analysis_loads_content() {
    let loading = [
        ("store.content(", &["analysis", "store"][..]),
        ("store.current_content(", &["analysis", "store"]),
        ("store.data_quality(", &["analysis", "store"]),
        ("store.pull_counts(", &["analysis", "store"]),
        // The report accounts for content that was loaded by no crawl.
        (" account(&", &["analysis", "report", "inventory"]),
    ];
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let room = room_of(&file).unwrap_or_default();
        for line in code_lines(&text) {
            for (call, owners) in loading.iter().filter(|(call, _)| line.contains(call)) {
                if !owners.contains(&room.as_str()) {
                    wrong.push(format!(
                        "{}: only {owners:?} may call `{call}`: {}",
                        file.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The checks above would pass on no files at all; this one would not.
#[test]
fn the_reader_sees_imports() {
    let text = "use crate::{oci::Digest, units};\n// use crate::store;\nfn f() { crate::clock::now() }";
    assert_eq!(rooms_used(text), ["clock", "oci", "units"]);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oci/name.rs");
    assert_eq!(
        rooms_above(
            &file,
            "use super::super::store::Store;\nuse super::digest::Digest;"
        ),
        ["store"]
    );
    assert!(
        sources()
            .iter()
            .any(|(file, _)| room_of(file).as_deref() == Some("oci"))
    );
}

/// Every source file of the library with its text, without its tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

/// The first folder or file below `src`; none for the crate's root files.
fn room_of(file: &Path) -> Option<String> {
    let below = file
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(room, "lib" | "main")).then(|| room.to_owned())
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// The rooms that a text names after `crate::`, sorted, each once; groups in braces count too.
fn rooms_used(text: &str) -> Vec<String> {
    let code: String = code_lines(text).collect::<Vec<_>>().join("\n");
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let after = &code[at + "crate::".len()..];
        match after.strip_prefix('{') {
            Some(group) => {
                let mut depth = 0;
                let mut word = String::new();
                for c in group.chars() {
                    match c {
                        '}' if depth == 0 => break,
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => rooms.push(first_word(&std::mem::take(&mut word))),
                        _ if depth == 0 => word.push(c),
                        _ => {}
                    }
                }
                rooms.push(first_word(&word));
            }
            None => rooms.push(first_word(after)),
        }
    }
    rooms.retain(|room| !room.is_empty());
    rooms.sort();
    rooms.dedup();
    rooms
}

/// The rooms that a file reaches by `super::` out of its own room.
fn rooms_above(file: &Path, text: &str) -> Vec<String> {
    let below = file
        .strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .expect("a source file");
    // A file of the room itself is one step below the crate's root, one in a folder of it two; a module within the file,
    // such as its tests, is one step more, so that a path may have one `super` more than is counted here.
    let is_folder = below.ends_with("mod.rs");
    let depth = below.components().count() - usize::from(is_folder);
    let mut rooms = Vec::new();
    for line in code_lines(text) {
        let within = usize::from(line.starts_with(' '));
        let chain = "super::".repeat(depth + within);
        for (at, _) in line.match_indices(&chain) {
            rooms.push(first_word(&line[at + chain.len()..]));
        }
    }
    rooms.retain(|room| !room.is_empty() && room != "super");
    rooms
}

fn first_word(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}
