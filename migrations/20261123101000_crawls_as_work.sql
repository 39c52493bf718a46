-- Crawls as work that processes share: asked for by schedule or by hand, done by any number of workers at
-- once, one crawl of a registry at a time.
--
-- Workers hold leases by the database's clock, so that no machine's own clock matters. What a worker has
-- claimed is taken from it only by ending its row in crawl_worker, and whatever a worker saves is saved
-- in a transaction that holds that row: it is the fencing token.

ALTER TABLE registry ADD COLUMN scheduled_until timestamptz;
COMMENT ON TABLE registry IS 'A registry that has been crawled, or is to be.';
COMMENT ON COLUMN registry.scheduled_until IS 'The latest slot of its schedule for which a crawl was queued.';

ALTER TABLE crawl
    DROP CONSTRAINT crawl_state_check,
    DROP CONSTRAINT crawl_check,
    ALTER COLUMN started_at DROP NOT NULL,
    ADD COLUMN requested_at timestamptz,
    ADD COLUMN requested_by text NOT NULL DEFAULT 'command line',
    ADD COLUMN idempotency_key text,
    ADD COLUMN slot timestamptz,
    ADD COLUMN is_shared boolean NOT NULL DEFAULT false,
    ADD COLUMN catalogue_complete boolean,
    ADD COLUMN repositories_total bigint NOT NULL DEFAULT 0,
    ADD COLUMN repositories_done bigint NOT NULL DEFAULT 0,
    ADD COLUMN tags_done bigint NOT NULL DEFAULT 0,
    ADD COLUMN message text;
UPDATE crawl SET requested_at = started_at;
-- Of several that were killed only the latest may still be taken for running.
UPDATE crawl SET state = 'interrupted', finished_at = started_at
WHERE state = 'running' AND id NOT IN (SELECT max(id) FROM crawl WHERE state = 'running' GROUP BY registry_id);
ALTER TABLE crawl
    ALTER COLUMN requested_at SET NOT NULL,
    ALTER COLUMN requested_by DROP DEFAULT,
    ADD CHECK (state IN ('queued', 'running', 'complete', 'incomplete', 'interrupted', 'failed')),
    ADD CHECK ((state IN ('queued', 'running')) = (finished_at IS NULL)),
    ADD CHECK (state IN ('queued', 'failed') OR started_at IS NOT NULL);
CREATE UNIQUE INDEX crawl_queued ON crawl (registry_id) WHERE state = 'queued';
CREATE UNIQUE INDEX crawl_running ON crawl (registry_id) WHERE state = 'running';
CREATE UNIQUE INDEX crawl_idempotency ON crawl (registry_id, idempotency_key);
COMMENT ON COLUMN crawl.state IS
    'queued; running; complete; incomplete: faults cost it something; interrupted: it was stopped or its '
    'process lost; failed: it could not be done at all, and message says why.';
COMMENT ON COLUMN crawl.requested_by IS 'Who asked for it: schedule, command line, or a caller of the API.';
COMMENT ON COLUMN crawl.idempotency_key IS 'A caller''s own name for the request, so that repeating it is harmless.';
COMMENT ON COLUMN crawl.slot IS 'The time that the schedule named, where it was the schedule that asked.';
COMMENT ON COLUMN crawl.is_shared IS 'Whether other workers may join and carry it on; else it is one process''s own.';
COMMENT ON COLUMN crawl.catalogue_complete IS 'Whether all that the registry has was listed; null until it was.';
COMMENT ON COLUMN crawl.message IS 'Why it did not end as one would wish.';

CREATE TABLE crawl_worker (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    crawl_id bigint NOT NULL REFERENCES crawl ON DELETE CASCADE,
    name text NOT NULL,
    is_leader boolean NOT NULL,
    joined_at timestamptz NOT NULL,
    lease_until timestamptz NOT NULL,
    left_at timestamptz,
    outcome text CHECK (outcome IN ('finished', 'stopped', 'lost')),
    tags_done bigint NOT NULL DEFAULT 0,
    requests bigint NOT NULL DEFAULT 0,
    requests_get bigint NOT NULL DEFAULT 0,
    requests_head bigint NOT NULL DEFAULT 0,
    requests_retried bigint NOT NULL DEFAULT 0,
    requests_rate_limited bigint NOT NULL DEFAULT 0,
    bytes_received bigint NOT NULL DEFAULT 0,
    waited_milliseconds bigint NOT NULL DEFAULT 0,
    CHECK ((left_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX crawl_worker_of_crawl ON crawl_worker (crawl_id);
CREATE UNIQUE INDEX crawl_leader ON crawl_worker (crawl_id) WHERE is_leader AND left_at IS NULL;
COMMENT ON TABLE crawl_worker IS 'A process''s part in a crawl, and what that part cost the registry.';
COMMENT ON COLUMN crawl_worker.is_leader IS 'Whether it lists the catalogue, waits for the others and ends the crawl.';
COMMENT ON COLUMN crawl_worker.lease_until IS 'By the database''s clock: from then on it may be taken to be lost.';
COMMENT ON COLUMN crawl_worker.outcome IS 'finished; stopped: it handed back what it had; lost: its lease lapsed.';

CREATE TABLE crawl_task (
    crawl_id bigint NOT NULL REFERENCES crawl ON DELETE CASCADE,
    repository text COLLATE "C" NOT NULL,
    worker_id bigint REFERENCES crawl_worker,
    done_at timestamptz,
    PRIMARY KEY (crawl_id, repository)
);
CREATE INDEX crawl_task_open ON crawl_task (crawl_id, repository) WHERE worker_id IS NULL;
CREATE INDEX crawl_task_of_worker ON crawl_task (worker_id);
COMMENT ON TABLE crawl_task IS 'The repositories of a crawl that is running; gone once it has ended.';
COMMENT ON COLUMN crawl_task.worker_id IS 'Who has claimed it; null while it is anybody''s.';

CREATE TABLE crawl_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    crawl_id bigint NOT NULL REFERENCES crawl ON DELETE CASCADE,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    data jsonb NOT NULL
);
CREATE INDEX crawl_event_of_crawl ON crawl_event (crawl_id, id);
COMMENT ON TABLE crawl_event IS
    'What happened in a crawl, in order: within a crawl a higher id was never visible before a lower one. '
    'Of its progress only the latest are kept.';
