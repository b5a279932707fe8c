// Package op is the vocabulary of what can be done on a target: reading a
// file's state, running a program, writing a file. Guests ask for ops, the
// engine announces them in plans, and the runner performs them, so all three
// share these types.
//
// It is a leaf: it imports the standard library only, and builds for wasip1
// and for every platform of the runner.
package op

import (
	"errors"
	"io"
	"strconv"
)

// Kind names an op on the wire, in manifests and in plans.
type Kind string

// Op is one thing to do on a target. Exactly one field is set; the field's
// name in JSON is the op's kind: {"fs.stat":{"path":"/etc/motd"}}.
type Op struct {
	Stat   *Stat   `json:"fs.stat,omitempty"`
	Read   *Read   `json:"fs.read,omitempty"`
	Text   *Text   `json:"fs.text,omitempty"`
	List   *List   `json:"fs.list,omitempty"`
	Getent *Getent `json:"getent,omitempty"`
	Need   *Need   `json:"need.query,omitempty"`
	Facts  *Facts  `json:"facts,omitempty"`
	Exec   *Exec   `json:"exec,omitempty"`
	Write  *Write  `json:"file.write,omitempty"`
	Mkdir  *Mkdir  `json:"file.mkdir,omitempty"`
	Link   *Link   `json:"file.link,omitempty"`
	Remove *Remove `json:"file.remove,omitempty"`
	Attr   *Attr   `json:"file.attr,omitempty"`

	Unpacked *Unpacked `json:"archive.query,omitempty"`
	Unpack   *Unpack   `json:"archive.unpack,omitempty"`
	Fetch    *Fetch    `json:"file.fetch,omitempty"`

	Tree    *Tree    `json:"tree.sync,omitempty"`
	Collect *Collect `json:"file.collect,omitempty"`

	PkgQuery  *PkgQuery  `json:"pkg.query,omitempty"`
	PkgEnsure *PkgEnsure `json:"pkg.ensure,omitempty"`
	SvcQuery  *SvcQuery  `json:"svc.query,omitempty"`
	SvcEnsure *SvcEnsure `json:"svc.ensure,omitempty"`
	HTTP      *HTTPProbe `json:"probe.http,omitempty"`
	TCP       *TCPProbe  `json:"probe.tcp,omitempty"`
	Connect   *Connect   `json:"net.connect,omitempty"`
	Lock      *Lock      `json:"lock.acquire,omitempty"`
	Watch     *Watch     `json:"lock.watch,omitempty"`
	Journal   *Journal   `json:"journal.read,omitempty"`
	Overlap   *Overlap   `json:"fs.overlap,omitempty"`
	Wait      *Wait      `json:"host.wait,omitempty"`
	Restart   *Restart   `json:"host.restart,omitempty"`
}

// body is what each op can say of itself.
type body interface {
	kind() Kind
	changes() bool
	validate() error
	// subject is the path or program the op is about, for capability checks and messages.
	subject() string
}

// each calls f with the op of each kind, set or not. Of one that is not set, nothing but
// what is its kind's own may be asked.
func (o *Op) each(f func(b body, set bool)) {
	f(o.Stat, o.Stat != nil)
	f(o.Read, o.Read != nil)
	f(o.Text, o.Text != nil)
	f(o.List, o.List != nil)
	f(o.Getent, o.Getent != nil)
	f(o.Need, o.Need != nil)
	f(o.Facts, o.Facts != nil)
	f(o.Exec, o.Exec != nil)
	f(o.Write, o.Write != nil)
	f(o.Mkdir, o.Mkdir != nil)
	f(o.Link, o.Link != nil)
	f(o.Remove, o.Remove != nil)
	f(o.Attr, o.Attr != nil)
	f(o.Unpacked, o.Unpacked != nil)
	f(o.Unpack, o.Unpack != nil)
	f(o.Fetch, o.Fetch != nil)
	f(o.Tree, o.Tree != nil)
	f(o.Collect, o.Collect != nil)
	f(o.PkgQuery, o.PkgQuery != nil)
	f(o.PkgEnsure, o.PkgEnsure != nil)
	f(o.SvcQuery, o.SvcQuery != nil)
	f(o.SvcEnsure, o.SvcEnsure != nil)
	f(o.HTTP, o.HTTP != nil)
	f(o.TCP, o.TCP != nil)
	f(o.Connect, o.Connect != nil)
	f(o.Lock, o.Lock != nil)
	f(o.Watch, o.Watch != nil)
	f(o.Journal, o.Journal != nil)
	f(o.Overlap, o.Overlap != nil)
	f(o.Wait, o.Wait != nil)
	f(o.Restart, o.Restart != nil)
}

// body returns the one op that is set, or nil where none or several are.
func (o *Op) body() body {
	var found body
	n := 0
	o.each(func(b body, set bool) {
		if set {
			found, n = b, n+1
		}
	})
	if n != 1 {
		return nil
	}
	return found
}

// Kind returns the op's kind, or "" where the op is not valid.
func (o Op) Kind() Kind {
	if b := o.body(); b != nil {
		return b.kind()
	}
	return ""
}

// Changes reports whether the op may change the target.
func (o Op) Changes() bool {
	b := o.body()
	return b == nil || b.changes()
}

// MayChange reports whether the op may change the target, whatever it says of
// itself: a program's word that it only reads is believed for a plan alone.
func (o Op) MayChange() bool {
	_, is := o.body().(arbitrary)
	return is || o.Changes()
}

// Stoppable reports whether the op may be given up before it is done: a change of
// files may not, which is short, and better finished than begun.
func (o Op) Stoppable() bool {
	_, is := o.body().(arbitrary)
	return is || !o.Changes()
}

// Probes reports whether the op asks something else than the target, over the
// network. Its result may be another at any time, so it is nothing for a plan.
func (o Op) Probes() bool {
	_, is := o.body().(prober)
	return is
}

// Subject returns the path or the program that the op is about.
func (o Op) Subject() string {
	if b := o.body(); b != nil {
		return b.subject()
	}
	return ""
}

// Validate checks that exactly one op is set and that its fields make sense.
func (o Op) Validate() error {
	b := o.body()
	if b == nil {
		return errors.New("an op must set exactly one kind")
	}
	if err := b.validate(); err != nil {
		return errors.New(string(b.kind()) + ": " + err.Error())
	}
	return nil
}

// String gives the op as one short line, for messages: "file.write /etc/motd".
func (o Op) String() string {
	b := o.body()
	if b == nil {
		return "invalid op"
	}
	return string(b.kind()) + " " + b.subject()
}

// Joinable reports whether ops of a kind can be joined.
func (k Kind) Joinable() bool {
	_, is := k.body().(joiner)
	return is
}

// Join makes one op of several of the same kind. It reports whether that can be done.
func Join(ops []Op) (Op, bool) {
	if len(ops) == 0 {
		return Op{}, false
	}
	if j, ok := ops[0].body().(joiner); ok {
		return j.join(ops[1:])
	}
	return Op{}, false
}

// checkPath refuses what could never be meant: relative paths and NUL bytes.
func checkPath(path string) error {
	if path == "" || path[0] != '/' {
		return errors.New("path " + strconv.Quote(path) + " is not absolute")
	}
	for i := range len(path) {
		if path[i] == 0 {
			return errors.New("path " + strconv.Quote(path) + " contains a NUL byte")
		}
	}
	return nil
}

func checkMode(mode *uint32) error {
	if mode != nil && *mode > 0o7777 {
		return errors.New("mode " + strconv.FormatUint(uint64(*mode), 8) + " is above 7777")
	}
	return nil
}

// Blob refers to bulk content by digest. Its bytes never stand in JSON: on
// the wire they follow their frame, and a guest sees the reference alone.
type Blob struct {
	Sum  string `json:"sum"`  // SHA-256, hex
	Size int64  `json:"size"` // bytes
	// Text is the content itself, as a guest gives what it made; the host takes it over into Open, so
	// that it stands in no op that is kept or sent.
	Text *string `json:"text,omitempty"`
	// Open gives the content where this side has it, else nil. It may be
	// called several times; the caller closes what it returns.
	Open func() (io.ReadCloser, error) `json:"-"`
	// Pick gives, of a blob that is the list of a tree, the list with the content of those files behind it
	// that are picked, else nil; see runner/tree.
	Pick func(which string) (io.ReadCloser, error) `json:"-"`
	// Made says that a guest gave it as Text.
	Made bool `json:"-"`
}
