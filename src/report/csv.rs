use super::document::{Report, RepositoryRow};
use super::image::ImageRow;
use super::stays_behind::StaysBehind;
use crate::oci::text::spreadsheet_text;
use crate::units::Money;
use crate::whatif::ConfidenceLevel;

/// The repositories, or where they are asked for the images, as comma-separated values, one row each below
/// a row of names, sizes in bytes. There is no row of totals, so that a spreadsheet may add up the columns
/// `tags`, `logical_bytes`, `attributed_bytes`, `untagged_bytes`, `joint_saving_bytes_expected` and the amounts of money, which are
/// exact; a limit leaves rows out.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    match &report.images {
        Some(images) => {
            writer.write_record(IMAGE_COLUMNS)?;
            for image in images {
                writer.write_record(image_cells(image))?;
            }
        }
        None => {
            write_repositories(&mut writer, &report.repositories.iter().collect::<Vec<_>>())?;
        }
    }
    text(writer)
}

/// Repositories and what they save as comma-separated values, in the columns of [`csv()`]. The last row has what stays
/// behind, so that the columns of expected joint savings add up to what is saved; with several currencies it is a row
/// for each.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn savings_csv(
    rows: &[&RepositoryRow],
    stays_behind: Option<&StaysBehind>,
) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = write_repositories(&mut writer, rows)?;
    if let Some(stays_behind) = stays_behind {
        let amounts: Vec<Option<Money>> = match &stays_behind.savings[..] {
            [] => vec![None],
            savings => savings.iter().copied().map(Some).collect(),
        };
        for (place, amount) in amounts.into_iter().enumerate() {
            // Only the first row counts the bytes, or they would be added up twice.
            let bytes = (place == 0).then(|| stays_behind.saving_bytes.to_string());
            writer.write_record(header.iter().map(|&column| {
                match column {
                    "repository" => STAYS_BEHIND.to_owned(),
                    "joint_saving_bytes_expected" => bytes.clone().unwrap_or_default(),
                    "currency" => amount
                        .map(|amount| amount.currency().to_string())
                        .unwrap_or_default(),
                    "joint_saving_expected" => amount
                        .map(|amount| amount.amount().to_string())
                        .unwrap_or_default(),
                    _ => String::new(),
                }
            }))?;
        }
    }
    text(writer)
}

/// The name of the row with what stays behind. No repository can have it.
const STAYS_BEHIND: &str = "(stays behind)";

fn text(writer: csv::Writer<Vec<u8>>) -> Result<String, csv::Error> {
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Writes a row of names and a row for each repository; returns the names.
fn write_repositories(
    writer: &mut csv::Writer<Vec<u8>>,
    rows: &[&RepositoryRow],
) -> Result<Vec<&'static str>, csv::Error> {
    let is_judged = rows.iter().any(|row| row.judged.is_some());
    let judged = JUDGED_COLUMNS.iter().filter(|_| is_judged);
    let is_priced = rows.iter().any(|row| row.cost.is_some());
    let priced = COST_COLUMNS.iter().filter(|_| is_priced);
    let is_listed = rows.iter().any(|row| row.totals.untagged_bytes.is_some());
    let listed = [UNTAGGED_COLUMN];
    let listed = listed.iter().filter(|_| is_listed);
    let sure = [CONFIDENCE_COLUMN];
    let sure = sure.iter().filter(|_| is_judged);
    let header: Vec<&str> = COLUMNS
        .iter()
        .chain(judged)
        .chain(priced)
        .chain(listed)
        .chain(sure)
        .copied()
        .collect();
    writer.write_record(&header)?;
    for row in rows {
        let mut cells = cells(row);
        if is_judged {
            cells.extend(judged_cells(row));
        }
        if is_priced {
            cells.extend(cost_cells(row));
        }
        if is_listed {
            let untagged = row.totals.untagged_bytes;
            cells.push(untagged.map(|bytes| bytes.get().to_string()).unwrap_or_default());
        }
        if is_judged {
            let level = row.judged.as_ref().and_then(|judged| judged.confidence);
            cells.push(confidence(level));
        }
        writer.write_record(cells)?;
    }
    Ok(header)
}

const COLUMNS: [&str; 8] = [
    "registry",
    "repository",
    "tags",
    "images",
    "logical_bytes",
    "stored_bytes",
    "exclusive_bytes",
    "attributed_bytes",
];

/// How sure the size on Alpine is.
const CONFIDENCE_COLUMN: &str = "confidence";

fn confidence(level: Option<ConfidenceLevel>) -> String {
    level.map(|level| level.as_str().to_owned()).unwrap_or_default()
}

/// Present if a registry says what no tag reaches: the share of each repository in it.
const UNTAGGED_COLUMN: &str = "untagged_bytes";

fn cells(row: &RepositoryRow) -> Vec<String> {
    let totals = &row.totals;
    vec![
        spreadsheet_text(row.registry.as_str()),
        spreadsheet_text(totals.repository.as_str()),
        totals.tags.to_string(),
        totals.images.to_string(),
        totals.logical_bytes.get().to_string(),
        totals.stored_bytes.get().to_string(),
        totals.exclusive_bytes.get().to_string(),
        totals.attributed_bytes.get().to_string(),
    ]
}

const JUDGED_COLUMNS: [&str; 17] = [
    "verdict",
    "reason",
    "base",
    "runtime",
    "alpine_stored_bytes_low",
    "alpine_stored_bytes_expected",
    "alpine_stored_bytes_high",
    "alpine_attributed_bytes_low",
    "alpine_attributed_bytes_expected",
    "alpine_attributed_bytes_high",
    "solo_saving_bytes_low",
    "solo_saving_bytes_expected",
    "solo_saving_bytes_high",
    "joint_saving_bytes_low",
    "joint_saving_bytes_expected",
    "joint_saving_bytes_high",
    "break_even_repositories",
];

fn judged_cells(row: &RepositoryRow) -> Vec<String> {
    let Some(judged) = &row.judged else {
        return vec![String::new(); JUDGED_COLUMNS.len()];
    };
    let base = judged.base.as_ref();
    let text = |name: Option<&String>| name.map(|name| spreadsheet_text(name)).unwrap_or_default();
    let alpine = &judged.alpine;
    let mut cells = vec![
        judged.verdict.as_str().to_owned(),
        spreadsheet_text(&judged.reason),
        text(base.and_then(|base| base.name.as_ref())),
        text(base.and_then(|base| base.runtime.as_ref())),
    ];
    for size in [alpine.stored_bytes, alpine.attributed_bytes] {
        cells.extend([size.low, size.expected, size.high].map(|bytes| bytes.get().to_string()));
    }
    for saving in [alpine.solo_saving_bytes, alpine.joint_saving_bytes] {
        cells.extend([saving.low, saving.expected, saving.high].map(|bytes| bytes.to_string()));
    }
    let needed = alpine.break_even_repositories;
    cells.push(needed.map(|needed| needed.to_string()).unwrap_or_default());
    cells
}

const COST_COLUMNS: [&str; 29] = [
    "team",
    "cost_centre",
    "environment",
    "currency",
    "month",
    "fee",
    "storage",
    "transfer",
    "pulls_per_month",
    "pulls_source",
    "moved_bytes_low",
    "moved_bytes_expected",
    "moved_bytes_high",
    "alpine_month_low",
    "alpine_month_expected",
    "alpine_month_high",
    "joint_saving_low",
    "joint_saving_expected",
    "joint_saving_high",
    "solo_saving_low",
    "solo_saving_expected",
    "solo_saving_high",
    "payback_months",
    "worth",
    "worth_it_saving_expected",
    "work_days",
    "work_cost",
    "assumed_pulls_share",
    "oldest_image",
];

fn cost_cells(row: &RepositoryRow) -> Vec<String> {
    let label = |text: &Option<String>| text.as_deref().map(spreadsheet_text).unwrap_or_default();
    let labels = &row.labels;
    let mut cells = vec![
        label(&labels.team),
        label(&labels.cost_centre),
        label(&labels.environment),
    ];
    let Some(cost) = &row.cost else {
        cells.resize(COST_COLUMNS.len(), String::new());
        return cells;
    };
    cells.push(cost.parts.total.currency().to_string());
    let amounts = [
        cost.parts.total,
        cost.parts.fee,
        cost.parts.storage,
        cost.parts.transfer,
    ];
    cells.extend(amounts.map(|amount| amount.amount().to_string()));
    cells.push(cost.pulls.per_month.to_string());
    cells.push(cost.pulls.source.as_str().to_owned());
    let moved = cost.moved_bytes;
    cells.extend([moved.low, moved.expected, moved.high].map(|bytes| bytes.to_string()));
    match &cost.alpine {
        Some(alpine) => {
            for amount in [alpine.month, alpine.joint_saving, alpine.solo_saving] {
                let bounds = [amount.low, amount.expected, amount.high];
                cells.extend(bounds.map(|amount| amount.amount().to_string()));
            }
            cells.push(alpine.payback_months.clone().unwrap_or_default());
            cells.push(
                row.worth
                    .map(|worth| worth.as_str().to_owned())
                    .unwrap_or_default(),
            );
            cells.push(alpine.worth_it_saving.expected.amount().to_string());
            cells.push(alpine.work.map(|work| work.days.to_string()).unwrap_or_default());
            cells.push(
                alpine
                    .work
                    .map(|work| work.cost.amount().to_string())
                    .unwrap_or_default(),
            );
        }
        None => cells.resize(COST_COLUMNS.len() - 2, String::new()),
    }
    let share = cost.assumed_pulls_share;
    cells.push(share.map(|share| share.to_string()).unwrap_or_default());
    let oldest = row.oldest_image;
    cells.push(
        oldest
            .map(|built| built.date_naive().to_string())
            .unwrap_or_default(),
    );
    cells
}

const IMAGE_COLUMNS: [&str; 19] = [
    "registry",
    "repository",
    "tags",
    "digest",
    "platform",
    "compressed_bytes",
    "base",
    "runtime",
    "base_layers",
    "evidence",
    "confidence",
    "class",
    "verdict",
    "reason",
    "twin",
    "alpine_bytes_low",
    "alpine_bytes_expected",
    "alpine_bytes_high",
    "alpine_confidence",
];

fn image_cells(row: &ImageRow) -> Vec<String> {
    let base = row.base.as_ref();
    let text = |name: Option<&String>| name.map(|name| spreadsheet_text(name)).unwrap_or_default();
    let tags: Vec<&str> = row.tags.iter().map(AsRef::as_ref).collect();
    let mut cells = vec![
        spreadsheet_text(row.registry.as_str()),
        spreadsheet_text(row.repository.as_str()),
        spreadsheet_text(&tags.join(" ")),
        row.digest.to_string(),
        spreadsheet_text(&row.platform),
        row.compressed_bytes.get().to_string(),
        text(base.and_then(|base| base.names.name.as_ref())),
        text(base.and_then(|base| base.names.runtime.as_ref())),
        base.map(|base| base.layers.to_string()).unwrap_or_default(),
        base.map(|base| base.evidence.as_str().to_owned())
            .unwrap_or_default(),
        base.map(|base| base.confidence.to_string()).unwrap_or_default(),
        row.class.map(|class| class.to_string()).unwrap_or_default(),
        row.verdict.as_str().to_owned(),
        spreadsheet_text(&row.reason),
    ];
    match &row.alpine {
        Some(alpine) => {
            cells.push(spreadsheet_text(&alpine.twin));
            let bytes = [alpine.bytes.low, alpine.bytes.expected, alpine.bytes.high];
            cells.extend(bytes.map(|bytes| bytes.get().to_string()));
        }
        None => cells.resize(IMAGE_COLUMNS.len() - 1, String::new()),
    }
    cells.push(confidence(row.confidence));
    cells
}
