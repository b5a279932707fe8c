-- The machine that a unit was planned for, or last began to act on; '' is not known.
ALTER TABLE plan_units ADD COLUMN machine_id TEXT NOT NULL DEFAULT '';

-- When a run was last gone on with; 0 is never.
ALTER TABLE runs ADD COLUMN resumed INTEGER NOT NULL DEFAULT 0;
