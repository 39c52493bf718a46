-- A crawl that finds nothing new saves a report without rows of its own, so that frequent crawls of a registry that rests cost
-- nothing. What the views show has not changed.
ALTER TABLE report
    ADD COLUMN rows_digest bytea,
    ADD COLUMN rows_of bigint REFERENCES report DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN report.rows_digest IS 'The digest of its rows in report_repository; null in reports of earlier versions.';
COMMENT ON COLUMN report.rows_of IS 'The earlier report whose rows in report_repository are also those of this one; null if it has its own.';
CREATE INDEX report_with_rows ON report ((COALESCE(rows_of, id)));
CREATE INDEX report_sharing_rows ON report (rows_of);

CREATE OR REPLACE VIEW finance.v_repository AS
SELECT history.registry,
    history.as_of,
    row.repository,
    row.team,
    row.cost_centre,
    row.environment,
    row.tags,
    row.images,
    row.logical_bytes,
    row.stored_bytes,
    row.exclusive_bytes,
    row.attributed_bytes,
    row.verdict,
    row.reason,
    row.base,
    row.alpine_attributed_bytes_low,
    row.alpine_attributed_bytes_expected,
    row.alpine_attributed_bytes_high,
    row.joint_saving_bytes_low,
    row.joint_saving_bytes_expected,
    row.joint_saving_bytes_high,
    row.solo_saving_bytes_low,
    row.solo_saving_bytes_expected,
    row.solo_saving_bytes_high,
    row.pulls_per_month,
    history.currency,
    row.monthly_cost,
    row.monthly_fee,
    row.monthly_storage,
    row.monthly_transfer,
    row.alpine_monthly_cost_low,
    row.alpine_monthly_cost_expected,
    row.alpine_monthly_cost_high,
    row.joint_saving_low,
    row.joint_saving_expected,
    row.joint_saving_high,
    row.solo_saving_low,
    row.solo_saving_expected,
    row.solo_saving_high,
    history.report_id,
    row.untagged_bytes,
    row.confidence,
    row.worth,
    row.worth_it_saving_expected,
    row.pulls_source,
    row.assumed_pulls_share
FROM finance.v_registry AS history
JOIN report ON report.id = history.report_id
JOIN report_repository AS row ON row.report_id = COALESCE(report.rows_of, report.id);
