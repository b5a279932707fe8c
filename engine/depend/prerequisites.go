package depend

import (
	"slices"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/inspect"
	"github.com/openfroyo/froyo/engine/plan"
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
		if s.Err == nil && s.Acts() && s.Change.Missing != "" {
			if b.brings(s.Change) {
				expect(s)
			} else {
				s.Err = inspect.MissingPrerequisite(s.Change, "no unit before this one brings it")
			}
		}
		b.add(s)
	}
}

// brought is what the steps so far may bring to a host.
type brought struct {
	any  bool // something changes, so that a package or a unit may come along
	what bool // something of which it is not known what it makes: a program, a package, a service
	dirs []string
	// links may lead to where a directory is.
	links []string
}

func (b *brought) add(s *plan.Step) {
	b.any = b.any || s.Pending() || s.Acts() && s.Change.Action == abi.Probe
	if s.Err != nil || !s.Acts() {
		return
	}
	for _, e := range s.Change.Effects {
		switch what, path := e.Op.Brings(); what {
		case op.BringsDirectory:
			b.dirs = append(b.dirs, hostpath.Clean(path))
		case op.BringsLink:
			b.links = append(b.links, hostpath.Clean(path))
		case op.BringsAnything:
			b.what = true
		case op.BringsNothing:
		}
	}
}

// brings reports whether what a change needs may be there when it is executed. A
// directory is brought by what makes it or one below it, and may be by what is
// not a file.
func (b *brought) brings(c *abi.Change) bool {
	dir := c.Directory
	if dir == "" {
		return b.any
	}
	return b.what ||
		slices.ContainsFunc(b.dirs, func(made string) bool { return hostpath.Below(made, dir) }) ||
		slices.ContainsFunc(b.links, func(link string) bool { return hostpath.Below(dir, link) })
}

// expect takes the directory of a file that is not there for made: so the step is
// sent ahead with those before it, and read again where that did not come true.
func expect(s *plan.Step) {
	for i, e := range s.Reads {
		if e.Op.Stat == nil || e.Result.Stat == nil || !e.Result.Stat.NoParent {
			continue
		}
		found := *e.Result.Stat
		found.NoParent = false
		s.Reads[i].Result.Stat = &found
		s.Change.Missing, s.Change.Directory, s.Change.MissingHint = "", "", ""
	}
}
