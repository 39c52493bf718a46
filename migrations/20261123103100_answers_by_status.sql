-- How a registry answered, beside what it was asked: whether it is the registry that fails, or who asks that is
-- refused.

ALTER TABLE crawl
    ADD COLUMN answers_2xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_3xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_4xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_5xx bigint NOT NULL DEFAULT 0;
ALTER TABLE crawl_worker
    ADD COLUMN answers_2xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_3xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_4xx bigint NOT NULL DEFAULT 0,
    ADD COLUMN answers_5xx bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN crawl.answers_4xx IS 'Answers with a status from 400 to 499: a tag that was gone, a token that had to be renewed, a right that is missing.';
