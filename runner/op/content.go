//go:build !wasip1

// Guests never see content, and SHA-256 would make each of them an eighth larger.

package op

import (
	"bytes"
	"crypto/sha256"
	"io"
)

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
	return Hex(sum[:])
}

// Hex writes bytes in lower-case hex. It stands here because encoding/hex
// brings fmt into the runner.
func Hex(b []byte) string {
	const digits = "0123456789abcdef"
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, digits[c>>4], digits[c&0xF])
	}
	return string(out)
}
