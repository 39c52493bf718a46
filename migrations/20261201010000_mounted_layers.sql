-- AWS ECR can share layers between repositories since January 2026 (blob mounting).

ALTER TABLE registry DROP CONSTRAINT registry_dedup_scope_check;
ALTER TABLE registry ADD CONSTRAINT registry_dedup_scope_check
    CHECK (dedup_scope IN ('registry', 'repository', 'mounted'));
COMMENT ON COLUMN registry.dedup_scope IS 'Where the registry keeps one copy of a blob: in all of it, in each repository, or in each repository with layers that repositories mount of each other.';
