-- People who have logged in to the page at their identity provider. The id of a session is in a cookie of its browser;
-- only its digest is stored, so that a reader of the database cannot use it.

CREATE TABLE login_session (
    id_sha256 bytea PRIMARY KEY CHECK (length(id_sha256) = 32),
    issuer text NOT NULL,
    claims json NOT NULL CHECK (json_typeof(claims) = 'object'),
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON TABLE login_session IS 'A login that has not ended. Logging out deletes it; expired ones are deleted at the next login.';
COMMENT ON COLUMN login_session.id_sha256 IS 'The SHA-256 of the id, which has 256 random bits.';
COMMENT ON COLUMN login_session.issuer IS 'The identity provider, as its tokens name it.';
COMMENT ON COLUMN login_session.claims IS
    'The claims of the ID token that the rules of the configuration ask for, and the name. The rules are applied anew with each request.';
COMMENT ON COLUMN login_session.used_at IS 'The last request, to about a minute.';
COMMENT ON COLUMN login_session.expires_at IS 'The end of the session, however often it is used.';
