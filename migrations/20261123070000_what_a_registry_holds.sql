-- What registries hold: content under its digest, stored once, and which tag pointed where, since when.
-- Every time is UTC. A manifest or configuration never changes under its digest, so those rows are
-- written once and never updated; what changes is in `repository`, `tag` and `crawl`.

CREATE TABLE registry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    origin_url text NOT NULL,
    dedup_scope text NOT NULL CHECK (dedup_scope IN ('registry', 'repository')),
    first_seen timestamptz NOT NULL
);
COMMENT ON TABLE registry IS 'A registry that has been crawled.';
COMMENT ON COLUMN registry.name IS 'Host, and port where it is not the scheme''s own.';
COMMENT ON COLUMN registry.origin_url IS 'Scheme, host and port as last crawled; never with credentials.';
COMMENT ON COLUMN registry.dedup_scope IS 'Where the registry keeps one copy of a blob: in all of it, or in each repository.';

CREATE TABLE repository (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    first_seen timestamptz NOT NULL,
    missed_crawls integer NOT NULL DEFAULT 0 CHECK (missed_crawls >= 0),
    tombstoned_at timestamptz,
    UNIQUE (registry_id, name)
);
COMMENT ON COLUMN repository.missed_crawls IS 'How many complete listings of the catalogue in a row did not name it.';
COMMENT ON COLUMN repository.tombstoned_at IS 'Since when it counts as deleted, after several such listings; null while it exists.';

CREATE TABLE blob (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest text COLLATE "C" NOT NULL UNIQUE
);
COMMENT ON TABLE blob IS
    'Every digest that anything named, under a small number. Sizes are with the manifests that claim '
    'them: a registry that lies about a layer''s size must not change the figures of another registry.';

CREATE TABLE manifest (
    blob_id bigint PRIMARY KEY REFERENCES blob,
    size bigint NOT NULL CHECK (size >= 0),
    media_type text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('image', 'index', 'attestation', 'artifact', 'schema1')),
    artifact_type text,
    config_blob_id bigint REFERENCES blob,
    config jsonb,
    layer_blob_ids bigint[] NOT NULL,
    layer_sizes bigint[] NOT NULL,
    layer_media_types text[] NOT NULL,
    layer_annotations jsonb,
    child_blob_ids bigint[] NOT NULL,
    children jsonb,
    subject_blob_id bigint REFERENCES blob,
    annotations jsonb NOT NULL,
    first_seen timestamptz NOT NULL,
    CHECK (cardinality(layer_blob_ids) = cardinality(layer_sizes)),
    CHECK (cardinality(layer_media_types) IN (1, cardinality(layer_blob_ids)))
);
COMMENT ON TABLE manifest IS 'A manifest or index whose digest was verified; written once, whichever registries hold it.';
COMMENT ON COLUMN manifest.size IS 'Length of the document itself in bytes.';
COMMENT ON COLUMN manifest.config IS 'The descriptor of the configuration, as the manifest has it.';
COMMENT ON COLUMN manifest.layer_blob_ids IS 'The layers in order, foreign ones included; a layer may stand there twice.';
COMMENT ON COLUMN manifest.layer_sizes IS 'Compressed bytes of each layer, as this manifest claims.';
COMMENT ON COLUMN manifest.layer_media_types IS 'One for each layer, or a single one where all are the same.';
COMMENT ON COLUMN manifest.layer_annotations IS 'Allow-listed annotations by the layer''s place, where a layer has any.';
COMMENT ON COLUMN manifest.children IS 'The descriptors of an index, in order; child_blob_ids has the same order.';
COMMENT ON COLUMN manifest.subject_blob_id IS 'What this manifest says it is attached to.';
COMMENT ON COLUMN manifest.annotations IS 'Allow-listed annotations only.';
COMMENT ON COLUMN manifest.first_seen IS 'When it was saved first.';

CREATE TABLE image_config (
    blob_id bigint PRIMARY KEY REFERENCES blob,
    size bigint NOT NULL CHECK (size >= 0),
    os text NOT NULL,
    architecture text NOT NULL,
    variant text,
    os_version text,
    created timestamptz,
    author text,
    variables jsonb NOT NULL,
    labels jsonb NOT NULL,
    history json NOT NULL,
    diff_ids text[] NOT NULL
);
COMMENT ON TABLE image_config IS 'What is kept of an image''s configuration: no value that could be a secret.';
COMMENT ON COLUMN image_config.created IS 'When the image says it was built.';
COMMENT ON COLUMN image_config.variables IS 'Allow-listed environment variables: versions and the like.';
COMMENT ON COLUMN image_config.history IS 'The build steps, oldest first, with secrets replaced. Never searched, only read whole, which is quicker as text.';
COMMENT ON COLUMN image_config.diff_ids IS 'The digests of the uncompressed layers, in order.';

CREATE TABLE tag (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id bigint NOT NULL REFERENCES repository ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    manifest_blob_id bigint NOT NULL REFERENCES blob,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz,
    missed_crawls integer NOT NULL DEFAULT 0 CHECK (missed_crawls >= 0),
    CHECK (valid_until >= valid_from)
);
CREATE UNIQUE INDEX tag_current ON tag (repository_id, name) WHERE valid_until IS NULL;
CREATE INDEX tag_history ON tag (repository_id, valid_from);
COMMENT ON TABLE tag IS
    'Which tag pointed where, when: a row for each target, so that any past day can be shown. A day sees '
    'the rows with valid_from <= day and (valid_until is null or day < valid_until).';
COMMENT ON COLUMN tag.manifest_blob_id IS 'What it points to; not in manifest where that could not be read.';
COMMENT ON COLUMN tag.valid_until IS 'When it was seen to point elsewhere or counted as deleted; null while it is current.';
COMMENT ON COLUMN tag.missed_crawls IS 'How many complete tag listings in a row did not have it, or had it and could not serve it.';

CREATE TABLE referrer (
    repository_id bigint NOT NULL REFERENCES repository ON DELETE CASCADE,
    subject_blob_id bigint NOT NULL REFERENCES blob,
    manifest_blob_id bigint NOT NULL REFERENCES blob,
    first_seen timestamptz NOT NULL,
    PRIMARY KEY (repository_id, subject_blob_id, manifest_blob_id)
);
COMMENT ON TABLE referrer IS 'What is attached to what in a repository: signatures, SBOMs, attestations.';

CREATE TABLE crawl (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('running', 'complete', 'incomplete', 'interrupted')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    requests bigint NOT NULL DEFAULT 0,
    requests_get bigint NOT NULL DEFAULT 0,
    requests_head bigint NOT NULL DEFAULT 0,
    requests_retried bigint NOT NULL DEFAULT 0,
    requests_rate_limited bigint NOT NULL DEFAULT 0,
    bytes_received bigint NOT NULL DEFAULT 0,
    waited_milliseconds bigint NOT NULL DEFAULT 0,
    tare_version text NOT NULL,
    CHECK ((state = 'running') = (finished_at IS NULL))
);
CREATE INDEX crawl_of_registry ON crawl (registry_id, started_at);
COMMENT ON TABLE crawl IS 'Every crawl, what it cost the registry and how it ended.';
COMMENT ON COLUMN crawl.state IS 'running; complete; incomplete: faults cost it something; interrupted: it was killed, or its process lost.';
COMMENT ON COLUMN crawl.finished_at IS 'When it ended; for an interrupted one when that was noticed.';
COMMENT ON COLUMN crawl.requests IS 'Requests on the wire, those for tokens and retries included.';
COMMENT ON COLUMN crawl.waited_milliseconds IS 'How long it waited because the registry asked it to.';

CREATE TABLE crawl_fault (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    crawl_id bigint NOT NULL REFERENCES crawl ON DELETE CASCADE,
    repository text,
    reference text,
    kind text NOT NULL CHECK (kind IN ('vanished', 'unsupported', 'denied', 'unavailable', 'invalid')),
    fault text NOT NULL
);
CREATE INDEX crawl_fault_of_crawl ON crawl_fault (crawl_id);
COMMENT ON TABLE crawl_fault IS 'What a crawl could not read, where and why. A fault is part of the result.';
