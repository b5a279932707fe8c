package op

import "io"

// Blob refers to bulk content by digest. Its bytes never stand in JSON: on
// the wire they follow their frame, and a guest sees the reference alone.
type Blob struct {
	Sum  string `json:"sum"`  // SHA-256, hex
	Size int64  `json:"size"` // bytes
	// Open gives the content where this side has it, else nil. It may be
	// called several times; the caller closes what it returns.
	Open func() (io.ReadCloser, error) `json:"-"`
}
