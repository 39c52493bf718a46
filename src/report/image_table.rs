//! Images and what Alpine would make of them, for people.

use super::alpine_table::{base, sure, verdict};
use super::image::ImageRow;
use super::rows::Rows;
use super::text_table::Column;
use crate::oci::text::printable;

/// What the columns mean.
pub(super) const LEGEND: &str = "\n\
     Size: layers as stored, each image counted alone; less is freed, because images share layers. Sure: how sure the \
     size on Alpine is; low means try one build first. Likely: the range. \
     Details: tare explain REPOSITORY:TAG\n";

pub(super) fn rows(images: &[ImageRow], name_registry: bool, width: usize) -> String {
    let columns = [
        Column::text("IMAGE").shortened_to(30),
        Column::text("PLATFORM").optional(3),
        Column::text("VERDICT"),
        Column::text("BASE").shortened_to(16).optional(4),
        Column::text("SURE").optional(5),
        Column::number("SIZE"),
        Column::number("ON ALPINE").optional(1),
        Column::number("LIKELY").optional(2),
    ];
    let mut table = Rows::new(&columns, name_registry);
    for row in images {
        let tag = row.tags.first().map_or("", AsRef::as_ref);
        let more = match row.tags.len() {
            0 | 1 => String::new(),
            tags => format!(" +{}", tags - 1),
        };
        let image = printable(&format!("{}:{tag}", row.repository));
        let bytes = row.alpine.as_ref().map(|alpine| alpine.bytes);
        let cells = vec![
            image + &more,
            printable(&row.platform),
            verdict(row.verdict),
            base(row.base.as_ref().map(|base| &base.names)),
            sure(row.confidence),
            row.compressed_bytes.to_string(),
            bytes.map(|bytes| bytes.expected.to_string()).unwrap_or_default(),
            bytes
                .map(|bytes| super::cells::interval(bytes.low.as_i64(), bytes.high.as_i64()))
                .unwrap_or_default(),
        ];
        table.add(row.registry.as_str(), cells);
    }
    table.text(width)
}
