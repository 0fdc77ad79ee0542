-- The whole schema of Kassa's database on SQLite, to be read. The files in migrations/ make it; a
-- test compares the two.
--
-- Times are integer microseconds since 1970 in UTC; no time is NULL. Money is minor units, its
-- currency stands in the row or in the session's. Flags are 0 or 1. Ids are TEXT and sort by age.
-- What is only ever read whole is one JSON value, doc; what only an adapter or a dialect understands
-- is bytes. What is asked for, summed or reconciled is a column.
-- A table of wide rows has a number as its key: a wide row inside an index b-tree would spill over
-- to a page of its own.

CREATE TABLE merchants (
  id         TEXT PRIMARY KEY CHECK (id <> ''),
  version    INTEGER NOT NULL CHECK (version >= 1),
  name       TEXT NOT NULL,
  doc        TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
  id         TEXT PRIMARY KEY CHECK (id <> ''),
  merchant   TEXT NOT NULL REFERENCES merchants (id),
  dialect    TEXT NOT NULL,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  hint       TEXT NOT NULL,
  test       INTEGER NOT NULL CHECK (test IN (0, 1)),
  doc        TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
  id         TEXT PRIMARY KEY CHECK (id <> ''),
  merchant   TEXT NOT NULL REFERENCES merchants (id),
  version    INTEGER NOT NULL CHECK (version >= 1),
  psp        TEXT NOT NULL CHECK (psp <> ''),
  name       TEXT NOT NULL,
  test       INTEGER NOT NULL CHECK (test IN (0, 1)),
  enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  priority   INTEGER NOT NULL,
  doc        TEXT NOT NULL,
  settings   BLOB,                       -- sealed for this merchant, this channel and this column
  data       BLOB,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX channels_merchant ON channels (merchant, priority, created_at);

CREATE TABLE sessions (
  num          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE CHECK (id <> ''),
  merchant     TEXT NOT NULL REFERENCES merchants (id),
  dialect      TEXT NOT NULL,
  locale       TEXT NOT NULL,            -- the language that the merchant forces; '': the shopper's
  version      INTEGER NOT NULL CHECK (version >= 1),
  state        TEXT NOT NULL CHECK (state IN ('open', 'processing', 'authorized', 'paid', 'canceled', 'expired', 'partially_refunded', 'refunded')),
  late         INTEGER NOT NULL CHECK (late IN (0, 1)),
  review       TEXT NOT NULL,            -- '': nobody has to look
  test         INTEGER NOT NULL CHECK (test IN (0, 1)),
  amount       INTEGER NOT NULL CHECK (amount >= 0),
  currency     TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  captured     INTEGER NOT NULL CHECK (captured >= 0),
  refunded     INTEGER NOT NULL CHECK (refunded >= 0),
  active       TEXT,                     -- the attempt in flight
  paid_by      TEXT,                     -- the attempt whose money this is
  channel      TEXT,                     -- the pinned one
  email        TEXT NOT NULL,            -- in lower case, to be searched; doc has it as it was sent
  reference    TEXT NOT NULL,            -- the merchant's own number of the order
  doc          TEXT NOT NULL,
  metadata     BLOB,                     -- the merchant's, byte for byte
  dialect_data BLOB,
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  paid_at      INTEGER,
  sweep_at     INTEGER                   -- when the sweep may take it: its expiry, or the end of a lease; NULL once it cannot expire
) STRICT;
CREATE INDEX sessions_list ON sessions (merchant, created_at, num, email, currency);
CREATE INDEX sessions_sweep ON sessions (sweep_at) WHERE sweep_at IS NOT NULL;

CREATE TABLE attempts (
  num          INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE CHECK (id <> ''),
  session      TEXT NOT NULL REFERENCES sessions (id),
  merchant     TEXT NOT NULL,
  channel      TEXT NOT NULL REFERENCES channels (id),
  psp          TEXT NOT NULL,
  method       TEXT NOT NULL,
  version      INTEGER NOT NULL CHECK (version >= 1),
  form_version INTEGER NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('starting', 'requires_action', 'processing', 'authorized', 'succeeded', 'failed', 'canceled', 'expired')),
  superseded   INTEGER NOT NULL CHECK (superseded IN (0, 1)),
  excess       INTEGER NOT NULL CHECK (excess IN (0, 1)),
  review       TEXT NOT NULL,
  amount       INTEGER NOT NULL CHECK (amount >= 0),
  currency     TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  token        TEXT NOT NULL UNIQUE CHECK (token <> ''),
  psp_ref      TEXT,                     -- NULL until the provider has named it
  psp_data     BLOB,
  decline      TEXT NOT NULL,
  code         TEXT NOT NULL,
  fee          INTEGER NOT NULL,         -- minor units of currency; below zero when the provider pays
  phone        TEXT NOT NULL,
  doc          TEXT NOT NULL,            -- the next action
  why          BLOB,                     -- routing: inputs, rule, candidates, reason
  poll_at      INTEGER,                  -- NULL: never again
  polls        INTEGER NOT NULL CHECK (polls >= 0),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL,
  done_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX attempts_form ON attempts (session, form_version);
CREATE UNIQUE INDEX attempts_in_flight ON attempts (session)
  WHERE superseded = 0 AND state IN ('starting', 'requires_action', 'processing', 'authorized');
CREATE UNIQUE INDEX attempts_psp_ref ON attempts (channel, psp_ref) WHERE psp_ref IS NOT NULL;
CREATE INDEX attempts_poll ON attempts (poll_at) WHERE poll_at IS NOT NULL;

CREATE TABLE refunds (
  num        INTEGER PRIMARY KEY,
  id         TEXT NOT NULL UNIQUE CHECK (id <> ''),
  session    TEXT NOT NULL REFERENCES sessions (id),
  attempt    TEXT NOT NULL REFERENCES attempts (id),
  merchant   TEXT NOT NULL,
  version    INTEGER NOT NULL CHECK (version >= 1),
  state      TEXT NOT NULL CHECK (state IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
  amount     INTEGER NOT NULL CHECK (amount >= 0),
  currency   TEXT NOT NULL CHECK (currency GLOB '[A-Z][A-Z][A-Z]'),
  excess     INTEGER NOT NULL CHECK (excess IN (0, 1)),
  reason     TEXT NOT NULL,
  psp_ref    TEXT,
  psp_data   BLOB,
  code       TEXT NOT NULL,
  poll_at    INTEGER,
  polls      INTEGER NOT NULL CHECK (polls >= 0),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  done_at    INTEGER
) STRICT;
CREATE INDEX refunds_session ON refunds (session);
CREATE INDEX refunds_poll ON refunds (poll_at) WHERE poll_at IS NOT NULL;

-- Append-only: no row is ever changed or taken away. seq counts a session's facts from 1.
CREATE TABLE events (
  session  TEXT NOT NULL REFERENCES sessions (id),
  seq      INTEGER NOT NULL,
  id       TEXT NOT NULL CHECK (id <> ''),
  merchant TEXT NOT NULL,
  attempt  TEXT,
  refund   TEXT,
  kind     TEXT NOT NULL CHECK (kind <> ''),
  version  INTEGER NOT NULL,
  state    TEXT NOT NULL CHECK (state IN ('open', 'processing', 'authorized', 'paid', 'canceled', 'expired', 'partially_refunded', 'refunded')),
  detail   TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX events_id ON events (id);
CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

-- Append-only: what providers and browsers sent us, as it came. Rows may be dropped when they are old.
CREATE TABLE messages (
  num      INTEGER PRIMARY KEY,
  id       TEXT NOT NULL CHECK (id <> ''),
  channel  TEXT NOT NULL REFERENCES channels (id),
  attempt  TEXT,
  source   TEXT NOT NULL CHECK (source IN ('notification', 'return')),
  verified INTEGER NOT NULL CHECK (verified IN (0, 1)),
  method   TEXT NOT NULL,
  path     TEXT NOT NULL,
  query    TEXT NOT NULL,
  header   TEXT NOT NULL,
  body     BLOB,
  at       INTEGER NOT NULL
) STRICT;
CREATE TRIGGER messages_never_change BEFORE UPDATE ON messages BEGIN SELECT RAISE(ABORT, 'messages are append-only'); END;

-- What idempotent calls said, or the lease of one that still runs.
CREATE TABLE answers (
  num         INTEGER PRIMARY KEY,
  merchant    TEXT NOT NULL,
  call        TEXT NOT NULL,
  key         TEXT NOT NULL,
  body_hash   BLOB NOT NULL CHECK (length(body_hash) = 32),
  done        INTEGER NOT NULL CHECK (done IN (0, 1)),
  status      INTEGER NOT NULL,
  body        BLOB,
  ref         TEXT,                      -- the object that the call made
  lease_until INTEGER,
  created_at  INTEGER NOT NULL,
  UNIQUE (merchant, call, key)
) STRICT;
CREATE INDEX answers_created ON answers (created_at);

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
CREATE TRIGGER tries_never_change BEFORE UPDATE ON tries BEGIN SELECT RAISE(ABORT, 'tries are append-only'); END;
