package planfile

// Sign signs a text that no document says, for tests.
var Sign = sign
