-- A moment whose tags were removed by retention is refused, not answered from the tags that are left.
ALTER TABLE registry ADD COLUMN tags_kept_since timestamptz;
COMMENT ON COLUMN registry.tags_kept_since IS
    'Since when the history of tags and of untagged manifests is complete: retention removed what ended before. Null if it is complete.';
