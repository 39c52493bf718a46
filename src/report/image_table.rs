//! Images and what Alpine would make of them, for people.

use comfy_table::{Cell, Table, presets};

use super::alpine_table::{base, verdict};
use super::cells::{plain_text, shortened};
use super::image::ImageRow;
use super::table::lines;

/// How much of a name is shown, so that a line fits into 120 columns.
const LONGEST_IMAGE: usize = 40;

/// What the columns mean.
pub(super) const LEGEND: &str = "\nSize: layers as stored, each image counted alone; what is freed is less, since images share layers. \
     Class: how good\nthe evidence is, from A (the twin is known, and only content is above it) to D. Likely: the \
     interval.\nWhy: tare explain REPOSITORY:TAG\n";

pub(super) fn rows(images: &[ImageRow], name_registry: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let mut header = vec![
        "IMAGE",
        "PLATFORM",
        "VERDICT",
        "BASE",
        "CLASS",
        "SIZE",
        "ON ALPINE",
        "LIKELY",
    ];
    if name_registry {
        header.insert(0, "REGISTRY");
    }
    table.set_header(header.into_iter().map(Cell::new));
    for row in images {
        let tag = row.tags.first().map_or("", AsRef::as_ref);
        let more = match row.tags.len() {
            0 | 1 => String::new(),
            tags => format!(" +{}", tags - 1),
        };
        let image = plain_text(&format!("{}:{tag}", row.repository));
        let bytes = row.alpine.as_ref().map(|alpine| alpine.bytes);
        let mut cells = vec![
            shortened(&image, LONGEST_IMAGE - more.len()) + &more,
            plain_text(&row.platform),
            verdict(row.verdict),
            base(row.base.as_ref().map(|base| &base.names)),
            row.class.map(|class| class.to_string()).unwrap_or_default(),
            row.compressed_bytes.to_string(),
            bytes.map(|bytes| bytes.expected.to_string()).unwrap_or_default(),
            bytes
                .map(|bytes| super::cells::interval(bytes.low.as_i64(), bytes.high.as_i64()))
                .unwrap_or_default(),
        ];
        if name_registry {
            cells.insert(0, row.registry.to_string());
        }
        table.add_row(cells);
    }
    let texts = if name_registry { 6 } else { 5 };
    lines(table, |place| place >= texts)
}
