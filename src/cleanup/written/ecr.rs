use serde_json::{Value, json};

use super::sorted::Sorted;

/// How many images a rule counts that is to expire none, so that others cannot either. Our choice: more than a repository of
/// ECR holds by default (20,000 images; service quotas, December 2026).
const NEVER_REACHED: u32 = 100_000;

/// A lifecycle policy of Amazon ECR.
pub(super) fn written(rules: &mut Sorted<'_>) -> String {
    let has_age = rules.older_than.is_some() || rules.not_pulled_for.is_some();
    rules.cannot(
        rules.newest.is_some() && has_age,
        "a rule expires by number or by age, not by both (keep-newest with older-than or not-pulled-for)",
    );
    rules.cannot(
        rules.pulled_within.is_some(),
        "it cannot keep what was pulled (keep-pulled-within)",
    );
    rules.cannot(
        rules.newest == Some(0),
        "it keeps at least one image (keep-newest 0)",
    );
    let patterns = rules.keep.iter().chain(&rules.delete);
    let is_plain = |text: &str| !text.contains(['?', '[', '{', '\\']) && text.matches('*').count() <= 4;
    let are_plain = patterns.clone().all(|glob| is_plain(glob.as_str()));
    rules.cannot(
        !are_plain,
        "a pattern has at most four * and no other special characters",
    );
    rules.differs(rules.newest.is_some(), "it counts images, not tags");
    rules.differs(
        !rules.delete.is_empty(),
        "tags to delete go when they are a day old",
    );
    rules.differs(
        !rules.delete.is_empty() && rules.newest.is_some(),
        "tags to delete go even if they are among the newest",
    );
    rules.differs(
        !rules.repositories.is_empty(),
        "a lifecycle policy belongs to one repository: apply it to each that is meant",
    );
    rules.differs(
        rules.untagged.is_some(),
        "the age of an untagged image counts from its push, not from the loss of its tag",
    );
    let mut selections: Vec<Value> = Vec::new();
    let tagged = |pattern: &str| json!({"tagStatus": "tagged", "tagPatternList": [pattern]});
    let mut add = |mut selection: Value, kind: &str, number: u32| {
        selection["countType"] = kind.into();
        if kind != "imageCountMoreThan" {
            selection["countUnit"] = "days".into();
        }
        selection["countNumber"] = number.into();
        selections.push(selection);
    };
    // What a rule of higher priority identifies, no other rule expires.
    for glob in &rules.keep {
        add(tagged(glob.as_str()), "imageCountMoreThan", NEVER_REACHED);
    }
    for glob in &rules.delete {
        add(tagged(glob.as_str()), "sinceImagePushed", 1);
    }
    let (older_than, not_pulled_for, untagged) = (rules.older_than, rules.not_pulled_for, rules.untagged);
    rules.cannot(
        older_than.is_some() && not_pulled_for.is_some(),
        "only the first rule about a tag decides (older-than with not-pulled-for)",
    );
    if let Some(age) = older_than {
        add(tagged("*"), "sinceImagePushed", rules.days(age));
    }
    if let Some(age) = not_pulled_for {
        add(tagged("*"), "sinceImagePulled", rules.days(age));
    }
    if let Some(number) = rules.newest.filter(|_| rules.sweeps()) {
        add(tagged("*"), "imageCountMoreThan", number);
    }
    if let Some(age) = untagged {
        add(
            json!({"tagStatus": "untagged"}),
            "sinceImagePushed",
            rules.days(age),
        );
    }
    let has_zero = selections.iter().any(|selection| selection["countNumber"] == 0);
    rules.cannot(has_zero, "a number is at least 1 there");
    let rules: Vec<Value> = selections
        .into_iter()
        .enumerate()
        .map(|(place, selection)| {
            json!({"rulePriority": place + 1, "selection": selection, "action": {"type": "expire"}})
        })
        .collect();
    super::sorted::json(&json!({ "rules": rules }))
}
