package op

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
	// Done is the answer of the file.* family, of svc.ensure, net.connect and lease.take.
	Done  *Done  `json:"done,omitempty"`
	Error *Error `json:"error,omitempty"`
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
}

// ReadResult describes a file's content. Sum is set for regular files only;
// anything else has Exists alone.
type ReadResult struct {
	Exists  bool   `json:"exists"`
	Regular bool   `json:"regular,omitempty"`
	Size    int64  `json:"size,omitempty"`
	Sum     string `json:"sum,omitempty"` // SHA-256, hex
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
}

// ListResult holds entries in the order of their paths; More says that the limit cut them.
type ListResult struct {
	Exists  bool    `json:"exists"`
	Entries []Entry `json:"entries,omitempty"`
	More    bool    `json:"more,omitempty"`
}

// GetentResult is one entry of a system database, its fields split at colons;
// the password field is always "x".
type GetentResult struct {
	Found  bool     `json:"found"`
	Fields []string `json:"fields,omitempty"`
}

// ExecResult is how a program ended. Output that is not UTF-8 has its bad
// bytes replaced by U+FFFD and Lossy set.
type ExecResult struct {
	RC        int    `json:"rc"` // exit code; 128+n where signal n ended it
	Stdout    string `json:"stdout,omitempty"`
	Stderr    string `json:"stderr,omitempty"`
	Truncated bool   `json:"truncated,omitempty"`
	Lossy     bool   `json:"lossy,omitempty"`
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
	// Holder comes with CodeHeld.
	Holder *Holder `json:"holder,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// CodeSudo is the code of an op that sudo's rules do not allow.
const CodeSudo = "sudo"

// Hint is what to do about the error, or "".
func (e *Error) Hint() string {
	if e.Code == CodeSudo {
		return "allow /bin/sh in sudoers, or give another user with -u"
	}
	return ""
}
