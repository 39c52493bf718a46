-- How often repositories were pulled from, as files of the registries say. What a file brings is written in one
-- transaction with the file's own row, so that a file counts whole or not at all, and once.

CREATE TABLE pull_import (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    file_name text NOT NULL,
    file_digest text COLLATE "C" NOT NULL,
    format text NOT NULL CHECK (format IN ('acr-events', 'docker-hub', 'harbor')),
    imported_at timestamptz NOT NULL,
    read_at timestamptz,
    period_start date,
    period_end date,
    pulls bigint NOT NULL CHECK (pulls >= 0),
    CHECK ((format = 'harbor') = (read_at IS NOT NULL)),
    CHECK ((period_start IS NULL) = (read_at IS NOT NULL) AND (period_end IS NULL) = (read_at IS NOT NULL)),
    CHECK (period_end > period_start)
);
CREATE UNIQUE INDEX pull_import_of_events ON pull_import (registry_id, file_digest) WHERE read_at IS NULL;
CREATE UNIQUE INDEX pull_import_of_readings ON pull_import (registry_id, file_digest, read_at) WHERE read_at IS NOT NULL;
COMMENT ON TABLE pull_import IS 'A file of pulls that was imported.';
COMMENT ON COLUMN pull_import.read_at IS 'Of counters: the moment at which they stood as the file says; two readings make a difference.';
COMMENT ON COLUMN pull_import.period_start IS 'Of events: the first day that the file is about. On its days all pulls are taken to be known.';
COMMENT ON COLUMN pull_import.period_end IS 'The day after the last.';
COMMENT ON COLUMN pull_import.pulls IS 'How many pulls the file added; those that were known already are not among them.';

CREATE TABLE pull_count (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    day date NOT NULL,
    repository text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    counted_by text NOT NULL CHECK (counted_by IN ('metered', 'imported')),
    count bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (registry_id, day, repository, tag, digest, counted_by)
);
COMMENT ON TABLE pull_count IS 'Pulls by day (UTC) and image. The repository need not be one that was crawled.';
COMMENT ON COLUMN pull_count.tag IS 'By which tag; empty where that is not known.';
COMMENT ON COLUMN pull_count.digest IS 'Of which manifest; empty where that is not known.';
COMMENT ON COLUMN pull_count.counted_by IS 'metered: from events when they happened; imported: from a file. Costs use the first where both are there.';

CREATE TABLE pull_event (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    key bytea NOT NULL,
    day date NOT NULL,
    count bigint NOT NULL CHECK (count > 0),
    PRIMARY KEY (registry_id, key)
);
COMMENT ON TABLE pull_event IS 'What is in pull_count already, so that overlapping files count once.';
COMMENT ON COLUMN pull_event.key IS 'Half a SHA-256 digest of what identifies the event.';
COMMENT ON COLUMN pull_event.count IS 'How many pulls of it were counted. A later file may know of more, when the hour had not ended before.';

CREATE TABLE pull_reading (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    repository text COLLATE "C" NOT NULL,
    read_at timestamptz NOT NULL,
    count bigint NOT NULL CHECK (count >= 0),
    PRIMARY KEY (registry_id, repository, read_at)
);
COMMENT ON TABLE pull_reading IS 'Counters of all pulls there ever were, as they stood.';
