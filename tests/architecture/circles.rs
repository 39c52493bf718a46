//! Circles between the files of a room. A room without them can be read one file after the other, each resting only on
//! files that were read before.

use std::collections::{BTreeMap, BTreeSet};

use super::{code_lines, room_of, sources};

/// Rooms in which files still use each other in circles. The list only gets shorter.
const WITH_CIRCLES: &[&str] = &["api", "crawl"];

#[test]
fn files_of_a_room_do_not_use_each_other_in_circles() {
    let modules = Modules::from_library();
    let circles = modules.circles();
    let new: Vec<String> = circles
        .iter()
        .filter(|circle| !WITH_CIRCLES.contains(&circle.room()))
        .map(|circle| modules.describe(circle))
        .collect();
    assert!(new.is_empty(), "\n{}", new.join("\n"));
    for room in WITH_CIRCLES {
        let is_there = modules.files.keys().any(|module| module[0] == **room);
        let has_circle = circles.iter().any(|circle| circle.room() == *room);
        assert!(
            !is_there || has_circle,
            "`{room}` has no circle any more: take it off the list"
        );
    }
}

/// The check above would pass if it found no uses at all; this one would not.
#[test]
fn the_reader_follows_names_to_the_files_that_define_them() {
    let modules = Modules::new([
        ("a", "mod b;\nmod c;\npub use b::Thing;\n"),
        ("a/b", "use super::c::{self, Other};\npub struct Thing;"),
        (
            "a/c",
            "// use super::d;\nuse crate::a::Thing;\nfn f() { super::b::g() }\n#[cfg(test)]\nmod tests { use super::*; }",
        ),
        ("a/d", "use super::Thing;"),
    ]);
    let uses = |module: &str| modules.uses[&path(module)].clone();
    assert_eq!(uses("a"), BTreeSet::new());
    assert_eq!(uses("a/b"), BTreeSet::from([path("a/c")]));
    assert_eq!(uses("a/c"), BTreeSet::from([path("a/b")]));
    assert_eq!(uses("a/d"), BTreeSet::from([path("a/b")]));
    let circles = modules.circles();
    assert_eq!(circles.len(), 1);
    assert_eq!(circles[0].0, [path("a/b"), path("a/c")].into());
}

/// A module by its names from the crate's root.
type ModulePath = Vec<String>;

fn path(text: &str) -> ModulePath {
    text.split('/').map(ToOwned::to_owned).collect()
}

struct Modules {
    /// The code of each file.
    files: BTreeMap<ModulePath, String>,
    /// Names that a file passes on with `pub use`, and what they stand for.
    passed_on: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
    /// The files that each file uses, those aside whose items it only passes on.
    uses: BTreeMap<ModulePath, BTreeSet<ModulePath>>,
}

/// Modules that use each other.
struct Circle(BTreeSet<ModulePath>);

impl Circle {
    fn room(&self) -> &str {
        &self.0.first().expect("a circle of modules")[0]
    }
}

impl Modules {
    /// Every file of the library without its tests; test files are left out.
    fn from_library() -> Self {
        let sources = sources();
        let files = sources.iter().filter_map(|(file, text)| {
            room_of(file)?;
            let below = file
                .strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
                .ok()?;
            let module = below.with_extension("");
            let module = module.to_str()?.trim_end_matches("/mod");
            Some((module.to_owned(), text.as_str()))
        });
        let files: Vec<(String, &str)> = files.collect();
        Self::new(files.iter().map(|(module, text)| (module.as_str(), *text)))
    }

    fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut test_files = BTreeSet::new();
        let mut code = BTreeMap::new();
        for (module, text) in files {
            let module = path(module);
            let lines: Vec<&str> = code_lines(text).collect();
            for (at, line) in lines.iter().enumerate() {
                let is_test = at > 0 && lines[at - 1].trim() == "#[cfg(test)]";
                if let (true, Some(name)) = (is_test, declared_module(line)) {
                    test_files.insert([module.as_slice(), &[name]].concat());
                }
            }
            let tests_at = lines.windows(2).position(|pair| {
                pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].contains('{')
            });
            code.insert(module, lines[..tests_at.unwrap_or(lines.len())].join("\n"));
        }
        code.retain(|module, _| !test_files.contains(module));
        let mut modules = Self {
            files: code,
            passed_on: BTreeMap::new(),
            uses: BTreeMap::new(),
        };
        let mut named = BTreeMap::new();
        for (module, text) in &modules.files {
            let (passed_on, paths) = names_in(text);
            modules.passed_on.insert(module.clone(), passed_on);
            named.insert(module.clone(), paths);
        }
        for (module, paths) in named {
            let used = paths.iter().filter_map(|name| modules.file_of(&module, name, 0));
            let used = used
                .filter(|file| *file != module && file[0] == module[0])
                .collect();
            modules.uses.insert(module, used);
        }
        modules
    }

    /// The file that defines what a path means in a module; none if it is not of this library.
    fn file_of(&self, module: &[String], name: &[String], depth: usize) -> Option<ModulePath> {
        let mut at = module.to_vec();
        let mut rest = name;
        match rest.first().map(String::as_str)? {
            "crate" => (at, rest) = (Vec::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|word| word == "super") {
                    at.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                let is_child = self
                    .files
                    .contains_key(&[&at, std::slice::from_ref(&rest[0])].concat());
                if !is_child && !self.passed_on.get(&at)?.contains_key(first) {
                    return None;
                }
            }
        }
        while let Some((word, after)) = rest.split_first() {
            let child = [at.as_slice(), std::slice::from_ref(word)].concat();
            if self.files.contains_key(&child) {
                (at, rest) = (child, after);
                continue;
            }
            // A name that is passed on is followed to where it comes from.
            return match self.passed_on.get(&at).and_then(|names| names.get(word)) {
                Some(origin) if depth < 10 => {
                    self.file_of(&at, &[origin.as_slice(), after].concat(), depth + 1)
                }
                _ => Some(at).filter(|at| self.files.contains_key(at)),
            };
        }
        Some(at).filter(|at| self.files.contains_key(at))
    }

    /// The circles, each with all modules that can reach one another.
    fn circles(&self) -> Vec<Circle> {
        let reach: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = self
            .uses
            .keys()
            .map(|module| (module, self.reached_from(module)))
            .collect();
        let mut circles: Vec<Circle> = Vec::new();
        for (module, reached) in &reach {
            if !reached.contains(module) || circles.iter().any(|circle| circle.0.contains(*module)) {
                continue;
            }
            let members = reached.iter().filter(|other| reach[**other].contains(module));
            circles.push(Circle(members.map(|member| (*member).clone()).collect()));
        }
        circles
    }

    fn reached_from(&self, module: &ModulePath) -> BTreeSet<&ModulePath> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&ModulePath> = self.uses[module].iter().collect();
        while let Some(module) = next.pop() {
            if reached.insert(module) {
                next.extend(&self.uses[module]);
            }
        }
        reached
    }

    fn describe(&self, circle: &Circle) -> String {
        let arrows = circle.0.iter().flat_map(|from| {
            let to = self.uses[from].iter().filter(|to| circle.0.contains(*to));
            to.map(|to| format!("  {} uses {}", from.join("/"), to.join("/")))
        });
        let arrows: Vec<String> = arrows.collect();
        format!("a circle in `{}`:\n{}", circle.room(), arrows.join("\n"))
    }
}

/// The name of a module that a line declares in a file of its own.
fn declared_module(line: &str) -> Option<String> {
    let name = line.trim().strip_suffix(';')?.rsplit_once("mod ")?.1;
    Some(name.to_owned())
}

/// The names that a text passes on with `pub use`, and all other paths in it.
fn names_in(text: &str) -> (BTreeMap<String, ModulePath>, Vec<ModulePath>) {
    let mut passed_on = BTreeMap::new();
    let mut imported: BTreeMap<String, ModulePath> = BTreeMap::new();
    let mut rest = String::new();
    // The path of `pub(in crate::…)` is no use of that module.
    let text = text.replace("(in crate::", "(in ");
    for statement in text.split_inclusive(';') {
        let Some((before, tree)) = use_tree(statement) else {
            rest.push_str(statement);
            continue;
        };
        let is_passed_on = before.trim_end().ends_with("pub") || before.trim_end().ends_with(')');
        rest.push_str(before.trim_end_matches(|c: char| c != '\n'));
        for leaf in leaves(tree) {
            let (name, alias) = leaf.split_once(" as ").unwrap_or((&leaf, ""));
            let mut words: ModulePath = name.split("::").map(|word| word.trim().to_owned()).collect();
            if words.last().is_some_and(|word| word == "self") {
                words.pop();
            }
            let known_as = Some(alias.trim()).filter(|alias| !alias.is_empty());
            let known_as = known_as
                .or(words.last().map(String::as_str))
                .unwrap_or_default()
                .to_owned();
            if is_passed_on {
                passed_on.insert(known_as, words);
            } else {
                imported.insert(known_as, words);
            }
        }
    }
    let mut paths: Vec<ModulePath> = imported.values().cloned().collect();
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    for found in rest.split(|c| !is_word(c)).filter(|found| found.contains("::")) {
        let words: ModulePath = found
            .trim_matches(':')
            .split("::")
            .map(ToOwned::to_owned)
            .collect();
        // A path may begin with a module that was imported.
        match imported.get(&words[0]) {
            Some(module) => paths.push([module.as_slice(), &words[1..]].concat()),
            None => paths.push(words),
        }
    }
    (passed_on, paths)
}

/// The visibility of a `use` statement, and the tree of its paths.
fn use_tree(statement: &str) -> Option<(&str, &str)> {
    let at = statement
        .match_indices("use ")
        .find(|(at, _)| {
            statement[..*at]
                .chars()
                .next_back()
                .is_none_or(char::is_whitespace)
        })?
        .0;
    let line = statement[..at].rsplit('\n').next().unwrap_or_default().trim();
    let is_import = line.is_empty() || line == "pub" || (line.starts_with("pub(") && line.ends_with(')'));
    is_import.then(|| {
        (
            &statement[..at],
            statement[at + "use ".len()..].trim_end_matches(';'),
        )
    })
}

/// The paths of a tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn leaves(tree: &str) -> Vec<String> {
    let Some((before, group)) = tree.split_once('{') else {
        return vec![tree.trim().to_owned()];
    };
    let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
    let (mut depth, mut parts, mut part) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    parts.push(part);
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| leaves(part))
        .map(|leaf| format!("{}{leaf}", before.trim()))
        .collect()
}
