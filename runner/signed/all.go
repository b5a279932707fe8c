package signed

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// maxProgram bounds what a runner unpacks to.
const maxProgram = 64 << 20

// All checks each part: the files of runners, and those of guests; and that nothing stands beside them that was not signed.
func (p *Parts) All(runners, guests fs.FS) error {
	for _, name := range p.Names() {
		var err error
		switch path.Ext(name) {
		case ".wasm":
			err = p.guest(guests, name)
		case ".gz":
			if err = p.CheckFile(runners, name); err == nil {
				err = p.program(runners, name)
			}
			if err == nil {
				err = p.digest(runners, strings.TrimSuffix(name, ".gz"))
			}
		case ".zst":
			err = p.CheckFile(runners, name)
		}
		if err != nil {
			return err
		}
	}
	for _, files := range []fs.FS{runners, guests} {
		found, err := fs.Glob(files, "*")
		if err != nil {
			return err
		}
		for _, name := range found {
			if ext := path.Ext(name); (ext == ".wasm" || ext == ".gz" || ext == ".zst") && p.Sum(name) == "" ||
				ext == sumFile && p.Sum(strings.TrimSuffix(name, ext)) == "" {
				return &Error{Part: name, Cause: errors.New("it was not signed")}
			}
		}
	}
	return nil
}

// sumFile ends the name of a file that holds the digest and the size of what a runner unpacks to.
const sumFile = ".sum"

// digest checks such a file: its digest is what was signed, and its size is that of what the runner unpacks to.
func (p *Parts) digest(files fs.FS, name string) error {
	file := name + sumFile
	text, err := read(files, file, maxList)
	if err != nil {
		return err
	}
	program, err := unpacked(files, name+".gz")
	if err != nil {
		return err
	}
	if want := p.Sum(name) + " " + strconv.Itoa(len(program)); strings.TrimSuffix(string(text), "\n") != want {
		return &Error{Part: file, Cause: fmt.Errorf("it says %q, and was %q when it was signed", text, want)}
	}
	return nil
}

func (p *Parts) guest(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return &Error{Part: name, Cause: err}
	}
	return p.Check(name, sha256.Sum256(data))
}

// program checks what a runner unpacks to.
func (p *Parts) program(files fs.FS, name string) error {
	data, err := unpacked(files, name)
	if err != nil {
		return err
	}
	return p.Check(strings.TrimSuffix(name, ".gz"), sha256.Sum256(data))
}

// unpacked is what a runner unpacks to.
func unpacked(files fs.FS, name string) ([]byte, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, &Error{Part: name, Cause: err}
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(r, maxProgram))
	}
	if err != nil {
		return nil, &Error{Part: name, Cause: err}
	}
	return data, nil
}
