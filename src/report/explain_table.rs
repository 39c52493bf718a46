//! An explained image for people.

use std::fmt::Write;

use super::alpine_table::verdict;
use super::cells::interval;
use super::explain::{ImageExplanation, instruction};
use super::text_table::{Column, TextTable};
use crate::oci::text::printable;
use crate::whatif::{ConfidenceLevel, Estimate, Verdict};
use crate::wording::wrapped;

/// The explanation for people, in lines of at most `width` characters: the verdict first, then what it rests on, then
/// layer by layer.
pub fn explanation_table(image: &ImageExplanation, width: usize) -> String {
    let mut text = String::new();
    head(&mut text, image);
    verdict_section(&mut text, image);
    text = wrapped(&text, width);
    base(&mut text, image, width);
    layers(&mut text, image, width);
    text
}

// Writing to a string cannot fail, so what `write!` says is not looked at here.

fn head(text: &mut String, image: &ImageExplanation) {
    let tag = image.tags.first().map_or("", AsRef::as_ref);
    let _ = writeln!(
        text,
        "{}/{}:{tag} for {}: {} in {} layers",
        image.registry,
        image.repository,
        printable(&image.platform),
        image.compressed_bytes,
        image.layers.len()
    );
    let _ = writeln!(text, "  {}", image.digest);
    if let Some(created) = image.created.as_ref().and_then(|created| created.get(..10)) {
        let _ = writeln!(text, "  built on {created}");
    }
    if image.tags.len() > 1 {
        let others: Vec<&str> = image.tags[1..].iter().map(AsRef::as_ref).collect();
        let _ = writeln!(text, "  also tagged {}", others.join(", "));
    }
    if !image.other_platforms.is_empty() {
        let others = printable(&image.other_platforms.join(", "));
        let _ = writeln!(text, "  also for {others} (--platform)");
    }
}

fn verdict_section(text: &mut String, image: &ImageExplanation) {
    let _ = writeln!(
        text,
        "\nVerdict: {}. {}",
        verdict(image.verdict),
        sentence(&printable(&image.reason))
    );
    let repository = &image.repository_verdict;
    if (repository.verdict, &repository.reason) != (image.verdict, &image.reason) {
        let _ = writeln!(
            text,
            "Its repository: {}. {}",
            verdict(repository.verdict),
            sentence(&printable(&repository.reason))
        );
    }
    if image.verdict == Verdict::Switch {
        change(text, image);
    }
    if !image.cautions.is_empty() {
        text.push_str("\nCheck before you switch:\n");
        for caution in &image.cautions {
            let _ = writeln!(text, "  - {}", printable(caution));
        }
    }
}

/// What to do in the Dockerfile, or why that is not one line.
fn change(text: &mut String, image: &ImageExplanation) {
    let runtime = image.base.as_ref().and_then(|base| base.names.runtime.as_ref());
    match (&image.dockerfile_change, &image.alpine, runtime) {
        (Some(change), ..) => {
            let _ = writeln!(
                text,
                "\n  {}  →  {}",
                printable(&change.from),
                printable(&change.to)
            );
        }
        (None, Some(alpine), _) if alpine.is_own_twin => {
            let _ = writeln!(text, "This image exists already: {}.", printable(&alpine.twin));
        }
        (None, Some(alpine), Some(runtime)) => {
            let _ = writeln!(
                text,
                "No Alpine variant of {} is known: its contents would have to be installed on {}.",
                printable(runtime),
                printable(&alpine.twin)
            );
        }
        (None, ..) => {}
    }
}

/// A reason with its first letter large and an end.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    // Reasons that start with an image's name keep it as it is.
    let word = reason.split(' ').next().unwrap_or_default();
    let first = if word.contains(':') {
        first.to_string()
    } else {
        first.to_uppercase().to_string()
    };
    format!("{first}{}.", letters.as_str())
}

fn base(text: &mut String, image: &ImageExplanation, width: usize) {
    text.push_str("\nBase image\n");
    if image.candidates.is_empty() {
        let system = image.base.as_ref().and_then(|base| base.names.name.as_ref());
        match system {
            Some(system) => {
                let _ = writeln!(
                    text,
                    "  {} (an operating system; no image is known)",
                    printable(system)
                );
            }
            None => text.push_str("  not recognised\n"),
        }
        return;
    }
    let mut table = TextTable::new([
        Column::text("NAME").shortened_to(28),
        Column::number("CONFIDENCE"),
        Column::number("LAYERS").optional(2),
        Column::text("BECAUSE").shortened_to(24).optional(1),
        Column::text("ON ALPINE").shortened_to(22),
    ])
    .without_header();
    for candidate in &image.candidates {
        let twin = match &candidate.twin {
            Some(twin) => format!("→ {}", printable(twin)),
            None => String::new(),
        };
        table.add([
            format!("  {}", printable(&candidate.name)),
            format!("{} %", candidate.confidence),
            format!("{} layers", candidate.layers),
            printable(&candidate.because),
            twin,
        ]);
    }
    text.push_str(&table.text(width));
}

fn layers(text: &mut String, image: &ImageExplanation, width: usize) {
    text.push_str("\nLayers\n");
    let mut table = TextTable::new([
        Column::number("  NOW"),
        Column::number("ON ALPINE"),
        Column::text("KIND").shortened_to(18),
        Column::text("COMMAND").shortened_to(24),
    ]);
    for layer in &image.layers {
        let command = layer.command.as_deref().map(instruction).unwrap_or_default();
        let after = match layer.alpine_bytes {
            Some(bytes) => bytes.expected.to_string(),
            None if layer.is_of_base => "base".to_owned(),
            None => String::new(),
        };
        table.add([
            layer.bytes.to_string(),
            after,
            layer.description.clone(),
            printable(&command),
        ]);
    }
    if let Some(alpine) = &image.alpine {
        let layers = match alpine.twin_layers {
            1 => "1 layer".to_owned(),
            layers => format!("{layers} layers"),
        };
        table.add([
            String::new(),
            alpine.twin_bytes.to_string(),
            if alpine.is_own_twin {
                "the same image on Alpine"
            } else {
                "replaces the base"
            }
            .to_owned(),
            format!("{}, {layers}", printable(&alpine.twin)),
        ]);
        if let Some(added) = alpine.added_bytes {
            table.add([
                String::new(),
                added.expected.to_string(),
                "added".to_owned(),
                "packages that Alpine lacks: a shell, certificates, libraries".to_owned(),
            ]);
        }
        table.add([
            image.compressed_bytes.to_string(),
            alpine.bytes.expected.to_string(),
            "total".to_owned(),
            together(alpine.bytes, image),
        ]);
    }
    text.push_str(&table.text(width));
}

fn together(bytes: Estimate, image: &ImageExplanation) -> String {
    let likely = interval(bytes.low.as_i64(), bytes.high.as_i64());
    match image.confidence {
        Some(ConfidenceLevel::Measured) => "measured".to_owned(),
        Some(ConfidenceLevel::High) => format!("likely {likely}, high confidence"),
        Some(ConfidenceLevel::Low) => format!("likely {likely}, low confidence: try one build first"),
        None => format!("likely {likely}"),
    }
}
