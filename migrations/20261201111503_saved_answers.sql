-- The latest answers as one process worked them out, so that others answer from them without the graph of the registries.
CREATE TABLE saved_answers (
    inputs text COLLATE "C" PRIMARY KEY,
    state text COLLATE "C",
    computed_at timestamptz,
    answers bytea,
    claimed_state text COLLATE "C",
    claimed_until timestamptz,
    CHECK ((answers IS NULL) = (state IS NULL)),
    CHECK ((answers IS NULL) = (computed_at IS NULL)),
    CHECK ((claimed_state IS NULL) = (claimed_until IS NULL))
);
-- They are compressed already.
ALTER TABLE saved_answers ALTER COLUMN answers SET STORAGE EXTERNAL;
COMMENT ON TABLE saved_answers IS
    'The latest answers for each set of inputs, in a form of the program''s own. Deleting rows is safe: they are worked out again.';
COMMENT ON COLUMN saved_answers.inputs IS 'A digest of the settings, the catalogue, the model and the form of the answers.';
COMMENT ON COLUMN saved_answers.state IS 'A digest of the crawls, events and imports of pulls that they are of.';
COMMENT ON COLUMN saved_answers.claimed_state IS 'The state whose answers a process works out, so that others wait for it.';
COMMENT ON COLUMN saved_answers.claimed_until IS 'When others no longer wait.';
