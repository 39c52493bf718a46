-- Registries delete manifests that an index under a tag still lists. The content is known, but no longer stored.

CREATE TABLE missing_manifest (
    repository_id bigint NOT NULL REFERENCES repository ON DELETE CASCADE,
    manifest_blob_id bigint NOT NULL REFERENCES blob,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    CHECK (valid_until >= valid_from)
);
CREATE UNIQUE INDEX missing_manifest_now ON missing_manifest (repository_id, manifest_blob_id) WHERE valid_until IS NULL;
CREATE INDEX missing_manifest_of_blob ON missing_manifest (manifest_blob_id);
COMMENT ON TABLE missing_manifest IS 'Content that something in a repository refers to and that the registry has lost, since when and until when.';

ALTER TABLE crawl_fault
    DROP CONSTRAINT crawl_fault_kind_check,
    ADD CONSTRAINT crawl_fault_kind_check CHECK (
        kind IN ('vanished', 'broken', 'unsupported', 'unlisted', 'denied', 'unavailable', 'invalid'));
