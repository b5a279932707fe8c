package op

import "errors"

// Result is the answer to an op: the field of the op's kind, or Error.
type Result struct {
	Stat   *StatResult   `json:"fs.stat,omitempty"`
	Read   *ReadResult   `json:"fs.read,omitempty"`
	Text   *TextResult   `json:"fs.text,omitempty"`
	List   *ListResult   `json:"fs.list,omitempty"`
	Getent *GetentResult `json:"getent,omitempty"`
	Need   *NeedResult   `json:"need.query,omitempty"`
	Facts  *FactsResult  `json:"facts,omitempty"`
	Exec   *ExecResult   `json:"exec,omitempty"`

	PkgQuery  *PkgQueryResult `json:"pkg.query,omitempty"`
	PkgEnsure *PkgDone        `json:"pkg.ensure,omitempty"`
	SvcQuery  *SvcQueryResult `json:"svc.query,omitempty"`
	HTTP      *HTTPResult     `json:"probe.http,omitempty"`
	TCP       *TCPResult      `json:"probe.tcp,omitempty"`
	Journal   *JournalResult  `json:"journal.read,omitempty"`
	Overlap   *OverlapResult  `json:"fs.overlap,omitempty"`
	Unpacked  *UnpackedResult `json:"archive.query,omitempty"`
	Tree      *TreeResult     `json:"tree,omitempty"`
	Wait      *WaitResult     `json:"host.wait,omitempty"`
	// Done is the answer of the file.* family, of archive.unpack, tree.sync, svc.ensure, host.restart, net.connect and lock.acquire.
	Done  *Done  `json:"done,omitempty"`
	Error *Error `json:"error,omitempty"`
}

// What kinds of answer can say of themselves. One that has nothing to say has no such method.
type (
	// judged answers tell whether all went well.
	judged interface{ succeeded() bool }
	// quoter holds texts from elsewhere, as they are and as base64.
	quoter interface {
		// replace sets a copy with other texts in r.
		replace(r *Result, text, raw func(string) string)
	}
	// shortener is still of use without a part of it, and says that it is missing. It
	// reports whether there was anything to leave out.
	shortener interface{ shorten() bool }
)

// each calls f with each kind of answer, set or not.
func (r *Result) each(f func(answer any, set bool)) {
	f(r.Stat, r.Stat != nil)
	f(r.Read, r.Read != nil)
	f(r.Text, r.Text != nil)
	f(r.List, r.List != nil)
	f(r.Getent, r.Getent != nil)
	f(r.Need, r.Need != nil)
	f(r.Facts, r.Facts != nil)
	f(r.Exec, r.Exec != nil)
	f(r.Done, r.Done != nil)
	f(r.Error, r.Error != nil)
	f(r.PkgQuery, r.PkgQuery != nil)
	f(r.PkgEnsure, r.PkgEnsure != nil)
	f(r.SvcQuery, r.SvcQuery != nil)
	f(r.HTTP, r.HTTP != nil)
	f(r.TCP, r.TCP != nil)
	f(r.Journal, r.Journal != nil)
	f(r.Overlap, r.Overlap != nil)
	f(r.Unpacked, r.Unpacked != nil)
	f(r.Tree, r.Tree != nil)
	f(r.Wait, r.Wait != nil)
}

// Answers counts the kinds of answer that are set.
func (r *Result) Answers() int {
	n := 0
	r.each(func(_ any, set bool) {
		if set {
			n++
		}
	})
	return n
}

// Succeeded reports whether all went well.
func (r *Result) Succeeded() bool {
	well := r.Error == nil
	r.each(func(answer any, set bool) {
		if j, is := answer.(judged); is && set {
			well = well && j.succeeded()
		}
	})
	return well
}

// Replace returns the result with others in the place of the texts that come from
// elsewhere: what programs and servers said, as it is and as base64.
func (r Result) Replace(text, raw func(string) string) Result {
	replaced := r
	r.each(func(answer any, set bool) {
		if q, is := answer.(quoter); is && set {
			q.replace(&replaced, text, raw)
		}
	})
	return replaced
}

// Shorten leaves out about half of the result, and reports whether that could be done.
func (r *Result) Shorten() bool {
	done := false
	r.each(func(answer any, set bool) {
		if s, is := answer.(shortener); is && set {
			done = s.shorten() || done
		}
	})
	return done
}

// Changed reports whether an op that changes the target did so, or may have.
func (r Result) Changed() bool {
	switch {
	case r.Done != nil:
		return r.Done.Changed
	case r.PkgEnsure != nil:
		for _, p := range r.PkgEnsure.Packages {
			if p.Before != p.After {
				return true
			}
		}
		return len(r.PkgEnsure.Also) > 0
	}
	return true
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

// Split gives each of the ops that were joined its share of the result.
func Split(ops []Op, r Result) []Result {
	shares := make([]Result, len(ops))
	at := 0
	for i, o := range ops {
		shares[i] = Result{Error: &Error{Class: Permanent, Code: "share", Message: "the answer does not hold all that was asked for"}}
		if r.Error != nil {
			shares[i].Error = r.Error
			continue
		}
		if j, ok := o.body().(joiner); ok {
			if share, ok := j.share(&r, &at); ok {
				shares[i] = share
			}
		}
	}
	return shares
}

// cut takes the next n of all, and reports whether there are so many.
func cut[T any](all []T, at *int, n int) ([]T, bool) {
	from, to := *at, *at+n
	if to > len(all) {
		return nil, false
	}
	*at = to
	return all[from:to:to], true
}

// Unite is the inverse of Split for reading ops: the result that the joined op
// has if each of them has its own. It reports whether there is one.
func Unite(ops []Op, results []Result) (Result, bool) {
	if len(ops) == 0 || len(ops) != len(results) {
		return Result{}, false
	}
	if u, ok := ops[0].body().(uniter); ok {
		return u.unite(results)
	}
	return Result{}, false
}

// Done answers an op that has nothing else to tell.
type Done struct {
	Changed bool   `json:"changed"`
	Backup  string `json:"backup,omitempty"` // path of the copy that was kept
}

// Class says what an error means for trying again.
type Class string

// The classes of errors.
const (
	Transient Class = "transient" // worth trying again
	Throttled Class = "throttled" // worth trying again, later
	Conflict  Class = "conflict"  // the target is not as expected
	Permanent Class = "permanent" // trying again will not help
)

// Error is an op that could not be done, in data.
type Error struct {
	Class   Class  `json:"class"`
	Code    string `json:"code,omitempty"` // enoent, eacces, enospc, erofs, timeout, check, ...
	Message string `json:"message"`
	// Holder comes with CodeHeld and CodeShared, and with CodeBroken where another has the host.
	Holder *Holder `json:"holder,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Validate refuses an error of no known class.
func (e *Error) Validate() error {
	switch e.Class {
	case Transient, Throttled, Conflict, Permanent:
		return nil
	}
	return errors.New("an error of the unknown class " + string(e.Class))
}

// Codes of errors that have a hint.
const (
	CodeSudo    = "sudo"    // sudo's rules do not allow it
	CodeUnsafe  = "unsafe"  // a user who is not trusted may have led the path there
	CodeMounted = "mounted" // a file that is a mount point cannot be replaced
	CodeScript  = "script"  // a script does not say what runs it
	CodeFixed   = "fixed"   // a file's flags forbid changes
)

// Hint is what to do about the error, or "".
func (e *Error) Hint() string {
	switch e.Code {
	case CodeSudo:
		return "allow /bin/sh in sudoers, or give another user with -u"
	case CodeUnsafe:
		return `write the path without the link, or give its target to the link's owner; where links of any user have to be followed, follow = "unsafe" of file does it`
	case CodeMounted:
		return "in_place = True writes into the file that is mounted there"
	case CodeScript:
		return "begin it with a line such as #!/bin/sh, and end its lines as on Linux: sed -i 's/\\r$//' FILE"
	case CodeFixed:
		return "lsattr shows the flags, and chattr -i or -a takes them away"
	}
	return ""
}
