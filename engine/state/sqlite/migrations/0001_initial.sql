-- Times are microseconds since 1970, UTC. Digests are SHA-256 in hex, '' where there is none.

CREATE TABLE runs (
  id        TEXT    NOT NULL PRIMARY KEY,
  workspace TEXT    NOT NULL,
  command   TEXT    NOT NULL,
  user      TEXT    NOT NULL,
  started   INTEGER NOT NULL,
  ended     INTEGER NOT NULL DEFAULT 0, -- 0 while it is under way
  status    TEXT    NOT NULL,
  exit_code INTEGER NOT NULL DEFAULT 0,
  plan      TEXT    NOT NULL DEFAULT '',
  summary   TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX runs_of_workspace ON runs (workspace, started);

CREATE TABLE plan_units (
  run      TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  host     TEXT    NOT NULL,
  unit     TEXT    NOT NULL,
  play     TEXT    NOT NULL,
  position INTEGER NOT NULL,
  source   TEXT    NOT NULL, -- file:line:col
  action   TEXT    NOT NULL,
  status   TEXT    NOT NULL, -- '' before its turn
  before   TEXT    NOT NULL,
  after    TEXT    NOT NULL,
  effects  TEXT,
  PRIMARY KEY (run, host, unit)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
  run  TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  seq  INTEGER NOT NULL,
  time INTEGER NOT NULL,
  host TEXT    NOT NULL,
  unit TEXT    NOT NULL,
  kind TEXT    NOT NULL,
  data TEXT    NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- What froyo last made of each resource. Rows of a machine that no longer
-- stands behind the host's name stay, set aside.
CREATE TABLE resource_state (
  workspace  TEXT    NOT NULL,
  host       TEXT    NOT NULL,
  machine_id TEXT    NOT NULL,
  unit       TEXT    NOT NULL,
  args       TEXT    NOT NULL,
  state      TEXT, -- NULL where it is sensitive, large or gone
  before     TEXT    NOT NULL,
  after      TEXT    NOT NULL,
  run        TEXT    NOT NULL REFERENCES runs (id),
  time       INTEGER NOT NULL,
  PRIMARY KEY (workspace, host, machine_id, unit)
) STRICT, WITHOUT ROWID;

-- The machine that stands behind a name now.
CREATE TABLE hosts (
  workspace  TEXT    NOT NULL,
  host       TEXT    NOT NULL,
  machine_id TEXT    NOT NULL,
  since      INTEGER NOT NULL,
  PRIMARY KEY (workspace, host)
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (
  workspace  TEXT    NOT NULL,
  host       TEXT    NOT NULL,
  machine_id TEXT    NOT NULL,
  namespace  TEXT    NOT NULL,
  data       TEXT    NOT NULL,
  time       INTEGER NOT NULL,
  ttl        INTEGER NOT NULL, -- microseconds
  PRIMARY KEY (workspace, host, machine_id, namespace)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
  id     INTEGER PRIMARY KEY,
  time   INTEGER NOT NULL,
  user   TEXT    NOT NULL,
  action TEXT    NOT NULL,
  run    TEXT    NOT NULL,
  detail TEXT    NOT NULL
) STRICT;
