package collect

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxName = 3000

// local reports whether a relative path leads nowhere but below a directory, in names that programs take for nothing else,
// and to nothing that is hidden in it.
func local(name string) bool {
	if name == "" || len(name) > maxName || strings.HasPrefix(name, ".") || strings.Contains(name, "\\") || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || strings.HasPrefix(part, "-") {
			return false
		}
	}
	return true
}

// digest is the SHA-256 of what r holds, in hex, and how much that is.
func digest(r io.Reader) (sum string, size int64, err error) {
	hash := sha256.New()
	size, err = io.Copy(hash, r)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}
