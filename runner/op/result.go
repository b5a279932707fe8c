package op

import "errors"

// Result is the answer to an op: the field of the op's kind, or Error.
type Result struct {
	Stat   *StatResult   `json:"fs.stat,omitempty"`
	Read   *ReadResult   `json:"fs.read,omitempty"`
	List   *ListResult   `json:"fs.list,omitempty"`
	Getent *GetentResult `json:"getent,omitempty"`
	Facts  *FactsResult  `json:"facts,omitempty"`
	Exec   *ExecResult   `json:"exec,omitempty"`

	PkgQuery  *PkgQueryResult `json:"pkg.query,omitempty"`
	PkgEnsure *PkgDone        `json:"pkg.ensure,omitempty"`
	SvcQuery  *SvcQueryResult `json:"svc.query,omitempty"`
	HTTP      *HTTPResult     `json:"probe.http,omitempty"`
	TCP       *TCPResult      `json:"probe.tcp,omitempty"`
	Journal   *JournalResult  `json:"journal.read,omitempty"`
	Overlap   *OverlapResult  `json:"fs.overlap,omitempty"`
	// Done is the answer of the file.* family, of svc.ensure, net.connect and lock.acquire.
	Done  *Done  `json:"done,omitempty"`
	Error *Error `json:"error,omitempty"`
}

// Answers counts the kinds of answer that are set.
func (r *Result) Answers() int {
	n := 0
	for _, is := range [...]bool{
		r.Stat != nil, r.Read != nil, r.List != nil, r.Getent != nil,
		r.Facts != nil, r.Exec != nil, r.Done != nil, r.Error != nil,
		r.PkgQuery != nil, r.PkgEnsure != nil, r.SvcQuery != nil, r.HTTP != nil, r.TCP != nil, r.Journal != nil,
		r.Overlap != nil,
	} {
		if is {
			n++
		}
	}
	return n
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

// Type is what kind of thing is at a path.
type Type string

// The types of files.
const (
	TypeFile   Type = "file"
	TypeDir    Type = "directory"
	TypeLink   Type = "link"
	TypeFIFO   Type = "fifo"
	TypeSocket Type = "socket"
	TypeBlock  Type = "block"
	TypeChar   Type = "char"
)

// StatResult describes what is at a path. It holds nothing that changes
// without the file changing, so that equal results mean equal states.
type StatResult struct {
	Exists bool   `json:"exists"`
	Type   Type   `json:"type,omitempty"`
	Mode   uint32 `json:"mode,omitempty"` // permission bits with setuid, setgid, sticky
	UID    uint32 `json:"uid"`
	GID    uint32 `json:"gid"`
	Owner  string `json:"owner,omitempty"` // name, or the id as decimal where it has none
	Group  string `json:"group,omitempty"`
	Size   int64  `json:"size,omitempty"` // bytes; regular files only
	Target string `json:"target,omitempty"`
	// Lossy says that Target is not UTF-8, so bytes of it were replaced.
	Lossy bool `json:"lossy,omitempty"`
	// Real is the path that links in its directories lead to, where it is another than
	// was asked for; without Follow only.
	Real string `json:"real,omitempty"`
	// NoParent says that nothing is there, nor is the directory that would hold it;
	// without Follow only.
	NoParent bool `json:"no_parent,omitempty"`
}

// ReadResult describes a file's content. Sum is set for regular files only;
// anything else has Exists alone. One that was not read has no Sum, but the time
// of its last change, which tells that it is still the same.
type ReadResult struct {
	Exists  bool   `json:"exists"`
	Regular bool   `json:"regular,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Sum     string `json:"sum,omitempty"`   // SHA-256, hex
	MTime   int64  `json:"mtime,omitempty"` // nanoseconds since 1970
	Content *Blob  `json:"content,omitempty"`
}

// Entry is one name below a listed directory.
type Entry struct {
	Path  string `json:"path"` // relative to the listed directory
	Type  Type   `json:"type"`
	Mode  uint32 `json:"mode"`
	Owner string `json:"owner"`
	Group string `json:"group"`
	Size  int64  `json:"size,omitempty"`
	// Lossy says that Path is not UTF-8, so bytes of it were replaced.
	Lossy bool `json:"lossy,omitempty"`
}

// ListResult holds entries in the order of their paths; More says that the limit cut them.
type ListResult struct {
	Exists  bool    `json:"exists"`
	Entries []Entry `json:"entries,omitempty"`
	More    bool    `json:"more,omitempty"`
	// With Tally: how many entries there are, and the bytes of the regular files among
	// them. Beyond says that it stopped counting there.
	Count  int   `json:"count,omitempty"`
	Bytes  int64 `json:"bytes,omitempty"`
	Beyond bool  `json:"beyond,omitempty"`
	// With Mounts: the first mount points, relative to the directory; "." is itself.
	Mounts []string `json:"mounts,omitempty"`
}

// GetentResult is one entry of a system database, its fields split at colons;
// the password field is always "x".
type GetentResult struct {
	Found  bool     `json:"found"`
	Fields []string `json:"fields,omitempty"`
}

// ExecResult is how a program ended. Output that is not UTF-8 has its bad
// bytes replaced by U+FFFD, for people to read; what it was is beside it, raw.
type ExecResult struct {
	RC     int    `json:"rc"` // exit code; 128+n where signal n ended it
	Stdout string `json:"stdout,omitempty"`
	Stderr string `json:"stderr,omitempty"`
	// StdoutCut and StderrCut say that there was more than was kept.
	StdoutCut bool `json:"stdout_cut,omitempty"`
	StderrCut bool `json:"stderr_cut,omitempty"`
	// StdoutRaw and StderrRaw are the bytes that were kept, as base64, where they are not UTF-8.
	StdoutRaw string `json:"stdout_raw,omitempty"`
	StderrRaw string `json:"stderr_raw,omitempty"`
}

// Truncated reports whether any of the output is missing.
func (r *ExecResult) Truncated() bool { return r.StdoutCut || r.StderrCut }

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
	CodeUnsafe  = "unsafe"  // somebody who is not trusted may have led the path there
	CodeMounted = "mounted" // a file that is a mount point cannot be replaced
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
	case CodeFixed:
		return "lsattr shows the flags, and chattr -i or -a takes them away"
	}
	return ""
}
