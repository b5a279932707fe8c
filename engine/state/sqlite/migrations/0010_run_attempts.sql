-- How a run had ended each time that it was resumed.
CREATE TABLE run_attempts (
  run       TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  started   INTEGER NOT NULL, -- or resumed
  ended     INTEGER NOT NULL,
  status    TEXT    NOT NULL,
  exit_code INTEGER NOT NULL,
  PRIMARY KEY (run, ended)
) STRICT, WITHOUT ROWID;
