package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// What of a journal is read, from its end: an answer must fit into a frame.
const (
	maxBytes   = 512 << 10
	maxEntries = 8192
)

// Read returns what is noted of a run: nothing where it has no journal. What
// is no entry of that run is left out.
func (j *Journal) Read(run string) (*op.JournalResult, error) {
	base := j.base()
	dir := filepath.Join(base, run)
	for _, d := range []string{base, dir} {
		if err := checkDir(d, j.uid); errors.Is(err, os.ErrNotExist) {
			return &op.JournalResult{}, nil
		} else if err != nil {
			return nil, err
		}
	}
	path := filepath.Join(dir, fileName)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return &op.JournalResult{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := claim(f, j.uid); err != nil {
		return nil, errors.New(path + ": " + err.Error())
	}
	text, cut, err := tail(f)
	if err != nil {
		return nil, err
	}
	r := entries(text, run)
	r.More = r.More || cut
	return r, nil
}

// tail reads the end of a file, and tells whether that is not all.
func tail(f *os.File) (text []byte, cut bool, err error) {
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	from := max(0, info.Size()-maxBytes)
	text, err = io.ReadAll(io.NewSectionReader(f, from, maxBytes))
	if from > 0 { // in the middle of a line
		_, text, _ = bytes.Cut(text, []byte{'\n'})
	}
	return text, from > 0, err
}

// entries reads lines, each of which is an entry or is left out.
func entries(text []byte, run string) *op.JournalResult {
	r := &op.JournalResult{}
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		var e op.JournalEntry
		if len(line) == 0 || codec.Unmarshal(line, &e) != nil || e.Validate(run) != nil {
			continue
		}
		r.Entries = append(r.Entries, e)
	}
	if over := len(r.Entries) - maxEntries; over > 0 {
		r.Entries, r.More = r.Entries[over:], true
	}
	return r
}
