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

// The kinds of op, by what they touch.
const (
	KindStat   Kind = "fs.stat"
	KindRead   Kind = "fs.read"
	KindList   Kind = "fs.list"
	KindGetent Kind = "getent"
	KindFacts  Kind = "facts"
	KindExec   Kind = "exec"
	KindWrite  Kind = "file.write"
	KindMkdir  Kind = "file.mkdir"
	KindLink   Kind = "file.link"
	KindRemove Kind = "file.remove"
	KindAttr   Kind = "file.attr"

	KindPkgQuery  Kind = "pkg.query"
	KindPkgEnsure Kind = "pkg.ensure"
	KindSvcQuery  Kind = "svc.query"
	KindSvcEnsure Kind = "svc.ensure"
	KindHTTP      Kind = "probe.http"
	KindTCP       Kind = "probe.tcp"
	KindConnect   Kind = "net.connect"
	KindLock      Kind = "lock.acquire"
	KindWatch     Kind = "lock.watch"
	KindJournal   Kind = "journal.read"
	KindOverlap   Kind = "fs.overlap"
)

// Op is one thing to do on a target. Exactly one field is set; the field's
// name in JSON is the op's kind: {"fs.stat":{"path":"/etc/motd"}}.
type Op struct {
	Stat   *Stat   `json:"fs.stat,omitempty"`
	Read   *Read   `json:"fs.read,omitempty"`
	List   *List   `json:"fs.list,omitempty"`
	Getent *Getent `json:"getent,omitempty"`
	Facts  *Facts  `json:"facts,omitempty"`
	Exec   *Exec   `json:"exec,omitempty"`
	Write  *Write  `json:"file.write,omitempty"`
	Mkdir  *Mkdir  `json:"file.mkdir,omitempty"`
	Link   *Link   `json:"file.link,omitempty"`
	Remove *Remove `json:"file.remove,omitempty"`
	Attr   *Attr   `json:"file.attr,omitempty"`

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
}

// body is what each op can say of itself.
type body interface {
	kind() Kind
	changes() bool
	validate() error
	// subject is the path or program the op is about, for capability checks and messages.
	subject() string
}

// kinds holds an op of each kind, of which nothing but its kind's own is asked.
var kinds = []body{
	(*Stat)(nil), (*Read)(nil), (*List)(nil), (*Getent)(nil), (*Facts)(nil), (*Exec)(nil),
	(*Write)(nil), (*Mkdir)(nil), (*Link)(nil), (*Remove)(nil), (*Attr)(nil),
	(*PkgQuery)(nil), (*PkgEnsure)(nil), (*SvcQuery)(nil), (*SvcEnsure)(nil),
	(*HTTPProbe)(nil), (*TCPProbe)(nil), (*Connect)(nil), (*Lock)(nil), (*Watch)(nil), (*Journal)(nil), (*Overlap)(nil),
}

// body returns the one op that is set, or nil where none or several are.
func (o Op) body() body {
	var found body
	n := 0
	set := func(b body, is bool) {
		if is {
			found, n = b, n+1
		}
	}
	set(o.Stat, o.Stat != nil)
	set(o.Read, o.Read != nil)
	set(o.List, o.List != nil)
	set(o.Getent, o.Getent != nil)
	set(o.Facts, o.Facts != nil)
	set(o.Exec, o.Exec != nil)
	set(o.Write, o.Write != nil)
	set(o.Mkdir, o.Mkdir != nil)
	set(o.Link, o.Link != nil)
	set(o.Remove, o.Remove != nil)
	set(o.Attr, o.Attr != nil)
	set(o.PkgQuery, o.PkgQuery != nil)
	set(o.PkgEnsure, o.PkgEnsure != nil)
	set(o.SvcQuery, o.SvcQuery != nil)
	set(o.SvcEnsure, o.SvcEnsure != nil)
	set(o.HTTP, o.HTTP != nil)
	set(o.TCP, o.TCP != nil)
	set(o.Connect, o.Connect != nil)
	set(o.Lock, o.Lock != nil)
	set(o.Watch, o.Watch != nil)
	set(o.Journal, o.Journal != nil)
	set(o.Overlap, o.Overlap != nil)
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

// Probes reports whether the op asks something else than the target, over the
// network. Its result may be another at any time, so it is nothing for a plan.
func (o Op) Probes() bool { return o.HTTP != nil || o.TCP != nil }

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
	// Open gives the content where this side has it, else nil. It may be
	// called several times; the caller closes what it returns.
	Open func() (io.ReadCloser, error) `json:"-"`
}
