-- How far the units of a run have come, and what a run goes by, so that it can be gone on with.

-- When a unit last began to act; 0 is never. Its status is '' from then until its end is known.
ALTER TABLE plan_units ADD COLUMN started INTEGER NOT NULL DEFAULT 0;
-- What it offered to later units, where one of them reads it; NULL else.
ALTER TABLE plan_units ADD COLUMN outputs TEXT;

-- The process that a run is in: its id, and what tells it from all others; '' where that is not known.
ALTER TABLE runs ADD COLUMN pid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN process TEXT NOT NULL DEFAULT '';

-- The plan of a run that has begun to act and has not come to its end well.
CREATE TABLE run_plans (
  run  TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
  data BLOB NOT NULL -- gzip
) STRICT, WITHOUT ROWID;
