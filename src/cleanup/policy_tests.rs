//! Vendors' policies: their documented examples with the documented outcome, and what they refuse.

use serde_json::json;

use super::tests::{days_ago, gone, last_number, now, seen, tagged};
use super::{Policy, PolicyForm, RepositoryContent, simulate};
use crate::inventory::examples::{image, name};
use crate::inventory::{Inventory, InventoryBuilder, ManifestTimes};

/// Images of one repository: their tags, and how many days ago they were pushed.
fn images(images: &[(&[&str], i64)]) -> (Inventory, RepositoryContent) {
    let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), Default::default());
    for (number, (tags, age)) in images.iter().enumerate() {
        let layer = format!("layer {number}");
        let (digest, size, manifest) = image(&format!("image {number}"), &[("base", 1000), (&layer, 100)]);
        builder.manifest(digest, size, manifest);
        builder.listed(name("app"), [digest]);
        let created = Some(days_ago(*age));
        builder.times(
            name("app"),
            digest,
            ManifestTimes {
                created,
                changed: created,
            },
        );
        for tag in *tags {
            builder.tag(name("app"), tag.parse().unwrap(), digest);
        }
    }
    let inventory = builder.finish();
    let age = |tag: &str| {
        images
            .iter()
            .find(|(tags, _)| tags.contains(&tag))
            .map_or(0, |(_, age)| *age)
    };
    let content = seen(&inventory, "app", age);
    (inventory, content)
}

/// The images that a policy deletes, by their place.
fn deleted(all: &[(&[&str], i64)], policy: &str) -> Vec<usize> {
    let (inventory, content) = images(all);
    let policy = Policy::parse(policy, None).unwrap();
    let contents = [content];
    let result = simulate(&inventory, &contents, &policy, now()).unwrap();
    let tags = gone(&contents[0], &result);
    let selection = &result.repositories[0].selection;
    let untagged = contents[0].untagged.iter().flatten().zip(&selection.untagged);
    let digests: Vec<_> = untagged
        .filter(|(_, goes)| **goes)
        .map(|(facts, _)| facts.digest)
        .collect();
    (0..all.len())
        .filter(|&place| {
            let (own, _) = all[place];
            let digest = crate::inventory::examples::digest(&format!("image {place}"));
            match own.is_empty() {
                true => digests.contains(&digest),
                false => own.iter().all(|tag| tags.iter().any(|gone| gone == tag)),
            }
        })
        .collect()
}

fn ecr(rules: &[serde_json::Value]) -> String {
    let rules: Vec<_> = rules
        .iter()
        .enumerate()
        .map(|(place, selection)| json!({"rulePriority": place + 1, "selection": selection, "action": {"type": "expire"}}))
        .collect();
    json!({ "rules": rules }).to_string()
}

// The examples of ECR's user guide, "Examples of lifecycle policies", with the outcome that it states.

#[test]
fn ecr_expires_images_by_age() {
    let by_prefix = json!({"tagStatus": "tagged", "tagPatternList": ["prod*"], "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14});
    let all: [(&[&str], i64); 4] = [(&["prod-1"], 15), (&["prod-2"], 13), (&["dev-1"], 99), (&[], 99)];
    assert_eq!(deleted(&all, &ecr(&[by_prefix])), [0]);
    let untagged = json!({"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14});
    assert_eq!(deleted(&all, &ecr(&[untagged])), [3]);
}

#[test]
fn ecr_keeps_one_untagged_image() {
    let one = json!({"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1});
    let all: [(&[&str], i64); 4] = [(&[], 3), (&[], 1), (&[], 2), (&["v1"], 9)];
    assert_eq!(deleted(&all, &ecr(&[one])), [0, 2]);
}

#[test]
fn ecr_applies_several_rules_by_priority() {
    let all: [(&[&str], i64); 3] = [
        (&["beta-1", "prod-1"], 10),
        (&["beta-2", "prod-2"], 9),
        (&["beta-3"], 8),
    ];
    let of = |prefix: &str| json!({"tagStatus": "tagged", "tagPrefixList": [prefix], "countType": "imageCountMoreThan", "countNumber": 1});
    assert_eq!(
        deleted(&all, &ecr(&[of("prod"), of("beta")])),
        [0],
        "rule 1 decides about image B"
    );
    assert_eq!(deleted(&all, &ecr(&[of("beta"), of("prod")])), [0, 1]);
}

#[test]
fn ecr_wants_all_tags_of_a_rule_on_an_image() {
    let all: [(&[&str], i64); 6] = [
        (&["alpha-1"], 12),
        (&["beta-1"], 11),
        (&["alpha-2", "beta-2"], 10),
        (&["alpha-3"], 4),
        (&["beta-3"], 3),
        (&["alpha-4", "beta-4"], 2),
    ];
    let by_age = json!({"tagStatus": "tagged", "tagPrefixList": ["alpha", "beta"], "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 5});
    assert_eq!(deleted(&all, &ecr(&[by_age])), [2]);
    let by_count = json!({"tagStatus": "tagged", "tagPrefixList": ["alpha", "beta"], "countType": "imageCountMoreThan", "countNumber": 1});
    assert_eq!(deleted(&all, &ecr(&[by_count])), [2]);
    let any_by_age =
        json!({"tagStatus": "any", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 5});
    assert_eq!(deleted(&all, &ecr(&[any_by_age])), [0, 1, 2]);
    let any_by_count = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1});
    assert_eq!(
        deleted(&all, &ecr(std::slice::from_ref(&any_by_count))),
        [0, 1, 2, 3, 4]
    );
    let alpha = json!({"tagStatus": "tagged", "tagPatternList": ["alpha*"], "countType": "imageCountMoreThan", "countNumber": 1});
    // Images with alpha are decided by the first rule alone.
    assert_eq!(deleted(&all, &ecr(&[alpha, any_by_count])), [0, 1, 2, 3, 4]);
}

#[test]
fn what_ecr_would_refuse_is_refused_with_its_place() {
    let refused = |policy: serde_json::Value| {
        Policy::parse(&policy.to_string(), Some(PolicyForm::Ecr))
            .unwrap_err()
            .place
    };
    let rule = |selection: serde_json::Value| json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]});
    let count = |more: serde_json::Value| {
        let mut selection = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1});
        selection
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        rule(selection)
    };
    for (policy, place) in [
        (json!({"rules": []}), "rules"),
        (json!({}), "the document"),
        (count(json!({"tagStatus": "tagged"})), "rules[0].selection"),
        (
            count(json!({"tagPrefixList": ["a"]})),
            "rules[0].selection.tagPrefixList",
        ),
        (
            count(json!({"tagStatus": "tagged", "tagPatternList": ["*a*b*c*d*"]})),
            "rules[0].selection.tagPatternList[0]",
        ),
        (
            count(json!({"tagStatus": "tagged", "tagPatternList": []})),
            "rules[0].selection.tagPatternList",
        ),
        (
            count(json!({"countUnit": "days"})),
            "rules[0].selection.countUnit",
        ),
        (count(json!({"countNumber": 0})), "rules[0].selection.countNumber"),
        (
            count(json!({"countType": "sinceImagePushed"})),
            "rules[0].selection",
        ),
        (
            count(json!({"countType": "sinceImagePushed", "countUnit": "hours"})),
            "rules[0].selection.countUnit",
        ),
        (
            count(json!({"countType": "bySize"})),
            "rules[0].selection.countType",
        ),
        (
            count(json!({"tagStatus": "some"})),
            "rules[0].selection.tagStatus",
        ),
        (count(json!({"colour": "red"})), "rules[0].selection"),
    ] {
        assert_eq!(refused(policy.clone()), place, "{policy}");
    }
    let any = json!({"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1});
    let untagged = json!({"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 1});
    let early: serde_json::Value = serde_json::from_str(&ecr(&[any.clone(), untagged])).unwrap();
    assert_eq!(refused(early), "rules[0].selection.tagStatus");
    let mut same: serde_json::Value = serde_json::from_str(&ecr(&[any.clone(), any])).unwrap();
    same["rules"][1]["rulePriority"] = json!(1);
    assert_eq!(refused(same), "rules[1].rulePriority");
}

/// The tags that a policy removes from tags that are as many days old as their last number says, and the bytes freed.
fn swept(tags: &[&str], policy: &str) -> (Vec<String>, u64) {
    let inventory = tagged(tags).finish();
    let contents = [seen(&inventory, "app", last_number)];
    let policy = Policy::parse(policy, None).unwrap();
    let result = simulate(&inventory, &contents, &policy, now()).unwrap();
    (gone(&contents[0], &result), result.freed.get())
}

#[test]
fn acr_purge_removes_old_tags_that_match_anywhere_but_for_the_newest() {
    let tags = ["hello-1", "hello-10", "hello-20", "hello-30", "test-40"];
    let (gone, freed) = swept(
        &tags,
        "acr purge -r example --filter \"app:^hello.*\" --ago 7d --keep 1",
    );
    assert_eq!(
        (gone, freed),
        (vec!["hello-20".to_owned(), "hello-30".to_owned()], 0),
        "only tags go"
    );
    let (gone, freed) = swept(
        &tags,
        "acr purge --filter 'app:\\w*est' --filter=app:^hello-3 --ago 5d12h --untagged",
    );
    assert_eq!(gone, ["hello-30", "test-40"]);
    assert_eq!(freed, 2 * 130);
    assert_eq!(
        swept(&tags, "acr purge --filter 'ap:.*' --ago 0d --untagged").0,
        Vec::<String>::new()
    );
    let task = "PURGE_CMD=\"acr purge --filter '.*:.*' \\\n  --ago 25d --untagged\"\naz acr run --cmd \"$PURGE_CMD\" /dev/null";
    assert_eq!(swept(&tags, task).0, ["hello-30", "test-40"]);
}

#[test]
fn what_acr_purge_would_refuse_is_refused_with_its_line() {
    for (text, words) in [
        ("\nacr purge --ago 7d", "--filter is required"),
        ("\nacr purge --filter app:.*", "--ago is required"),
        ("\nacr purge --filter app --ago 7d", "REPOSITORY:TAG"),
        ("\nacr purge --filter 'app:(' --ago 7d", "unclosed group"),
        ("\nacr purge --filter app:.* --ago soon", "--ago"),
        (
            "\nacr purge --filter app:.* --ago 7d --force",
            "no option --force",
        ),
        ("\nacr purge --untagged --untagged-only", "exclude each other"),
    ] {
        let error = Policy::parse(text, None).unwrap_err().to_string();
        assert!(error.starts_with("line 2: ") && error.contains(words), "{error}");
    }
}

#[test]
fn untagged_manifests_go_by_acr_purge_and_by_the_retention_policy() {
    let all: [(&[&str], i64); 4] = [(&["v1"], 90), (&[], 40), (&[], 20), (&[], 3)];
    assert_eq!(deleted(&all, "acr purge --untagged-only"), [1, 2, 3]);
    assert_eq!(deleted(&all, "acr purge --untagged-only --ago 10d --keep 1"), [1]);
    let retention = |days: u32, status: &str| json!({"days": days, "status": status}).to_string();
    assert_eq!(deleted(&all, &retention(7, "enabled")), [1, 2]);
    assert_eq!(deleted(&all, &retention(7, "disabled")), Vec::<usize>::new());
    let registry = json!({"policies": {"retentionPolicy": {"days": 7, "status": "enabled", "lastUpdatedTime": days_ago(30).to_rfc3339()}}});
    assert_eq!(
        deleted(&all, &registry.to_string()),
        [2],
        "what lost its tag before the policy stays"
    );
    assert!(Policy::parse(&retention(366, "enabled"), None).is_err());
}

fn harbor(template: &str, number: u32, tags: &str, repositories: &str) -> String {
    let params = json!({ template: number });
    json!({"algorithm": "or", "rules": [{
        "action": "retain", "template": template, "params": params,
        "tag_selectors": [{"kind": "doublestar", "decoration": "matches", "pattern": tags, "extras": "{\"untagged\":false}"}],
        "scope_selectors": {"repository": [{"kind": "doublestar", "decoration": "repoMatches", "pattern": repositories}]},
    }]})
    .to_string()
}

#[test]
fn harbor_deletes_what_no_rule_keeps_in_repositories_with_a_rule() {
    let all: [(&[&str], i64); 5] = [
        (&["v1"], 30),
        (&["v2"], 20),
        (&["v3", "latest"], 10),
        (&["dev"], 1),
        (&[], 2),
    ];
    assert_eq!(deleted(&all, &harbor("latestPushedK", 2, "v*", "**")), [0, 3, 4]);
    assert_eq!(
        deleted(&all, &harbor("nDaysSinceLastPush", 15, "**", "**")),
        [0, 1, 4]
    );
    assert_eq!(
        deleted(&all, &harbor("always", 0, "{v1,latest}", "**")),
        [1, 3, 4]
    );
    assert_eq!(
        deleted(&all, &harbor("latestPushedK", 2, "v*", "other")),
        Vec::<usize>::new()
    );
    let error = Policy::parse(&harbor("newest", 2, "v*", "**"), None).unwrap_err();
    assert_eq!(error.place, "rules[0].template");
}

#[test]
fn artifact_registry_keeps_what_a_keep_policy_matches() {
    let all: [(&[&str], i64); 5] = [
        (&["alpha-1"], 40),
        (&["alpha-2"], 10),
        (&["release-1"], 90),
        (&[], 35),
        (&["b"], 5),
    ];
    let delete = json!({"name": "old", "action": {"type": "Delete"}, "condition": {"tagState": "any", "olderThan": "30d"}});
    let keep = json!({"name": "releases", "action": {"type": "Keep"}, "condition": {"tagState": "tagged", "tagPrefixes": ["release"]}});
    let recent = json!({"name": "three", "action": {"type": "Keep"}, "mostRecentVersions": {"keepCount": 3}});
    assert_eq!(deleted(&all, &json!([delete]).to_string()), [0, 2, 3]);
    assert_eq!(deleted(&all, &json!([delete, keep]).to_string()), [0, 3]);
    assert_eq!(deleted(&all, &json!([delete, keep, recent]).to_string()), [0]);
    assert!(
        !Policy::parse(&json!([keep]).to_string(), None)
            .unwrap()
            .deletes_anything()
    );
    for (policy, place) in [
        (json!([delete, delete]), "[1].name"),
        (
            json!([{"name": "a", "action": {"type": "Delete"}, "mostRecentVersions": {"keepCount": 1}}]),
            "[0].mostRecentVersions",
        ),
        (
            json!([{"name": "a", "action": {"type": "Drop"}, "condition": {}}]),
            "[0].action.type",
        ),
        (
            json!([{"name": "a", "action": {"type": "Delete"}, "condition": {"olderThan": "soon"}}]),
            "[0].condition.olderThan",
        ),
    ] {
        assert_eq!(
            Policy::parse(&policy.to_string(), None).unwrap_err().place,
            place,
            "{policy}"
        );
    }
}

#[test]
fn gitlab_keeps_latest_what_matches_and_the_newest() {
    let tags = ["latest", "main-100", "v-1", "v-20", "v-40", "v-60", "x-80"];
    let policy = |more: serde_json::Value| {
        let mut policy = json!({"enabled": true, "name_regex_delete": ".*", "name_regex_keep": "main.*"});
        policy
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        policy
    };
    let of = |more: serde_json::Value| swept(&tags, &policy(more).to_string()).0;
    assert_eq!(
        of(json!({"keep_n": 1, "older_than": "30d"})),
        ["v-40", "v-60", "x-80"]
    );
    assert_eq!(
        of(json!({"keep_n": 5, "older_than": "30d"})),
        Vec::<String>::new()
    );
    assert_eq!(
        of(json!({"keep_n": null, "older_than": "90d"})),
        Vec::<String>::new()
    );
    assert_eq!(
        of(json!({"name_regex_delete": "v-"})),
        Vec::<String>::new(),
        "the whole name must match"
    );
    assert_eq!(of(json!({"enabled": false})), Vec::<String>::new());
    for (more, place) in [
        (json!({"keep_n": 3}), "keep_n"),
        (json!({"older_than": "8d"}), "older_than"),
        (json!({"name_regex_delete": "("}), "name_regex_delete"),
        (json!({"name_regex_delete": ""}), "the document"),
        (json!({"cadence": "2d"}), "cadence"),
    ] {
        let error = Policy::parse(&policy(more.clone()).to_string(), None).unwrap_err();
        assert_eq!(error.place, place, "{more}");
    }
}

fn ghcr(inputs: &str) -> String {
    format!(
        "jobs:\n  clean:\n    steps:\n      - uses: actions/delete-package-versions@v5\n        with:\n{inputs}\n      - run: true\n"
    )
}

#[test]
fn githubs_action_deletes_the_oldest_versions() {
    let all: [(&[&str], i64); 4] = [(&["v1"], 30), (&[], 20), (&["v2"], 10), (&[], 5)];
    let of = |inputs: &str| {
        let own = format!("          package-name: 'app'\n          package-type: container\n{inputs}");
        deleted(&all, &ghcr(&own))
    };
    assert_eq!(of("          min-versions-to-keep: 3"), [0]);
    assert_eq!(of("          num-old-versions-to-delete: 2 # two"), [0, 1]);
    assert_eq!(
        of("          delete-only-untagged-versions: 'true'\n          min-versions-to-keep: 1"),
        [1]
    );
    assert_eq!(of(""), [0], "one by default");
    let refused = |inputs: &str| Policy::parse(&ghcr(inputs), None).unwrap_err().to_string();
    assert!(refused("          package-type: npm").starts_with("line 6: "));
    let both = "          package-type: container\n          package-name: app\n          num-old-versions-to-delete: 2\n          min-versions-to-keep: 3";
    assert!(refused(both).starts_with("line 8: "), "{}", refused(both));
    assert!(refused("          colour: red").starts_with("line 6: "));
}

#[test]
fn the_form_of_a_policy_is_recognised() {
    for text in ["", "hello", "{}", "[]", "{\"rules\": 5}"] {
        let error = Policy::parse(text, None).unwrap_err().to_string();
        assert!(error.contains("its form is not recognised"), "{text}: {error}");
    }
    let error = Policy::parse("{\n  \"rules\": [,]\n}", None).unwrap_err();
    assert_eq!(error.place, "line 2");
}
