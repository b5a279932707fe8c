-- Hosts that were onboarded: a source of the inventory.
CREATE TABLE targets (
  workspace TEXT    NOT NULL,
  name      TEXT    NOT NULL,
  address   TEXT    NOT NULL,
  data      TEXT    NOT NULL, -- the rest, as JSON
  since     INTEGER NOT NULL,
  PRIMARY KEY (workspace, name)
) STRICT, WITHOUT ROWID;
