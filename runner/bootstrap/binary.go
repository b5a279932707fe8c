package bootstrap

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/openfroyo/froyo/runner/op"
)

// Binary is a runner for one platform. Whoever gives the same one to all
// hosts has it unpacked once, where hosts cannot do so.
type Binary struct {
	Gzip []byte // compressed
	Zstd []byte // compressed, or nil
	Sum  string // SHA-256 of the program, hex
	Size int64  // of the program
	// Check says that Gzip or Zstd is not what was signed; each is held against it once, before any of it is sent. nil
	// trusts them.
	Check func(data []byte) error

	unpackOnce, zstdOnce, gzipOnce sync.Once
	program                        []byte
	unpackErr, zstdErr, gzipErr    error
}

// payload is what is sent.
type payload struct {
	data []byte
	sum  string // its SHA-256, where the host checks it
	by   string // the host's program that unpacks it
}

// plain is what stands in the place of a checksum and a program where there is none.
const plain = "-"

// line announces it to the bootstrap.
func (p payload) line() string { return strconv.Itoa(len(p.data)) + " " + p.sum + " " + p.by + "\n" }

// payload chooses what is sent: what the host unpacks fastest, else the program as it is.
func (b *Binary) payload(r report) (payload, error) {
	switch {
	case r.zstd && b.Zstd != nil:
		b.zstdOnce.Do(func() { b.zstdErr = b.check(b.Zstd) })
		return payload{b.Zstd, plain, "zstd"}, b.zstdErr
	case r.gzip:
		b.gzipOnce.Do(func() { b.gzipErr = b.check(b.Gzip) })
		return payload{b.Gzip, plain, "gzip"}, b.gzipErr
	}
	b.unpackOnce.Do(func() { b.program, b.unpackErr = b.unpack() })
	return payload{b.program, b.Sum, plain}, b.unpackErr
}

func (b *Binary) check(data []byte) error {
	if b.Check == nil {
		return nil
	}
	return b.Check(data)
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
