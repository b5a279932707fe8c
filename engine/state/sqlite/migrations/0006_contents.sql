-- Content that is small, by the digest of its bytes; what is larger lies in files beside the database. Here it
-- costs no more than the record that refers to it.
CREATE TABLE contents (
  sum  TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;
