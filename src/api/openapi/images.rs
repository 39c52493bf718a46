//! Images.

use serde_json::Value;

use super::parts::*;
use crate::base_image::Evidence;
use crate::whatif::EvidenceClass;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("ImageBase", base()),
        (
            "EvidenceClass",
            one_of_words(EvidenceClass::ALL.map(EvidenceClass::as_str)),
        ),
        ("Image", image()),
        ("ImageList", page_of("Image")),
    ]
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
            has(
                "evidence",
                one_of_words(Evidence::ALL.map(Evidence::as_str)),
                "What the finding rests on.",
            ),
            has("confidence", count(), "How likely it is right, in percent."),
        ],
    );
    all_of(
        "What is beneath an image, and how that is known.",
        [schema("BaseNames"), found],
    )
}

fn image() -> Value {
    let alpine = object(
        "",
        [
            has("twin", text(), "What would lie beneath."),
            has("bytes", schema("Estimate"), "Its layers' bytes."),
        ],
    );
    object(
        "One image for one platform in one repository.",
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
