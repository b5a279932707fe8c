-- The digest of the plan that a run proposed last, who approved that, and when it began to be applied; '' and 0 are not yet.
ALTER TABLE runs ADD COLUMN proposed TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN approved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN applying INTEGER NOT NULL DEFAULT 0;
