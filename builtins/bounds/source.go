package bounds

import (
	"fmt"
	"io"
	"io/fs"
)

// Limits of files that are read as text.
const (
	// MaxSource is how many bytes a file in Starlark may have. What is parsed
	// may be as deep as it is long, and so is the stack of whoever goes through it.
	MaxSource = 1 << 20
	// MaxTemplate is how many bytes a template may have.
	MaxTemplate = 16 << 20
)

// ReadFile reads a file that has at most so many bytes; of a larger one it reads no more.
func ReadFile(fsys fs.FS, name string, most int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > most {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("the file has more than %s", amount(most))}
	}
	return text, nil
}
