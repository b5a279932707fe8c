-- Which run is changing a host. A row outlives its run only where the process died.
CREATE TABLE leases (
  workspace TEXT    NOT NULL,
  host      TEXT    NOT NULL,
  id        TEXT    NOT NULL, -- run/host
  run       TEXT    NOT NULL REFERENCES runs (id),
  owner     TEXT    NOT NULL,
  pid       INTEGER NOT NULL,
  process   TEXT    NOT NULL, -- tells the process from all others of its machine; '' where that is not known
  acquired  INTEGER NOT NULL,
  heartbeat INTEGER NOT NULL,
  PRIMARY KEY (workspace, host)
) STRICT, WITHOUT ROWID;
