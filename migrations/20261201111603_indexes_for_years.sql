-- What answers of today cost must not grow with the years that are kept.

-- When one repository was pulled, and the pulls since a day.
CREATE INDEX pull_count_of_repository ON pull_count (registry_id, repository, day);
CREATE INDEX pull_count_of_day ON pull_count (day);
CREATE INDEX pull_count_metered ON pull_count (registry_id, day) WHERE counted_by = 'metered';
CREATE INDEX pulled_bytes_of_day ON pulled_bytes (day);
-- Retention.
CREATE INDEX report_computed ON report (computed_at);
CREATE INDEX crawl_finished ON crawl (finished_at);
CREATE INDEX tag_ended ON tag (valid_until) WHERE valid_until IS NOT NULL;
CREATE INDEX listed_manifest_ended ON listed_manifest (valid_until) WHERE valid_until IS NOT NULL;

-- Counted once, not for each point of a history.
ALTER TABLE report ADD COLUMN pulled_repositories integer;
COMMENT ON COLUMN report.pulled_repositories IS
    'How many of its repositories had pulls, counted or assumed; null in reports of earlier versions.';
