package op

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// KindPkgEnsure is the kind of PkgEnsure.
const KindPkgEnsure Kind = "pkg.ensure"

// PkgState is the state in which a package shall be.
type PkgState string

// The states of packages.
const (
	PkgPresent PkgState = "present"
	PkgAbsent  PkgState = "absent" // its configuration stays
	PkgLatest  PkgState = "latest"
	PkgPurged  PkgState = "purged" // its configuration goes, too
)

// PkgWant is a package and the state it shall be in.
type PkgWant struct {
	Name  string   `json:"name"`
	State PkgState `json:"state"`
	// Version is the exact version, or the beginning of one before a final "*"; "" is any.
	Version string `json:"version,omitempty"`
	// File is a file of the host that holds the package, which is installed in the version that it has.
	File string `json:"file,omitempty"`
}

// Fits reports whether a version is one that is wanted: the exact one, or one
// that begins as wanted.
func (w *PkgWant) Fits(version string) bool {
	prefix, open := strings.CutSuffix(w.Version, "*")
	if w.Version == "" || open {
		return strings.HasPrefix(version, prefix)
	}
	return version == w.Version
}

// PkgEnsure brings packages into their states in one transaction, which is
// refused where it would remove a package that is not among them. Another
// transaction that holds the database's lock is waited for. Without packages it only fetches the package lists.
type PkgEnsure struct {
	Packages []PkgWant `json:"packages"`
	// Update fetches the package lists before, unless they are younger than Valid seconds.
	Update bool  `json:"update,omitempty"`
	Valid  int64 `json:"valid,omitempty"`
	// Source is the file of a repository for whose sake the lists are fetched, where no package is named: what is wrong with others is
	// none of its concern, and a manager that can leaves their lists as they are. Where there is no such file, it was removed.
	Source string `json:"source,omitempty"`
	// Upgrade, in the place of packages, brings all that are installed and not held to the newest version that the lists have.
	Upgrade PkgUpgrade `json:"upgrade,omitempty"`
	// Unneeded, in the place of packages, removes those that came along for others and that nothing needs any more.
	Unneeded PkgState `json:"unneeded,omitempty"` // PkgAbsent or PkgPurged
	// Recommends installs recommended packages or does not; nil is what the host is set to.
	Recommends *bool `json:"recommends,omitempty"`
	// LockMS is how long the lock is waited for, in milliseconds; 0 is two minutes.
	LockMS int64 `json:"lock_ms,omitempty"`
	// Simulate changes nothing and tells what would become of the packages as things
	// stand: errors where it would be refused, and what would come along.
	Simulate bool `json:"simulate,omitempty"`
}

// PkgUpgrade says how far an upgrade of all packages may go.
type PkgUpgrade string

// The upgrades of all packages.
const (
	PkgSafe PkgUpgrade = "safe" // nothing is removed for it
	PkgFull PkgUpgrade = "full" // what is in the way goes
)

// Whole reports whether the op is about all packages of the host.
func (e *PkgEnsure) Whole() bool { return e.Upgrade != "" || e.Unneeded != "" }

func (e *PkgEnsure) kind() Kind    { return KindPkgEnsure }
func (e *PkgEnsure) changes() bool { return !e.Simulate }

// brings is anything, since packages make users, programs and services; a removal brings nothing.
func (e *PkgEnsure) brings() (Brought, string) {
	if e.Upgrade != "" {
		return BringsAnything, ""
	}
	for _, p := range e.Packages {
		if p.State != PkgAbsent && p.State != PkgPurged {
			return BringsAnything, ""
		}
	}
	return BringsNothing, ""
}

func (e *PkgEnsure) subject() string {
	names := make([]string, len(e.Packages))
	for i, p := range e.Packages {
		names[i] = p.Name
	}
	return strings.Join(names, " ")
}

func (e *PkgEnsure) validate() error {
	if err := e.checkWhole(); err != nil {
		return err
	}
	if e.Valid < 0 || e.LockMS < 0 {
		return errors.New("a time is negative")
	}
	if e.Source != "" {
		if !e.Update || len(e.Packages) > 0 || e.Whole() {
			return errors.New("a source is for lists that are fetched for their own sake")
		}
		if err := checkFile(e.Source); err != nil {
			return err
		}
	}
	for i, p := range e.Packages {
		if err := checkPackage(p.Name); err != nil {
			return err
		}
		if err := checkVersion(p.Version); err != nil {
			return err
		}
		switch p.State {
		case PkgPresent, PkgAbsent, PkgLatest, PkgPurged:
		default:
			return errors.New("state " + strconv.Quote(string(p.State)) + " is none of present, absent, latest, purged")
		}
		if err := p.checkFile(); err != nil {
			return err
		}
		for _, other := range e.Packages[:i] {
			if other.Name == p.Name {
				return errors.New(p.Name + " is named twice")
			}
		}
	}
	return nil
}

// checkWhole refuses packages beside what is about all of them.
func (e *PkgEnsure) checkWhole() error {
	switch {
	case len(e.Packages) == 0 && !e.Whole() && (!e.Update || e.Simulate):
		return errors.New("no package is named")
	case e.Whole() && (len(e.Packages) > 0 || e.Upgrade != "" && e.Unneeded != ""):
		return errors.New("all packages are meant, and something beside them")
	case e.Upgrade != "" && e.Upgrade != PkgSafe && e.Upgrade != PkgFull:
		return errors.New("upgrade " + strconv.Quote(string(e.Upgrade)) + " is none of safe, full")
	case e.Unneeded != "" && e.Unneeded != PkgAbsent && e.Unneeded != PkgPurged:
		return errors.New("unneeded " + strconv.Quote(string(e.Unneeded)) + " is none of absent, purged")
	}
	return nil
}

// checkFile refuses a file beside what it says itself.
func (p *PkgWant) checkFile() error {
	if p.File == "" {
		return nil
	}
	if p.State != PkgPresent || p.Version != "" {
		return errors.New(p.Name + " has a file, which is for a package that is present in the file's version")
	}
	return checkFile(p.File)
}

// checkFile refuses names in which managers would read words and patterns.
func checkFile(path string) error {
	for i := range len(path) {
		if c := path[i]; !alphanumeric(c) && strings.IndexByte("/._+~:@%,=-", c) < 0 {
			return errors.New("the file " + strconv.Quote(path) + " has a name that package managers may read as something else")
		}
	}
	return checkPath(path)
}

func (e *PkgEnsure) scope() Scope { return ScopeNone }
func (e *PkgEnsure) byPrograms()  {}

// check refuses an answer about other packages than were asked for, and errors of
// no known class.
func (e *PkgEnsure) check(r *Result) error {
	switch {
	case r.PkgEnsure == nil:
		return errOtherKind
	case len(e.Packages) != len(r.PkgEnsure.Packages):
		return errOtherPackages
	}
	for i, c := range r.PkgEnsure.Packages {
		if c.Name != e.Packages[i].Name {
			return errOtherPackages
		}
		if c.Error == nil {
			continue
		}
		if err := c.Error.Validate(); err != nil {
			return err
		}
	}
	return nil
}

func (e *PkgEnsure) takes() (may, only bool) {
	only = len(e.Packages) > 0 || e.Unneeded != ""
	may = e.Unneeded != "" || e.Upgrade == PkgFull
	for _, p := range e.Packages {
		may = may || p.State != PkgPresent && p.State != PkgLatest
		only = only && (p.State == PkgAbsent || p.State == PkgPurged)
	}
	return may, only
}

func (e *PkgEnsure) tell(w Words) string {
	w.Told("packages", "update", "valid", "recommends", "lock_ms", "upgrade", "unneeded")
	var parts []string
	parts = append(parts, e.tellWhole(w)...)
	for _, p := range e.Packages {
		switch p.State {
		case PkgAbsent:
			parts = append(parts, "removes "+p.Name+spaced(p.Version))
		case PkgPurged:
			parts = append(parts, "removes "+p.Name+spaced(p.Version)+" with its configuration")
		case PkgPresent, PkgLatest:
			parts = append(parts, "installs "+p.tell(w, len(e.Packages) == 1))
		default:
			parts = append(parts, "brings "+p.Name+spaced(p.Version)+" to a state")
		}
	}
	valid := strconv.FormatInt(e.Valid, 10) + "s"
	if len(parts) > 0 && e.Update {
		parts[0] = "and " + parts[0]
	}
	text := either(e.Update, "fetches the package lists"+either(e.Valid != 0, " where they are older than "+valid, ""), "")
	text = strings.Join(slices.DeleteFunc([]string{text, strings.Join(parts, ", ")}, func(s string) bool { return s == "" }), " ")
	if e.Recommends != nil {
		text += either(*e.Recommends, ", with what they recommend", ", without what they recommend")
	}
	if e.Valid != 0 && !e.Update {
		text += ", lists valid for " + valid
	}
	if e.LockMS != 0 {
		text += ", waiting " + w.Milliseconds(e.LockMS) + " for other package managers"
	}
	return text
}

// tellWhole says what becomes of all packages.
func (e *PkgEnsure) tellWhole(w Words) (parts []string) {
	switch e.Upgrade {
	case "":
	case PkgSafe:
		parts = append(parts, "upgrades all packages, and removes none")
	case PkgFull:
		parts = append(parts, "upgrades all packages, and removes those that are in the way")
	default:
		parts = append(parts, "upgrades all packages as "+w.Quote(string(e.Upgrade)))
	}
	switch e.Unneeded {
	case "":
	case PkgAbsent:
		parts = append(parts, "removes packages that nothing needs any more")
	case PkgPurged:
		parts = append(parts, "removes packages that nothing needs any more, with their configuration")
	default:
		parts = append(parts, "makes packages that nothing needs any more "+w.Quote(string(e.Unneeded)))
	}
	return parts
}

// tell names a package with the version that the plan shows, and the one that is
// asked for where that is another.
func (p *PkgWant) tell(w Words, alone bool) string {
	version := p.Version
	if alone && w.Version() != "" {
		version = w.Version()
	}
	text := p.Name + spaced(version)
	if p.Version != "" && p.Version != version {
		text += " (wanted is " + p.Version + ")"
	}
	if p.File != "" {
		text += " from " + w.Quote(p.File)
	}
	if p.State == PkgLatest {
		text += either(version == "", " in its latest version", ", the latest")
	}
	return text
}

func spaced(version string) string { return either(version == "", "", " "+version) }

func checkVersion(version string) error {
	for i := range len(version) {
		c := version[i]
		if !alphanumeric(c) && strings.IndexByte("+-.:~^_", c) < 0 && (c != '*' || i != len(version)-1) {
			return errors.New(strconv.Quote(version) + " is no version of a package")
		}
	}
	if version != "" && !alphanumeric(version[0]) || len(version) > 200 {
		return errors.New(strconv.Quote(version) + " is no version of a package")
	}
	return nil
}

// join joins transactions that want the same of the package manager. The lists
// are fetched where one of them wants that, and as fresh as the strictest wants.
func (e *PkgEnsure) join(others []Op) (Op, bool) {
	joined := *e
	joined.Packages = nil
	named := map[string]bool{}
	for i, o := range append([]Op{{PkgEnsure: e}}, others...) {
		e := o.PkgEnsure
		if e == nil || e.Whole() || e.Source != "" || !same(e.Recommends, joined.Recommends) || e.LockMS != joined.LockMS || e.Simulate != joined.Simulate {
			return Op{}, false
		}
		if i > 0 && e.Update {
			if !joined.Update || e.Valid < joined.Valid {
				joined.Valid = e.Valid
			}
			joined.Update = true
		}
		for _, p := range e.Packages {
			if named[p.Name] {
				return Op{}, false
			}
			named[p.Name] = true
		}
		joined.Packages = append(joined.Packages, e.Packages...)
	}
	return Op{PkgEnsure: &joined}, true
}

func same(a, b *bool) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func (e *PkgEnsure) share(r *Result, at *int) (Result, bool) {
	if r.PkgEnsure == nil {
		return Result{}, false
	}
	share, first := &PkgDone{}, *at == 0
	if first { // told once
		share.Also, share.Waited = r.PkgEnsure.Also, r.PkgEnsure.Waited
	}
	var ok bool
	share.Packages, ok = cut(r.PkgEnsure.Packages, at, len(e.Packages))
	return Result{PkgEnsure: share}, ok
}

// PkgDone is how a transaction ended: one entry for each package that was
// named, in their order, and those that came or went along.
type PkgDone struct {
	Packages []PkgChange `json:"packages"`
	Also     []PkgChange `json:"also,omitempty"`
	// Stale says of a simulation that the package lists are older than they may be, so that others would be fetched first.
	Stale bool `json:"stale,omitempty"`
	// Waited says for what lock it waited and how long, "" where it did not.
	Waited string `json:"waited,omitempty"`
}

// Code of the error of a package that was not touched because of another.
const CodeTransaction = "transaction"

// PkgChange is a package's version before and after; "" is not installed.
type PkgChange struct {
	Name   string `json:"name"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	Error  *Error `json:"error,omitempty"`
}
