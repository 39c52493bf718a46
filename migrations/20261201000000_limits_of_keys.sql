-- The limits of a key fail closed: null stands for all, and a list that is empty or becomes empty shows nothing.

ALTER TABLE api_key
    ALTER COLUMN registries DROP NOT NULL,
    ALTER COLUMN cost_centres DROP NOT NULL,
    ADD CHECK (array_position(registries, NULL) IS NULL),
    ADD CHECK (array_position(cost_centres, NULL) IS NULL);
-- Until now an empty list stood for all.
UPDATE api_key SET registries = NULL WHERE cardinality(registries) = 0;
UPDATE api_key SET cost_centres = NULL WHERE cardinality(cost_centres) = 0;
COMMENT ON COLUMN api_key.registries IS 'Globs of the registries that the key sees; null for all. An empty list shows nothing.';
COMMENT ON COLUMN api_key.cost_centres IS 'The cost centres whose repositories the key sees; null for all. An empty list shows nothing.';
