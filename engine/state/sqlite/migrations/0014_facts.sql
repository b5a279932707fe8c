-- What told the facts: froyo, or a program or function of the workspace.
ALTER TABLE facts ADD COLUMN source TEXT NOT NULL DEFAULT 'froyo';
