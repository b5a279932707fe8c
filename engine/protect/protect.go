// Package protect keeps resources from being removed: it knows what is
// protected on a host, and refuses what would make it go away.
//
// It imports the engine's leaves and the contracts of providers and runner.
package protect

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Resource is a resource that must not be removed from a host.
type Resource struct {
	Unit string // file[/etc/motd], whoever declares it
	// Path is where it is on the host, in its one spelling; "" where it has another name than a path.
	Path  string
	Pos   diag.Pos
	Since time.Time // and Run are those of the run that began to protect it
	Run   string
}

// Set is what is protected on one host: what earlier runs left in the state, and
// what the units at hand say. A nil one protects nothing. It is safe for
// concurrent use.
type Set struct {
	mu       sync.Mutex
	kept     map[string]Resource // in the state, by unit
	declared map[string]Resource // by units at hand
	lifted   map[string]bool     // by units at hand
}

// New holds what is protected on a host by its state.
func New(kept []Resource) *Set {
	s := &Set{kept: map[string]Resource{}, declared: map[string]Resource{}, lifted: map[string]bool{}}
	for _, k := range kept {
		s.kept[k.Unit] = k
	}
	return s
}

// Declare takes over what a unit says.
func (s *Set) Declare(u *unit.Unit) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name := u.ID.Resource()
	switch {
	case u.Lifecycle.Protects():
		s.declared[name] = Resource{Unit: name, Path: u.Order.Path, Pos: u.Pos}
	case u.Lifecycle.Lifts():
		s.lifted[name] = true
	}
}

// Keeps reports whether the state protects the resource of a unit.
func (s *Set) Keeps(u *unit.Unit) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.kept[u.ID.Resource()]
	return is
}

// Refuse is the error of a unit whose change would remove what is protected, as
// far as names tell, or nil. Question asks the host, too.
func (s *Set) Refuse(u *unit.Unit, c *abi.Change) *abi.Error {
	if s == nil || c == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept)+len(s.declared) == 0 {
		return nil
	}
	own := u.ID.Resource()
	if c.Action == abi.Delete || c.Action == abi.Replace {
		if k, is := s.of(own); is {
			return k.refusal(u.ID, fmt.Sprintf("it would %s %s", verbOf(c.Action), k.Unit))
		}
	}
	for _, e := range c.Effects {
		loss, is := e.Op.Loses()
		if !is {
			continue
		}
		if k, is := s.hit(loss, e.Op.Remove != nil, own); is {
			return k.refusal(u.ID, fmt.Sprintf("it would %s %s, and with it %s", loss.Verb, loss.Path, k.Unit))
		}
	}
	return nil
}

func verbOf(a abi.Action) string {
	if a == abi.Replace {
		return "replace"
	}
	return "remove"
}

// of is the protection of a resource that no unit at hand lifts.
func (s *Set) of(name string) (Resource, bool) {
	if s.lifted[name] {
		return Resource{}, false
	}
	if k, is := s.kept[name]; is {
		return k, true
	}
	k, is := s.declared[name]
	return k, is
}

// hit is the first protected resource that a loss concerns by its name. A
// removal concerns all below, and the unit's own resource, too.
func (s *Set) hit(loss op.Loss, removes bool, own string) (Resource, bool) {
	dir := hostpath.Clean(loss.Path)
	for _, k := range s.paths() {
		if at := k.Path; at == dir && (removes || k.Unit != own) || removes && hostpath.Below(at, dir) {
			return k, true
		}
	}
	return Resource{}, false
}

// paths are the protected resources that are paths, by these.
func (s *Set) paths() []Resource {
	var all []Resource
	for _, from := range []map[string]Resource{s.kept, s.declared} {
		for name := range from {
			if k, is := s.of(name); is && k.Path != "" {
				all = append(all, k)
			}
		}
	}
	slices.SortFunc(all, func(a, b Resource) int { return cmp.Compare(a.Path, b.Path) })
	return slices.CompactFunc(all, func(a, b Resource) bool { return a.Unit == b.Unit })
}

// refusal says why a unit does not do something to a protected resource.
func (k Resource) refusal(id unit.ID, what string) *abi.Error {
	e := &abi.Error{
		Class: op.Conflict, Message: fmt.Sprintf("%s, which prevent_destroy at %s keeps", what, k.Pos),
		Hint: "to lift that, give the unit lifecycle(prevent_destroy = False)",
	}
	if k.Run != "" {
		e.Message = fmt.Sprintf("%s, which is protected since %s by run %s (prevent_destroy at %s)", what, k.Since.Local().Format(time.DateTime), k.Run, k.Pos)
		e.Hint += ", or: froyo state protections drop '" + cmp.Or(id.Delegate, id.Host) + "/" + k.Unit + "'"
	}
	return e
}
