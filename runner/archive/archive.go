// Package archive reads archives that nobody vouches for: tar and zip. It gives out what may become a file, a directory or a
// link below a directory, and refuses everything else, so that no member leads out of there.
//
// It imports the standard library only; never archive/tar, archive/zip or compress/gzip, which bring fmt.
package archive

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is what a member is.
type Kind string

// The kinds of members. A hard link is a file with the content of another member, which Link names.
const (
	File     Kind = "file"
	Dir      Kind = "directory"
	Link     Kind = "link"
	HardLink Kind = "hard link"
)

// Member is one name in an archive, which is relative and clean.
type Member struct {
	Name string
	Kind Kind
	Mode uint32 // permission bits, with setuid, setgid and sticky
	Size int64  // of a file
	Link string // of a link: its target as it stands there; of a hard link: the name of another member
}

// Reader gives out the members of an archive in their order.
type Reader interface {
	// Next goes to the next member, whose content can be read until Next is called again. At the end it is io.EOF.
	Next() (*Member, io.Reader, error)
}

// Format is how an archive begins.
type Format struct {
	Name string
	// Program takes the compression away from what is a tar then; nil for none.
	Program []string
	magic   string
	at      int
}

// formats in the order in which they are looked for.
var formats = []Format{
	{Name: "gzip", Program: []string{"gzip", "-dc"}, magic: "\x1f\x8b"},
	{Name: "bzip2", Program: []string{"bzip2", "-dc"}, magic: "BZh"},
	{Name: "xz", Program: []string{"xz", "-dc"}, magic: "\xfd7zXZ\x00"},
	{Name: "zstd", Program: []string{"zstd", "-dcq"}, magic: "\x28\xb5\x2f\xfd"},
	{Name: Zip, magic: "PK\x03\x04"},
	{Name: Zip, magic: "PK\x05\x06"}, // without members
	{Name: "tar", magic: "ustar", at: 257},
}

// Zip is the name of the format that is read from its end.
const Zip = "zip"

// HeadSize is how many bytes of its beginning tell the format of an archive.
const HeadSize = blockSize

// Detect tells the format of an archive by its beginning.
func Detect(head []byte) (Format, error) {
	for _, f := range formats {
		if len(head) >= f.at && bytes.HasPrefix(head[f.at:], []byte(f.magic)) {
			return f, nil
		}
	}
	if len(head) == blockSize && checksum(head) && head[0] != 0 {
		return Format{Name: "tar"}, nil // as it was before POSIX
	}
	return Format{}, errors.New("it is neither a tar, plain or compressed by gzip, bzip2, xz or zstd, nor a zip")
}

// Invalid is an archive, or a member of one, that is refused.
type Invalid struct{ Member, Why string }

func (i *Invalid) Error() string {
	if i.Member == "" {
		return i.Why
	}
	return "its member " + quote(i.Member) + " " + i.Why
}

func invalid(why string) error { return &Invalid{Why: why} }

// quote bounds a name for a message.
func quote(name string) string {
	const most = 200
	if len(name) > most {
		name = name[:most] + "..."
	}
	return strconv.Quote(name)
}

// clean checks a member's name and returns it without what means nothing in it, "" for the directory itself.
func clean(name string) (string, error) {
	switch {
	case strings.HasPrefix(name, "/"):
		return "", &Invalid{name, "has an absolute path"}
	case !utf8.ValidString(name):
		return "", &Invalid{name, "has a name that is not UTF-8"}
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", &Invalid{name, "has a control character in its name"}
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "..":
			return "", &Invalid{name, "leads out of the directory by .."}
		case len(part) > maxName:
			return "", &Invalid{name, "has a name of more than " + strconv.Itoa(maxName) + " bytes"}
		}
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	if len(name) > maxPath {
		return "", &Invalid{name, "has a path of more than " + strconv.Itoa(maxPath) + " bytes"}
	}
	return name, nil
}

// Clean reports whether a name is one that a member can have: relative, and leading nowhere else.
func Clean(name string) bool {
	cleaned, err := clean(name)
	return err == nil && cleaned == name && name != ""
}

// Limits of the kernel for names and paths, the latter with room for a directory before it.
const (
	maxName = 255
	maxPath = 3000
)
