-- Tables and columns by the words of the field.
ALTER TABLE owed RENAME TO pending_handlers;
ALTER TABLE pending_handlers RENAME COLUMN presumed TO intended;
ALTER TABLE leases RENAME TO host_locks;
