//! What is written does what the rules do.

use super::tests::{gone, last_number, now, rules, seen, tagged};
use super::{AgeLimit, Policy, PolicyForm, Rule, WrittenPolicy, simulate};

fn age(text: &str) -> AgeLimit {
    text.parse().unwrap()
}

fn glob(text: &str) -> super::TagGlob {
    text.parse().unwrap()
}

const TAGS: [&str; 8] = ["t-1", "t-5", "t-20", "t-40", "t-50", "t-70", "v1-30", "v1-80"];

/// The tags that a policy deletes.
fn swept(policy: &Policy) -> Vec<String> {
    let inventory = tagged(&TAGS).finish();
    let contents = [seen(&inventory, "app", last_number)];
    gone(
        &contents[0],
        &simulate(&inventory, &contents, policy, now()).unwrap(),
    )
}

fn written(
    by: Vec<Rule>,
    form: PolicyForm,
    repositories: &[&str],
) -> Result<WrittenPolicy, super::CannotSay> {
    let repositories: Vec<String> = repositories.iter().map(|&name| name.to_owned()).collect();
    WrittenPolicy::new(&rules(by), form, &repositories)
}

#[test]
fn a_written_policy_deletes_what_the_rules_delete() {
    let newest = || vec![Rule::KeepNewest(5)];
    let old = || vec![Rule::OlderThan(age("30d"))];
    let kept = || vec![Rule::OlderThan(age("30d")), Rule::Keep(glob("v1*"))];
    let both = || vec![Rule::OlderThan(age("30d")), Rule::KeepNewest(5)];
    let deleted = || vec![Rule::Delete(glob("t-*"))];
    for (by, form) in [
        (newest(), PolicyForm::Ecr),
        (newest(), PolicyForm::AcrPurge),
        (newest(), PolicyForm::Harbor),
        (newest(), PolicyForm::ArtifactRegistry),
        (newest(), PolicyForm::GitLab),
        (newest(), PolicyForm::Ghcr),
        (old(), PolicyForm::Ecr),
        (old(), PolicyForm::AcrPurge),
        (old(), PolicyForm::Harbor),
        (old(), PolicyForm::ArtifactRegistry),
        (old(), PolicyForm::GitLab),
        (kept(), PolicyForm::Ecr),
        (kept(), PolicyForm::Harbor),
        (kept(), PolicyForm::ArtifactRegistry),
        (kept(), PolicyForm::GitLab),
        (both(), PolicyForm::Harbor),
        (both(), PolicyForm::ArtifactRegistry),
        (both(), PolicyForm::GitLab),
        (deleted(), PolicyForm::AcrPurge),
        (deleted(), PolicyForm::Harbor),
        (deleted(), PolicyForm::ArtifactRegistry),
        (deleted(), PolicyForm::GitLab),
    ] {
        let repositories: &[&str] = if form == PolicyForm::Ghcr { &["app"] } else { &[] };
        let written = written(by.clone(), form, repositories).unwrap();
        let text = match form {
            PolicyForm::Ghcr => format!("steps:\n{}", written.text),
            _ => written.text,
        };
        assert_eq!(PolicyForm::recognised(&text), Some(form), "{text}");
        let policy = Policy::parse(&text, None).unwrap();
        // GitLab always keeps latest, which is not among these; ages end a moment apart.
        assert_eq!(swept(&policy), swept(&rules(by)), "{form:?}: {text}");
    }
}

#[test]
fn what_a_form_cannot_say_is_said() {
    let cannot = |by: Vec<Rule>, form, words: &str| {
        let error = written(by, form, &[]).unwrap_err().to_string();
        assert!(
            error.starts_with(form.as_str()) && error.contains(words),
            "{error}"
        );
    };
    cannot(
        vec![Rule::NotPulledFor(age("60d"))],
        PolicyForm::AcrPurge,
        "knows no pulls",
    );
    cannot(
        vec![Rule::KeepNewestPatches(2)],
        PolicyForm::Harbor,
        "knows no SemVer (keep-newest-patches 2)",
    );
    cannot(
        vec![Rule::OlderThan(age("36h"))],
        PolicyForm::Ecr,
        "a whole number of days there, not 36h",
    );
    cannot(
        vec![Rule::OlderThan(age("30d")), Rule::KeepNewest(3)],
        PolicyForm::Ecr,
        "by number or by age",
    );
    cannot(
        vec![Rule::KeepNewest(3)],
        PolicyForm::GitLab,
        "keep_n is 1, 5, 10",
    );
    cannot(
        vec![Rule::Delete(glob("*-rc"))],
        PolicyForm::ArtifactRegistry,
        "named by their start",
    );
    cannot(vec![Rule::KeepNewest(3)], PolicyForm::Ghcr, "name one repository");
    cannot(
        vec![Rule::KeepNewest(3)],
        PolicyForm::AcrRetention,
        "untagged manifests only",
    );
    cannot(
        vec![Rule::Keep(glob("v*"))],
        PolicyForm::Harbor,
        "no rule deletes anything",
    );
    let policy = Policy::parse("acr purge --untagged-only", None).unwrap();
    assert!(WrittenPolicy::new(&policy, PolicyForm::Ecr, &[]).is_err());
}

#[test]
fn repositories_and_differences_are_told() {
    let by = vec![Rule::OlderThan(age("90d")), Rule::UntaggedOlderThan(age("7d"))];
    let purge = written(by.clone(), PolicyForm::AcrPurge, &["team-a/**", "web"]).unwrap();
    assert_eq!(
        purge.text,
        "acr purge --filter 'team-a/.*:.*' --filter 'web:.*' --ago 90d --untagged\n\
         acr purge --filter 'team-a/.*:.*' --filter 'web:.*' --untagged-only --ago 7d\n"
    );
    let untagged = vec![Rule::UntaggedOlderThan(age("7d"))];
    let retention = written(untagged, PolicyForm::AcrRetention, &[]).unwrap();
    assert!(retention.text.contains("--days 7 "), "{}", retention.text);
    assert_eq!(retention.differences.len(), 1);
}
