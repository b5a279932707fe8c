-- Handlers that changes called for, or may have, and that have not run since. A machine that
-- no longer stands behind the host's name keeps its rows, set aside.
CREATE TABLE owed (
  workspace  TEXT    NOT NULL,
  host       TEXT    NOT NULL,
  machine_id TEXT    NOT NULL,
  play       TEXT    NOT NULL,
  handler    TEXT    NOT NULL,
  run        TEXT    NOT NULL REFERENCES runs (id), -- of the first call
  since      INTEGER NOT NULL, -- the first call
  called     INTEGER NOT NULL, -- the latest call
  presumed   INTEGER NOT NULL, -- 1 while the change that calls for it is not known to have been made
  PRIMARY KEY (workspace, host, machine_id, play, handler)
) STRICT, WITHOUT ROWID;

-- How a unit's turn ended, of events that tell it; '' of others.
ALTER TABLE events ADD COLUMN status TEXT NOT NULL DEFAULT '';

-- How many hosts a run selected.
ALTER TABLE runs ADD COLUMN hosts INTEGER NOT NULL DEFAULT 0;
