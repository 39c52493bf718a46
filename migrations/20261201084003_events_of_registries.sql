-- Events that registries send: which were received, what to ask the registry because of them, and what crawls found that
-- events had not told.

CREATE TABLE event_key (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    key bytea NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (registry_id, key)
);
CREATE INDEX event_key_received ON event_key (received_at);
COMMENT ON TABLE event_key IS 'Events that were received, so that a repeated one does nothing. Forgotten after some days.';
COMMENT ON COLUMN event_key.key IS 'Half a SHA-256 digest of what identifies the event.';

CREATE TABLE event_ask (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    repository text COLLATE "C" NOT NULL,
    reference text COLLATE "C" NOT NULL,
    deletes boolean NOT NULL,
    events bigint NOT NULL CHECK (events > 0),
    received_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    misses integer NOT NULL DEFAULT 0 CHECK (misses >= 0),
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until timestamptz,
    UNIQUE (registry_id, repository, reference)
);
CREATE INDEX event_ask_due ON event_ask (registry_id, due_at);
COMMENT ON TABLE event_ask IS
    'What to ask a registry because of events: one row for each tag or manifest, however many events there were. Deleted once '
    'the answer is saved.';
COMMENT ON COLUMN event_ask.reference IS 'The tag or digest; empty for a whole repository.';
COMMENT ON COLUMN event_ask.deletes IS 'Whether an event said that it was deleted. Only then may it end a tag.';
COMMENT ON COLUMN event_ask.events IS 'How many events there were. If it grows while the registry is asked, it is asked again.';
COMMENT ON COLUMN event_ask.received_at IS 'When the first of these events was received.';
COMMENT ON COLUMN event_ask.attempts IS 'How often the registry was asked without a final answer.';
COMMENT ON COLUMN event_ask.misses IS 'How often the registry answered that it does not have it.';
COMMENT ON COLUMN event_ask.due_at IS 'By the database''s clock: not asked before this time.';
COMMENT ON COLUMN event_ask.lease_until IS 'By the database''s clock: a process is asking until then; null if none is.';

ALTER TABLE registry
    ADD COLUMN events_since timestamptz,
    ADD COLUMN events_applied_at timestamptz,
    ADD COLUMN events_told bigint NOT NULL DEFAULT 0 CHECK (events_told >= 0);
COMMENT ON COLUMN registry.events_since IS 'When the first event of a push or deletion was received; null if there was none.';
COMMENT ON COLUMN registry.events_applied_at IS 'When an event last changed what is saved of the registry; null if none did.';
COMMENT ON COLUMN registry.events_told IS 'How many tags events have changed since the last finished crawl.';

ALTER TABLE tag ADD COLUMN told_at timestamptz;
CREATE INDEX tag_told ON tag (repository_id, told_at) WHERE told_at IS NOT NULL;
COMMENT ON COLUMN tag.told_at IS
    'When an event led to the beginning or the end of this row; null if a crawl found it. A crawl that began before may have '
    'read older content and does not change the tag.';

ALTER TABLE crawl_worker ADD COLUMN tag_changes bigint NOT NULL DEFAULT 0;
ALTER TABLE crawl
    ADD COLUMN tag_changes bigint NOT NULL DEFAULT 0,
    ADD COLUMN events_told bigint;
COMMENT ON COLUMN crawl_worker.tag_changes IS 'How many tags this worker found to be new, moved or gone.';
COMMENT ON COLUMN crawl.tag_changes IS 'How many tags the crawl found to be new, moved or gone.';
COMMENT ON COLUMN crawl.events_told IS
    'How many tags events had changed since the crawl before. Null if the registry sent no events then. Where it is not null, '
    'tag_changes is what events had missed.';
