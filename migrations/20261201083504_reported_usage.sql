-- What a registry itself says that it stores, the age of manifests, and what is kept after deletion.

ALTER TABLE listed_manifest
    ADD COLUMN created_at timestamptz,
    ADD COLUMN changed_at timestamptz;
COMMENT ON COLUMN listed_manifest.created_at IS 'When it was pushed, if the registry says.';
COMMENT ON COLUMN listed_manifest.changed_at IS 'When it or its tags last changed, if the registry says.';

ALTER TABLE crawl
    ADD COLUMN soft_deleted_repositories integer,
    ADD COLUMN soft_deleted_since timestamptz;
COMMENT ON COLUMN crawl.soft_deleted_repositories IS
    'How many deleted repositories the registry still stored; null if it does not say.';
COMMENT ON COLUMN crawl.soft_deleted_since IS 'When the first of them was deleted, if the registry says.';

CREATE TABLE report_reconciliation (
    report_id bigint PRIMARY KEY REFERENCES report (id) ON DELETE CASCADE,
    reported_bytes bigint NOT NULL,
    source text NOT NULL,
    reported_at timestamptz,
    includes_replicas boolean NOT NULL,
    counted_bytes bigint NOT NULL,
    unexplained_bytes bigint NOT NULL,
    within_bounds boolean NOT NULL
);
COMMENT ON TABLE report_reconciliation IS 'What a registry itself reports, compared with a report''s stored bytes.';
COMMENT ON COLUMN report_reconciliation.source IS 'Where the registry''s figure comes from, such as azure_usage.';
COMMENT ON COLUMN report_reconciliation.unexplained_bytes IS 'The remainder; negative if more is counted than reported.';
COMMENT ON COLUMN report_reconciliation.within_bounds IS
    'Whether the remainder lies within the bounds of the causes that are not known exactly.';

CREATE TABLE report_difference (
    report_id bigint NOT NULL REFERENCES report_reconciliation (report_id) ON DELETE CASCADE,
    cause text NOT NULL,
    bytes bigint NOT NULL,
    bytes_low bigint,
    bytes_high bigint,
    PRIMARY KEY (report_id, cause)
);
COMMENT ON TABLE report_difference IS
    'The difference between reported and counted bytes by cause; the rows of a report add up to it.';
COMMENT ON COLUMN report_difference.bytes IS 'What is known of the cause; positive if the registry reports more than is counted.';
COMMENT ON COLUMN report_difference.bytes_low IS 'The least that it may be; null if there is no bound.';
COMMENT ON COLUMN report_difference.bytes_high IS 'The most that it may be; null if there is no bound.';

CREATE VIEW finance.v_reconciliation AS
SELECT
    latest.registry,
    latest.as_of,
    own.source,
    own.reported_at,
    own.includes_replicas,
    own.reported_bytes,
    own.counted_bytes,
    difference.cause,
    difference.bytes AS difference_bytes,
    difference.bytes_low AS difference_bytes_low,
    difference.bytes_high AS difference_bytes_high,
    own.unexplained_bytes,
    own.within_bounds,
    latest.report_id
FROM finance.v_registry AS latest
JOIN report_reconciliation AS own ON own.report_id = latest.report_id
JOIN report_difference AS difference ON difference.report_id = own.report_id;

COMMENT ON VIEW finance.v_reconciliation IS 'What each registry itself reports that it stores, compared with what is counted: a row for each cause of the difference. counted_bytes and the sum of difference_bytes are reported_bytes.';
COMMENT ON COLUMN finance.v_reconciliation.registry IS 'The registry.';
COMMENT ON COLUMN finance.v_reconciliation.as_of IS 'When the registry was crawled.';
COMMENT ON COLUMN finance.v_reconciliation.source IS 'Where the registry''s own figure comes from: number, azure_usage, azure_metric, google_repositories, harbor_statistics or digitalocean_registry.';
COMMENT ON COLUMN finance.v_reconciliation.reported_at IS 'When that figure was read; null if that is not known.';
COMMENT ON COLUMN finance.v_reconciliation.includes_replicas IS 'Whether that figure includes the copies in replicas.';
COMMENT ON COLUMN finance.v_reconciliation.reported_bytes IS 'What the registry reports.';
COMMENT ON COLUMN finance.v_reconciliation.counted_bytes IS 'What is counted: stored_bytes of the registry.';
COMMENT ON COLUMN finance.v_reconciliation.cause IS 'Why the figures differ: untagged, soft_deleted, replica_copies, converted_copies, mounted_layers, not_read, lag, or unknown for the remainder.';
COMMENT ON COLUMN finance.v_reconciliation.difference_bytes IS 'What is known of this cause; positive if the registry reports more than is counted.';
COMMENT ON COLUMN finance.v_reconciliation.difference_bytes_low IS 'The least that it may be; null if there is no bound.';
COMMENT ON COLUMN finance.v_reconciliation.difference_bytes_high IS 'The most that it may be; null if there is no bound.';
COMMENT ON COLUMN finance.v_reconciliation.unexplained_bytes IS 'The remainder, the same in each row of a registry.';
COMMENT ON COLUMN finance.v_reconciliation.within_bounds IS 'Whether the remainder lies within the bounds of the other causes.';
COMMENT ON COLUMN finance.v_reconciliation.report_id IS 'Number of the report.';

-- ------------------------------------------------------------------------------------------ layers without a size

ALTER TABLE manifest ADD COLUMN left_out_layers integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN manifest.left_out_layers IS
    'How many layers the manifest lists without a sound size; they are not in layer_blob_ids.';
