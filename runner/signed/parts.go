package signed

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

// Names of the files that a build leaves beside the runners.
const (
	ListFile = "parts"        // the digest and name of each part, as sha256sum writes them
	KeyFile  = "parts.pub"    // the key that signed it
	Suffix   = ".bundle"      // of the bundle of a file
	maxList  = 64 << 10       // bytes
	maxKey   = 4 << 10        // bytes
	Bundle   = "parts.bundle" // of the list
)

// Parts are what a build signed: the digests of its parts, by name.
type Parts struct {
	sums map[string]string
	key  *ecdsa.PublicKey
}

// Read reads the list of parts, and holds it against its bundle. Without a list the error matches fs.ErrNotExist.
func Read(files fs.FS) (*Parts, error) {
	list, err := read(files, ListFile, maxList)
	if err != nil {
		return nil, err
	}
	text, err := read(files, KeyFile, maxKey)
	if err != nil {
		return nil, err
	}
	key, err := PublicKey(text)
	if err != nil {
		return nil, &Error{Part: KeyFile, Cause: err}
	}
	bundled, err := read(files, Bundle, maxBundle)
	if err != nil {
		return nil, err
	}
	if err := Verify(list, bundled, key); err != nil {
		return nil, &Error{Part: ListFile, Cause: err}
	}
	sums, err := parse(string(list))
	if err != nil {
		return nil, &Error{Part: ListFile, Cause: err}
	}
	return &Parts{sums: sums, key: key}, nil
}

func read(files fs.FS, name string, most int) ([]byte, error) {
	data, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Part: name, Cause: fmt.Errorf("it is missing: %w", fs.ErrNotExist)}
	}
	if err != nil {
		return nil, &Error{Part: name, Cause: err}
	}
	if len(data) > most {
		return nil, &Error{Part: name, Cause: errors.New("it is too large")}
	}
	return data, nil
}

// List is the text of a list.
func List(sums map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		b.WriteString(sums[name] + "  " + name + "\n")
	}
	return b.String()
}

// parse reads a list, which has one spelling only.
func parse(text string) (map[string]string, error) {
	sums := map[string]string{}
	for line := range strings.Lines(text) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if raw, err := hex.DecodeString(sum); !ok || err != nil || len(raw) != sha256.Size {
			return nil, errors.New("it is no list of digests")
		}
		sums[name] = sum
	}
	if List(sums) != text {
		return nil, errors.New("it is no list of digests in order")
	}
	return sums, nil
}

// Names lists the parts, sorted.
func (p *Parts) Names() []string { return slices.Sorted(maps.Keys(p.sums)) }

// Sum is the digest of a part, in hex, "" of one that was not signed.
func (p *Parts) Sum(name string) string { return p.sums[name] }

// Key is the key that signed.
func (p *Parts) Key() *ecdsa.PublicKey { return p.key }

// Check says that a part is not what was signed, by its digest.
func (p *Parts) Check(name string, sum [sha256.Size]byte) error {
	switch want := p.sums[name]; {
	case want == "":
		return &Error{Part: name, Cause: errors.New("it was not signed")}
	case want != hex.EncodeToString(sum[:]):
		return &Error{Part: name, Cause: fmt.Errorf("its SHA-256 is %x, and %s was signed", sum, want)}
	}
	return nil
}

// CheckFile is Check for a part and its own bundle, which are files.
func (p *Parts) CheckFile(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return &Error{Part: name, Cause: err}
	}
	sum := sha256.Sum256(data)
	if err := p.Check(name, sum); err != nil {
		return err
	}
	bundled, err := read(files, name+Suffix, maxBundle)
	if err != nil {
		return err
	}
	if err := verify(sum, bundled, p.key); err != nil {
		return &Error{Part: name, Cause: err}
	}
	return nil
}

// Error is a part of froyo that is not what its build signed.
type Error struct {
	Part  string
	Cause error
}

func (e *Error) Error() string {
	return "this froyo is not as it was built: " + e.Part + ": " + e.Cause.Error()
}

func (e *Error) Unwrap() error { return e.Cause }

// Hint says what to do about it.
func (e *Error) Hint() string {
	return "install froyo anew, from where you trust it; one that you built yourself is made whole by: make"
}
