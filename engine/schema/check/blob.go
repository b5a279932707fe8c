package check

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// appendBlob adds a reference to a blob.
func appendBlob(dst []byte, b *op.Blob) []byte {
	dst = append(dst, `{"size":`...)
	dst = strconv.AppendInt(dst, b.Size, 10)
	dst = append(dst, `,"sum":"`...)
	dst = append(dst, b.Sum...)
	return append(dst, `"}`...)
}

// hashChunk is how much of a text is copied at a time to be hashed.
const hashChunk = 32 << 10

// textBlob makes a blob of a text without a copy of it: the same text may go to thousands of hosts.
func textBlob(text string) *op.Blob {
	return &op.Blob{
		Sum:  sum(text),
		Size: int64(len(text)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
}

func sum(text string) string {
	if len(text) <= hashChunk {
		return op.Sum([]byte(text))
	}
	hash := sha256.New()
	chunk := make([]byte, hashChunk)
	for len(text) > 0 {
		n := copy(chunk, text)
		hash.Write(chunk[:n])
		text = text[n:]
	}
	return hex.EncodeToString(hash.Sum(nil))
}
