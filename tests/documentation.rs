//! The documents for readers: every relative link and every anchor in them resolves, and every command can be typed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;

/// Documents outside `docs/`.
const OTHERS: &[&str] = &[
    "README.md",
    "config/helm/tare/README.md",
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
fn every_command_can_be_typed() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("a readable document");
        let blocks = commands_in_blocks(&text).into_iter().map(|words| (words, true));
        let sentences = commands_in_sentences(&text)
            .into_iter()
            .map(|words| (words, false));
        for (words, is_whole) in blocks.chain(sentences) {
            checked += 1;
            let Err(error) = tare::cli::definition().try_get_matches_from(&words) else {
                continue;
            };
            let is_understood = match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
                // A sentence names a command without what belongs to it.
                ErrorKind::InvalidSubcommand | ErrorKind::UnknownArgument | ErrorKind::InvalidValue => false,
                _ => !is_whole,
            };
            if !is_understood {
                wrong.push(format!("{}: {}\n{error}", document.display(), words.join(" ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 60, "only {checked} commands were found");
}

#[test]
fn the_checker_sees_commands_as_a_shell_does() {
    let text = "Try `tare report`, `tare COMMAND --help` or `tare …`.\n\n    tare crawl 'a b/*'   # all\n    \
                X=\"$(date +%s)\" Y=1 tare key create ci \\\n        --scope read > file\n    cargo run -- demo --once | less\n    \
                tared\n    az x | tare y\n";
    assert_eq!(
        commands_in_blocks(text),
        [
            vec!["tare", "crawl", "a b/*"],
            vec!["tare", "key", "create", "ci", "--scope", "read"],
            vec!["tare", "demo", "--once"],
        ]
    );
    assert_eq!(commands_in_sentences(text), [["tare", "report"]]);
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

/// The commands of `tare` in the code blocks of a document, as the words that a shell passes on.
fn commands_in_blocks(text: &str) -> Vec<Vec<String>> {
    let text = text.replace("\\\n", " ");
    text.lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter_map(|line| command(line.trim_start()))
        .collect()
}

/// The commands of `tare` between backticks.
fn commands_in_sentences(text: &str) -> Vec<Vec<String>> {
    prose(text)
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .filter(|code| code.starts_with("tare ") && !code.contains(['…']) && !code.contains("COMMAND"))
        .filter_map(command)
        .collect()
}

/// The words of a command line of `tare`, after assignments; `None` if another program is called.
fn command(line: &str) -> Option<Vec<String>> {
    let mut words = shell_words(line);
    let is_assignment = |word: &String| {
        let name = word.split_once('=').map(|(name, _)| name);
        name.is_some_and(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    while words.first().is_some_and(is_assignment) {
        words.remove(0);
    }
    if words.starts_with(&["cargo", "run", "--"].map(str::to_owned)) {
        words.splice(..3, ["tare".to_owned()]);
    }
    (words.first()? == "tare" && words.len() > 1).then_some(words)
}

/// The words of the first command in a line of a shell, without quotes. What `$(…)` would give stays as it is.
fn shell_words(line: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let (mut quote, mut depth) = (None, 0);
    for (place, c) in line.char_indices() {
        let is_plain = quote.is_none() && depth == 0;
        if is_plain && ("|<>;&".contains(c) || (c == '#' && word.is_none())) {
            break;
        }
        if is_plain && c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_default();
        match c {
            '\'' | '"' if depth == 0 && quote.is_none() => quote = Some(c),
            '\'' | '"' if depth == 0 && quote == Some(c) => quote = None,
            '(' if line[..place].ends_with('$') && quote != Some('\'') => {
                depth += 1;
                word.push(c);
            }
            ')' if depth > 0 => {
                depth -= 1;
                word.push(c);
            }
            _ => word.push(c),
        }
    }
    words.extend(word);
    words
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
