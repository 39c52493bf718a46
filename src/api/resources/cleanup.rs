//! What a clean-up would delete and free. Nothing is deleted.

use std::str::FromStr;
use std::sync::Arc;

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asked_repositories::AskedRepositories;
use crate::api::call::Call;
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, INVALID_BODY, Invalid, Place, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::cleanup::{AgeLimit, CleanupRules, Policy, PolicyForm, Rule, TagGlob, TagTimesByRegistry};
use crate::oci::RegistryName;
use crate::report::{Cleanup, CleanupQuestion, RegistryContent, cleanup_csv};

/// The largest number of tags to keep. Our choice: more than any repository needs.
const MOST_KEPT: u32 = 100_000;
/// The most patterns of one kind. Our choice.
const MOST_PATTERNS: usize = 100;

pub(super) fn operations() -> Vec<Operation> {
    let number = |name, about| {
        let form = Form::Number {
            least: 0,
            most: u64::from(MOST_KEPT),
            default: None,
        };
        Parameter::new(name, form, about)
    };
    let text = |name, about| Parameter::new(name, Form::Text, about);
    let about = "Nothing is deleted. A tag goes if a rule deletes it and no rule keeps it. With it go its manifest, the images of an \
                 index, and what is attached, unless something that stays reaches them. A layer is freed if nothing that stays \
                 reaches it within the scope in which the registry shares blobs, with the registry's next garbage collection.";
    vec![
        Operation::get(
            "/v1/cleanup",
            "simulate_cleanup",
            "What a clean-up by rules would delete and free",
            AnswerForm::json::<Answer<'_>>("CleanupAnswer"),
            |call| Box::pin(by_query(call)),
        )
        .group("images")
        .about(about)
        .query([
            number(
                "keep_newest",
                "Keeps this many of the newest tags of each repository. The others go, unless a rule of age says which of them do.",
            ),
            number(
                "keep_newest_patches",
                "Keeps this many of the newest patch releases of each minor version; other releases go as with `keep_newest`.",
            ),
            number(
                "keep_newest_minors",
                "Keeps the newest patch release of this many of the newest minor versions of each major version; other releases go as \
                 with `keep_newest`.",
            ),
            text("keep", "Keeps tags that match, such as `v1.*`."),
            text(
                "keep_pulled_within",
                "Keeps tags that were pulled within this time, such as `30d`, and tags of which pulls are not counted.",
            ),
            text("delete", "Deletes tags that match, such as `pr-*`."),
            text("older_than", "Deletes tags that were pushed longer ago, such as `90d`, `12h` or `8w`."),
            text("not_pulled_for", "Deletes tags that were pushed longer ago and not pulled since, such as `60d`."),
            text(
                "untagged_older_than",
                "Deletes manifests that have had no tag for longer, such as `7d`.",
            ),
            text("registry", "Only this registry."),
            text("repository", "Only repositories with this name or glob, such as `shop/**`."),
        ])
        .or_csv()
        .problems([&problem::NOT_FOUND]),
        Operation::post(
            "/v1/cleanup",
            "simulate_cleanup_policy",
            "What a clean-up by rules or by a registry vendor's policy would delete and free",
            (
                Shape::new::<CleanupRequest>("CleanupQuestion"),
                AnswerForm::json::<Answer<'_>>("CleanupAnswer"),
            ),
            |call| Box::pin(by_body(call)),
        )
        .group("images")
        .about(about)
        .query([
            text("registry", "Only this registry."),
            text("repository", "Only repositories with this name or glob, such as `shop/**`."),
        ]),
    ]
}

/// The rules of a clean-up, or a vendor's policy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct CleanupRequest {
    /// Keeps this many of the newest tags of each repository. The others go, unless a rule of age says which of them do.
    #[schemars(range(max = 100_000))]
    keep_newest: Option<u32>,
    /// Keeps this many of the newest patch releases of each minor version; other releases go as with `keep_newest`.
    #[schemars(range(max = 100_000))]
    keep_newest_patches: Option<u32>,
    /// Keeps the newest patch release of this many of the newest minor versions of each major version; other releases go as with
    /// `keep_newest`.
    #[schemars(range(max = 100_000))]
    keep_newest_minors: Option<u32>,
    /// Keeps tags that match one of these, such as `v1.*`.
    #[schemars(length(max = 100))]
    keep: Vec<String>,
    /// Keeps tags that were pulled within this time, such as `30d`, and tags of which pulls are not counted.
    keep_pulled_within: Option<String>,
    /// Deletes tags that match one of these, such as `pr-*`.
    #[schemars(length(max = 100))]
    delete: Vec<String>,
    /// Deletes tags that were pushed longer ago, such as `90d`, `12h` or `8w`.
    older_than: Option<String>,
    /// Deletes tags that were pushed longer ago and not pulled since.
    not_pulled_for: Option<String>,
    /// Deletes manifests that have had no tag for longer.
    untagged_older_than: Option<String>,
    /// A registry vendor's own policy in place of rules: the JSON document, or the text of a command or workflow.
    policy: Option<Value>,
    /// The form of the policy: `ecr`, `acr-purge`, `acr-retention`, `harbor`, `artifact-registry`, `gitlab` or `ghcr`. By default
    /// it is recognised.
    policy_form: Option<String>,
}

/// What a clean-up would delete and free.
#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    #[serde(flatten)]
    cleanup: Cleanup,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

async fn by_query(call: Call) -> Result<HttpResponse, Problem> {
    let values = &call.values;
    let text = |name: &str| values.text(name).map(str::to_owned);
    // A number that was not given becomes one that is none.
    let number = |name: &str| u32::try_from(values.number(name, u64::MAX)).ok();
    let request = CleanupRequest {
        keep_newest: number("keep_newest"),
        keep_newest_patches: number("keep_newest_patches"),
        keep_newest_minors: number("keep_newest_minors"),
        keep: text("keep").into_iter().collect(),
        keep_pulled_within: text("keep_pulled_within"),
        delete: text("delete").into_iter().collect(),
        older_than: text("older_than"),
        not_pulled_for: text("not_pulled_for"),
        untagged_older_than: text("untagged_older_than"),
        policy: None,
        policy_form: None,
    };
    let policy = request.policy(Problem::invalid_query)?;
    answer(call, policy).await
}

async fn by_body(call: Call) -> Result<HttpResponse, Problem> {
    let request: CleanupRequest = call.read_body()?;
    let policy = request.policy(|name, detail| {
        let error = Invalid {
            place: Place::Body,
            name: name.to_owned(),
            detail,
        };
        Problem::invalid(&INVALID_BODY, vec![error])
    })?;
    answer(call, policy).await
}

/// A member of a request: its name, what was given, and the rule that it becomes.
type Given<Text, Value> = (&'static str, Text, fn(Value) -> Rule);

impl CleanupRequest {
    /// The policy that is asked for.
    fn policy(&self, wrong: impl Fn(&'static str, String) -> Problem) -> Result<Policy, Problem> {
        fn parsed<T: FromStr<Err: ToString>>(
            name: &'static str,
            text: &str,
            wrong: &impl Fn(&'static str, String) -> Problem,
        ) -> Result<T, Problem> {
            text.parse()
                .map_err(|error: T::Err| wrong(name, error.to_string()))
        }
        let mut rules = Vec::new();
        let numbers: [Given<Option<u32>, u32>; 3] = [
            ("keep_newest", self.keep_newest, Rule::KeepNewest),
            (
                "keep_newest_patches",
                self.keep_newest_patches,
                Rule::KeepNewestPatches,
            ),
            (
                "keep_newest_minors",
                self.keep_newest_minors,
                Rule::KeepNewestMinors,
            ),
        ];
        for (name, number, rule) in numbers {
            if number.is_some_and(|number| number > MOST_KEPT) {
                return Err(wrong(name, format!("the maximum is {MOST_KEPT}")));
            }
            rules.extend(number.map(rule));
        }
        let patterns: [Given<&[String], TagGlob>; 2] = [
            ("keep", &self.keep, Rule::Keep),
            ("delete", &self.delete, Rule::Delete),
        ];
        for (name, patterns, rule) in patterns {
            if patterns.len() > MOST_PATTERNS {
                return Err(wrong(name, format!("the maximum is {MOST_PATTERNS} patterns")));
            }
            for pattern in patterns {
                rules.push(rule(parsed(name, pattern, &wrong)?));
            }
        }
        let ages: [Given<&Option<String>, AgeLimit>; 4] = [
            (
                "keep_pulled_within",
                &self.keep_pulled_within,
                Rule::KeepPulledWithin,
            ),
            ("older_than", &self.older_than, Rule::OlderThan),
            ("not_pulled_for", &self.not_pulled_for, Rule::NotPulledFor),
            (
                "untagged_older_than",
                &self.untagged_older_than,
                Rule::UntaggedOlderThan,
            ),
        ];
        for (name, age, rule) in ages {
            if let Some(age) = age {
                rules.push(rule(parsed(name, age, &wrong)?));
            }
        }
        let form: Option<PolicyForm> = match &self.policy_form {
            None => None,
            Some(form) => Some(
                form.parse()
                    .map_err(|_| wrong("policy_form", format!("expected one of {}", PolicyForm::names())))?,
            ),
        };
        let Some(policy) = &self.policy else {
            return match form {
                None => Ok(Policy::Rules(CleanupRules(rules))),
                Some(_) => Err(wrong("policy_form", "there is no policy".to_owned())),
            };
        };
        if !rules.is_empty() {
            return Err(wrong("policy", "give either rules or a policy".to_owned()));
        }
        let text = match policy {
            Value::String(text) => text.clone(),
            document => document.to_string(),
        };
        Policy::parse(&text, form).map_err(|error| wrong("policy", error.to_string()))
    }
}

async fn answer(call: Call, policy: Policy) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let mut asked = AskedRepositories::new(&call, &snapshot)?;
    let (part, mut notes) = (asked.part.take(), std::mem::take(&mut asked.notes));
    let until = snapshot.report.as_of.date_naive().max(call.today());
    let named = asked.by_registry().iter().filter(|(_, names)| !names.is_empty());
    let registries: Vec<RegistryName> = named.map(|(registry, _)| registry.clone()).collect();
    let read = registries.clone();
    let (times, last_pulls) = call
        .api
        .query_store(move |store| async move {
            let mut times = TagTimesByRegistry::new();
            for registry in read {
                let own = store.tag_times(&registry).await?;
                times.insert(registry, own);
            }
            Ok((times, store.last_pulls(until).await?))
        })
        .await?;
    let figures = snapshot.clone();
    let analysed = Arc::clone(snapshot.analysed()?);
    let turn = call.api.what_ifs.next().await?;
    let (mut cleanup, _turn) = call
        .api
        .run_blocking(move || {
            let contents: Vec<&RegistryContent> = analysed
                .registries
                .iter()
                .filter(|registry| registries.contains(registry.name()))
                .map(|registry| &*registry.content)
                .collect();
            let cleanup = Cleanup::new(
                &contents,
                &CleanupQuestion {
                    policy: &policy,
                    costs: &figures.inputs.costs,
                    times: &times,
                    last_pulls: &last_pulls,
                    is_chosen: &|registry, name| asked.contains(registry, name),
                },
            )?;
            Ok::<_, crate::report::ReportError>((cleanup, turn))
        })
        .await??;
    if let Some(stored) = part {
        cleanup = cleanup.of_part(&stored);
    }
    notes.append(&mut cleanup.notes);
    cleanup.notes = notes;
    if call.form == "csv" {
        let text = cleanup_csv(&cleanup).map_err(Problem::internal)?;
        return call.reply(Reply::csv("cleanup.csv", text));
    }
    call.reply(Reply::json(&Answer {
        cleanup,
        provenance: Provenance::for_caller(&call.caller, &snapshot),
    })?)
}
