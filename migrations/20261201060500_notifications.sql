-- The outbox of notifications: one row for each event and receiver, whichever process finds the event first.

CREATE TABLE notification (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    receiver text NOT NULL,
    channel text NOT NULL,
    event text NOT NULL,
    message jsonb NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    lease_until timestamptz,
    finished_at timestamptz,
    error text,
    UNIQUE (receiver, event_id),
    CHECK ((state = 'pending') = (finished_at IS NULL))
);
CREATE INDEX notification_pending ON notification (next_attempt_at) WHERE state = 'pending';
COMMENT ON TABLE notification IS 'Messages to receivers of notifications: to be sent, sent, or given up.';
COMMENT ON COLUMN notification.event_id IS 'The identity of the event. An event leads to one message for each receiver.';
COMMENT ON COLUMN notification.receiver IS 'The name of the receiver in the settings.';
COMMENT ON COLUMN notification.channel IS 'email, slack, teams or webhook.';
COMMENT ON COLUMN notification.event IS 'The kind of event.';
COMMENT ON COLUMN notification.message IS 'The message, without addresses and secrets of the receiver.';
COMMENT ON COLUMN notification.state IS 'pending; sent; failed: given up, and error has the reason.';
COMMENT ON COLUMN notification.lease_until IS 'By the database''s clock: until then one process is sending it.';
COMMENT ON COLUMN notification.error IS 'Why the last attempt failed.';
