package depend

import (
	"slices"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Prerequisites refuses steps that need something which is not there and
// which nothing before them can bring.
func Prerequisites(steps []*plan.Step) {
	before := map[string]*brought{} // by the host that steps act on
	for _, s := range steps {
		b := before[s.Unit.ID.Delegate]
		if b == nil {
			b = &brought{}
			before[s.Unit.ID.Delegate] = b
		}
		if s.Err == nil && s.Acts() {
			b.settle(s)
		}
		b.add(s)
	}
}

// brought is what the steps so far may bring to a host.
type brought struct {
	// unbounded are the units of which it is not known what they bring: programs, packages, services.
	unbounded []string
	files     []brings
}

// brings is what a unit does at a path.
type brings struct {
	what op.Brought
	path string
	unit string
}

// settle compares what a step needs with what those before it may bring.
func (b *brought) settle(s *plan.Step) {
	for _, n := range s.Change.Needs {
		by := b.bringers(n)
		if len(by) == 0 {
			s.Err, s.Awaits = inspect.MissingPrerequisite(n, "no unit before this one brings it"), nil
			return
		}
		if !n.Directory {
			s.Awaits = append(s.Awaits, awaits(n, by))
		}
	}
	expect(s)
}

// awaits names what a step waits for, and who may bring it.
func awaits(n abi.Need, by []string) string {
	who := by[0]
	switch more := len(by) - 1; {
	case more == 1:
		who += " or " + by[1]
	case more > 1:
		who += " or " + wording.Plural(more, "more unit")
	}
	return n.What + ", which " + who + " may bring"
}

func (b *brought) add(s *plan.Step) {
	name := s.Unit.ID.Local()
	if s.Change == nil {
		if s.Err != nil { // what it would have done is not known
			b.unbounded = append(b.unbounded, name)
		}
		return
	}
	if !s.Acts() {
		return
	}
	for _, e := range s.Change.Effects {
		switch what, path := e.Op.Brings(); what {
		case op.BringsAnything:
			if !slices.Contains(b.unbounded, name) {
				b.unbounded = append(b.unbounded, name)
			}
		case op.BringsNothing:
		case op.BringsFile, op.BringsDirectory, op.BringsLink:
			b.files = append(b.files, brings{what, hostpath.Clean(path), name})
		}
	}
}

// bringers names the units that may bring what a change needs until it is executed.
func (b *brought) bringers(n abi.Need) []string {
	by := slices.Clone(b.unbounded)
	for _, f := range b.files {
		if !slices.Contains(by, f.unit) && slices.ContainsFunc(n.Paths, func(path string) bool { return f.brings(hostpath.Clean(path), n.Directory) }) {
			by = append(by, f.unit)
		}
	}
	return by
}

// brings reports whether what is made may be what is needed at a path, or lead there. A
// directory is brought by what makes it or one below it.
func (f brings) brings(path string, directory bool) bool {
	switch {
	case f.what == op.BringsLink && hostpath.Below(path, f.path):
		return true
	case f.what == op.BringsDirectory && directory, !directory:
		return hostpath.Below(f.path, path)
	}
	return false
}

// expect takes what a step needs for brought: so the step is sent ahead with those
// before it, and read again where that did not come true.
func expect(s *plan.Step) {
	reads := slices.Clone(s.Reads)
	left := len(s.Change.Needs)
	if left == 0 {
		return
	}
	directory := slices.ContainsFunc(s.Change.Needs, func(n abi.Need) bool { return n.Directory })
	for i, e := range reads {
		switch {
		case directory && e.Op.Stat != nil && e.Result.Stat != nil && e.Result.Stat.NoParent:
			found := *e.Result.Stat
			found.NoParent = false
			reads[i].Result.Stat = &found
			left--
		case e.Op.Need != nil && e.Result.Need != nil && e.Result.Need.Lacking() > 0:
			left -= e.Result.Need.Lacking()
			reads[i].Result.Need = &op.NeedResult{}
		}
	}
	if left == 0 {
		s.Reads, s.Change.Needs = reads, nil
	}
}
