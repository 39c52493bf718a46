-- Months that were closed. A row is never changed and never deleted by Tare: what was said of a month stays, and a
-- later correction is a row of its own, with a statement that takes the place of the one before.

CREATE TABLE closed_month (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    registry_id bigint NOT NULL REFERENCES registry,
    month date NOT NULL CHECK (EXTRACT(day FROM month) = 1),
    revision integer NOT NULL CHECK (revision >= 0),
    closed_at timestamptz NOT NULL,
    as_of timestamptz NOT NULL,
    currency text COLLATE "C" NOT NULL,
    total numeric NOT NULL,
    statement text NOT NULL,
    statement_digest text COLLATE "C" NOT NULL,
    price_book text NOT NULL,
    price_book_version text NOT NULL,
    price_books text NOT NULL,
    tare_version text NOT NULL,
    catalogue_version text NOT NULL,
    model_version text NOT NULL,
    UNIQUE (registry_id, month, revision)
);
COMMENT ON TABLE closed_month IS 'The statement of a registry''s month as it was when the month was closed.';
COMMENT ON COLUMN closed_month.month IS 'Its first day.';
COMMENT ON COLUMN closed_month.revision IS '0 when the month was closed; each correction is one more.';
COMMENT ON COLUMN closed_month.as_of IS 'The moment as which the registry was looked at: the end of the month.';
COMMENT ON COLUMN closed_month.total IS 'What the registry cost, of all revisions'' statements this one''s.';
COMMENT ON COLUMN closed_month.statement IS 'JSON, kept as text, because it must stay the same to the last byte.';
COMMENT ON COLUMN closed_month.statement_digest IS 'SHA-256 of the statement.';
COMMENT ON COLUMN closed_month.price_books IS 'The editions of the price book that the statement rests on, whole, as JSON.';
COMMENT ON COLUMN closed_month.catalogue_version IS 'As in report.';
COMMENT ON COLUMN closed_month.model_version IS 'As in report.';
