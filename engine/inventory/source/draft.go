package source

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/endpoint"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// draft is what the sources say, before it is put together.
type draft struct {
	home     string
	hosts    map[string]*hostDraft
	order    []*hostDraft
	groups   map[string]*groupDraft
	problems []*diag.Error
	warnings []*diag.Error
	said     map[string]bool // problems and warnings, so that each is said once
	stay     map[string]*texts

	vault     *vault.Vault // nil leaves out what is encrypted
	sealed    []*vault.Envelope
	locks     map[string]*unopened // by the file, and why they are not opened
	encrypted map[string]bool      // files that are encrypted as a whole
}

// texts counts the values of a file that look like more than text.
type texts struct {
	pos   diag.Pos
	first string
	count int
}

type hostDraft struct {
	name   string
	pos    diag.Pos
	groups map[string]bool
	vars   settings // of the inventory file
	files  settings // of host_vars, those of the later directory winning
	labels map[string]string
}

type groupDraft struct {
	name     string
	pos      diag.Pos
	declared bool // not only named as a child
	hosts    []reference
	children []reference
	vars     settings   // of the inventory file
	files    []settings // of group_vars, by directory
	priority int64      // among groups of the same depth
	labels   map[string]string
}

// reference names a host or group that may be declared elsewhere.
type reference struct {
	name string
	pos  diag.Pos
}

func newDraft(home string) *draft {
	return &draft{
		home: home, hosts: map[string]*hostDraft{}, groups: map[string]*groupDraft{},
		said: map[string]bool{}, stay: map[string]*texts{}, encrypted: map[string]bool{}, locks: map[string]*unopened{},
	}
}

// maxProblems bounds how many problems are told at once.
const maxProblems = 50

func (d *draft) problem(pos diag.Pos, format string, args ...any) *diag.Error {
	err := diag.Errorf(pos, format, args...).WithCode(diag.Usage)
	if key := err.Error(); !d.said[key] && len(d.problems) < maxProblems {
		d.said[key] = true
		d.problems = append(d.problems, err)
	}
	return err
}

func (d *draft) warn(pos diag.Pos, format string, args ...any) *diag.Error {
	w := diag.Errorf(pos, format, args...)
	if key := w.Error(); !d.said[key] {
		d.said[key] = true
		d.warnings = append(d.warnings, w)
	}
	return w
}

// err joins the problems: file by file, from top to bottom.
func (d *draft) err() error {
	files := map[string]int{}
	for _, p := range d.problems {
		if _, ok := files[p.Pos.File]; !ok {
			files[p.Pos.File] = len(files)
		}
	}
	slices.SortStableFunc(d.problems, func(a, b *diag.Error) int {
		return cmp.Or(cmp.Compare(files[a.Pos.File], files[b.Pos.File]), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Col, b.Pos.Col))
	})
	errs := make([]error, len(d.problems))
	for i, p := range d.problems {
		errs[i] = d.showable(p)
	}
	return errors.Join(errs...)
}

// host returns the host of that name, declared here where it is new, or nil where it cannot be.
func (d *draft) host(name string, pos diag.Pos) *hostDraft {
	if h := d.hosts[name]; h != nil {
		return h
	}
	if err := checkHostName(name); err != nil {
		d.problem(pos, "%w", err)
		return nil
	}
	if len(d.order) == inventory.MaxHosts {
		d.problem(diag.Pos{File: pos.File}, "%w", inventory.ErrTooMany)
		return nil
	}
	h := &hostDraft{name: name, pos: pos, groups: map[string]bool{}, vars: settings{}, files: settings{}, labels: map[string]string{}}
	d.hosts[name] = h
	d.order = append(d.order, h)
	return h
}

// hostsOf returns the hosts that an entry like ops@web[01:20]:2222 names. The
// user and the port that stand there are noted.
func (d *draft) hostsOf(entry string, pos diag.Pos) []*hostDraft {
	e, err := endpoint.Parse(entry)
	if err != nil {
		d.problem(pos, "%w", err)
		return nil
	}
	names, err := inventory.Expand(e.Name)
	if err != nil {
		fault := d.problem(pos, "%w", err)
		if strings.Contains(entry, "-") {
			fault.Hint = "an inventory writes ranges as h[1:3]; h[1-3] is for selectors"
		}
		return nil
	}
	var hosts []*hostDraft
	for _, name := range names {
		h := d.host(name, pos)
		if h == nil {
			break // one error for a range is enough
		}
		if e.User != "" {
			h.vars["ansible_user"] = variable{value: e.User, pos: pos}
		}
		if e.Port != 0 {
			h.vars["ansible_port"] = variable{value: int64(e.Port), pos: pos}
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// group returns the group of that name, new where it is not known yet, or nil where it cannot be.
func (d *draft) group(name string, pos diag.Pos) *groupDraft {
	if g := d.groups[name]; g != nil {
		return g
	}
	if err := checkGroupName(name); err != nil {
		d.problem(pos, "%w", err)
		return nil
	}
	g := &groupDraft{name: name, pos: pos, vars: settings{}, labels: map[string]string{}}
	d.groups[name] = g
	return g
}

// declare is group for a place that says what is in the group.
func (d *draft) declare(name string, pos diag.Pos) *groupDraft {
	g := d.group(name, pos)
	if g != nil && !g.declared {
		g.declared, g.pos = true, pos
	}
	return g
}

// staysText notes a value that its author may expect to be a list or dict.
func (d *draft) staysText(name string, v variable) {
	t := d.stay[v.pos.File]
	if t == nil {
		t = &texts{pos: v.pos, first: name}
		d.stay[v.pos.File] = t
	}
	t.count++
}

// warnOfTexts turns what staysText noted into one warning for each file.
func (d *draft) warnOfTexts() {
	for _, file := range slices.Sorted(maps.Keys(d.stay)) {
		t := d.stay[file]
		what := fmt.Sprintf("variable %q is", t.first)
		if t.count > 1 {
			what = fmt.Sprintf("variable %q and %d more are", t.first, t.count-1)
		}
		d.warn(t.pos, "%s taken as text: in INI a list or dict is written as in Python, its strings in quotes", what).
			WithHint("write lists and dicts in YAML or CUE")
	}
}

// checkHostName refuses names that would not survive a selector, a path or a command line.
func checkHostName(name string) error {
	if name == inventory.All || name == inventory.Ungrouped {
		return fmt.Errorf("a host cannot be named %q, which is a group", name)
	}
	if inventory.IsAddress(name) {
		return nil
	}
	return inventory.CheckName("host", name)
}

func checkGroupName(name string) error { return inventory.CheckName("group", name) }
