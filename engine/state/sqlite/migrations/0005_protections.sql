-- Resources that must not be removed. A machine that no longer stands behind the host's name
-- keeps its rows, set aside.
CREATE TABLE protections (
  workspace  TEXT    NOT NULL,
  host       TEXT    NOT NULL,
  machine_id TEXT    NOT NULL,
  unit       TEXT    NOT NULL,
  source     TEXT    NOT NULL, -- where the unit was declared, as JSON
  run        TEXT    NOT NULL REFERENCES runs (id), -- that began to protect it
  since      INTEGER NOT NULL,
  PRIMARY KEY (workspace, host, machine_id, unit)
) STRICT, WITHOUT ROWID;
