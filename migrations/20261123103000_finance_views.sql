-- What finance and dashboards may rely on: views in a schema of their own, a contract that stays as it is
-- while the tables beneath change. Columns are added at the end in later versions, never renamed, removed or
-- given another meaning. config/postgres/finance-reader.sql makes a role that sees these views and nothing
-- else; making roles is an administrator's business and none of a migration's.
--
-- Money is exact: round when it is shown. A month is a whole calendar month at the level of as_of, modelled
-- from a price book and no invoice. "On Alpine" means: if all repositories switched that should.

-- Who may not make schemas in this database has an administrator make it, by finance-reader.sql; IF NOT EXISTS
-- would ask for the right all the same.
DO $$
BEGIN
    IF to_regnamespace('finance') IS NULL THEN
        CREATE SCHEMA finance;
    END IF;
END
$$;
COMMENT ON SCHEMA finance IS 'Registries, repositories and cost centres: what they store, cost and would save. Views only.';

-- ------------------------------------------------------------------------------------------ history

CREATE VIEW finance.v_registry_history AS
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
    report.id AS report_id
FROM report JOIN registry ON registry.id = report.registry_id
ORDER BY registry.name COLLATE "C", report.as_of, report.computed_at DESC, report.id DESC;

COMMENT ON VIEW finance.v_registry_history IS 'A row for each registry and each time it was accounted for; where that was done twice, the later answer.';
COMMENT ON COLUMN finance.v_registry_history.registry IS 'Host of the registry, with its port where that is not the scheme''s own.';
COMMENT ON COLUMN finance.v_registry_history.as_of IS 'The moment the figures are for: when the crawl ended.';
COMMENT ON COLUMN finance.v_registry_history.is_complete IS 'Whether the crawl could read everything; if not, totals may be too small.';
COMMENT ON COLUMN finance.v_registry_history.repositories IS 'Repositories that have a tag.';
COMMENT ON COLUMN finance.v_registry_history.tags IS 'Tags.';
COMMENT ON COLUMN finance.v_registry_history.images IS 'Different images, one for each platform.';
COMMENT ON COLUMN finance.v_registry_history.logical_bytes IS 'What the tags reach, each tag counted alone: what a naive sum says.';
COMMENT ON COLUMN finance.v_registry_history.stored_bytes IS 'What is stored, each blob once. The attributed bytes of the repositories add up to it.';
COMMENT ON COLUMN finance.v_registry_history.untagged_bytes IS 'Known to be stored and reached by no tag; null where the registry cannot say.';
COMMENT ON COLUMN finance.v_registry_history.alpine_stored_bytes_low IS 'What would be stored on Alpine: seldom less.';
COMMENT ON COLUMN finance.v_registry_history.alpine_stored_bytes_expected IS 'What would be stored on Alpine: the single best figure.';
COMMENT ON COLUMN finance.v_registry_history.alpine_stored_bytes_high IS 'What would be stored on Alpine: seldom more.';
COMMENT ON COLUMN finance.v_registry_history.currency IS 'Currency of every amount in the row (ISO 4217); null, as the amounts are, where the registry has no price book.';
COMMENT ON COLUMN finance.v_registry_history.monthly_cost IS 'Cost of a whole month: the sum of fee, storage and transfer.';
COMMENT ON COLUMN finance.v_registry_history.monthly_fee IS 'Flat fees in it.';
COMMENT ON COLUMN finance.v_registry_history.monthly_storage IS 'What is paid for stored bytes in it.';
COMMENT ON COLUMN finance.v_registry_history.monthly_transfer IS 'What is paid for moved bytes in it.';
COMMENT ON COLUMN finance.v_registry_history.monthly_unallocated IS 'The part of monthly_cost that is no repository''s.';
COMMENT ON COLUMN finance.v_registry_history.alpine_monthly_cost_low IS 'Cost of a whole month on Alpine: seldom less.';
COMMENT ON COLUMN finance.v_registry_history.alpine_monthly_cost_expected IS 'Cost of a whole month on Alpine: the single best figure.';
COMMENT ON COLUMN finance.v_registry_history.alpine_monthly_cost_high IS 'Cost of a whole month on Alpine: seldom more.';
COMMENT ON COLUMN finance.v_registry_history.monthly_saving_expected IS 'monthly_cost less alpine_monthly_cost_expected; negative where Alpine would cost more.';
COMMENT ON COLUMN finance.v_registry_history.price_book IS 'Which price book the amounts rest on.';
COMMENT ON COLUMN finance.v_registry_history.price_book_version IS 'Which edition of it.';
COMMENT ON COLUMN finance.v_registry_history.computed_at IS 'When the answer was worked out.';
COMMENT ON COLUMN finance.v_registry_history.report_id IS 'Number of the saved report, the same in v_repository_history.';

CREATE VIEW finance.v_repository_history AS
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
    history.report_id
FROM finance.v_registry_history AS history
JOIN report_repository AS row ON row.report_id = history.report_id;

COMMENT ON VIEW finance.v_repository_history IS 'A row for each repository in each row of v_registry_history.';
COMMENT ON COLUMN finance.v_repository_history.registry IS 'The registry it is in.';
COMMENT ON COLUMN finance.v_repository_history.as_of IS 'The moment the figures are for: when the crawl ended.';
COMMENT ON COLUMN finance.v_repository_history.repository IS 'Name of the repository within the registry.';
COMMENT ON COLUMN finance.v_repository_history.team IS 'The team that answers for it, by the rules of that day; null for unassigned.';
COMMENT ON COLUMN finance.v_repository_history.cost_centre IS 'Who pays for it, by the rules of that day; null for unassigned.';
COMMENT ON COLUMN finance.v_repository_history.environment IS 'What it runs for, by the rules of that day; null for unassigned.';
COMMENT ON COLUMN finance.v_repository_history.tags IS 'Tags.';
COMMENT ON COLUMN finance.v_repository_history.images IS 'Different images, one for each platform.';
COMMENT ON COLUMN finance.v_repository_history.logical_bytes IS 'What its tags reach, each tag counted alone.';
COMMENT ON COLUMN finance.v_repository_history.stored_bytes IS 'Everything it reaches, once. Several repositories together store less than the sum of this.';
COMMENT ON COLUMN finance.v_repository_history.exclusive_bytes IS 'What nothing else reaches: what deleting it frees.';
COMMENT ON COLUMN finance.v_repository_history.attributed_bytes IS 'Its fair share of what is stored; the shares add up to the registry''s stored bytes.';
COMMENT ON COLUMN finance.v_repository_history.verdict IS 'What to do: switch, already_small, not_smaller, builder, blocked, unknown_base or not_an_image.';
COMMENT ON COLUMN finance.v_repository_history.reason IS 'Why, in one line.';
COMMENT ON COLUMN finance.v_repository_history.base IS 'The runtime, else the system, that its images are built from; null where nothing is known.';
COMMENT ON COLUMN finance.v_repository_history.alpine_attributed_bytes_low IS 'Its share on Alpine: seldom less.';
COMMENT ON COLUMN finance.v_repository_history.alpine_attributed_bytes_expected IS 'Its share on Alpine: the single best figure.';
COMMENT ON COLUMN finance.v_repository_history.alpine_attributed_bytes_high IS 'Its share on Alpine: seldom more.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_bytes_low IS 'The drop of its share if all switch that should: seldom less.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_bytes_expected IS 'The drop of its share if all switch that should. These add up to what the registry saves.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_bytes_high IS 'The drop of its share if all switch that should: seldom more.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_bytes_low IS 'What is freed if it switches and nobody else does: seldom less. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_bytes_expected IS 'What is freed if it switches and nobody else does. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_bytes_high IS 'What is freed if it switches and nobody else does: seldom more. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.pulls_per_month IS 'How often it is pulled in a month; null where costs are not known.';
COMMENT ON COLUMN finance.v_repository_history.currency IS 'Currency of every amount in the row (ISO 4217); null where the registry has no price book.';
COMMENT ON COLUMN finance.v_repository_history.monthly_cost IS 'Its part of the cost of a whole month: the sum of fee, storage and transfer.';
COMMENT ON COLUMN finance.v_repository_history.monthly_fee IS 'Its part of flat fees.';
COMMENT ON COLUMN finance.v_repository_history.monthly_storage IS 'Its part of what is paid for stored bytes.';
COMMENT ON COLUMN finance.v_repository_history.monthly_transfer IS 'Its part of what is paid for moved bytes.';
COMMENT ON COLUMN finance.v_repository_history.alpine_monthly_cost_low IS 'Its part of the cost of a whole month on Alpine: seldom less.';
COMMENT ON COLUMN finance.v_repository_history.alpine_monthly_cost_expected IS 'Its part of the cost of a whole month on Alpine: the single best figure.';
COMMENT ON COLUMN finance.v_repository_history.alpine_monthly_cost_high IS 'Its part of the cost of a whole month on Alpine: seldom more.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_low IS 'Its part of a month''s saving if all switch that should: seldom less.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_expected IS 'Its part of a month''s saving if all switch that should. These add up to the registry''s.';
COMMENT ON COLUMN finance.v_repository_history.joint_saving_high IS 'Its part of a month''s saving if all switch that should: seldom more.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_low IS 'A month''s saving if it switches and nobody else does: seldom less. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_expected IS 'A month''s saving if it switches and nobody else does. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.solo_saving_high IS 'A month''s saving if it switches and nobody else does: seldom more. Never add these up.';
COMMENT ON COLUMN finance.v_repository_history.report_id IS 'Number of the saved report, the same in v_registry_history.';

-- ------------------------------------------------------------------------------------------ today

CREATE VIEW finance.v_registry AS
SELECT DISTINCT ON (registry) * FROM finance.v_registry_history ORDER BY registry, as_of DESC, report_id DESC;
COMMENT ON VIEW finance.v_registry IS 'The latest row of v_registry_history for each registry, with the same columns.';

CREATE VIEW finance.v_repository AS
SELECT row.* FROM finance.v_repository_history AS row
WHERE row.report_id IN (SELECT report_id FROM finance.v_registry);
COMMENT ON VIEW finance.v_repository IS 'The repositories of v_registry, with the columns of v_repository_history.';

CREATE VIEW finance.v_allocation AS
SELECT registry, as_of, repository, team, cost_centre, environment, attributed_bytes,
    alpine_attributed_bytes_expected, currency, monthly_cost, alpine_monthly_cost_expected, joint_saving_expected
FROM finance.v_repository
UNION ALL
SELECT registry, as_of, NULL, NULL, NULL, NULL, 0, 0, currency, monthly_unallocated, monthly_unallocated, 0
FROM finance.v_registry WHERE monthly_unallocated <> 0;

COMMENT ON VIEW finance.v_allocation IS 'What each repository bears today, and a row without a repository for what is nobody''s: the rows of a registry add up to its row in v_registry, to the last digit.';
COMMENT ON COLUMN finance.v_allocation.registry IS 'The registry.';
COMMENT ON COLUMN finance.v_allocation.as_of IS 'The moment the figures are for.';
COMMENT ON COLUMN finance.v_allocation.repository IS 'The repository; null in the row for what is nobody''s.';
COMMENT ON COLUMN finance.v_allocation.team IS 'The team that answers for it; null for unassigned.';
COMMENT ON COLUMN finance.v_allocation.cost_centre IS 'Who pays for it; null for unassigned.';
COMMENT ON COLUMN finance.v_allocation.environment IS 'What it runs for; null for unassigned.';
COMMENT ON COLUMN finance.v_allocation.attributed_bytes IS 'Its fair share of what is stored.';
COMMENT ON COLUMN finance.v_allocation.alpine_attributed_bytes_expected IS 'Its fair share on Alpine, as expected.';
COMMENT ON COLUMN finance.v_allocation.currency IS 'Currency of the amounts (ISO 4217); null where the registry has no price book.';
COMMENT ON COLUMN finance.v_allocation.monthly_cost IS 'Its part of the cost of a whole month.';
COMMENT ON COLUMN finance.v_allocation.alpine_monthly_cost_expected IS 'Its part of the cost of a whole month on Alpine, as expected.';
COMMENT ON COLUMN finance.v_allocation.joint_saving_expected IS 'Its part of a month''s saving if all switch that should, as expected.';

CREATE VIEW finance.v_cost_centre AS
SELECT cost_centre, team, environment, currency,
    count(repository) AS repositories,
    sum(attributed_bytes)::bigint AS attributed_bytes,
    sum(alpine_attributed_bytes_expected)::bigint AS alpine_attributed_bytes_expected,
    sum(monthly_cost) AS monthly_cost,
    sum(alpine_monthly_cost_expected) AS alpine_monthly_cost_expected,
    sum(joint_saving_expected) AS joint_saving_expected,
    min(as_of) AS as_of
FROM finance.v_allocation
GROUP BY cost_centre, team, environment, currency;

COMMENT ON VIEW finance.v_cost_centre IS 'v_allocation summed over registries by cost centre, team, environment and currency, unassigned rows included: its sums are those of v_allocation.';
COMMENT ON COLUMN finance.v_cost_centre.cost_centre IS 'Who pays; null for unassigned.';
COMMENT ON COLUMN finance.v_cost_centre.team IS 'The team that answers; null for unassigned.';
COMMENT ON COLUMN finance.v_cost_centre.environment IS 'What it runs for; null for unassigned.';
COMMENT ON COLUMN finance.v_cost_centre.currency IS 'Currency of the amounts (ISO 4217); null where there is no price book.';
COMMENT ON COLUMN finance.v_cost_centre.repositories IS 'How many repositories there are.';
COMMENT ON COLUMN finance.v_cost_centre.attributed_bytes IS 'Their fair shares of what is stored.';
COMMENT ON COLUMN finance.v_cost_centre.alpine_attributed_bytes_expected IS 'Their fair shares on Alpine, as expected.';
COMMENT ON COLUMN finance.v_cost_centre.monthly_cost IS 'Their part of the cost of a whole month.';
COMMENT ON COLUMN finance.v_cost_centre.alpine_monthly_cost_expected IS 'Their part of the cost of a whole month on Alpine, as expected.';
COMMENT ON COLUMN finance.v_cost_centre.joint_saving_expected IS 'Their part of a month''s saving if all switch that should, as expected.';
COMMENT ON COLUMN finance.v_cost_centre.as_of IS 'The oldest moment that any of the figures is for.';

CREATE VIEW finance.v_saving AS
SELECT registry, as_of, repository, team, cost_centre, base, reason,
    joint_saving_bytes_low, joint_saving_bytes_expected, joint_saving_bytes_high,
    currency, joint_saving_low, joint_saving_expected, joint_saving_high,
    (sum(joint_saving_bytes_expected) OVER ranked)::bigint AS cumulative_saving_bytes,
    sum(joint_saving_expected) OVER ranked AS cumulative_saving,
    row_number() OVER ranked AS rank
FROM finance.v_repository
WHERE verdict = 'switch'
WINDOW ranked AS (
    PARTITION BY registry
    ORDER BY joint_saving_expected DESC NULLS LAST, joint_saving_bytes_expected DESC, repository
    ROWS UNBOUNDED PRECEDING
);

COMMENT ON VIEW finance.v_saving IS 'The repositories that should switch today, those first in each registry that bring most, with running totals. Others can lose a little by it (v_repository), so the last total is not quite the registry''s saving.';
COMMENT ON COLUMN finance.v_saving.registry IS 'The registry.';
COMMENT ON COLUMN finance.v_saving.as_of IS 'The moment the figures are for.';
COMMENT ON COLUMN finance.v_saving.repository IS 'The repository.';
COMMENT ON COLUMN finance.v_saving.team IS 'The team that answers for it; null for unassigned.';
COMMENT ON COLUMN finance.v_saving.cost_centre IS 'Who pays for it; null for unassigned.';
COMMENT ON COLUMN finance.v_saving.base IS 'What its images are built from.';
COMMENT ON COLUMN finance.v_saving.reason IS 'Why it should switch, in one line.';
COMMENT ON COLUMN finance.v_saving.joint_saving_bytes_low IS 'Bytes saved if all switch that should: seldom less.';
COMMENT ON COLUMN finance.v_saving.joint_saving_bytes_expected IS 'Bytes saved if all switch that should: the single best figure.';
COMMENT ON COLUMN finance.v_saving.joint_saving_bytes_high IS 'Bytes saved if all switch that should: seldom more.';
COMMENT ON COLUMN finance.v_saving.currency IS 'Currency of the amounts (ISO 4217); null where there is no price book.';
COMMENT ON COLUMN finance.v_saving.joint_saving_low IS 'Saved in a whole month if all switch that should: seldom less.';
COMMENT ON COLUMN finance.v_saving.joint_saving_expected IS 'Saved in a whole month if all switch that should: the single best figure.';
COMMENT ON COLUMN finance.v_saving.joint_saving_high IS 'Saved in a whole month if all switch that should: seldom more.';
COMMENT ON COLUMN finance.v_saving.cumulative_saving_bytes IS 'Expected bytes of this row and of those before it in its registry.';
COMMENT ON COLUMN finance.v_saving.cumulative_saving IS 'Expected amounts of this row and of those before it in its registry.';
COMMENT ON COLUMN finance.v_saving.rank IS 'Place in its registry, from 1.';

-- ------------------------------------------------------------------------------------------ crawls

CREATE VIEW finance.v_crawl AS
SELECT
    crawl.id AS crawl_id,
    registry.name AS registry,
    crawl.state,
    crawl.started_at,
    crawl.finished_at,
    extract(epoch FROM crawl.finished_at - crawl.started_at)::double precision AS duration_seconds,
    crawl.requests,
    crawl.requests_rate_limited,
    crawl.bytes_received,
    (SELECT count(*) FROM crawl_fault WHERE crawl_fault.crawl_id = crawl.id) AS faults
FROM crawl JOIN registry ON registry.id = crawl.registry_id;

COMMENT ON VIEW finance.v_crawl IS 'Each crawl: whether the figures can be trusted, and what reading them cost the registry.';
COMMENT ON COLUMN finance.v_crawl.crawl_id IS 'Number of the crawl.';
COMMENT ON COLUMN finance.v_crawl.registry IS 'The registry.';
COMMENT ON COLUMN finance.v_crawl.state IS 'How it stands: queued, running, complete, incomplete (faults cost it something), interrupted or failed.';
COMMENT ON COLUMN finance.v_crawl.started_at IS 'When it began; null while it is queued.';
COMMENT ON COLUMN finance.v_crawl.finished_at IS 'When it ended; null while it has not.';
COMMENT ON COLUMN finance.v_crawl.duration_seconds IS 'How long it took; null while it has not ended.';
COMMENT ON COLUMN finance.v_crawl.requests IS 'Requests on the wire, those for tokens and retries included.';
COMMENT ON COLUMN finance.v_crawl.requests_rate_limited IS 'Requests that the registry turned away for being too many.';
COMMENT ON COLUMN finance.v_crawl.bytes_received IS 'Bytes of bodies received.';
COMMENT ON COLUMN finance.v_crawl.faults IS 'How many things it could not read.';

-- ------------------------------------------------------------------------------------------ the same columns

-- PostgreSQL does not carry comments over from a view to one that selects from it.
DO $$
DECLARE
    pair record;
BEGIN
    FOR pair IN
        SELECT target.attrelid::regclass AS view_name, target.attname, source_comment.description
        FROM (VALUES ('finance.v_registry', 'finance.v_registry_history'),
                     ('finance.v_repository', 'finance.v_repository_history')) AS views (target, source)
        JOIN pg_attribute AS target ON target.attrelid = views.target::regclass AND target.attnum > 0
        JOIN pg_attribute AS source ON source.attrelid = views.source::regclass AND source.attname = target.attname
        JOIN pg_description AS source_comment
            ON source_comment.objoid = source.attrelid AND source_comment.objsubid = source.attnum
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', pair.view_name, pair.attname, pair.description);
    END LOOP;
END
$$;
