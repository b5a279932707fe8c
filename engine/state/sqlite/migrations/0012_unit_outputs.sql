-- What the programs of a unit printed when it was last executed in a run. Before the text stands a byte: 0 for
-- text as it is, 1 for gzip.
CREATE TABLE unit_outputs (
  run            TEXT    NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  host           TEXT    NOT NULL,
  unit           TEXT    NOT NULL,
  time           INTEGER NOT NULL,
  exit_code      INTEGER NOT NULL,
  sensitive      INTEGER NOT NULL, -- and so nothing is kept
  stdout         BLOB    NOT NULL,
  stdout_omitted INTEGER NOT NULL, -- bytes before it
  stderr         BLOB    NOT NULL,
  stderr_omitted INTEGER NOT NULL,
  PRIMARY KEY (run, host, unit)
) STRICT;
