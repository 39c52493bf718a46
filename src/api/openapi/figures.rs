//! Registries, repositories and tags.

use serde_json::{Value, json};
use strum::VariantArray as _;

use super::parts::*;
use crate::whatif::Verdict;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = vec![
        ("Grounds", grounds()),
        ("Freshness", freshness()),
        ("Versions", versions()),
        ("Estimate", estimate("A modelled number of bytes.", bytes)),
        (
            "SavingEstimate",
            estimate(
                "A modelled difference of bytes; negative where it costs bytes.",
                signed_bytes,
            ),
        ),
        ("Verdict", verdict()),
        ("BaseNames", base_names()),
    ];
    schemas.extend(registries());
    schemas.extend(repositories());
    schemas
}

/// [`Grounds`](crate::api::grounds::Grounds).
fn grounds() -> Value {
    object(
        "Of which moment figures are, and what they rest on.",
        [
            has(
                "as_of",
                or_null(moment()),
                "When the last of the registries was crawled; null where nothing has been.",
            ),
            has("freshness", schema("Freshness"), ""),
            has("versions", schema("Versions"), ""),
        ],
    )
}

fn freshness() -> Value {
    object(
        "How far the figures may be behind.",
        [
            has(
                "oldest_as_of",
                or_null(moment()),
                "When the registry was crawled whose last crawl is longest ago; null where nothing has been crawled.",
            ),
            has(
                "complete",
                yes_or_no(),
                "Whether the last crawl of each registry came to its end and read everything.",
            ),
        ],
    )
}

fn versions() -> Value {
    let book = object(
        "A price book in one edition.",
        [has("id", text(), ""), has("version", text(), "")],
    );
    object(
        "What figures rest on beside what was crawled.",
        [
            has("tare", text(), "The program."),
            has(
                "catalogue",
                text(),
                "A digest of the bases and twins that the operator adds.",
            ),
            has(
                "model",
                text(),
                "A digest of the model of sizes, the rules and the settings of verdicts.",
            ),
            has("price_books", list_of(book), "The price books in use."),
        ],
    )
}

fn estimate(about: &str, number: fn() -> Value) -> Value {
    object(
        about,
        [
            has("low", number(), "Seldom less than this."),
            has("expected", number(), "The single best figure."),
            has("high", number(), "Seldom more than this."),
        ],
    )
}

fn verdict() -> Value {
    let mut schema = one_of_words(Verdict::VARIANTS.iter().map(|word| word.as_str()));
    schema["description"] = json!("What to do: switch to Alpine, or not, and then why not.");
    schema
}

fn base_names() -> Value {
    object(
        "What an image is built from.",
        [
            has("name", or_null(text()), "The operating system: `debian:trixie`."),
            has(
                "runtime",
                or_null(text()),
                "The language or server above the system: `node:22`.",
            ),
        ],
    )
}

fn registries() -> Vec<(&'static str, Value)> {
    let note = object(
        "Something that a reader must know about the figures.",
        [
            has("registry", text(), ""),
            has(
                "kind",
                one_of_words([
                    "incomplete_crawl",
                    "unfinished_crawl",
                    "unread_manifests",
                    "missing_tags",
                    "conflicting_sizes",
                    "prices",
                    "other_release",
                    "no_costs",
                ]),
                "What kind of thing it is.",
            ),
            has(
                "count",
                count(),
                "How many of them there are; 0 where there is nothing to count.",
            ),
            has("note", text(), "It in words."),
        ],
    );
    let last_crawl = object(
        "How the latest crawl went.",
        [
            has(
                "state",
                one_of_words(["complete", "incomplete", "unfinished"]),
                "",
            ),
            has("losses", count(), "How many faults cost it something."),
        ],
    );
    let row = object(
        "A registry's totals, or those of the repositories in it that the key may see.",
        [
            has("of", of(), "Of what they are."),
            has("registry", text(), "Its name: host, and port if it has one."),
            has("repositories", count(), "Repositories that have a tag."),
            has("tags", count(), ""),
            may_have("images", count(), "Different images, one for each platform."),
            may_have(
                "manifests",
                count(),
                "Different manifests and indexes of any kind.",
            ),
            may_have("blobs", count(), "Different stored blobs."),
            has(
                "logical_bytes",
                bytes(),
                "What the tags reach, each tag counted alone.",
            ),
            has(
                "stored_bytes",
                bytes(),
                "Every reachable blob once within the dedup scope. Of a part: its share of that.",
            ),
            may_have(
                "untagged_bytes",
                or_null(bytes()),
                "Known to be stored, reached by no tag; null where the registry cannot say.",
            ),
            has(
                "untagged_manifests",
                or_null(count()),
                "Different manifests that no tag reaches; null where the registry cannot say.",
            ),
            has(
                "dedup_scope",
                one_of_words(["registry", "repository"]),
                "Where the registry keeps one copy of a blob.",
            ),
            has("as_of", moment(), "When it was last crawled."),
            may_have("alpine", registry_alpine(), "What Alpine would change."),
            has(
                "cost",
                or_null(schema("RegistryCost")),
                "What a month at this level costs; null where nothing says by which price book.",
            ),
        ],
    );
    let state = object(
        "",
        [
            has("last_crawl", last_crawl, ""),
            has(
                "notes",
                list_of(schema("Note")),
                "What a reader must know about the figures.",
            ),
        ],
    );
    vec![
        ("Note", note),
        ("RegistryRow", row),
        ("Registry", all_of("A registry.", [schema("RegistryRow"), state])),
        (
            "OneRegistry",
            all_of("One registry.", [schema("Registry"), schema("Grounds")]),
        ),
        ("RegistryList", page_of("Registry")),
    ]
}

/// Of what a registry's figures are: members that say something of others are only there where it is all.
pub(super) fn of() -> Value {
    one_of_words(["all", "visible"])
}

fn registry_alpine() -> Value {
    object(
        "",
        [
            has("stored_bytes", schema("Estimate"), "What would be stored."),
            has(
                "saving_bytes",
                schema("SavingEstimate"),
                "The sum of the repositories' joint savings.",
            ),
            may_have(
                "naive_saving_bytes",
                signed_bytes(),
                "What a sum over tags promises instead.",
            ),
            has(
                "verdicts",
                json!({
                    "type": "object",
                    "propertyNames": schema("Verdict"),
                    "additionalProperties": count(),
                }),
                "How many repositories have which verdict.",
            ),
            has(
                "switching_at_a_loss",
                count(),
                "How many of those that should switch add more than they free.",
            ),
            may_have(
                "wanted_release",
                or_null(object(
                    "The release of Alpine that was asked for.",
                    [
                        has("release", text(), "Such as `3.22`."),
                        has("images", count(), "How many images can move to Alpine."),
                        has(
                            "images_on_it",
                            count(),
                            "Of how many of them what would lie beneath is known on this release; for the others its \
                             size on another stands in.",
                        ),
                    ],
                )),
                "The release of Alpine that was asked for; null where none was, and the newest counts.",
            ),
        ],
    )
}

fn repositories() -> Vec<(&'static str, Value)> {
    let alpine = object(
        "",
        [
            has("stored_bytes", schema("Estimate"), "What it would reach, once."),
            has(
                "attributed_bytes",
                schema("Estimate"),
                "Its share of what would be stored.",
            ),
            has(
                "solo_saving_bytes",
                schema("SavingEstimate"),
                "What is freed if it switches and nobody else does.",
            ),
            has(
                "joint_saving_bytes",
                schema("SavingEstimate"),
                "The drop of its share if all switch that should.",
            ),
            has(
                "break_even_repositories",
                or_null(count()),
                "How many that share its base must switch before anything is freed; null where that never happens.",
            ),
        ],
    );
    let row = object(
        "A repository's totals, and what to do with it.",
        [
            has("registry", text(), "The registry it is in."),
            has("repository", text(), "Its name."),
            has("tags", count(), ""),
            has("images", count(), "Different images, one for each platform."),
            has(
                "logical_bytes",
                bytes(),
                "Each tag counted alone: what a naive sum says.",
            ),
            has("stored_bytes", bytes(), "Everything it reaches, once."),
            has("exclusive_bytes", bytes(), "What deleting it frees."),
            has(
                "attributed_bytes",
                bytes(),
                "Its fair share; the shares add up to what the registry stores.",
            ),
            has(
                "untagged_bytes",
                or_null(bytes()),
                "Its share of what no tag reaches; null where the registry cannot say.",
            ),
            has(
                "untagged_manifests",
                or_null(count()),
                "How many of its manifests no tag reaches; null where the registry cannot say.",
            ),
            may_have("verdict", schema("Verdict"), "What to do."),
            may_have("reason", text(), "Why, in one line."),
            may_have(
                "base",
                or_null(schema("BaseNames")),
                "What its images are built from.",
            ),
            may_have("alpine", alpine, "If all repositories switched that should."),
            has("labels", schema("Labels"), "Whose it is."),
            has(
                "cost",
                or_null(schema("RepositoryCost")),
                "What a month at this level costs; null where its registry has no price book.",
            ),
        ],
    );
    let one = object(
        "",
        [has(
            "speaker",
            or_null(schema("Image")),
            "The image that the verdict rests on; null where there is none.",
        )],
    );
    let labels = object(
        "Whose a repository is; null where nobody says.",
        [
            has("team", or_null(text()), ""),
            has("cost_centre", or_null(text()), ""),
            has("environment", or_null(text()), ""),
        ],
    );
    let tag = object(
        "A tag's totals.",
        [
            has("tag", text(), ""),
            has("stored_bytes", bytes(), "Everything it reaches, once."),
            has("exclusive_bytes", bytes(), "What deleting it frees."),
            has(
                "attributed_bytes",
                bytes(),
                "Its share of the repository's attributed bytes.",
            ),
        ],
    );
    vec![
        ("RepositoryRow", row),
        (
            "Repository",
            all_of(
                "One repository.",
                [schema("RepositoryRow"), one, schema("Grounds")],
            ),
        ),
        ("Labels", labels),
        ("RepositoryList", page_with_totals("RepositoryRow", "Group")),
        ("Tag", tag),
        ("TagList", page_of("Tag")),
    ]
}
