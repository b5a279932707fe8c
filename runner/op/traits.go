package op

import (
	"errors"
	"strconv"
	"strings"
)

// What ops can say of themselves beside what each must (body). An op that has
// nothing to say has no such method.
type (
	// teller says what it does, for people.
	teller interface{ tell(w Words) string }
	// doer says what it does in other words than its kind.
	doer interface{ doing() string }
	// programmed ops are done by programs, so that sudo can allow them to a user whose
	// runner cannot be started.
	programmed interface{ byPrograms() }
	// answered has another answer than Done.
	answered interface{ check(r *Result) error }
	// scoped can be asked for by a provider whose manifest covers it.
	scoped interface{ scope() Scope }
	// dresser sets the mode and owner of what is at a path.
	dresser interface {
		dresses() (a *Attributes, fresh uint32)
	}
	// taker may take something away.
	taker interface{ takes() (may, only bool) }
	// bringer makes what others may stand upon.
	bringer interface {
		brings() (what Brought, path string)
	}
	// ender ends a sequence that is sent ahead: only its provider can tell from its
	// result whether what follows may run.
	ender interface{ ends() }
	// carrier travels with content.
	carrier interface {
		content() *Blob
		withContent(b *Blob) Op
	}
)

// Words spells values of an op for people, and learns what there are words for.
type Words interface {
	// Told says that these fields of the op have been told.
	Told(fields ...string)
	Quote(arg string) string     // an argument, as a shell reads it
	Mode(bits uint32) string     // permissions
	Milliseconds(n int64) string // a time
	User() string                // who performs the op: "as root"
	Version() string             // the version of a package that the plan shows, or ""
}

// Describe says what the op does, in words that leave nothing out.
func (o Op) Describe(w Words) string {
	if t, ok := o.body().(teller); ok {
		return t.tell(w)
	}
	return "performs " + string(o.Kind())
}

// Doing says what the op does, for a sentence ("writing /etc/motd"), or "" where
// its kind says it best.
func (o Op) Doing() string {
	if d, ok := o.body().(doer); ok {
		return d.doing()
	}
	return ""
}

// ByPrograms reports whether another user's programs can do the op, so that it
// needs no runner of that user.
func (o Op) ByPrograms() bool {
	_, is := o.body().(programmed)
	return is
}

// MayChange reports whether the op may change the target, whatever it says of
// itself: a program's word that it only reads is believed for a plan alone.
func (o Op) MayChange() bool { return o.Exec != nil || o.Changes() }

// EndsSequence reports whether an op ends what can be sent ahead in one go.
func (o Op) EndsSequence() bool {
	_, is := o.body().(ender)
	return is
}

// Scope is what a capability for a kind of op is narrowed by.
type Scope int

// The scopes.
const (
	ScopeNone     Scope = iota
	ScopePaths          // paths, if it likes
	ScopeSomePath       // paths, which it must list
	ScopePrograms       // programs, which it must list
	ScopeHosts          // hosts, which it must list
)

// Scope returns how capabilities for ops of a kind are narrowed. Ops that the
// controller alone may ask for have none.
func (k Kind) Scope() (Scope, bool) {
	for _, b := range kinds {
		if b.kind() == k {
			if s, ok := b.(scoped); ok {
				return s.scope(), true
			}
		}
	}
	return 0, false
}

// OnFiles reports whether ops of a kind are about a file by its path.
func (k Kind) OnFiles() bool {
	s, ok := k.Scope()
	return ok && (s == ScopePaths || s == ScopeSomePath)
}

// CheckResult refuses an answer of another kind than was asked for, and what in
// it could never be.
func (o Op) CheckResult(r *Result) error {
	if a, ok := o.body().(answered); ok {
		return a.check(r)
	}
	return fits(r.Done != nil)
}

var errOtherKind = errors.New("the answer is of another kind")

// fits is nil for an answer of the right kind.
func fits(is bool) error {
	if is {
		return nil
	}
	return errOtherKind
}

// Attributes are those that the op sets of what is at its path, nil for none, and
// the mode that it gives to what is new without another, 0 for none.
func (o Op) Attributes() (a *Attributes, fresh uint32) {
	if d, ok := o.body().(dresser); ok {
		return d.dresses()
	}
	return nil, 0
}

// Takes reports whether the op may take something away, and whether it does
// nothing else.
func (o Op) Takes() (may, only bool) {
	if t, ok := o.body().(taker); ok {
		return t.takes()
	}
	return o.Changes(), false
}

// Brought is what an op makes that others may stand upon.
type Brought string

// What ops bring.
const (
	BringsNothing   Brought = ""
	BringsDirectory Brought = "directory" // at a path, with those above it
	BringsLink      Brought = "link"      // at a path, to where anything may be
	BringsAnything  Brought = "anything"  // nobody knows what
)

// Brings is what the op makes that others may stand upon, and its path.
func (o Op) Brings() (what Brought, path string) {
	if b, ok := o.body().(bringer); ok {
		return b.brings()
	}
	if o.MayChange() {
		return BringsAnything, ""
	}
	return BringsNothing, ""
}

// Blobs returns the content that travels with the op, beside its JSON.
func (o Op) Blobs() []*Blob {
	if c, ok := o.body().(carrier); ok {
		if b := c.content(); b != nil {
			return []*Blob{b}
		}
	}
	return nil
}

// WithBlob returns the op with other content.
func (o Op) WithBlob(b *Blob) Op {
	if c, ok := o.body().(carrier); ok {
		return c.withContent(b)
	}
	return o
}

func either(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func brackets(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func quoted(w Words, words []string) string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = w.Quote(word)
	}
	return strings.Join(out, " ")
}

// shownDigits is how many hex digits of a SHA-256 are shown.
const shownDigits = 12

func tellBlob(b *Blob) string {
	return strconv.FormatInt(b.Size, 10) + " bytes, sha256 " + b.Sum[:min(len(b.Sum), shownDigits)]
}
