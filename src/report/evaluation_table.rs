//! How good the model is, for people.

use comfy_table::{Cell, Table, presets};

use super::cells::shortened;
use super::rows::lines;
use crate::oci::text::printable;
use crate::whatif::{Evaluation, EvidenceClass};

/// Errors and coverage as a table for people: by class of evidence, then by repository.
pub fn evaluation_table(evaluation: &Evaluation) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = [
        "CLASS",
        "REPOSITORIES",
        "PAIRS",
        "ERROR",
        "SHARE",
        "IN 80 %",
        "IN 90 %",
        "WIDTH 80",
        "WIDTH 90",
        "WRONG",
    ];
    table.set_header(header.into_iter().map(Cell::new));
    for row in &evaluation.rows {
        table.add_row([
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
    let mut text = lines(table, |place| place > 0);
    text.push_str(
        "\n\
         Error: of the size on Alpine. Share: error of the saved share of today's size, in percentage points. Medians\n\
         over repositories. In: images whose true size is within the range. Width: high end divided by low end.\n\
         Wrong: images that are larger on Alpine although the whole range is smaller.\n\n",
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let header = [
        "REPOSITORY",
        "CLASSES",
        "PAIRS",
        "ERROR",
        "SHARE",
        "BIAS",
        "IN 80 %",
        "IN 90 %",
    ];
    table.set_header(header.into_iter().map(Cell::new));
    for row in &evaluation.repositories {
        let classes: Vec<&str> = row.classes.iter().copied().map(EvidenceClass::as_str).collect();
        table.add_row([
            shortened(&printable(&row.repository), 40),
            classes.join(""),
            row.pairs.to_string(),
            format!("{:.1} %", row.error_percent),
            format!("{:.2}", row.share_error_points),
            format!("{:+.1} %", row.bias_percent),
            format!("{:.0} %", row.covered_by_eighty_percent),
            format!("{:.0} %", row.covered_by_ninety_percent),
        ]);
    }
    text.push_str(&lines(table, |place| place > 1));
    text
}
