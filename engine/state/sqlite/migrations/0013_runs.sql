-- The runbook of a run; '' is not known. Earlier runs have it in the audit trail.
ALTER TABLE runs ADD COLUMN runbook TEXT NOT NULL DEFAULT '';
UPDATE runs SET runbook = a.detail
  FROM (SELECT run, detail, min(id) FROM audit WHERE action IN ('plan', 'apply', 'graph') GROUP BY run) a
  WHERE a.run = runs.id;

-- Why a unit was not going to be executed as things stood when it was planned; '' is that it was.
ALTER TABLE plan_units ADD COLUMN idle TEXT NOT NULL DEFAULT '';

-- What a run had been when it was resumed, for a resume of which nothing came.
ALTER TABLE run_attempts ADD COLUMN summary TEXT;
ALTER TABLE run_attempts ADD COLUMN proposed TEXT NOT NULL DEFAULT '';
ALTER TABLE run_attempts ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE run_attempts ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run_attempts ADD COLUMN applying INTEGER NOT NULL DEFAULT 0;

-- How many bytes unit_outputs holds of a run that has ended.
CREATE TABLE output_sizes (
  run   TEXT    NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO output_sizes SELECT run, sum(length(stdout) + length(stderr)) FROM unit_outputs GROUP BY run;
