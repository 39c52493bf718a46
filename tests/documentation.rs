//! The documents for readers: every relative link and every anchor in them resolves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Documents outside `docs/`.
const OTHERS: &[&str] = &[
    "README.md",
    "config/price-books/README.md",
    "migrations/README.md",
];

#[test]
fn every_relative_link_and_anchor_resolves() {
    let mut checked = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a readable document");
        for target in links(&text) {
            if target.contains("://") {
                continue;
            }
            checked += 1;
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = if path.is_empty() {
                document.clone()
            } else {
                document.parent().expect("a folder").join(path)
            };
            let resolves = file.exists()
                && (anchor.is_empty()
                    || fs::read_to_string(&file).is_ok_and(|text| anchors(&text).contains(anchor)));
            if !resolves {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
    assert!(checked > 50, "only {checked} links were found");
}

#[test]
fn the_readme_is_short_and_leads_to_every_document() {
    let readme = fs::read_to_string(root().join("README.md")).expect("a readable README");
    assert!(
        readme.lines().count() <= 250,
        "the README is for newcomers: move the rest to docs/"
    );
    let targets: BTreeSet<&str> = links(&readme).into_iter().collect();
    let missing: Vec<_> = documents()
        .into_iter()
        .filter_map(|path| Some(path.strip_prefix(root().join("docs")).ok()?.to_owned()))
        .filter(|name| !targets.contains(format!("docs/{}", name.display()).as_str()))
        .collect();
    assert!(missing.is_empty(), "the README does not link to {missing:?}");
}

/// Every section of the configuration is in the overview of sections.
#[test]
fn every_section_of_the_configuration_is_explained() {
    let settings = include_str!("../config/tare.toml");
    let overview = include_str!("../docs/configuration.md");
    let sections: BTreeSet<&str> = settings
        .lines()
        .map(|line| line.trim_start_matches(['#', ' ']))
        .filter(|line| line.starts_with('[') && line.ends_with(']') && !line.contains(['=', ',', '.']))
        .collect();
    assert!(sections.len() >= 16, "{sections:?}");
    let missing: Vec<_> = sections
        .iter()
        .filter(|section| !overview.contains(&format!("| `{section}` |")))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/configuration.md does not explain {missing:?}"
    );
}

/// A path between backticks is that of a file or folder.
#[test]
fn every_path_that_is_named_exists() {
    let mut checked = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a readable document");
        for path in paths(&text) {
            checked += 1;
            if !root().join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "no such files:\n{}", missing.join("\n"));
    assert!(checked > 30, "only {checked} paths were found");
}

#[test]
fn the_checker_sees_links_and_anchors() {
    let text = "# A *title*: `x`, y\n[a](b.md#c) ![d](e.png)\n\n    [code](no.md)\n```\n# no\n```\n`[code](no.md)`\n## A title\n## A title";
    assert_eq!(links(text), ["b.md#c", "e.png"]);
    assert_eq!(
        paths("see `src/oci`, `oci`\n`tests/run --x`\n    `src/no`"),
        ["src/oci"]
    );
    let anchors = anchors(text);
    for anchor in ["a-title-x-y", "a-title", "a-title-1"] {
        assert!(anchors.contains(anchor), "{anchors:?}");
    }
    assert_eq!(anchors.len(), 3);
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Markdown document for readers.
fn documents() -> Vec<PathBuf> {
    let mut documents: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .expect("the folder docs")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    documents.extend(OTHERS.iter().map(|name| root().join(name)));
    documents.sort();
    documents
}

/// The lines of a document that are not code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
            return false;
        }
        !is_fenced && !line.starts_with("    ")
    })
}

/// The targets of inline links and images, in order.
fn links(text: &str) -> Vec<&str> {
    prose(text)
        // Every second piece between backticks is code.
        .flat_map(|line| line.split('`').step_by(2))
        .flat_map(|piece| piece.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .collect()
}

/// The paths from the root of the repository that stand between backticks.
fn paths(text: &str) -> Vec<&str> {
    const FOLDERS: &[&str] = &["src/", "tests/", "config/", "docs/", "migrations/"];
    prose(text)
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|code| FOLDERS.iter().any(|folder| code.starts_with(folder)))
        .filter(|code| !code.contains([' ', '{', '*', '…']))
        .collect()
}

/// The anchors that code hosts make of a document's headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(text).filter(|line| line.starts_with('#')) {
        let slug: String = heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            })
            .collect();
        let numbered = (1..).map(|number| format!("{slug}-{number}"));
        let anchor = std::iter::once(slug.clone())
            .chain(numbered)
            .find(|anchor| !anchors.contains(anchor));
        anchors.extend(anchor);
    }
    anchors
}
