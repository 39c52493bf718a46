-- What is stored without a tag: Azure Container Registry lists all manifests of a repository, and what no tag
-- reaches of them is stored and billed like everything else.

CREATE TABLE listed_manifest (
    repository_id bigint NOT NULL REFERENCES repository ON DELETE CASCADE,
    manifest_blob_id bigint NOT NULL REFERENCES blob,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    CHECK (valid_until >= valid_from)
);
CREATE UNIQUE INDEX listed_manifest_current ON listed_manifest (repository_id, manifest_blob_id)
    WHERE valid_until IS NULL;
CREATE INDEX listed_manifest_history ON listed_manifest (repository_id, valid_from);
-- For removing blobs that nothing refers to any more.
CREATE INDEX listed_manifest_of_blob ON listed_manifest (manifest_blob_id);
COMMENT ON TABLE listed_manifest IS
    'Which manifests a registry said it stores in a repository, when, whether or not a tag reaches them: a row '
    'for each time it was there, so that any past day can be shown, as with tag.';
COMMENT ON COLUMN listed_manifest.manifest_blob_id IS 'The manifest; not in manifest where it could not be read.';
COMMENT ON COLUMN listed_manifest.valid_until IS 'When a listing that came to its end no longer had it; null while it is there.';

ALTER TABLE repository ADD COLUMN manifests_listed_from timestamptz;
COMMENT ON COLUMN repository.manifests_listed_from IS
    'Since when the registry lists all its manifests to us; null where it does not, so that what no tag reaches is not known.';

ALTER TABLE crawl_fault
    DROP CONSTRAINT crawl_fault_kind_check,
    ADD CONSTRAINT crawl_fault_kind_check CHECK (
        kind IN ('vanished', 'unsupported', 'unlisted', 'denied', 'unavailable', 'invalid'));

ALTER TABLE report
    ADD COLUMN untagged_manifests integer,
    ADD COLUMN untagged_monthly_saving numeric;
COMMENT ON COLUMN report.stored_bytes IS 'What tags reach, each blob once.';
COMMENT ON COLUMN report.untagged_bytes IS 'What is stored beside stored_bytes, reached by no tag; null where the registry cannot say. Costs are of both.';
COMMENT ON COLUMN report.untagged_monthly_saving IS 'What a month would cost less if what no tag reaches were deleted.';
ALTER TABLE report_repository ADD COLUMN untagged_bytes bigint;
COMMENT ON TABLE report_repository IS
    'A repository in a report. Attributed bytes add up to the report''s stored bytes and untagged bytes to its '
    'untagged bytes; monthly costs and monthly_unallocated to its monthly cost; expected joint savings to what the '
    'registry saves.';

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
    report.untagged_monthly_saving
FROM report JOIN registry ON registry.id = report.registry_id
ORDER BY registry.name COLLATE "C", report.as_of, report.computed_at DESC, report.id DESC;
COMMENT ON COLUMN finance.v_registry_history.stored_bytes IS 'What tags reach, each blob once. The attributed bytes of the repositories add up to it.';
COMMENT ON COLUMN finance.v_registry_history.untagged_bytes IS 'Stored beside stored_bytes, and reached by no tag; null where the registry cannot say. Costs are of both.';
COMMENT ON COLUMN finance.v_registry_history.untagged_manifests IS 'How many manifests no tag reaches; null where the registry cannot say.';
COMMENT ON COLUMN finance.v_registry_history.untagged_monthly_saving IS 'What a month would cost less if what no tag reaches were deleted; null where that is not known.';

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
    row.untagged_bytes
FROM finance.v_registry_history AS history
JOIN report_repository AS row ON row.report_id = history.report_id;
COMMENT ON COLUMN finance.v_repository_history.untagged_bytes IS 'What it holds that no tag reaches: its share, which adds up to the registry''s untagged bytes; null where the registry cannot say.';

CREATE OR REPLACE VIEW finance.v_registry AS
SELECT DISTINCT ON (registry) * FROM finance.v_registry_history ORDER BY registry, as_of DESC, report_id DESC;

CREATE OR REPLACE VIEW finance.v_repository AS
SELECT row.* FROM finance.v_repository_history AS row
WHERE row.report_id IN (SELECT report_id FROM finance.v_registry);

-- PostgreSQL does not carry comments over from a view to one that selects from it.
COMMENT ON COLUMN finance.v_registry.stored_bytes IS 'What tags reach, each blob once. The attributed bytes of the repositories add up to it.';
COMMENT ON COLUMN finance.v_registry.untagged_bytes IS 'Stored beside stored_bytes, and reached by no tag; null where the registry cannot say. Costs are of both.';
COMMENT ON COLUMN finance.v_registry.untagged_manifests IS 'How many manifests no tag reaches; null where the registry cannot say.';
COMMENT ON COLUMN finance.v_registry.untagged_monthly_saving IS 'What a month would cost less if what no tag reaches were deleted; null where that is not known.';
COMMENT ON COLUMN finance.v_repository.untagged_bytes IS 'What it holds that no tag reaches: its share, which adds up to the registry''s untagged bytes; null where the registry cannot say.';
