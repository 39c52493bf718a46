-- A worker that is lost has read tags of repositories that another worker then reads again: they must not count twice.

ALTER TABLE crawl_task ADD COLUMN tags bigint NOT NULL DEFAULT 0 CHECK (tags >= 0);
COMMENT ON COLUMN crawl_task.tags IS 'How many tags the repository has; 0 until it has been read.';
