-- +goose Up
PRAGMA user_version = 2;

CREATE UNIQUE INDEX events_id ON events (id);

CREATE TABLE endpoints (
  id           TEXT PRIMARY KEY CHECK (id <> ''),
  merchant     TEXT NOT NULL REFERENCES merchants (id),
  version      INTEGER NOT NULL CHECK (version >= 1),
  dialect      TEXT NOT NULL,              -- '': of every dialect
  url          TEXT NOT NULL CHECK (url <> ''),
  secret       BLOB,                       -- sealed for this merchant, this endpoint and this column
  former       BLOB,                       -- likewise
  former_until INTEGER,
  enabled      INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  reason       TEXT NOT NULL,              -- why it was disabled, if the merchant did not wish it
  created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX endpoints_merchant ON endpoints (merchant, created_at);

CREATE TABLE deliveries (
  num          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE CHECK (id <> ''),
  endpoint     TEXT NOT NULL REFERENCES endpoints (id),
  merchant     TEXT NOT NULL,
  session      TEXT NOT NULL REFERENCES sessions (id),
  event        TEXT NOT NULL CHECK (event <> ''),
  kind         TEXT NOT NULL CHECK (kind <> ''),
  version      INTEGER NOT NULL CHECK (version >= 1),
  state        TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'parked', 'skipped')),
  body         BLOB,                       -- what every try sends, byte for byte; NULL until it was encoded
  content_type TEXT NOT NULL,
  tries        INTEGER NOT NULL CHECK (tries >= 0),
  next_at      INTEGER,                    -- NULL: never again by itself
  status       INTEGER NOT NULL,
  reason       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  done_at      INTEGER,
  UNIQUE (event, endpoint)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (endpoint, next_at) WHERE state = 'pending' AND next_at IS NOT NULL;
CREATE INDEX deliveries_list ON deliveries (merchant, created_at, num, endpoint);

-- Append-only: what was tried. Rows may be dropped when they are old.
CREATE TABLE tries (
  delivery TEXT NOT NULL REFERENCES deliveries (id),
  number   INTEGER NOT NULL CHECK (number >= 1),
  at       INTEGER NOT NULL,
  duration INTEGER NOT NULL CHECK (duration >= 0), -- microseconds
  status   INTEGER NOT NULL,
  reason   TEXT NOT NULL,
  PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
-- +goose StatementBegin
CREATE TRIGGER tries_never_change BEFORE UPDATE ON tries BEGIN SELECT RAISE(ABORT, 'tries are append-only'); END;
-- +goose StatementEnd
