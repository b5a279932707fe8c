package manifest

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/host/grant"
	"github.com/openfroyo/froyo/providers/host/printable"
	"github.com/openfroyo/froyo/runner/op"
)

// Allows reports, as an error, that the manifest does not cover an op, whatever
// unit it is for. Paths are compared as text: what links on the host make of them
// is for the runner to see.
func (m *Manifest) Allows(o op.Op) error { return m.AllowsFor(abi.Effect{Op: o}, nil) }

// AllowsFor reports the same of an effect of a unit; a nil one is any.
func (m *Manifest) AllowsFor(e abi.Effect, u *grant.Unit) error {
	o := e.Op
	if !m.covers(e, u) {
		if m.covers(e, nil) {
			return fmt.Errorf("op %s is not what the unit's arguments say, to which its manifest binds it", printable.Line(o.String()))
		}
		return fmt.Errorf("op %s is outside its manifest", printable.Line(o.String()))
	}
	if o.Link != nil && !m.keepsLinks(o.Link) {
		return fmt.Errorf("op %s leads to %s, which is outside its manifest or not sure to stay within it", printable.Line(o.String()), printable.Line(o.Link.Target))
	}
	// A check is a program like any other.
	if o.Write != nil && o.Write.Check != "" && !m.covers(abi.Effect{Op: op.Op{Exec: &op.Exec{Shell: o.Write.Check}}}, u) {
		return fmt.Errorf("op %s runs a check, and exec is outside its manifest", printable.Line(o.String()))
	}
	return nil
}

func (m *Manifest) covers(e abi.Effect, u *grant.Unit) bool {
	o := e.Op
	kind := o.Kind()
	by, known := kind.Scope()
	return known && slices.ContainsFunc(m.Capabilities, func(c Capability) bool {
		switch {
		case c.Kind != kind || u != nil && !c.isFor(e, u):
			return false
		case by == op.ScopePrograms:
			return c.runs(o.Exec)
		case by == op.ScopeHosts:
			return c.probes(o)
		}
		return len(c.Paths) == 0 || slices.ContainsFunc(c.Paths, func(p string) bool { return matchPath(p, o.Subject()) })
	})
}

// keepsLinks reports whether a link that the guest makes leads nowhere where it
// may not be itself: a later op below the link is done where that leads. Of every
// kind of op that has patterns one has to cover the target and all below it, unless none
// lets an op come by the link. ".." is not allowed, since where that leads depends on other links.
func (m *Manifest) keepsLinks(l *op.Link) bool {
	target := l.Target
	if !path.IsAbs(target) {
		target = path.Dir(l.Path) + "/" + target
	}
	return !slices.ContainsFunc(m.Capabilities, func(of Capability) bool {
		kind := of.Kind
		if !kind.OnFiles() {
			return false
		}
		covers, reaches := false, false
		for _, c := range m.Capabilities {
			if c.Kind != kind {
				continue
			}
			reaches = reaches || len(c.Paths) == 0 || slices.ContainsFunc(c.Paths, func(p string) bool { return leadsBy(p, l.Path, strings.HasPrefix(string(kind), "fs.")) })
			covers = covers || len(c.Paths) == 0 || slices.ContainsFunc(c.Paths, func(p string) bool {
				return p == "/**" || strings.HasSuffix(p, "/**") && matchPath(p, target)
			})
		}
		return reaches && !covers
	})
}

// leadsBy reports whether a path that a pattern matches leads by a link: it is below the link, or, for an op that
// follows one at its path, the link's own.
func leadsBy(pattern, link string, follows bool) bool {
	segments := strings.Split(link, "/")
	for i, p := range strings.Split(pattern, "/") {
		if p == "**" || i == len(segments) {
			return true
		}
		if ok, err := path.Match(p, segments[i]); err != nil || !ok {
			return false
		}
	}
	return follows && strings.Count(pattern, "/") == len(segments)-1
}

// isFor reports whether what an op is about is what the unit's arguments name,
// where the capability is bound to them.
func (c Capability) isFor(e abi.Effect, u *grant.Unit) bool {
	switch {
	case len(c.Runs) > 0:
		return grant.Any(c.Runs, u, e)
	case len(c.Arguments) == 0:
		return true
	}
	subject := e.Op.Subject()
	if f := e.Op.Fetch; f != nil && slices.Contains(c.Arguments, "url") && !u.Has([]string{"url"}, f.URL) {
		return false // it would ask any server
	}
	if f := e.Op.Collect; f != nil && !u.Has([]string{"dest"}, f.Dest) {
		return false // it would write anywhere in the workspace
	}
	if u.Has(c.Arguments, subject) {
		return true
	}
	if e.Op.SvcEnsure == nil {
		return false
	}
	return slices.ContainsFunc([]string{".service", ".timer"}, func(suffix string) bool { // which units of that kind may leave out
		bare, is := strings.CutSuffix(subject, suffix)
		return is && u.Has(c.Arguments, bare)
	})
}

// MayRead reports, as an error, that a program is none that may run while the
// target is only looked at.
func (m *Manifest) MayRead(o op.Op, u *grant.Unit) error {
	if m.granted(u, abi.Effect{Op: o}, func(c Capability) []grant.Grant { return c.Reads }) {
		return nil
	}
	return fmt.Errorf("asked to run a program while reading, which its manifest does not list: %s", printable.Line(o.String()))
}

// MayProbe reports, as an error, that a program is none that counts as a question.
func (m *Manifest) MayProbe(e abi.Effect, u *grant.Unit) error {
	if m.granted(u, e, func(c Capability) []grant.Grant { return c.Probes }) {
		return nil
	}
	return fmt.Errorf("says that it only asks, and announces a program that its manifest does not list for that: %s", printable.Line(e.Op.String()))
}

func (m *Manifest) granted(u *grant.Unit, e abi.Effect, of func(Capability) []grant.Grant) bool {
	return slices.ContainsFunc(m.Capabilities, func(c Capability) bool {
		return c.Kind == op.KindExec && grant.Any(of(c), u, e)
	})
}

// shell is the program that shell commands count as.
const shell = "/bin/sh"

// runs reports whether a capability covers a program. Where it does not cover
// all, the environment must not decide which program it is.
func (c Capability) runs(e *op.Exec) bool {
	if slices.Contains(c.Programs, "*") {
		return true
	}
	if e.Script != nil { // it may be any
		return false
	}
	for _, entry := range e.Env {
		if name, _, _ := strings.Cut(entry, "="); name == "PATH" || strings.HasPrefix(name, "LD_") {
			return false
		}
	}
	program := shell
	if len(e.Argv) > 0 {
		program = e.Argv[0]
	}
	return slices.ContainsFunc(c.Programs, func(p string) bool {
		if strings.Contains(p, "/") {
			return matchPath(p, program)
		}
		ok, err := path.Match(p, program)
		return ok && err == nil
	})
}

// probes reports whether a capability covers the host that a probe asks. Where
// redirects are followed, that may become any.
func (c Capability) probes(o op.Op) bool {
	if slices.Contains(c.Hosts, "*") {
		return true
	}
	var name string
	switch {
	case o.TCP != nil:
		name = o.TCP.Address
	case o.HTTP.Follow:
		return false
	default:
		u, err := url.Parse(o.HTTP.URL)
		if err != nil {
			return false
		}
		name = u.Hostname()
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return slices.ContainsFunc(c.Hosts, func(p string) bool { return matchSegment(p, name) })
}
