use super::sorted::{Sorted, regex_of};

/// Command lines of `acr purge`.
pub(super) fn purge(rules: &mut Sorted<'_>) -> String {
    rules.cannot(!rules.keep.is_empty(), "it cannot keep tags by name (keep)");
    let has_pulls = rules.not_pulled_for.is_some() || rules.pulled_within.is_some();
    rules.cannot(
        has_pulls,
        "it knows no pulls (not-pulled-for, keep-pulled-within)",
    );
    rules.differs(
        rules.newest.is_some() && rules.older_than.is_some(),
        "--keep keeps the newest of the tags that are old enough, so more tags stay",
    );
    rules.differs(
        !rules.delete.is_empty() && rules.newest.is_some(),
        "tags to delete go even if they are among the newest",
    );
    let repositories = repositories(rules);
    let mut lines = Vec::new();
    let line = |tags: &str, rest: &str| {
        let filters: Vec<String> = repositories
            .iter()
            .map(|repository| format!("--filter '{repository}:{tags}'"))
            .collect();
        format!("acr purge {} {rest}", filters.join(" "))
    };
    for glob in rules.delete.clone() {
        match regex_of(glob.as_str()) {
            Some(regex) => lines.push(line(&format!("^{regex}$"), "--ago 0d --untagged")),
            None => rules
                .reasons
                .push(format!("the pattern {glob} has brackets or braces")),
        }
    }
    let keep = rules
        .newest
        .map(|number| format!(" --keep {number}"))
        .unwrap_or_default();
    match rules.older_than {
        Some(age) => lines.push(line(".*", &format!("--ago {age}{keep} --untagged"))),
        None if rules.sweeps() => lines.push(line(".*", &format!("--ago 0d{keep} --untagged"))),
        None => {}
    }
    rules.differs(
        !lines.is_empty(),
        "--untagged also deletes manifests that had no tag before, and are old enough",
    );
    if let Some(age) = rules.untagged {
        lines.push(line(".*", &format!("--untagged-only --ago {age}")));
    }
    lines.join("\n") + "\n"
}

/// The repositories as regular expressions.
fn repositories(rules: &mut Sorted<'_>) -> Vec<String> {
    if rules.repositories.is_empty() {
        return vec![".*".to_owned()];
    }
    let mut expressions = Vec::new();
    for glob in rules.repositories {
        let is_simple = !glob.contains(['[', '{', '\\']);
        let marked = glob
            .replace("**", "\u{0}")
            .replace('*', "\u{1}")
            .replace('?', "\u{2}");
        let regex = regex_of(&marked).filter(|_| is_simple).map(|regex| {
            regex
                .replace('\u{0}', ".*")
                .replace('\u{1}', "[^/]*")
                .replace('\u{2}', "[^/]")
        });
        match regex {
            Some(regex) => expressions.push(regex),
            None => rules
                .reasons
                .push(format!("the pattern {glob} has brackets or braces")),
        }
    }
    expressions
}

/// The command that sets the retention policy of untagged manifests.
pub(super) fn retention(rules: &mut Sorted<'_>) -> String {
    let has_tags = rules.newest.is_some()
        || rules.older_than.is_some()
        || rules.not_pulled_for.is_some()
        || !rules.delete.is_empty();
    rules.cannot(has_tags, "it is about untagged manifests only");
    rules.cannot(
        !rules.repositories.is_empty(),
        "it is about the whole registry (--repository)",
    );
    let Some(age) = rules.untagged else {
        rules.cannot(!has_tags, "no rule is about untagged manifests");
        return String::new();
    };
    let days = rules.days(age);
    rules.cannot(days > 365, "it keeps untagged manifests for at most 365 days");
    rules.differs(
        true,
        "only manifests that lose their tag after it was enabled are deleted",
    );
    format!(
        "az acr config retention update --registry REGISTRY --status enabled --days {days} --type UntaggedManifests\n"
    )
}
