-- The keys by which programs and people reach the service. A key is shown once, when it is made; only its
-- digest is kept, so that who reads the database cannot use it.

CREATE TABLE api_key (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'crawl', 'ingest', 'admin']),
    registries text[] NOT NULL,
    cost_centres text[] NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_key_name ON api_key (name) WHERE revoked_at IS NULL;
COMMENT ON TABLE api_key IS 'A key of the service. A revoked one stays, so that the log can be understood.';
COMMENT ON COLUMN api_key.id IS 'The part of the key that may be shown.';
COMMENT ON COLUMN api_key.secret_sha256 IS 'The SHA-256 of the whole key, which has 256 random bits.';
COMMENT ON COLUMN api_key.registries IS 'Globs of the registries it sees; all where there are none.';
COMMENT ON COLUMN api_key.cost_centres IS 'The cost centres whose repositories it sees; all where there are none.';
COMMENT ON COLUMN api_key.expires_at IS 'From when on it is no longer accepted; null for never.';
COMMENT ON COLUMN api_key.revoked_at IS 'Since when it is no longer accepted; null while it is.';
