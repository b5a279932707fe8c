package codecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/openfroyo/froyo/providers/host/meter"
)

// Entry is the cache's directory for one guest. It is made beside its place and
// renamed once it is whole; from then on every file in it has a checksum, and an
// entry that is damaged is made anew.
type Entry struct {
	place string // "" where nothing is kept
	// Dir is the directory that the compiler reads and writes: the place, or one beside it.
	Dir string
	// Metered is the metered module; nil in a new entry.
	Metered []byte
	files   int // how many have checksums
}

// None is the entry of a guest that nothing is kept of.
func None() Entry { return Entry{} }

// Names in an entry.
const (
	meteredFile = "metered.wasm"
	sumsFile    = "sums"
	unfinished  = ".tmp"
)

// Entry opens the entry of the guest whose file has this digest, or begins a new one. Its name says all
// that its content depends on, beside wazero, which keeps its versions apart itself.
// Where that fails nothing is kept: a full or read-only disk costs time only.
func (c Cache) Entry(sum [sha256.Size]byte) Entry {
	if c.dir == "" {
		return None()
	}
	name := fmt.Sprintf("m%d-%s", meter.Version, hex.EncodeToString(sum[:]))
	e := Entry{place: filepath.Join(c.dir, name)}
	if err := e.load(); err == nil {
		return e
	}
	c.sweep()
	if err := os.RemoveAll(e.place); err != nil {
		return None()
	}
	work, err := os.MkdirTemp(c.dir, name+".*"+unfinished)
	if err != nil {
		return None()
	}
	e.Dir = work
	return e
}

// load reads an entry that is there, comparing each file with its checksum.
func (e *Entry) load() error {
	sums, err := os.ReadFile(filepath.Join(e.place, sumsFile))
	if err != nil {
		return err
	}
	listed := map[string]string{}
	for line := range strings.Lines(string(sums)) {
		sum, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		listed[name] = sum
	}
	var metered []byte
	files := 0
	err = walk(e.place, func(name, path string) error {
		files++
		var sum string
		var err error
		if name == meteredFile {
			metered, err = os.ReadFile(path)
			sum = checksum(metered)
		} else {
			sum, err = checksumOf(path)
		}
		if err == nil && listed[name] != sum {
			err = fmt.Errorf("%s is damaged", name)
		}
		return err
	})
	if err != nil {
		return err
	}
	if metered == nil || files != len(listed) {
		return errors.New("files are missing")
	}
	e.Dir, e.Metered, e.files = e.place, metered, files
	return nil
}

// Keep finishes the entry after the guest was compiled.
func (e *Entry) Keep(metered []byte) error {
	if e.place == "" {
		return nil
	}
	if e.Metered == nil {
		if err := replace(filepath.Join(e.Dir, meteredFile), metered); err != nil {
			return err
		}
	}
	files := 0
	err := walk(e.Dir, func(string, string) error { files++; return nil })
	if err != nil || files == e.files {
		return err
	}
	if err := e.sum(); err != nil {
		return err
	}
	if e.Dir == e.place {
		return nil
	}
	if err := os.Rename(e.Dir, e.place); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	e.Drop() // what is left where another process was faster
	return nil
}

// sum writes the checksums.
func (e *Entry) sum() error {
	var sums bytes.Buffer
	err := walk(e.Dir, func(name, path string) error {
		sum, err := checksumOf(path)
		fmt.Fprintf(&sums, "%s %s\n", sum, name)
		return err
	})
	if err != nil {
		return err
	}
	return replace(filepath.Join(e.Dir, sumsFile), sums.Bytes())
}

// Drop removes an entry that is of no use.
func (e *Entry) Drop() {
	if e.Dir != "" {
		os.RemoveAll(e.Dir) //nolint:errcheck // what stays is found damaged, or swept up later
	}
}

// sweep removes what processes left that ended before they had finished an entry.
func (c Cache) sweep() {
	left, err := filepath.Glob(filepath.Join(c.dir, "m*"+unfinished))
	if err != nil {
		return
	}
	for _, dir := range left {
		if info, err := os.Lstat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.RemoveAll(dir) //nolint:errcheck // it only takes space
		}
	}
}

// walk gives the files of an entry that have checksums, in order.
func walk(dir string, visit func(name, path string) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sumsFile || strings.HasSuffix(path, unfinished) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return visit(name, path)
	})
}

// castagnoli is the table of what processors compute themselves.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum tells damage, not malice, against which the directory's mode stands.
func checksum(data []byte) string {
	return sumText(crc32.Checksum(data, castagnoli), int64(len(data)))
}

// checksumOf is the checksum of a file. Machine code has many megabytes: it is not kept, and passes through a small buffer.
func checksumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := crc32.New(castagnoli)
	size, err := io.CopyBuffer(sum, struct{ io.Reader }{file}, make([]byte, 128<<10))
	return sumText(sum.Sum32(), size), err
}

func sumText(sum uint32, size int64) string { return fmt.Sprintf("%08x-%d", sum, size) }

// replace puts a file in place whole or not at all.
func replace(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+unfinished)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
