// Package wording says what an effect does, in words that leave nothing out:
// who reads them finds out whether it is wanted. A field of an op that has no
// words of its own is told by its name and value.
//
// It imports providers/abi, runner/escape for what is safe to show, runner/op and
// runner/codec.
package wording

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
)

// Effect says what an effect does that is performed as a user, "" for the one
// who logs in. version is the one that a package is going to have, where a plan knows it.
func Effect(e abi.Effect, user, version string) string {
	fields, err := abi.Fields(e.Op)
	if err != nil {
		return "performs " + visible(e.Op.String())
	}
	t := &teller{fields: fields, as: "as " + either(user == "", "the login user", user), version: version}
	text := e.Op.Describe(t)
	if string(fields["unsafe"]) == "true" {
		t.Told("unsafe")
		text += ", following links of any user"
	}
	if rest := t.rest(); len(rest) > 0 {
		text += ", with " + strings.Join(rest, ", ")
	}
	if len(e.Unknown) > 0 {
		text += " (known after apply: " + strings.Join(e.Unknown, ", ") + ")"
	}
	return visible(text)
}

// visible escapes what a terminal would act on or hide; backslashes stay, for shells.
func visible(text string) string {
	var b strings.Builder
	for _, part := range strings.SplitAfter(text, "") {
		if part == `\` {
			b.WriteString(part)
		} else {
			b.WriteString(escape.Text(part))
		}
	}
	return b.String()
}

// teller tells of one op (op.Words). What there are words for it takes out of the fields.
type teller struct {
	fields  map[string]codec.Raw
	as      string
	version string
}

// rest tells the fields that are left: "limit 5".
func (t *teller) rest() []string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.fields)) {
		if string(t.fields[name]) == "null" {
			continue
		}
		parts = append(parts, name+" "+short(string(t.fields[name])))
	}
	return parts
}

// short gives a text that is not too long, else how long it is and which.
func short(text string) string {
	if len(text) <= 200 {
		return text
	}
	return fmt.Sprintf("of %s (sha256 %s)", Plural(len(text), "byte"), op.Sum([]byte(text))[:digest])
}

// digest is how many hex digits of a SHA-256 are shown.
const digest = 12

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// Told implements op.Words.
func (t *teller) Told(fields ...string) {
	for _, name := range fields {
		delete(t.fields, name)
	}
}

// Quote implements op.Words.
func (t *teller) Quote(arg string) string { return Quote(arg) }

// Mode implements op.Words.
func (t *teller) Mode(bits uint32) string { return Mode(bits) }

// Milliseconds implements op.Words.
func (t *teller) Milliseconds(n int64) string { return (time.Duration(n) * time.Millisecond).String() }

// User implements op.Words.
func (t *teller) User() string { return t.as }

// Version implements op.Words.
func (t *teller) Version() string { return t.version }

// Mode writes permissions in octal, and says those beyond the usual: "4755 setuid".
func Mode(mode uint32) string {
	words := []string{fmt.Sprintf("%04o", mode)}
	for _, bit := range []struct {
		bit  uint32
		name string
	}{{0o4000, "setuid"}, {0o2000, "setgid"}, {0o1000, "sticky"}} {
		if mode&bit.bit != 0 {
			words = append(words, bit.name)
		}
	}
	return strings.Join(words, " ")
}

// Quote writes an argument as a shell reads it. One that holds what a terminal
// would act on or hide is written as $'...', in which backslashes are doubled: so
// a line break never reads like the two characters \n.
func Quote(arg string) string {
	plain := func(r rune) bool {
		return strings.ContainsRune("+-./:=@_,%", r) || r < 0x80 && (r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9')
	}
	if arg != "" && strings.IndexFunc(arg, func(r rune) bool { return !plain(r) }) < 0 {
		return arg
	}
	if bare := strings.ReplaceAll(arg, `\`, ""); escape.Text(bare) != bare {
		return "$'" + strings.ReplaceAll(escape.Text(arg), "'", `\'`) + "'"
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
