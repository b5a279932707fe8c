package op

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// The kinds of op on archives.
const (
	KindUnpacked Kind = "archive.query"
	KindUnpack   Kind = "archive.unpack"
)

// Bounds of what is unpacked, where an op names none.
const (
	DefaultUnpackedMembers = 100_000
	DefaultUnpackedBytes   = 8 << 30
)

// Layout is how members of an archive become files of a directory.
type Layout struct {
	// Strip is how many leading directories members lose; those that have no more are left out.
	Strip int `json:"strip,omitempty"`
	// Exclude are patterns of members that are left out, and Keep of those that stay as they are once they are there. A
	// pattern that matches a directory is for all below it, too.
	Exclude []string `json:"exclude,omitempty"`
	Keep    []string `json:"keep,omitempty"`
	// Mode is for directories and for what the archive says can be executed; other files get it without that. Nil is what the
	// archive says, without writing for group and others.
	Mode  *uint32 `json:"mode,omitempty"`
	Owner string  `json:"owner,omitempty"`
	Group string  `json:"group,omitempty"`
}

func (l *Layout) validate() error {
	if l.Strip < 0 {
		return errors.New("strip is negative")
	}
	return checkMode(l.Mode)
}

func (l *Layout) tell(w Words) []string {
	w.Told("strip", "exclude", "keep", "mode", "owner", "group")
	var parts []string
	switch {
	case l.Strip == 1:
		parts = append(parts, "without the first directory")
	case l.Strip > 1:
		parts = append(parts, "without the first "+strconv.Itoa(l.Strip)+" directories")
	}
	if len(l.Exclude) > 0 {
		parts = append(parts, "without "+quoted(w, l.Exclude))
	}
	if len(l.Keep) > 0 {
		parts = append(parts, "keeping "+quoted(w, l.Keep))
	}
	return append(parts, Attributes{Mode: l.Mode, Owner: l.Owner, Group: l.Group}.tell(w)...)
}

// Unpacked asks what was unpacked into a directory, and what of it is no longer as it was unpacked.
type Unpacked struct {
	Path string `json:"path"`
	Layout
	Unsafe bool `json:"unsafe,omitempty"`
}

func (u *Unpacked) kind() Kind      { return KindUnpacked }
func (u *Unpacked) changes() bool   { return false }
func (u *Unpacked) subject() string { return u.Path }
func (u *Unpacked) scope() Scope    { return ScopePaths }
func (u *Unpacked) validate() error {
	if err := u.Layout.validate(); err != nil {
		return err
	}
	return checkPath(u.Path)
}

// MaxDiffering bounds how many members are named that are not as they were unpacked.
const MaxDiffering = 5

// check refuses an answer that names more than was asked for.
func (u *Unpacked) check(r *Result) error {
	switch {
	case r.Unpacked == nil:
		return errOtherKind
	case len(r.Unpacked.Names) > MaxDiffering || r.Unpacked.Differing < len(r.Unpacked.Names):
		return errors.New("more members are named than differ")
	case r.Unpacked.Members < 0 || r.Unpacked.Bytes < 0:
		return errors.New("less than nothing was unpacked")
	}
	return nil
}

// UnpackedResult is what was unpacked into a directory; its zero value is that nothing was.
type UnpackedResult struct {
	Sum string `json:"sum,omitempty"` // SHA-256 of the archive, hex
	// Partial says that it was not unpacked to its end, Other that it was unpacked with another Strip or Exclude.
	Partial bool  `json:"partial,omitempty"`
	Other   bool  `json:"other,omitempty"`
	Members int   `json:"members,omitempty"`
	Bytes   int64 `json:"bytes,omitempty"` // of its files
	// Differing is how many members are not as they should be, Names the first of them.
	Differing int      `json:"differing,omitempty"`
	Names     []string `json:"names,omitempty"`
}

// Unpack unpacks an archive into a directory, which is made with its parents where it is missing: one that is sent along, or
// one that is on the host. It may be a tar, plain or compressed by gzip, bzip2, xz or zstd, or a zip. All of it is
// checked before anything is changed: no member may lead out of the directory, or be anything but a file, a directory
// or a link. Members that are as they should be are not written again. A record of what was unpacked is kept in the directory.
// With Absent what the record lists is removed, and what is then empty.
type Unpack struct {
	Path    string `json:"path"`
	Archive *Blob  `json:"archive,omitempty"`
	From    string `json:"from,omitempty"` // the archive's path on the host
	Layout
	MaxMembers int64 `json:"max_members,omitempty"`
	MaxBytes   int64 `json:"max_bytes,omitempty"`
	Absent     bool  `json:"absent,omitempty"`
	Unsafe     bool  `json:"unsafe,omitempty"`
}

func (u *Unpack) kind() Kind      { return KindUnpack }
func (u *Unpack) changes() bool   { return true }
func (u *Unpack) subject() string { return u.Path }
func (u *Unpack) scope() Scope    { return ScopeSomePath }
func (u *Unpack) doing() string {
	return either(u.Absent, "removing what was unpacked into ", "unpacking into ") + u.Path
}

func (u *Unpack) takes() (may, only bool) { return u.Absent, u.Absent }
func (u *Unpack) content() *Blob          { return u.Archive }
func (u *Unpack) withContent(b *Blob) Op {
	with := *u
	with.Archive = b
	return Op{Unpack: &with}
}

func (u *Unpack) validate() error {
	given := 0
	for _, is := range []bool{u.Archive != nil, u.From != "", u.Absent} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return errors.New("give one of archive, from and absent")
	case u.MaxMembers < 0 || u.MaxBytes < 0:
		return errors.New("max_members or max_bytes is negative")
	case u.From != "":
		if err := checkPath(u.From); err != nil {
			return err
		}
	}
	if err := u.Layout.validate(); err != nil {
		return err
	}
	return checkPath(u.Path)
}

func (u *Unpack) tell(w Words) string {
	w.Told("path", "archive", "from", "absent", "max_members", "max_bytes")
	if u.Absent {
		return "removes what was unpacked into " + w.Quote(u.Path) + brackets(u.Layout.tell(w))
	}
	var what []string
	if u.Archive != nil {
		what = append(what, "an archive of "+tellBlob(u.Archive))
	}
	if u.From != "" {
		what = append(what, w.Quote(u.From))
	}
	bounds := []string{}
	if u.MaxMembers > 0 {
		bounds = append(bounds, "at most "+strconv.FormatInt(u.MaxMembers, 10)+" members")
	}
	if u.MaxBytes > 0 {
		bounds = append(bounds, "at most "+strconv.FormatInt(u.MaxBytes, 10)+" bytes")
	}
	return "unpacks " + strings.Join(what, ", ") + " into " + w.Quote(u.Path) + brackets(slices.Concat(u.Layout.tell(w), bounds))
}
