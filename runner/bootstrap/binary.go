package bootstrap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// Binary is a runner for one platform. Whoever gives the same one to all
// hosts has its digest computed once.
type Binary struct {
	Gzip []byte // compressed
	Sum  string // SHA-256 of the program, hex
	Size int64  // of the program

	once    sync.Once
	gzipSum string

	unpackOnce sync.Once
	program    []byte
	unpackErr  error
}

// payload returns what to send and its SHA-256: the program as it is, or compressed.
func (b *Binary) payload(compressed bool) (data []byte, sum string, err error) {
	if compressed {
		b.once.Do(func() { b.gzipSum = op.Sum(b.Gzip) })
		return b.Gzip, b.gzipSum, nil
	}
	b.unpackOnce.Do(func() { b.program, b.unpackErr = b.unpack() })
	return b.program, b.Sum, b.unpackErr
}

func (b *Binary) unpack() ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b.Gzip))
	if err != nil {
		return nil, err
	}
	program, err := io.ReadAll(io.LimitReader(r, b.Size+1))
	if err == nil && (int64(len(program)) != b.Size || op.Sum(program) != b.Sum) {
		err = errors.New("it does not unpack to what it should")
	}
	return program, err
}
