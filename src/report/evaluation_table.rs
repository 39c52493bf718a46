//! How good the model is, for people.

use super::text_table::{Column, TextTable};
use crate::oci::text::printable;
use crate::whatif::{Evaluation, EvidenceClass};
use crate::wording::wrapped;

/// Errors and coverage as tables for people, in lines of at most `width` characters: by class of evidence, then by
/// repository.
pub fn evaluation_table(evaluation: &Evaluation, width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("CLASS"),
        Column::number("REPOSITORIES").optional(3),
        Column::number("PAIRS").optional(2),
        Column::number("ERROR"),
        Column::number("SHARE").optional(1),
        Column::number("IN 80 %"),
        Column::number("IN 90 %"),
        Column::number("WIDTH 80").optional(4),
        Column::number("WIDTH 90").optional(4),
        Column::number("WRONG").optional(1),
    ]);
    for row in &evaluation.rows {
        table.add([
            row.class.clone(),
            row.repositories.to_string(),
            row.pairs.to_string(),
            format!("{:.1} %", row.error_percent),
            format!("{:.2}", row.share_error_points),
            format!("{:.0} %", row.covered_by_eighty_percent),
            format!("{:.0} %", row.covered_by_ninety_percent),
            format!("{:.2}", row.eighty_width),
            format!("{:.2}", row.ninety_width),
            row.false_switches.to_string(),
        ]);
    }
    let mut text = table.text(width);
    let legend = "\n\
         Error: of the size on Alpine. Share: error of the saved share of today's size, in percentage points. Medians \
         over repositories. In: images whose true size is within the range. Width: high end divided by low end. \
         Wrong: images that are larger on Alpine although the whole range is smaller.\n\n";
    text.push_str(&wrapped(legend, width));
    let mut table = TextTable::new([
        Column::text("REPOSITORY").shortened_to(28),
        Column::text("CLASSES").optional(2),
        Column::number("PAIRS").optional(1),
        Column::number("ERROR"),
        Column::number("SHARE").optional(3),
        Column::number("BIAS").optional(4),
        Column::number("IN 80 %"),
        Column::number("IN 90 %"),
    ]);
    for row in &evaluation.repositories {
        let classes: Vec<&str> = row.classes.iter().copied().map(EvidenceClass::as_str).collect();
        table.add([
            printable(&row.repository),
            classes.join(""),
            row.pairs.to_string(),
            format!("{:.1} %", row.error_percent),
            format!("{:.2}", row.share_error_points),
            format!("{:+.1} %", row.bias_percent),
            format!("{:.0} %", row.covered_by_eighty_percent),
            format!("{:.0} %", row.covered_by_ninety_percent),
        ]);
    }
    text.push_str(&table.text(width));
    text
}
