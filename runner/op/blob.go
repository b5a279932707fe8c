package op

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Blob refers to bulk content by digest. Its bytes never stand in JSON: on
// the wire they follow their frame, and a guest sees the reference alone.
type Blob struct {
	Sum  string `json:"sum"`  // SHA-256, hex
	Size int64  `json:"size"` // bytes
	// Open gives the content where this side has it, else nil. It may be
	// called several times; the caller closes what it returns.
	Open func() (io.ReadCloser, error) `json:"-"`
}

// NewBlob makes a blob of bytes in memory, which must not change afterwards.
func NewBlob(content []byte) *Blob {
	return &Blob{
		Sum:  Sum(content),
		Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

// Sum returns the SHA-256 of content in hex.
func Sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
