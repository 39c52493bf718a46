//! The list of behaviours tested for each vendor, in `docs/vendors.md`: made from the tests themselves.
//!
//! A test that proves how Tare deals with a vendor has a line `/// Vendors: Azure, Harbor.` above it. Its name, which is a
//! sentence, is the behaviour.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The variable with which the list is written anew.
const RENEW: &str = "TARE_RENEW_VENDORS";

/// The lines around the list in the document.
const BEGIN: &str = "<!-- made by the tests: begin -->";
const END: &str = "<!-- made by the tests: end -->";

/// What marks a test.
const MARK: &str = "/// Vendors: ";

/// The vendors that a test may name.
const KNOWN: [&str; 22] = [
    "Alibaba",
    "Azure",
    "Codeberg",
    "DigitalOcean",
    "Distribution",
    "Docker Hub",
    "ECR",
    "ECR Public",
    "GitHub",
    "GitLab",
    "Google",
    "Harbor",
    "IBM",
    "JFrog",
    "Kubernetes",
    "Nexus",
    "OVHcloud",
    "Oracle",
    "Quay",
    "Scaleway",
    "registry.k8s.io",
    "zuul-registry",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust below a folder, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .flat_map(|path| match path.is_dir() {
            true => sources(&path),
            false => vec![path],
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}

/// The behaviours tested for each vendor.
fn behaviours() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in ["src", "tests"]
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
    {
        let text = fs::read_to_string(&file).expect("a readable file");
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(vendors) = line.strip_prefix(MARK) else {
                continue;
            };
            let place = format!("{}:{}", file.display(), number + 1);
            let name = lines[number..].iter().find_map(|line| {
                let (_, rest) = line.split_once("fn ")?;
                rest.split_once('(').map(|(name, _)| name.replace('_', " "))
            });
            let name = name.unwrap_or_else(|| panic!("{place}: no test follows"));
            for vendor in vendors.trim_end_matches('.').split(", ") {
                assert!(KNOWN.contains(&vendor), "{place}: unknown vendor {vendor:?}");
                found.entry(vendor.to_owned()).or_default().insert(name.clone());
            }
        }
    }
    found
}

#[test]
fn the_list_of_what_is_tested_for_each_vendor_is_made_from_the_tests() {
    let found = behaviours();
    let mut list = String::from("\n| vendor | behaviours tested |\n|---|---|\n");
    for (vendor, names) in &found {
        list.push_str(&format!("| {vendor} | {} |\n", names.len()));
    }
    for (vendor, names) in &found {
        list.push_str(&format!("\n**{vendor}**\n\n"));
        for name in names {
            list.push_str(&format!("- {name}\n"));
        }
    }
    list.push('\n');
    let document = root().join("docs/vendors.md");
    let text = fs::read_to_string(&document).expect("the document");
    let (before, rest) = text.split_once(BEGIN).expect("where the list begins");
    let (present, after) = rest.split_once(END).expect("where the list ends");
    if std::env::vars_os().any(|(name, _)| name == RENEW) {
        fs::write(&document, format!("{before}{BEGIN}\n{list}{END}{after}")).expect("the document");
        return;
    }
    assert!(
        present == format!("\n{list}"),
        "the list in docs/vendors.md is not the present one: write it anew with {RENEW}=1"
    );
}
