package op

import (
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
	// picker travels with the list of a tree, and the content of some of its files behind it.
	picker interface{ picks() string }
	// joiner can be done for many at the price of one: a question about packages costs a look
	// into the database, whatever the number of packages. Where such ops stand beside each
	// other they travel as one, and each gets its share of the result.
	joiner interface {
		// join makes one op of it and others of its kind.
		join(others []Op) (Op, bool)
		// share is its part of the joined op's result, of which the first at entries are
		// the shares of those before it; at moves behind its own.
		share(r *Result, at *int) (Result, bool)
	}
	// uniter reads, so that the joined op's result is known from those of the single ones.
	uniter interface {
		unite(results []Result) (Result, bool)
	}
	// streamer gives out content while it is performed. One that relays passes it on
	// both ways, for as long as the controller likes.
	streamer interface{ relays() bool }
	// arbitrary ops do whatever the runbook says; what they say of themselves is
	// believed for a plan alone.
	arbitrary interface{ arbitrary() }
	// prober asks something else than the target.
	prober interface{ probes() }
	// lasting ops may take as long as they say, which can be longer than others may.
	lasting interface{ lasts() int64 }
	// discreet has a subject that may hold more than a name.
	discreet interface{ subjectKind() SubjectKind }
	// secretive can be given an environment that other users must not see.
	secretive interface {
		environment() []string
		hidden() Op
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

// Lasts is how long an op says that it may take, in milliseconds, or 0 where it says nothing.
func Lasts(o Op) int64 {
	if l, ok := o.body().(lasting); ok {
		return l.lasts()
	}
	return 0
}

// Streams reports whether the op gives out content while it is performed, and
// whether it relays: passes content on both ways.
func (o Op) Streams() (out, relays bool) {
	s, is := o.body().(streamer)
	return is, is && s.relays()
}

// SubjectKind is what an op's subject may hold.
type SubjectKind int

// The kinds of subjects.
const (
	SubjectName    SubjectKind = iota // paths, names, an address
	SubjectCommand                    // a command line, with its arguments
	SubjectURL                        // a URL, maybe with a password or a token
)

// SubjectKind is what the op's subject may hold.
func (o Op) SubjectKind() SubjectKind {
	if d, ok := o.body().(discreet); ok {
		return d.subjectKind()
	}
	return SubjectName
}

// Environment is the environment that the op is given, as "KEY=value".
func (o Op) Environment() []string {
	if s, ok := o.body().(secretive); ok {
		return s.environment()
	}
	return nil
}

// HideEnvironment returns the op with other users of the host kept from seeing its environment.
func (o Op) HideEnvironment() Op {
	if s, ok := o.body().(secretive); ok {
		return s.hidden()
	}
	return o
}

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
	s, is := k.body().(scoped)
	if !is {
		return ScopeNone, false
	}
	return s.scope(), true
}

// body is an op of a kind, of which nothing but what is its kind's own may be asked, or nil.
func (k Kind) body() (found body) {
	(&Op{}).each(func(b body, _ bool) {
		if b.kind() == k {
			found = b
		}
	})
	return found
}

// OnFiles reports whether ops of a kind are about a file by its path.
func (k Kind) OnFiles() bool {
	s, ok := k.Scope()
	return ok && (s == ScopePaths || s == ScopeSomePath)
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
	BringsFile      Brought = "file"      // at a path
	BringsDirectory Brought = "directory" // at a path, with those above it
	BringsLink      Brought = "link"      // at a path, to where anything may be
	BringsAnything  Brought = "anything"  // it is not known what
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

// Picks says of which files of a tree the content travels with the op, behind the tree's list, and whether it is such an op.
func Picks(o Op) (which string, is bool) {
	p, is := o.body().(picker)
	if !is {
		return "", false
	}
	return p.picks(), true
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
