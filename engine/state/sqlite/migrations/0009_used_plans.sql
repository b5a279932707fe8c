-- Which run carried out a saved plan last, by the plan's digest: each is carried out once.
CREATE TABLE used_plans (
  workspace TEXT    NOT NULL,
  plan      TEXT    NOT NULL,
  run       TEXT    NOT NULL REFERENCES runs (id),
  time      INTEGER NOT NULL,
  PRIMARY KEY (workspace, plan)
) STRICT, WITHOUT ROWID;
