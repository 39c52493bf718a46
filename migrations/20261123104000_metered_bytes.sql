-- What registries served for pulls, as their own notifications say when it happens.

CREATE TABLE pulled_bytes (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    day date NOT NULL,
    repository text COLLATE "C" NOT NULL,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    blobs bigint NOT NULL CHECK (blobs >= 0),
    PRIMARY KEY (registry_id, day, repository)
);
COMMENT ON TABLE pulled_bytes IS 'Layers and configurations served, by day (UTC). With the pulls of pull_count it says how many bytes one pull moves.';
COMMENT ON COLUMN pulled_bytes.bytes IS 'Their sizes; a download that broke off counts in full, so this is an upper bound.';
