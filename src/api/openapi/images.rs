//! Images.

use serde_json::Value;
use strum::VariantArray as _;

use super::parts::*;
use crate::base_image::Evidence;
use crate::whatif::EvidenceClass;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ImageBase", base()),
        (
            "EvidenceClass",
            one_of_words(EvidenceClass::VARIANTS.iter().map(|word| word.as_str())),
        ),
        (
            "Image",
            all_of(
                "One image for one platform in one repository.",
                [image_itself(), image()],
            ),
        ),
        ("ImageList", page_of("Image")),
        (
            "ImageExplanation",
            all_of(
                "An image explained.",
                [image_itself(), explanation(), schema("Grounds")],
            ),
        ),
    ]
}

fn explanation() -> Value {
    let candidate = object(
        "An image that another may be built from.",
        [
            has("name", text(), ""),
            has(
                "layers",
                count(),
                "How many of the image's first layers belong to it.",
            ),
            has("evidence", evidence(), "What the finding rests on."),
            has("confidence", count(), "How likely it is right, in percent."),
            has("because", text(), "What was seen, in words."),
            has("twin", or_null(text()), "What takes its place on Alpine."),
        ],
    );
    let layer = object(
        "A layer.",
        [
            has("digest", text(), ""),
            has(
                "command",
                or_null(text()),
                "The step that made it; null where it is not known.",
            ),
            has("kind", text(), "What the step does."),
            has(
                "is_of_base",
                yes_or_no(),
                "Whether it belongs to the base that would be replaced.",
            ),
            has("bytes", bytes(), "Its bytes as stored."),
            has(
                "alpine_bytes",
                or_null(schema("Estimate")),
                "Its bytes on Alpine; null where it goes with the base, or the image cannot move.",
            ),
        ],
    );
    let alpine = object(
        "",
        [
            has("twin", text(), "What would lie beneath."),
            has(
                "is_own_twin",
                yes_or_no(),
                "Whether that is the twin of the image itself.",
            ),
            has("twin_layers", count(), ""),
            has("twin_bytes", bytes(), ""),
            has(
                "added_bytes",
                or_null(schema("Estimate")),
                "What it needs in addition.",
            ),
            has("bytes", schema("Estimate"), "All of it."),
        ],
    );
    let change = object(
        "",
        [
            has("from", text(), "As it is."),
            has("to", text(), "As it should be."),
        ],
    );
    let reasoned = object(
        "",
        [has("verdict", schema("Verdict"), ""), has("reason", text(), "")],
    );
    object(
        "",
        [
            has(
                "other_platforms",
                list_of(text()),
                "The other platforms that the same tags have an image for.",
            ),
            has("created", or_null(text()), "When it says it was built."),
            has(
                "nature",
                one_of_words([
                    "system",
                    "alpine",
                    "small",
                    "scratch",
                    "windows",
                    "not_an_image",
                    "unknown",
                ]),
                "What it is.",
            ),
            has(
                "builder",
                or_null(one_of_words([
                    "classic",
                    "build_kit",
                    "buildpacks",
                    "ko",
                    "jib",
                    "kaniko",
                    "bazel",
                    "apko",
                    "nix",
                    "buildah",
                ])),
                "What put it together, where it left a trace.",
            ),
            has("base", or_null(schema("ImageBase")), "What is beneath it."),
            has(
                "candidates",
                list_of(candidate),
                "All images that it may be built from, best first.",
            ),
            has("layers", list_of(layer), "Its layers in order."),
            has(
                "class",
                or_null(schema("EvidenceClass")),
                "How good the evidence for its size on Alpine is.",
            ),
            has("verdict", schema("Verdict"), ""),
            has("reason", text(), "Why, in one line."),
            has("repository_verdict", reasoned, "What to do with its repository."),
            has(
                "cautions",
                list_of(text()),
                "What its owner should look at before moving it.",
            ),
            has(
                "alpine",
                or_null(alpine),
                "How it would be on Alpine; null where it cannot move.",
            ),
            has(
                "dockerfile_change",
                or_null(change),
                "What to change in its Dockerfile; null where that is not one line.",
            ),
        ],
    )
}

fn evidence() -> Value {
    one_of_words(Evidence::VARIANTS.iter().map(|word| word.as_str()))
}

fn base() -> Value {
    let found = object(
        "",
        [
            has(
                "layers",
                count(),
                "How many of the image's first layers belong to it.",
            ),
            has("evidence", evidence(), "What the finding rests on."),
            has("confidence", count(), "How likely it is right, in percent."),
        ],
    );
    all_of(
        "What is beneath an image, and how that is known.",
        [schema("BaseNames"), found],
    )
}

/// What tells an image in a repository from others, and its size.
fn image_itself() -> Value {
    object(
        "",
        [
            has("registry", text(), ""),
            has("repository", text(), ""),
            has(
                "tags",
                list_of(text()),
                "The tags of this repository that reach it.",
            ),
            has("digest", text(), "The digest of its manifest."),
            has("platform", text(), "What it runs on: `linux/amd64`."),
            has("compressed_bytes", bytes(), "Its layers' bytes as stored."),
        ],
    )
}

fn image() -> Value {
    let alpine = object(
        "",
        [
            has("twin", text(), "What would lie beneath."),
            has(
                "release",
                or_null(text()),
                "The release of Alpine that its size is of.",
            ),
            has("bytes", schema("Estimate"), "Its layers' bytes."),
        ],
    );
    object(
        "",
        [
            has(
                "base",
                or_null(schema("ImageBase")),
                "What is beneath it; null where nothing is known.",
            ),
            has(
                "class",
                or_null(schema("EvidenceClass")),
                "How good the evidence for its size on Alpine is; null where it cannot move.",
            ),
            has("verdict", schema("Verdict"), ""),
            has("reason", text(), "Why, in one line."),
            has(
                "alpine",
                or_null(alpine),
                "How it would be on Alpine; null where it cannot move.",
            ),
        ],
    )
}
