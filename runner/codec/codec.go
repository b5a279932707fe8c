package codec

// Raw is JSON text that is passed on as it is.
type Raw []byte
