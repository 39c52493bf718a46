-- What was worked out after each crawl. Facts stay where they are; a report is an answer, kept with the
-- versions of what it rests on, so that the past is shown as it was answered then and dashboards need not
-- reckon anew. Money is exact and never rounded here. A month is a whole calendar month at the level of
-- `as_of`.

CREATE TABLE report (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    crawl_id bigint REFERENCES crawl ON DELETE SET NULL,
    as_of timestamptz NOT NULL,
    computed_at timestamptz NOT NULL,
    tare_version text NOT NULL,
    catalogue_version text NOT NULL,
    model_version text NOT NULL,
    price_book text,
    price_book_version text,
    currency text COLLATE "C",
    is_complete boolean NOT NULL,
    repositories integer NOT NULL,
    tags integer NOT NULL,
    images integer NOT NULL,
    logical_bytes bigint NOT NULL,
    stored_bytes bigint NOT NULL,
    untagged_bytes bigint,
    alpine_stored_bytes_low bigint,
    alpine_stored_bytes_expected bigint,
    alpine_stored_bytes_high bigint,
    monthly_cost numeric,
    monthly_fee numeric,
    monthly_storage numeric,
    monthly_transfer numeric,
    monthly_unallocated numeric,
    alpine_monthly_cost_low numeric,
    alpine_monthly_cost_expected numeric,
    alpine_monthly_cost_high numeric,
    CHECK ((currency IS NULL) = (monthly_cost IS NULL))
);
CREATE INDEX report_of_registry ON report (registry_id, as_of);
COMMENT ON TABLE report IS 'A registry as it was accounted for and judged after a crawl.';
COMMENT ON COLUMN report.as_of IS 'The moment the figures are for: when the crawl ended.';
COMMENT ON COLUMN report.crawl_id IS 'The crawl it followed; null once that was pruned.';
COMMENT ON COLUMN report.catalogue_version IS 'A digest of the bases and twins known beside the registries'' own.';
COMMENT ON COLUMN report.model_version IS 'A digest of the model of sizes, the rules and the settings of verdicts.';
COMMENT ON COLUMN report.currency IS 'Of every amount; null where the registry has no price book.';
COMMENT ON COLUMN report.is_complete IS 'Whether the crawl had read everything.';
COMMENT ON COLUMN report.monthly_unallocated IS 'The part of monthly_cost that is no repository''s.';

CREATE TABLE report_repository (
    report_id bigint NOT NULL REFERENCES report ON DELETE CASCADE,
    repository text COLLATE "C" NOT NULL,
    team text,
    cost_centre text,
    environment text,
    tags integer NOT NULL,
    images integer NOT NULL,
    logical_bytes bigint NOT NULL,
    stored_bytes bigint NOT NULL,
    exclusive_bytes bigint NOT NULL,
    attributed_bytes bigint NOT NULL,
    verdict text,
    reason text,
    base text,
    alpine_attributed_bytes_low bigint,
    alpine_attributed_bytes_expected bigint,
    alpine_attributed_bytes_high bigint,
    joint_saving_bytes_low bigint,
    joint_saving_bytes_expected bigint,
    joint_saving_bytes_high bigint,
    solo_saving_bytes_low bigint,
    solo_saving_bytes_expected bigint,
    solo_saving_bytes_high bigint,
    pulls_per_month numeric,
    monthly_cost numeric,
    monthly_fee numeric,
    monthly_storage numeric,
    monthly_transfer numeric,
    alpine_monthly_cost_low numeric,
    alpine_monthly_cost_expected numeric,
    alpine_monthly_cost_high numeric,
    joint_saving_low numeric,
    joint_saving_expected numeric,
    joint_saving_high numeric,
    solo_saving_low numeric,
    solo_saving_expected numeric,
    solo_saving_high numeric,
    PRIMARY KEY (report_id, repository)
);
CREATE INDEX report_of_repository ON report_repository (repository, report_id);
COMMENT ON TABLE report_repository IS
    'A repository in a report. Attributed bytes add up to the report''s stored bytes; monthly costs and '
    'monthly_unallocated to its monthly cost; expected joint savings to what the registry saves.';
COMMENT ON COLUMN report_repository.team IS 'By the rules of that day; null for unassigned.';
COMMENT ON COLUMN report_repository.base IS 'The runtime, else the system, that the repository''s images are built from.';
