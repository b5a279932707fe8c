package store

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
)

// What a name may be at most: a segment has to fit into the name of a file, with what is added to it.
const (
	maxSegment = 200
	maxName    = 512
)

// ext is what the name of a secret's file ends with.
const ext = ".age"

// CheckName refuses what is no name of a secret: db/password is one. A name stands in paths, in
// plans and on command lines, so that it has none of the characters that mean something there.
func CheckName(name string) error {
	why := nameFault(name)
	if why == "" && inKeySpace(name) {
		return (&diag.Error{Summary: fmt.Sprintf("%q is no name of a secret: SSH keys are kept there", name)}).
			WithHint("keys have a command of their own: froyo key list")
	}
	if why == "" {
		return nil
	}
	d := &diag.Error{Summary: fmt.Sprintf("%q is no name of a secret: %s", shortened(name), why)}
	return d.WithHint("a name is like db/password: letters, digits and _ . - in parts between slashes")
}

func shortened(name string) string {
	if len(name) > 60 {
		return strings.ToValidUTF8(name[:60], "") + "…"
	}
	return name
}

// nameFault is what is wrong with a name, or "".
func nameFault(name string) string {
	switch {
	case name == "":
		return "it is empty"
	case len(name) > maxName:
		return fmt.Sprintf("it has more than %d characters", maxName)
	case name[0] == '-':
		return "it begins with -, as flags do"
	case name == recipientsFile || strings.HasPrefix(name, recipientsFile+"/"):
		return "the list of those who can read secrets is called so"
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch {
		case segment == "":
			return "a part between slashes is empty"
		case segment[0] == '.':
			return "a part begins with a dot"
		case len(segment) > maxSegment:
			return fmt.Sprintf("a part has more than %d characters", maxSegment)
		case strings.HasSuffix(strings.ToLower(segment), ext):
			return "a part ends with .age, which is added to it"
		}
		for _, c := range segment {
			if c >= utf8.RuneSelf || !isNameByte(byte(c)) {
				return fmt.Sprintf("%q cannot stand in it", string(c))
			}
		}
	}
	return ""
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}
