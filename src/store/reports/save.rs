use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::types::Json;

use super::reconciliation::save_reconciliation;
use crate::cost::{MoneyEstimate, Worth};
use crate::report::{NoteKind, RegistryCostOnAlpine, Report, RepositoryRow, Versions};
use crate::store::registry_lock::lock_registry;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::{ByteCount, Money};
use crate::whatif::{ConfidenceLevel, Estimate, SavingEstimate};

/// A report to save.
#[derive(Debug, Clone, Copy)]
pub struct ReportOfCrawl<'a> {
    /// The report. Each of its registries is saved separately.
    pub report: &'a Report,
    /// The versions of its inputs.
    pub versions: &'a Versions,
    /// When it was computed.
    pub computed_at: DateTime<Utc>,
}

impl Store {
    /// Saves a report's figures for each registry whose last crawl has ended. A saved report for the same moment, versions
    /// and price book stays as it is, so saving twice changes nothing. Each registry has a transaction of its own, so that
    /// nothing waits for the rows of another one.
    ///
    /// # Errors
    /// If the database is not available. What was saved of other registries until then stays.
    pub async fn save_report(&self, saved: ReportOfCrawl<'_>) -> Result<(), StoreError> {
        let ReportOfCrawl {
            report,
            versions,
            computed_at,
        } = saved;
        for registry in &report.registries {
            let own_notes = || {
                report
                    .notes
                    .iter()
                    .filter(|note| note.registry == registry.registry)
            };
            if own_notes().any(|note| note.kind == NoteKind::UnfinishedCrawl) {
                continue;
            }
            let own_rows = || {
                let rows = report.repositories.iter();
                rows.filter(|row| row.registry == registry.registry)
            };
            let mut transaction = self.pool.begin().await?;
            // Several processes may save the report of one crawl.
            let Some(registry_id) = lock_registry(&mut transaction, &registry.registry).await? else {
                continue;
            };
            let totals = &registry.totals;
            let stored = registry.alpine.as_ref().map(|alpine| alpine.stored_bytes);
            let cost = registry.cost.as_ref();
            let worth_it = cost.and_then(|cost| cost.alpine.as_ref());
            let alpine = worth_it.map(|alpine| alpine.month);
            let lacks = own_notes().any(|note| note.kind.is_loss());
            let count = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
            let rows: Vec<SavedRepository<'_>> = own_rows().map(SavedRepository::from_row).collect();
            let saved = sqlx::query!(
                "INSERT INTO report (registry_id, crawl_id, as_of, computed_at, tare_version, catalogue_version,
                     model_version, price_book, price_book_version, currency, is_complete, repositories, tags,
                     images, logical_bytes, stored_bytes, untagged_bytes, alpine_stored_bytes_low,
                     alpine_stored_bytes_expected, alpine_stored_bytes_high, monthly_cost, monthly_fee,
                     monthly_storage, monthly_transfer, monthly_unallocated, alpine_monthly_cost_low,
                     alpine_monthly_cost_expected, alpine_monthly_cost_high, untagged_manifests,
                     untagged_monthly_saving, worth_it_repositories, worth_it_saving_expected,
                     assumed_pulls_share, pulled_repositories, rows_digest, rows_of)
                 SELECT $1, (SELECT id FROM crawl WHERE registry_id = $1
                         AND finished_at <= $2 ORDER BY finished_at DESC, id DESC LIMIT 1),
                     $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                     $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34,
                     (SELECT COALESCE(latest.rows_of, latest.id)
                      FROM (SELECT id, rows_of, rows_digest FROM report WHERE registry_id = $1
                            ORDER BY as_of DESC, id DESC LIMIT 1) AS latest
                      WHERE latest.rows_digest = $34)
                 WHERE NOT EXISTS (SELECT FROM report WHERE registry_id = $1 AND as_of = $2
                         AND tare_version = $4 AND catalogue_version = $5 AND model_version = $6
                         AND price_book IS NOT DISTINCT FROM $7 AND price_book_version IS NOT DISTINCT FROM $8
                         AND monthly_cost IS NOT DISTINCT FROM $20
                         AND worth_it_repositories IS NOT DISTINCT FROM $30
                         AND worth_it_saving_expected IS NOT DISTINCT FROM $31)
                 RETURNING id, rows_of",
                registry_id,
                registry.as_of,
                computed_at,
                versions.tare,
                versions.catalogue,
                versions.model,
                cost.map(|cost| cost.price_book.id.as_str()),
                cost.map(|cost| cost.price_book.version.as_str()),
                cost.map(|cost| cost.price_book.currency.code()),
                !lacks,
                count(totals.repositories),
                count(totals.tags),
                count(totals.images),
                totals.logical_bytes.as_i64(),
                totals.stored_bytes.as_i64(),
                totals.untagged_bytes.map(ByteCount::as_i64),
                stored.map(|stored| stored.low.as_i64()),
                stored.map(|stored| stored.expected.as_i64()),
                stored.map(|stored| stored.high.as_i64()),
                cost.map(|cost| cost.parts.total.amount()),
                cost.map(|cost| cost.parts.fee.amount()),
                cost.map(|cost| cost.parts.storage.amount()),
                cost.map(|cost| cost.parts.transfer.amount()),
                cost.map(|cost| cost.unallocated.amount()),
                alpine.map(|month| month.low.amount()),
                alpine.map(|month| month.expected.amount()),
                alpine.map(|month| month.high.amount()),
                totals.untagged_manifests.map(count),
                cost.and_then(|cost| cost.clean_up.as_ref())
                    .map(|clean_up| clean_up.saving.amount()),
                worth_it.map(|alpine| count(worth_it_repositories(alpine))),
                worth_it.map(|alpine| alpine.worth_it_saving.expected.amount()),
                cost.and_then(|cost| cost.pulls.assumed_pulls_share),
                count(own_rows().filter(|row| is_pulled(row)).count()),
                digest(&rows)?
            )
            .fetch_optional(&mut *transaction)
            .named("save_report.insert_report")
            .await?;
            save_reconciliation(&mut transaction, registry_id, registry).await?;
            // Rows that are those of the latest report are not written again.
            if let Some(saved) = saved.filter(|saved| saved.rows_of.is_none()) {
                sqlx::query!(
                    "INSERT INTO report_repository
                     SELECT * FROM jsonb_populate_recordset(
                         jsonb_populate_record(NULL::report_repository, jsonb_build_object('report_id', $2::bigint)), $1)",
                    Json(rows) as _,
                    saved.id
                )
                .execute(&mut *transaction)
                .named("save_report.insert_report_repository")
                .await?;
            }
            transaction.commit().await?;
        }
        Ok(())
    }
}

/// A row of `report_repository` without its report. The fields are the columns. Amounts are written as text, which keeps every digit.
#[derive(Debug, Serialize)]
pub(super) struct SavedRepository<'r> {
    repository: &'r str,
    team: Option<&'r str>,
    cost_centre: Option<&'r str>,
    environment: Option<&'r str>,
    tags: usize,
    images: usize,
    logical_bytes: u64,
    stored_bytes: u64,
    exclusive_bytes: u64,
    attributed_bytes: u64,
    untagged_bytes: Option<u64>,
    verdict: Option<&'static str>,
    reason: Option<&'r str>,
    confidence: Option<&'static str>,
    base: Option<&'r str>,
    alpine_attributed_bytes_low: Option<u64>,
    alpine_attributed_bytes_expected: Option<u64>,
    alpine_attributed_bytes_high: Option<u64>,
    joint_saving_bytes_low: Option<i64>,
    joint_saving_bytes_expected: Option<i64>,
    joint_saving_bytes_high: Option<i64>,
    solo_saving_bytes_low: Option<i64>,
    solo_saving_bytes_expected: Option<i64>,
    solo_saving_bytes_high: Option<i64>,
    pulls_per_month: Option<u64>,
    monthly_cost: Option<Decimal>,
    monthly_fee: Option<Decimal>,
    monthly_storage: Option<Decimal>,
    monthly_transfer: Option<Decimal>,
    alpine_monthly_cost_low: Option<Decimal>,
    alpine_monthly_cost_expected: Option<Decimal>,
    alpine_monthly_cost_high: Option<Decimal>,
    joint_saving_low: Option<Decimal>,
    joint_saving_expected: Option<Decimal>,
    joint_saving_high: Option<Decimal>,
    solo_saving_low: Option<Decimal>,
    solo_saving_expected: Option<Decimal>,
    solo_saving_high: Option<Decimal>,
    worth: Option<&'static str>,
    worth_it_saving_expected: Option<Decimal>,
    pulls_source: Option<&'static str>,
    assumed_pulls_share: Option<Decimal>,
}

impl<'r> SavedRepository<'r> {
    pub(super) fn from_row(row: &'r RepositoryRow) -> Self {
        let totals = &row.totals;
        let judged = row.judged.as_ref();
        let base = judged.and_then(|judged| judged.base.as_ref());
        let sizes = bounds(
            judged.map(|judged| judged.alpine.attributed_bytes),
            |size: Estimate| [size.low, size.expected, size.high].map(ByteCount::get),
        );
        let bytes = |saving: SavingEstimate| [saving.low, saving.expected, saving.high];
        let joint_bytes = bounds(judged.map(|judged| judged.alpine.joint_saving_bytes), bytes);
        let solo_bytes = bounds(judged.map(|judged| judged.alpine.solo_saving_bytes), bytes);
        let cost = row.cost.as_ref();
        let amount = |of: fn(&crate::report::RepositoryCost) -> Money| cost.map(|cost| of(cost).amount());
        let alpine = cost.and_then(|cost| cost.alpine.as_ref());
        let money = |month: MoneyEstimate| [month.low, month.expected, month.high].map(Money::amount);
        let month = bounds(alpine.map(|alpine| alpine.month), money);
        let joint = bounds(alpine.map(|alpine| alpine.joint_saving), money);
        let solo = bounds(alpine.map(|alpine| alpine.solo_saving), money);
        Self {
            repository: totals.repository.as_str(),
            team: row.labels.team.as_deref(),
            cost_centre: row.labels.cost_centre.as_deref(),
            environment: row.labels.environment.as_deref(),
            tags: totals.tags,
            images: totals.images,
            logical_bytes: totals.logical_bytes.get(),
            stored_bytes: totals.stored_bytes.get(),
            exclusive_bytes: totals.exclusive_bytes.get(),
            attributed_bytes: totals.attributed_bytes.get(),
            untagged_bytes: totals.untagged_bytes.map(ByteCount::get),
            verdict: judged.map(|judged| judged.verdict.as_str()),
            reason: judged.map(|judged| judged.reason.as_str()),
            confidence: judged
                .and_then(|judged| judged.confidence)
                .map(ConfidenceLevel::as_str),
            base: base.and_then(|base| base.runtime.as_deref().or(base.name.as_deref())),
            alpine_attributed_bytes_low: sizes[0],
            alpine_attributed_bytes_expected: sizes[1],
            alpine_attributed_bytes_high: sizes[2],
            joint_saving_bytes_low: joint_bytes[0],
            joint_saving_bytes_expected: joint_bytes[1],
            joint_saving_bytes_high: joint_bytes[2],
            solo_saving_bytes_low: solo_bytes[0],
            solo_saving_bytes_expected: solo_bytes[1],
            solo_saving_bytes_high: solo_bytes[2],
            pulls_per_month: cost.map(|cost| cost.pulls.per_month),
            monthly_cost: amount(|cost| cost.parts.total),
            monthly_fee: amount(|cost| cost.parts.fee),
            monthly_storage: amount(|cost| cost.parts.storage),
            monthly_transfer: amount(|cost| cost.parts.transfer),
            alpine_monthly_cost_low: month[0],
            alpine_monthly_cost_expected: month[1],
            alpine_monthly_cost_high: month[2],
            joint_saving_low: joint[0],
            joint_saving_expected: joint[1],
            joint_saving_high: joint[2],
            solo_saving_low: solo[0],
            solo_saving_expected: solo[1],
            solo_saving_high: solo[2],
            worth: row.worth.map(Worth::as_str),
            worth_it_saving_expected: alpine.map(|alpine| alpine.worth_it_saving.expected.amount()),
            pulls_source: cost.map(|cost| cost.pulls.source.as_str()),
            assumed_pulls_share: cost.and_then(|cost| cost.assumed_pulls_share),
        }
    }
}

/// The digest of rows, by which equal ones are recognised.
fn digest(rows: &[SavedRepository<'_>]) -> Result<Vec<u8>, StoreError> {
    let text =
        serde_json::to_vec(rows).map_err(|problem| StoreError::inconsistent("report_repository", problem))?;
    Ok(Sha256::digest(text).to_vec())
}

/// Whether a repository had pulls, counted or assumed.
fn is_pulled(row: &RepositoryRow) -> bool {
    row.cost.as_ref().is_some_and(|cost| cost.pulls.per_month > 0)
}

/// How many repositories are worth moving.
fn worth_it_repositories(alpine: &RegistryCostOnAlpine) -> usize {
    alpine.worth.get(Worth::WorthIt).map_or(0, |sum| sum.repositories)
}

/// The three figures of an estimate; `None` for each if there is no estimate.
fn bounds<E, F>(estimate: Option<E>, of: impl Fn(E) -> [F; 3]) -> [Option<F>; 3] {
    match estimate {
        Some(estimate) => of(estimate).map(Some),
        None => [None, None, None],
    }
}
