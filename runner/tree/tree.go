// Package tree is how the list of a directory tree is written, which says what another directory shall hold: one line an entry,
// directories before what is in them. The content of its files follows the list, as far as it was picked.
//
// It imports runner/archive and the standard library only; never fmt, since the runner's size is speed.
package tree

import (
	"errors"
	"path"
	"strconv"
	"strings"
	"unicode"

	"github.com/openfroyo/froyo/runner/archive"
)

// Bounds of a list.
const (
	MaxEntries = 200_000
	MaxList    = 64 << 20 // bytes
)

// Kind is what an entry is.
type Kind string

// The kinds of entries.
const (
	File Kind = "file"
	Dir  Kind = "directory"
	Link Kind = "link"
)

// Entry is a name in a tree, which is relative and clean.
type Entry struct {
	Name string
	Kind Kind
	Mode uint32 // permission bits of a file or a directory
	Size int64  // of a file
	Sum  string // of a file: SHA-256, hex
	Link string // of a link: where it leads
}

// Append adds an entry's line to a list.
func Append(list []byte, e *Entry) []byte {
	list = append(append(list, e.Kind...), '\t')
	switch e.Kind {
	case Link:
		list = append(append(list, e.Link...), '\t')
	case File:
		list = append(strconv.AppendInt(append(mode(list, e), '\t'), e.Size, 10), '\t')
		list = append(append(list, e.Sum...), '\t')
	case Dir:
		list = append(mode(list, e), '\t')
	}
	return append(append(list, e.Name...), '\n')
}

func mode(list []byte, e *Entry) []byte { return strconv.AppendUint(list, uint64(e.Mode), 8) }

// Check refuses an entry that no tree may have, in words that follow its name.
func Check(e *Entry) string {
	switch {
	case !archive.Clean(e.Name):
		return "has a control character in its name, or one that is not UTF-8, or is too long"
	case e.Kind == Link && strings.ContainsFunc(e.Link, unicode.IsControl):
		return "is a link with a control character in its target"
	case e.Kind == Link && !archive.Stays(e.Name, e.Link):
		return "is a link that leads out of the directory, to " + strconv.Quote(e.Link)
	}
	return ""
}

// Parse reads a list. It refuses one whose entries would not all be in one directory.
func Parse(list string) ([]Entry, error) {
	var entries []Entry
	dirs := map[string]bool{".": true}
	last := map[string]string{} // by directory: the name that came last
	for list != "" {
		line, rest, ended := strings.Cut(list, "\n")
		list = rest
		e, ok := parse(line)
		if !ended || !ok || len(entries) == MaxEntries {
			return nil, errors.New("the list of the tree cannot be read at entry " + strconv.Itoa(len(entries)))
		}
		why, dir := Check(&e), path.Dir(e.Name)
		switch {
		case why != "":
			return nil, errors.New(strconv.Quote(e.Name) + " " + why)
		case !dirs[dir] || last[dir] >= path.Base(e.Name):
			return nil, errors.New("the list of the tree is not in order at " + strconv.Quote(e.Name))
		}
		last[dir] = path.Base(e.Name)
		if e.Kind == Dir {
			dirs[e.Name] = true
		}
		entries = append(entries, e)
	}
	return entries, nil
}

func parse(line string) (e Entry, ok bool) {
	fields := strings.Split(line, "\t")
	e.Kind, e.Name = Kind(fields[0]), fields[len(fields)-1]
	var err error
	switch {
	case e.Kind == Link && len(fields) == 3:
		e.Link = fields[1]
		return e, e.Link != ""
	case e.Kind == File && len(fields) == 5:
		e.Sum = fields[3]
		e.Size, err = strconv.ParseInt(fields[2], 10, 64)
	case e.Kind != Dir || len(fields) != 3:
		return e, false
	}
	bits, badMode := strconv.ParseUint(fields[1], 8, 32)
	e.Mode = uint32(bits) & 0o777
	return e, err == nil && badMode == nil && bits <= 0o777 && e.Size >= 0
}

// Excluded reports whether one of the patterns is for a name or for a directory that it is in. A pattern without a slash is for
// names in all directories.
func Excluded(patterns []string, name string) bool {
	for _, p := range patterns {
		p = strings.TrimSuffix(p, "/")
		deep := !strings.Contains(p, "/")
		p = strings.TrimPrefix(p, "/")
		for at := name; at != "."; at = path.Dir(at) {
			part := at
			if deep {
				part = path.Base(at)
			}
			if ok, err := path.Match(p, part); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// Pick writes the indices of entries, which ascend: "0-2,7".
func Pick(indices []int) string {
	var text []byte
	for i := 0; i < len(indices); i++ {
		first := indices[i]
		for i+1 < len(indices) && indices[i+1] == indices[i]+1 {
			i++
		}
		if len(text) > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(first), 10)
		if last := indices[i]; last != first {
			text = strconv.AppendInt(append(text, '-'), int64(last), 10)
		}
	}
	return string(text)
}

// Picked reads what Pick has written, for a list of n entries.
func Picked(text string, n int) ([]int, error) {
	bad := errors.New("what is picked of the tree cannot be read")
	var indices []int
	next := 0
	for text != "" {
		var part string
		part, text, _ = strings.Cut(text, ",")
		from, to, both := strings.Cut(part, "-")
		if !both {
			to = from
		}
		first, err := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err != nil || err2 != nil || first < next || last < first || last >= n {
			return nil, bad
		}
		for i := first; i <= last; i++ {
			indices = append(indices, i)
		}
		next = last + 1
	}
	return indices, nil
}
