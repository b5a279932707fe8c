<?php
require __DIR__ . '/../lib/database.php';

$rows = database()->query('SELECT COUNT(*) FROM visits')->fetch_row()[0];
echo "$rows row in the database\n";
