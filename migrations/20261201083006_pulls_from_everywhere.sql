-- Files of pulls come in more formats. Layers that a log names are counted apart from those of notifications, and sums of
-- all repositories are kept as limits.
ALTER TABLE pull_import DROP CONSTRAINT pull_import_format_check;
ALTER TABLE pull_import ADD CONSTRAINT pull_import_format_check CHECK (format IN ('acr-events', 'docker-hub', 'harbor',
    'harbor-audit', 'cloudtrail', 'cloudwatch', 'google-audit', 'kubernetes-events', 'azure-metrics'));

ALTER TABLE pulled_bytes ADD COLUMN counted_by text NOT NULL DEFAULT 'metered'
    CHECK (counted_by IN ('metered', 'imported'));
ALTER TABLE pulled_bytes ALTER COLUMN counted_by DROP DEFAULT;
ALTER TABLE pulled_bytes DROP CONSTRAINT pulled_bytes_pkey;
ALTER TABLE pulled_bytes ADD PRIMARY KEY (registry_id, day, repository, counted_by);
COMMENT ON COLUMN pulled_bytes.counted_by IS 'metered: from notifications; imported: from a log that names layers, with the sizes that crawled manifests state.';

CREATE TABLE pull_total (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    day date NOT NULL,
    count bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (registry_id, day)
);
COMMENT ON TABLE pull_total IS 'How often all repositories of a registry together were pulled, by day (UTC), as its metrics say.';
COMMENT ON COLUMN pull_total.count IS 'It cannot be divided among repositories, so it is a limit for what is assumed of them.';
