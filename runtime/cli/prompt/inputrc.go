package prompt

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/reeflective/readline/inputrc"
)

const (
	mostInputrc = 1 << 20 // bytes of a file
	mostFiles   = 16      // that files include
)

// applyInputrc honours a person's inputrc as far as it can be read. Who has an odd one has a prompt all the same.
func applyInputrc(config *inputrc.Config) {
	names := []string{os.Getenv("INPUTRC")}
	if home := os.Getenv("HOME"); home != "" {
		names = append(names, filepath.Join(home, ".inputrc"))
	}
	left := mostFiles
	config.ReadFileFunc = func(name string) ([]byte, error) {
		if left--; left < 0 {
			return nil, errors.New("too many files are included")
		}
		return readSmall(name)
	}
	defer func() { _ = recover() }() // what was read up to there holds
	for _, name := range append(names, "/etc/inputrc") {
		if name == "" {
			continue
		}
		data, err := readSmall(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			_ = inputrc.Parse(bytes.NewReader(data), config, inputrc.WithName(name), inputrc.WithApp("go"),
				inputrc.WithMode("emacs"), inputrc.WithTerm(os.Getenv("TERM")))
		}
		return
	}
}

// readSmall reads a regular file that is not large.
func readSmall(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > mostInputrc {
		return nil, errors.New("no small regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostInputrc))
}
