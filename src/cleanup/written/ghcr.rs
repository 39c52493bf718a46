use super::sorted::Sorted;

/// The settings of GitHub's action.
pub(super) fn written(rules: &mut Sorted<'_>) -> String {
    let is_one = rules.repositories.len() == 1 && !rules.repositories[0].contains(['*', '?', '[', '{']);
    rules.cannot(
        !is_one,
        "a step is about one package: name one repository with --repository",
    );
    rules.cannot(!rules.keep.is_empty(), "it does not know tags (keep)");
    rules.cannot(!rules.delete.is_empty(), "it does not know tags (delete)");
    let has_age = rules.older_than.is_some() || rules.untagged.is_some();
    rules.cannot(has_age, "it knows no ages (older-than, untagged-older-than)");
    let has_pulls = rules.not_pulled_for.is_some() || rules.pulled_within.is_some();
    rules.cannot(
        has_pulls,
        "it knows no pulls (not-pulled-for, keep-pulled-within)",
    );
    let Some(newest) = rules.newest else {
        return String::new();
    };
    rules.differs(
        true,
        "it counts manifests, also those without a tag and the images of an index, and may delete images of an index that stays",
    );
    rules.differs(true, "one run deletes at most 100 versions");
    let name = rules.repositories.first().map(String::as_str).unwrap_or_default();
    let package = name.split_once('/').map_or(name, |(_, rest)| rest);
    format!(
        "- uses: actions/delete-package-versions@v5\n  with:\n    package-name: '{package}'\n    package-type: container\n    \
         min-versions-to-keep: {newest}\n"
    )
}
