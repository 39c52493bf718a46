use serde_json::{Value, json};

use super::sorted::Sorted;

/// Tag retention rules of Harbor, which say what stays.
pub(super) fn written(rules: &mut Sorted<'_>) -> String {
    rules.cannot(
        rules.untagged.is_some(),
        "it does not know since when an artifact has had no tag (untagged-older-than)",
    );
    rules.cannot(
        rules.older_than.is_some() && rules.not_pulled_for.is_some(),
        "it cannot ask for both ages of one tag (older-than with not-pulled-for)",
    );
    rules.cannot(
        rules.not_pulled_for.is_some() && !rules.delete.is_empty(),
        "it cannot join these two (not-pulled-for with delete)",
    );
    rules.differs(
        rules.newest.is_some(),
        "it counts artifacts, not tags; an artifact stays with all its tags",
    );
    let scope: Vec<Value> = match rules.repositories {
        [] => vec![json!({"kind": "doublestar", "decoration": "repoMatches", "pattern": "**"})],
        [one] => {
            // The scope of a policy is a project, and the pattern is about the name within it.
            let pattern = one.split_once('/').map_or(one.as_str(), |(_, rest)| rest);
            vec![json!({"kind": "doublestar", "decoration": "repoMatches", "pattern": pattern})]
        }
        _ => {
            rules
                .reasons
                .push("a rule has one pattern of repositories".to_owned());
            Vec::new()
        }
    };
    let selector = |decoration: &str, pattern: &str, untagged: bool| {
        let extras = json!({ "untagged": untagged }).to_string();
        json!({"kind": "doublestar", "decoration": decoration, "pattern": pattern, "extras": extras})
    };
    let rule = |template: &str, number: Option<u32>, tags: Vec<Value>| {
        let params = number.map_or(json!({}), |number| json!({ template: number }));
        json!({
            "action": "retain",
            "template": template,
            "params": params,
            "tag_selectors": tags,
            "scope_selectors": {"repository": scope.clone()},
        })
    };
    // No tag has a colon, so that this keeps artifacts without a tag, and nothing else.
    let mut kept = vec![rule("always", None, vec![selector("matches", ":", true)])];
    for glob in rules.keep.clone() {
        kept.push(rule(
            "always",
            None,
            vec![selector("matches", glob.as_str(), false)],
        ));
    }
    if let Some(number) = rules.newest {
        kept.push(rule(
            "latestPushedK",
            Some(number),
            vec![selector("matches", "**", false)],
        ));
    }
    if let Some(age) = rules.pulled_within {
        let days = rules.days(age);
        kept.push(rule(
            "nDaysSinceLastPull",
            Some(days),
            vec![selector("matches", "**", false)],
        ));
    }
    // What no rule deletes stays.
    let mut others: Vec<Value> = rules
        .delete
        .iter()
        .map(|glob| selector("excludes", glob.as_str(), false))
        .collect();
    if others.is_empty() {
        others.push(selector("matches", "**", false));
    }
    if let Some(age) = rules.older_than {
        let days = rules.days(age);
        kept.push(rule("nDaysSinceLastPush", Some(days), others));
    } else if let Some(age) = rules.not_pulled_for {
        let days = rules.days(age);
        kept.push(rule("nDaysSinceLastPush", Some(days), others.clone()));
        kept.push(rule("nDaysSinceLastPull", Some(days), others));
    } else if !rules.sweeps() {
        kept.push(rule("always", None, others));
    }
    super::sorted::json(&json!({"algorithm": "or", "rules": kept}))
}
