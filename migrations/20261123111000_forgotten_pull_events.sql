-- Keys of events that registries notify of are forgotten after some time, or they would be kept for ever and for
-- nothing. What was counted stays. An event of a day whose keys are forgotten is not counted, since nothing tells any more
-- whether it was before.

ALTER TABLE pull_event ADD COLUMN counted_by text NOT NULL DEFAULT 'imported'
    CHECK (counted_by IN ('metered', 'imported'));
ALTER TABLE pull_event ALTER COLUMN counted_by DROP DEFAULT;
COMMENT ON COLUMN pull_event.counted_by IS 'metered: an event that the registry notified of; imported: of a file, whose keys are kept, so that files may overlap whenever they are imported.';
-- Which is which was not noted before. Where no file was ever imported, all were notified of.
UPDATE pull_event SET counted_by = 'metered'
    WHERE NOT EXISTS (SELECT FROM pull_import WHERE pull_import.registry_id = pull_event.registry_id);
CREATE INDEX pull_event_of_day ON pull_event (day) WHERE counted_by = 'metered';

ALTER TABLE registry ADD COLUMN pull_events_since date;
COMMENT ON COLUMN registry.pull_events_since IS 'The first day of which it is known which pulls notified of have been counted; events of days before are not counted any more. Null where nothing was forgotten.';
