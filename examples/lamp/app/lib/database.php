<?php
// The socket says who asks, so there is no password.
function database(): mysqli
{
    $database = new mysqli('localhost', 'www-data', '', 'shop');
    $database->query('CREATE TABLE IF NOT EXISTS visits (id INT PRIMARY KEY)');
    $database->query('INSERT IGNORE INTO visits VALUES (1)');
    return $database;
}
