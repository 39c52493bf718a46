-- Which processes crawl which registries, what was chosen on the command line, and crawls that are cancelled.

CREATE TABLE crawler (
    registry_id bigint NOT NULL REFERENCES registry ON DELETE CASCADE,
    process text NOT NULL,
    is_configured boolean NOT NULL,
    schedule text,
    next_crawl_at timestamptz,
    lease_until timestamptz NOT NULL,
    PRIMARY KEY (registry_id, process)
);
COMMENT ON TABLE crawler IS 'The processes that crawl a registry by schedule or on request.';
COMMENT ON COLUMN crawler.process IS 'The process: its id, machine and command.';
COMMENT ON COLUMN crawler.is_configured IS
    'Whether the settings of the process name the registry; otherwise it crawls it because it was crawled before.';
COMMENT ON COLUMN crawler.schedule IS 'The schedule of the process for the registry; null if it has none.';
COMMENT ON COLUMN crawler.next_crawl_at IS 'The next time of the schedule, jitter included.';
COMMENT ON COLUMN crawler.lease_until IS 'By the database''s clock: after this time the process counts as stopped.';

ALTER TABLE registry ADD COLUMN crawl_choice jsonb;
COMMENT ON COLUMN registry.crawl_choice IS
    'What `tare crawl` read of the registry the last time: repositories, platforms and certificates. Null: everything.';

ALTER TABLE crawl
    DROP CONSTRAINT crawl_state_check,
    DROP CONSTRAINT crawl_check,
    DROP CONSTRAINT crawl_check1,
    ADD COLUMN cancel_requested_at timestamptz,
    ADD COLUMN cancel_requested_by text,
    ADD CONSTRAINT crawl_state_check CHECK
        (state IN ('queued', 'running', 'complete', 'incomplete', 'interrupted', 'failed', 'cancelled')),
    ADD CONSTRAINT crawl_finished_check CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
    ADD CONSTRAINT crawl_started_check CHECK (state IN ('queued', 'failed', 'cancelled') OR started_at IS NOT NULL);
COMMENT ON COLUMN crawl.state IS
    'queued; running; complete; incomplete: something could not be read; interrupted: it was stopped or its process '
    'was lost; failed: message has the reason; cancelled: a user cancelled it.';
COMMENT ON COLUMN crawl.cancel_requested_at IS 'When a user asked to cancel it. A running crawl then stops soon.';
COMMENT ON COLUMN crawl.cancel_requested_by IS 'Who asked to cancel it.';
