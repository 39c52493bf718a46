use serde_json::{Value, json};

use super::sorted::{Sorted, regex_of};
use crate::cleanup::glob::TagGlob;

/// The clean-up policy of GitLab.
pub(super) fn written(rules: &mut Sorted<'_>) -> String {
    let has_pulls = rules.not_pulled_for.is_some() || rules.pulled_within.is_some();
    rules.cannot(
        has_pulls,
        "it knows no pulls (not-pulled-for, keep-pulled-within)",
    );
    rules.cannot(
        rules.untagged.is_some(),
        "it is about tags only (untagged-older-than)",
    );
    let removes_all = rules.older_than.is_some() || rules.sweeps();
    rules.cannot(
        removes_all && !rules.delete.is_empty(),
        "it has one expression of tags to remove (delete with keep-newest or older-than)",
    );
    rules.cannot(
        !rules.repositories.is_empty(),
        "it is about all repositories of a project (--repository)",
    );
    rules.differs(true, "the tag latest always stays");
    let number = rules.newest;
    let is_offered = number.is_none_or(|number| [1, 5, 10, 25, 50, 100].contains(&number));
    rules.cannot(!is_offered, "keep_n is 1, 5, 10, 25, 50 or 100");
    let age = rules.older_than.map(|age| age.to_string());
    let is_offered = age
        .as_deref()
        .is_none_or(|age| ["7d", "14d", "30d", "60d", "90d"].contains(&age));
    rules.cannot(!is_offered, "older_than is 7d, 14d, 30d, 60d or 90d");
    rules.differs(
        number.is_some() && (!rules.keep.is_empty() || !rules.delete.is_empty()),
        "the newest are counted among the tags to remove only",
    );
    let removed = match removes_all {
        true => ".*".to_owned(),
        false => alternatives(rules.delete.clone(), &mut rules.reasons),
    };
    let kept = alternatives(rules.keep.clone(), &mut rules.reasons);
    super::sorted::json(&json!({"container_expiration_policy_attributes": {
        "enabled": true,
        "cadence": "1d",
        "keep_n": number,
        "older_than": age,
        "name_regex_delete": removed,
        "name_regex_keep": if kept.is_empty() { Value::Null } else { kept.into() },
    }}))
}

fn alternatives(globs: Vec<&TagGlob>, reasons: &mut Vec<String>) -> String {
    let mut expressions = Vec::new();
    for glob in globs {
        match regex_of(glob.as_str()) {
            Some(regex) => expressions.push(regex),
            None => reasons.push(format!("the pattern {glob} has brackets or braces")),
        }
    }
    expressions.join("|")
}
