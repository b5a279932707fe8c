package linux

import (
	"errors"
	"strconv"
	"strings"
)

// Permission bits by what they grant, for user, group and others.
const (
	permRead   = 0o444
	permWrite  = 0o222
	permExec   = 0o111
	permSticky = 0o1000
	permSetID  = 0o6000
	permAll    = 0o7777
)

// classes are the bits that belong to user, group and others.
var classes = map[byte]uint32{'u': 0o4700, 'g': 0o2070, 'o': 0o1007, 'a': permAll}

// mode is a file's wanted permissions: those bits of it that are given, and
// how directories differ from files. Its zero value leaves all as it is.
type mode struct {
	given uint32 // the bits that the text decides about
	bits  uint32
	// search is execution that only directories, and files with some execution, get (X).
	search uint32
}

// parseMode reads octal digits, or clauses such as "u=rw,go=r".
func parseMode(text string) (mode, error) {
	if text == "" {
		return mode{}, nil
	}
	if text[0] >= '0' && text[0] <= '9' {
		bits, err := strconv.ParseUint(text, 8, 32)
		if err != nil || bits > permAll {
			return mode{}, errors.New("mode " + strconv.Quote(text) + " is not an octal number up to 7777")
		}
		return mode{given: permAll, bits: uint32(bits)}, nil
	}
	var m mode
	for clause := range strings.SplitSeq(text, ",") {
		if err := m.clause(clause); err != nil {
			return mode{}, errors.New("mode " + strconv.Quote(text) + ": " + err.Error())
		}
	}
	return m, nil
}

// clause applies one assignment, such as "go=rX".
func (m *mode) clause(text string) error {
	who, perms, ok := strings.Cut(text, "=")
	if !ok || who == "" {
		return errors.New("expected something like u=rw, found " + strconv.Quote(text))
	}
	var class uint32
	for i := range len(who) {
		bits, ok := classes[who[i]]
		if !ok {
			return errors.New("expected u, g, o or a before =, found " + strconv.Quote(who))
		}
		class |= bits
	}
	m.given |= class
	m.bits &^= class
	m.search &^= class
	for i := range len(perms) {
		switch perms[i] {
		case 'r':
			m.bits |= class & permRead
		case 'w':
			m.bits |= class & permWrite
		case 'x':
			m.bits |= class & permExec
		case 'X':
			m.search |= class & permExec
		case 's':
			m.bits |= class & permSetID
		case 't':
			m.bits |= class & permSticky
		default:
			return errors.New("expected some of rwxXst after =, found " + strconv.Quote(perms))
		}
	}
	return nil
}

// on returns the permissions of a file or directory that now has others.
func (m mode) on(now uint32, dir bool) uint32 {
	bits := now&^m.given | m.bits
	if dir || bits&permExec != 0 || now&permExec != 0 {
		bits |= m.search
	}
	return bits
}

// depends reports whether the permissions of a file or directory depend on
// those that it has now.
func (m mode) depends(dir bool) bool {
	return m.given != 0 && (m.given != permAll || m.search != 0 && !dir)
}

// whole reports whether the mode says all about the permissions of read, write
// and execute, so that it means the same for every file.
func (m mode) whole() bool { return m.given&0o777 == 0o777 }

// octal writes permissions as operators do: "0644".
func octal(bits uint32) string {
	text := strconv.FormatUint(uint64(bits), 8)
	return strings.Repeat("0", max(0, 4-len(text))) + text
}
