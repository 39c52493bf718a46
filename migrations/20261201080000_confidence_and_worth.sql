-- How sure the size of a repository on Alpine is, whether a move that is possible is worth it, and how much of a cost rests on
-- assumed pulls.

ALTER TABLE report
    ADD COLUMN worth_it_repositories integer,
    ADD COLUMN worth_it_saving_expected numeric,
    ADD COLUMN assumed_pulls_share numeric;
COMMENT ON COLUMN report.worth_it_repositories IS
    'How many repositories are worth moving; null where there is no price book, and in reports of earlier versions.';
COMMENT ON COLUMN report.worth_it_saving_expected IS
    'What a month would cost less if only those moved. Savings of repositories do not add up, so it is computed for that set.';
COMMENT ON COLUMN report.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1.';

ALTER TABLE report_repository
    ADD COLUMN confidence text CHECK (confidence IN ('measured', 'high', 'low')),
    ADD COLUMN worth text
        CHECK (worth IN ('worth_it', 'saves_nothing', 'saves_too_little', 'pays_back_too_late')),
    ADD COLUMN worth_it_saving_expected numeric,
    ADD COLUMN pulls_source text CHECK (pulls_source IN ('none', 'assumed', 'imported', 'metered')),
    ADD COLUMN assumed_pulls_share numeric;
COMMENT ON COLUMN report_repository.confidence IS
    'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move. Also null in reports of earlier versions.';
COMMENT ON COLUMN report_repository.worth IS
    'Whether moving is worth it; null where there is no price book or nothing to move, and in reports of earlier versions.';
COMMENT ON COLUMN report_repository.worth_it_saving_expected IS
    'Its part of the report''s worth_it_saving_expected.';

-- ------------------------------------------------------------------------------------------ views

CREATE OR REPLACE VIEW finance.v_registry_history AS
SELECT DISTINCT ON (registry.name COLLATE "C", report.as_of)
    registry.name AS registry,
    report.as_of,
    report.is_complete,
    report.repositories,
    report.tags,
    report.images,
    report.logical_bytes,
    report.stored_bytes,
    report.untagged_bytes,
    report.alpine_stored_bytes_low,
    report.alpine_stored_bytes_expected,
    report.alpine_stored_bytes_high,
    report.currency,
    report.monthly_cost,
    report.monthly_fee,
    report.monthly_storage,
    report.monthly_transfer,
    report.monthly_unallocated,
    report.alpine_monthly_cost_low,
    report.alpine_monthly_cost_expected,
    report.alpine_monthly_cost_high,
    report.monthly_cost - report.alpine_monthly_cost_expected AS monthly_saving_expected,
    report.price_book,
    report.price_book_version,
    report.computed_at,
    report.id AS report_id,
    report.untagged_manifests,
    report.untagged_monthly_saving,
    report.worth_it_repositories,
    report.worth_it_saving_expected,
    report.assumed_pulls_share
FROM report JOIN registry ON registry.id = report.registry_id
ORDER BY registry.name COLLATE "C", report.as_of, report.computed_at DESC, report.id DESC;

COMMENT ON COLUMN finance.v_registry_history.worth_it_repositories IS 'How many repositories are worth moving; null where there is no price book.';
COMMENT ON COLUMN finance.v_registry_history.worth_it_saving_expected IS 'What a month would cost less if only the repositories moved that are worth it: the single best figure.';
COMMENT ON COLUMN finance.v_registry_history.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1; null where it costs nothing.';

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
    row.confidence,
    row.worth,
    row.worth_it_saving_expected,
    row.pulls_source,
    row.assumed_pulls_share
FROM finance.v_registry_history AS history
JOIN report_repository AS row ON row.report_id = history.report_id;

COMMENT ON COLUMN finance.v_repository_history.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';
COMMENT ON COLUMN finance.v_repository_history.worth IS 'Whether moving is worth it: worth_it, saves_nothing, saves_too_little or pays_back_too_late; null where there is no price book or nothing to move.';
COMMENT ON COLUMN finance.v_repository_history.worth_it_saving_expected IS 'Its part of a month''s saving if only the repositories move that are worth it; the rows add up to the registry''s.';
COMMENT ON COLUMN finance.v_repository_history.pulls_source IS 'Where pulls_per_month comes from: metered, imported, assumed or none; null where costs are not known.';
COMMENT ON COLUMN finance.v_repository_history.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1; null where it costs nothing.';

CREATE OR REPLACE VIEW finance.v_registry AS
SELECT DISTINCT ON (registry) * FROM finance.v_registry_history ORDER BY registry, as_of DESC, report_id DESC;

CREATE OR REPLACE VIEW finance.v_repository AS
SELECT row.* FROM finance.v_repository_history AS row
WHERE row.report_id IN (SELECT report_id FROM finance.v_registry);

-- PostgreSQL does not carry comments over from a view to one that selects from it.
COMMENT ON COLUMN finance.v_registry.worth_it_repositories IS 'How many repositories are worth moving; null where there is no price book.';
COMMENT ON COLUMN finance.v_registry.worth_it_saving_expected IS 'What a month would cost less if only the repositories moved that are worth it: the single best figure.';
COMMENT ON COLUMN finance.v_registry.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1; null where it costs nothing.';
COMMENT ON COLUMN finance.v_repository.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';
COMMENT ON COLUMN finance.v_repository.worth IS 'Whether moving is worth it: worth_it, saves_nothing, saves_too_little or pays_back_too_late; null where there is no price book or nothing to move.';
COMMENT ON COLUMN finance.v_repository.worth_it_saving_expected IS 'Its part of a month''s saving if only the repositories move that are worth it; the rows add up to the registry''s.';
COMMENT ON COLUMN finance.v_repository.pulls_source IS 'Where pulls_per_month comes from: metered, imported, assumed or none; null where costs are not known.';
COMMENT ON COLUMN finance.v_repository.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1; null where it costs nothing.';

CREATE OR REPLACE VIEW finance.v_saving AS
SELECT registry, as_of, repository, team, cost_centre, base, reason,
    joint_saving_bytes_low, joint_saving_bytes_expected, joint_saving_bytes_high,
    currency, joint_saving_low, joint_saving_expected, joint_saving_high,
    (sum(joint_saving_bytes_expected) OVER ranked)::bigint AS cumulative_saving_bytes,
    sum(joint_saving_expected) OVER ranked AS cumulative_saving,
    row_number() OVER ranked AS rank,
    confidence,
    worth,
    worth_it_saving_expected,
    pulls_source,
    assumed_pulls_share
FROM finance.v_repository
WHERE verdict = 'switch'
WINDOW ranked AS (
    PARTITION BY registry
    ORDER BY joint_saving_expected DESC NULLS LAST, joint_saving_bytes_expected DESC, repository
    ROWS UNBOUNDED PRECEDING
);

COMMENT ON VIEW finance.v_saving IS 'The repositories that should switch today, those first in each registry that save most, with running totals. What stays behind loses a little (the other rows of v_repository), so the last total is not quite the registry''s saving.';
COMMENT ON COLUMN finance.v_saving.confidence IS 'How sure the size on Alpine is: measured, high, or low (try one build first); null where it cannot move.';
COMMENT ON COLUMN finance.v_saving.worth IS 'Whether moving is worth it: worth_it, saves_nothing, saves_too_little or pays_back_too_late; null where there is no price book or nothing to move.';
COMMENT ON COLUMN finance.v_saving.worth_it_saving_expected IS 'Its part of a month''s saving if only the repositories move that are worth it; the rows add up to the registry''s.';
COMMENT ON COLUMN finance.v_saving.pulls_source IS 'Where pulls_per_month comes from: metered, imported, assumed or none; null where costs are not known.';
COMMENT ON COLUMN finance.v_saving.assumed_pulls_share IS 'The share of monthly_cost that rests on assumed pulls, from 0 to 1; null where it costs nothing.';

-- PostgreSQL keeps a comment for each column, so the same words are set in a loop. Pulls are not part of these ranges.
DO $$
DECLARE
    bound record;
BEGIN
    FOR bound IN
        SELECT attrelid::regclass AS view_name, attname,
            CASE WHEN attname LIKE '%low' THEN 'less' ELSE 'more' END AS direction
        FROM pg_attribute
        JOIN (VALUES ('finance.v_registry_history'), ('finance.v_registry'), ('finance.v_repository_history'),
                     ('finance.v_repository'), ('finance.v_saving')) AS views (name) ON attrelid = views.name::regclass
        WHERE attname ~ '^(alpine_monthly_cost|joint_saving|solo_saving)_(low|high)$'
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', bound.view_name, bound.attname,
            CASE
                WHEN bound.attname LIKE 'alpine%' THEN 'Its cost of a whole month on Alpine'
                WHEN bound.attname LIKE 'joint%' THEN 'Its part of a month''s saving if all switch that should'
                ELSE 'A month''s saving if no other repository switches'
            END || ': seldom ' || bound.direction || ' if pulls are as counted or assumed.');
    END LOOP;
END
$$;
