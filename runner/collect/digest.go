package collect

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// digest is the SHA-256 of what r holds, in hex, and how much that is.
func digest(r io.Reader) (sum string, size int64, err error) {
	hash := sha256.New()
	size, err = io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}
