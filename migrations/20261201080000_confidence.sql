-- How sure the size of a repository on Alpine is, so that weak evidence can be told from strong.

ALTER TABLE report_repository ADD COLUMN confidence text
    CHECK (confidence IN ('measured', 'high', 'low'));
COMMENT ON COLUMN report_repository.confidence IS
    'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move. Also null in reports of earlier versions.';

-- ------------------------------------------------------------------------------------------ views

CREATE OR REPLACE VIEW finance.v_repository_history AS
SELECT
    history.registry,
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
    row.confidence
FROM finance.v_registry_history AS history
JOIN report_repository AS row ON row.report_id = history.report_id;
COMMENT ON COLUMN finance.v_repository_history.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';

CREATE OR REPLACE VIEW finance.v_repository AS
SELECT row.* FROM finance.v_repository_history AS row
WHERE row.report_id IN (SELECT report_id FROM finance.v_registry);
-- PostgreSQL does not carry comments over from a view to one that selects from it.
COMMENT ON COLUMN finance.v_repository.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';

CREATE OR REPLACE VIEW finance.v_saving AS
SELECT registry, as_of, repository, team, cost_centre, base, reason,
    joint_saving_bytes_low, joint_saving_bytes_expected, joint_saving_bytes_high,
    currency, joint_saving_low, joint_saving_expected, joint_saving_high,
    (sum(joint_saving_bytes_expected) OVER ranked)::bigint AS cumulative_saving_bytes,
    sum(joint_saving_expected) OVER ranked AS cumulative_saving,
    row_number() OVER ranked AS rank,
    confidence
FROM finance.v_repository
WHERE verdict = 'switch'
WINDOW ranked AS (
    PARTITION BY registry
    ORDER BY joint_saving_expected DESC NULLS LAST, joint_saving_bytes_expected DESC, repository
    ROWS UNBOUNDED PRECEDING
);

COMMENT ON COLUMN finance.v_saving.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';
