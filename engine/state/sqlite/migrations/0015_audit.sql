-- The audit log. Each row holds the hash of itself and of the row before; what was written earlier is put in front
-- with the first new row.
ALTER TABLE audit RENAME TO audit_before;

CREATE TABLE audit (
  seq     INTEGER PRIMARY KEY,
  time    INTEGER NOT NULL,
  user    TEXT    NOT NULL,
  origin  TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  run     TEXT    NOT NULL,
  hosts   TEXT    NOT NULL,
  plan    TEXT    NOT NULL,
  outcome TEXT    NOT NULL, -- '' of what begins
  detail  TEXT    NOT NULL,
  hash    TEXT    NOT NULL
) STRICT;

-- How far the log had come, signed by the workspace's key.
CREATE TABLE audit_heads (
  seq       INTEGER PRIMARY KEY,
  hash      TEXT    NOT NULL,
  time      INTEGER NOT NULL,
  key       TEXT    NOT NULL,
  signature BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_insert BEFORE INSERT ON audit WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_heads_update BEFORE UPDATE ON audit_heads BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_heads_delete BEFORE DELETE ON audit_heads BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_heads_insert BEFORE INSERT ON audit_heads WHEN EXISTS (SELECT 1 FROM audit_heads WHERE seq >= NEW.seq)
  BEGIN SELECT raise(ABORT, 'the audit log is append-only'); END;
