package declared

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/vars"
)

// Effective is the variables of a run as its runbook reads them.
type Effective struct {
	// Set holds for every host what it declares and nothing else sets; Given holds it, too, where
	// no host of the inventory has a value of its own.
	Set vars.Set
	// Differ tells of each declared variable whether hosts have values of their own, so that it
	// cannot be read without a host.
	Differ map[string]bool

	v        *Variables // nil where nothing is declared
	raw      vars.Set
	problems map[string][]problem // by host; "" are those of the command line
}

// Apply puts the variables that are set into the declarations. What is wrong is told by Check,
// and stays as it was set.
func (v *Variables) Apply(raw vars.Set) (*Effective, error) {
	e := &Effective{v: v, raw: raw, Differ: map[string]bool{}, problems: map[string][]problem{}}
	hosts := raw.Inventory.Hosts()
	sets := make([]map[string]any, len(hosts)+1) // the last is the command line's
	sets[len(hosts)] = v.set(raw.Given, nil)
	for i, h := range hosts {
		sets[i] = v.set(h.Vars, raw.Given)
	}
	outcomes, err := v.evaluateAll(sets)
	if err != nil {
		return nil, err
	}
	own := map[string]map[string]any{}
	for i, h := range hosts {
		own[h.Name] = merged(h.Vars, outcomes[i].values)
		e.problems[h.Name] = outcomes[i].problems
	}
	given, common := maps.Clone(raw.Given), outcomes[len(hosts)]
	if given == nil {
		given = map[string]any{}
	}
	for _, d := range v.all {
		_, isGiven := raw.Given[d.Name]
		value, ok := common.values[d.Name]
		switch {
		case isGiven && ok:
			given[d.Name] = value
		case isGiven: // what is wrong with it is told
		case v.differs(d, hosts):
			e.Differ[d.Name] = true
			continue
		case ok:
			given[d.Name] = value
		}
		e.Differ[d.Name] = false
	}
	for _, p := range common.problems {
		if _, isGiven := raw.Given[p.variable]; isGiven {
			e.problems[""] = append(e.problems[""], p)
		}
	}
	e.Set = vars.Set{Given: given, Places: raw.Places, Inventory: raw.Inventory.WithVars(func(h *inventory.Host) map[string]any { return own[h.Name] })}
	return e, nil
}

// set are the declared variables that have a value; over wins.
func (v *Variables) set(of, over map[string]any) map[string]any {
	out := map[string]any{}
	for _, d := range v.all {
		if value, ok := over[d.Name]; ok {
			out[d.Name] = value
		} else if value, ok := of[d.Name]; ok {
			out[d.Name] = value
		}
	}
	return out
}

func merged(of, over map[string]any) map[string]any {
	out := maps.Clone(of)
	if out == nil {
		out = make(map[string]any, len(over))
	}
	maps.Copy(out, over)
	return out
}

// differs reports whether a host sets a variable, or one that it is computed from.
func (v *Variables) differs(d *Variable, hosts []*inventory.Host) bool {
	names, seen := []string{d.Name}, map[string]bool{d.Name: true}
	for i := 0; i < len(names); i++ {
		for _, ref := range v.refsOf(names[i]) {
			if !seen[ref] {
				seen[ref] = true
				names = append(names, ref)
			}
		}
	}
	return slices.ContainsFunc(hosts, func(h *inventory.Host) bool {
		return slices.ContainsFunc(names, func(name string) bool { _, ok := h.Vars[name]; return ok })
	})
}

func (v *Variables) refsOf(name string) []string {
	if d := v.named[name]; d != nil {
		return d.refs
	}
	return nil
}

// evaluateAll evaluates sets of values, equal ones once.
func (v *Variables) evaluateAll(sets []map[string]any) ([]outcome, error) {
	index := map[string]int{}
	of := make([]int, len(sets))
	var distinct []map[string]any
	for i, set := range sets {
		key, err := json.Marshal(inventory.Vars(set))
		if err != nil {
			return nil, fmt.Errorf("variables of %s: %w", v.File, err)
		}
		n, known := index[string(key)]
		if !known {
			n = len(distinct)
			index[string(key)] = n
			distinct = append(distinct, set)
		}
		of[i] = n
	}
	outcomes := make([]outcome, len(distinct))
	workers := min(runtime.GOMAXPROCS(0), len(distinct))
	var g errgroup.Group
	for w := range workers {
		g.Go(func() error {
			e := &evaluator{v: v}
			for i := w; i < len(distinct); i += workers {
				var err error
				if outcomes[i], err = e.evaluate(distinct[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	all := make([]outcome, len(sets))
	for i, n := range of {
		all[i] = outcomes[n]
	}
	return all, nil
}

// maxProblems bounds how many problems are told.
const maxProblems = 50

// Wrong reports what is wrong with what is set for hosts, and not what is not set.
func (e *Effective) Wrong(hosts []*inventory.Host) error {
	return e.check(hosts, func(p problem) bool { return !p.missing })
}

// Check reports what is wrong with the variables of hosts, and with those of the command line:
// equal problems once. The error joins a *diag.Error for each.
func (e *Effective) Check(hosts []*inventory.Host) error {
	return e.check(hosts, func(problem) bool { return true })
}

func (e *Effective) check(hosts []*inventory.Host, told func(problem) bool) error {
	if e.v == nil {
		return nil
	}
	found := map[finding][]string{}
	var order []finding
	add := func(host string, p problem) {
		f := e.finding(host, p)
		if _, known := found[f]; !known {
			order = append(order, f)
		}
		if f.whose {
			found[f] = append(found[f], host)
		} else {
			found[f] = nil
		}
	}
	for _, p := range e.problems[""] {
		add("", p)
	}
	for _, h := range hosts {
		for _, p := range e.problems[h.Name] {
			if told(p) {
				add(h.Name, p)
			}
		}
	}
	errs := e.misspelt()
	slices.SortStableFunc(order, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.problem.declared.Line, b.problem.declared.Line), cmp.Compare(a.problem.path, b.problem.path))
	})
	for _, f := range order {
		errs = append(errs, f.error(found[f]))
	}
	if more := len(errs) - maxProblems; more > 0 {
		errs = append(errs[:maxProblems:maxProblems], diag.Errorf(diag.Pos{}, "%d more variables are not as %s declares them", more, e.v.File).WithCode(diag.Usage))
	}
	return errors.Join(errs...)
}

// finding is a problem, and where the value was set; hosts that have the same are told together.
type finding struct {
	problem problem
	whose   bool // it is of hosts, and not of the command line
	hidden  bool // it is declared as sensitive
	by      string
	pos     diag.Pos
}

func (e *Effective) finding(host string, p problem) finding {
	if _, isGiven := e.raw.Given[p.variable]; isGiven {
		place := e.raw.Places[p.variable]
		return finding{problem: p, by: cmp.Or(place.By, "the command line"), pos: place.Pos}
	}
	f := finding{problem: p, whose: true, hidden: e.v.named[p.variable].Sensitive}
	if !p.missing {
		f.pos = e.raw.Inventory.Origins(host)[p.variable]
		return f
	}
	f.pos = p.declared
	if h := e.raw.Inventory.Host(host); h != nil {
		var others []string
		for name := range h.Vars {
			if e.v.named[name] == nil {
				others = append(others, name)
			}
		}
		slices.Sort(others)
		if near := diag.Nearest(p.variable, others); near != "" {
			f.problem.hint = fmt.Sprintf("%q is set at %s; is %q meant?", near, e.raw.Inventory.Origins(host)[near], p.variable)
		}
	}
	return f
}

func (f finding) error(hosts []string) error {
	p := f.problem
	of := ""
	if f.whose {
		of = " of " + inventory.FoldNames(hosts)
	}
	d := &diag.Error{Pos: f.pos, Code: diag.Usage, Hint: p.hint}
	if p.missing {
		d.Summary = fmt.Sprintf("variable %q is not set on %s: %s", p.path, inventory.FoldNames(hosts), p.text)
		if d.Hint == "" {
			d.Hint = fmt.Sprintf("set it in the inventory, or give "+map[bool]string{true: "FROYO_VAR_%s in the environment", false: "-e %s=VALUE"}[f.hidden], p.variable)
		}
		return d
	}
	d.Summary = fmt.Sprintf("variable %q%s: %s", p.path, of, p.text)
	if f.by != "" {
		d.Summary += ", by " + f.by
	}
	if at := p.declared.String(); at != "" {
		d.Detail = "declared at " + at
	}
	return d
}

// misspelt are variables of the command line that are not declared, yet nearly.
func (e *Effective) misspelt() []error {
	var errs []error
	names := e.v.names()
	for _, name := range slices.Sorted(maps.Keys(e.raw.Given)) {
		if e.v.named[name] != nil {
			continue
		}
		i := slices.IndexFunc(names, func(other string) bool { return slips(name, other) })
		if i < 0 {
			continue
		}
		near := names[i]
		if _, both := e.raw.Given[near]; both {
			continue
		}
		place := e.raw.Places[name]
		d := diag.Errorf(place.Pos, "%s: %s does not declare %q", cmp.Or(place.By, "the command line"), e.v.File, name).WithCode(diag.Usage)
		errs = append(errs, d.WithHint("did you mean %q? To have both, declare it: %s?: _", near, name))
	}
	return errs
}

// slips reports whether one slip of the hand makes one name of the other: a letter too many, too
// few or another, or two that have changed places.
func slips(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 3 || len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch rest := b[i:]; {
	case len(a) < len(b):
		return a[i:] == rest[1:]
	case len(rest) < 2:
		return true
	default:
		return a[i+1:] == rest[1:] || a[i] == rest[1] && a[i+1] == rest[0] && a[i+2:] == rest[2:]
	}
}
