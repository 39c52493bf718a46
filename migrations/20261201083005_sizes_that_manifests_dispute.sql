-- A manifest may state any size for a layer that other repositories share. Where manifests differ, the registry is asked
-- once, and its answer is kept.

CREATE TABLE confirmed_size (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    blob_id bigint NOT NULL REFERENCES blob ON DELETE CASCADE,
    size bigint NOT NULL CHECK (size >= 0),
    confirmed_at timestamptz NOT NULL,
    PRIMARY KEY (registry_id, blob_id)
);
CREATE INDEX confirmed_size_of_blob ON confirmed_size (blob_id);
COMMENT ON TABLE confirmed_size IS 'Content for which manifests state different sizes, and the size that the registry answered.';
COMMENT ON COLUMN confirmed_size.size IS 'In bytes. It counts, whatever manifests state.';

ALTER TABLE crawl_fault
    DROP CONSTRAINT crawl_fault_kind_check,
    ADD CONSTRAINT crawl_fault_kind_check CHECK (
        kind IN ('vanished', 'broken', 'unsupported', 'conflicting', 'unlisted', 'denied', 'unavailable', 'invalid'));
