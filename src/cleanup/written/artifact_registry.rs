use serde_json::{Value, json};

use super::sorted::Sorted;
use crate::cleanup::glob::TagGlob;

/// Clean-up policies of Artifact Registry.
pub(super) fn written(rules: &mut Sorted<'_>) -> String {
    let has_pulls = rules.not_pulled_for.is_some() || rules.pulled_within.is_some();
    rules.cannot(
        has_pulls,
        "it knows no pulls (not-pulled-for, keep-pulled-within)",
    );
    rules.cannot(
        rules.newest == Some(0),
        "it keeps at least one version (keep-newest 0)",
    );
    rules.differs(
        rules.newest.is_some(),
        "it counts versions of each package, also those without a tag",
    );
    rules.differs(
        rules.untagged.is_some(),
        "the age of an untagged version counts from its upload, not from the loss of its tag",
    );
    let mut packages: Vec<String> = Vec::new();
    for glob in rules.repositories {
        match prefix(glob) {
            Some(prefix) => packages.push(prefix.to_owned()),
            None => rules
                .reasons
                .push(format!("packages are named by their start, not by {glob}")),
        }
    }
    rules.differs(
        !packages.is_empty(),
        "packages are named without project and repository: shorten packageNamePrefixes",
    );
    let mut policies: Vec<Value> = Vec::new();
    let mut add = |name: String, action: &str, condition: Value| {
        let mut condition = condition;
        if !packages.is_empty() {
            condition["packageNamePrefixes"] = json!(packages);
        }
        let key = if condition.get("keepCount").is_some() {
            "mostRecentVersions"
        } else {
            "condition"
        };
        policies.push(json!({"name": name, "action": {"type": action}, key: condition}));
    };
    let sets: [(&str, Vec<&TagGlob>); 2] = [("Keep", rules.keep.clone()), ("Delete", rules.delete.clone())];
    for (action, globs) in sets {
        let mut prefixes = Vec::new();
        for glob in globs {
            match prefix(glob.as_str()).filter(|prefix| prefix.len() < glob.as_str().len()) {
                Some(prefix) => prefixes.push(prefix),
                None => rules.reasons.push(format!(
                    "tags are named by their start, such as v1*, not by {glob}"
                )),
            }
        }
        if !prefixes.is_empty() {
            let condition = json!({"tagState": "tagged", "tagPrefixes": prefixes});
            add(format!("{}-tags", action.to_lowercase()), action, condition);
        }
    }
    if let Some(age) = rules.older_than {
        let days = rules.days(age);
        add(
            "delete-old".to_owned(),
            "Delete",
            json!({"tagState": "tagged", "olderThan": format!("{days}d")}),
        );
    } else if rules.sweeps() {
        add(
            "delete-tagged".to_owned(),
            "Delete",
            json!({"tagState": "tagged"}),
        );
    }
    if let Some(number) = rules.newest {
        add("keep-newest".to_owned(), "Keep", json!({ "keepCount": number }));
    }
    if let Some(age) = rules.untagged {
        let days = rules.days(age);
        add(
            "delete-untagged".to_owned(),
            "Delete",
            json!({"tagState": "untagged", "olderThan": format!("{days}d")}),
        );
    }
    super::sorted::json(&Value::Array(policies))
}

/// The start that a glob stands for: all of it, or what is before a `*` at its end.
fn prefix(glob: &str) -> Option<&str> {
    let prefix = glob
        .strip_suffix("**")
        .or_else(|| glob.strip_suffix('*'))
        .unwrap_or(glob);
    (!prefix.contains(['*', '?', '[', '{', '\\'])).then_some(prefix)
}
