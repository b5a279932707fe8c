package plan

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
)

// Protection is a resource that must not be removed from a host.
type Protection struct {
	Unit  string // file[/etc/motd], whoever declares it
	Pos   diag.Pos
	Since time.Time // and Run are those of the run that began to protect it
	Run   string
}

// Protections are those of one host: what earlier runs left in the state, and
// what the units at hand say. A nil one protects nothing. It is safe for
// concurrent use.
type Protections struct {
	mu       sync.Mutex
	kept     map[string]Protection // in the state, by unit
	declared map[string]Protection // by units at hand
	lifted   map[string]bool       // by units at hand
}

// NewProtections holds what is protected on a host by its state.
func NewProtections(kept []Protection) *Protections {
	p := &Protections{kept: map[string]Protection{}, declared: map[string]Protection{}, lifted: map[string]bool{}}
	for _, k := range kept {
		p.kept[k.Unit] = k
	}
	return p
}

// Declare takes over what a unit says.
func (p *Protections) Declare(u *unit.Unit) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	name := u.ID.Resource()
	switch {
	case u.Lifecycle.Protects():
		p.declared[name] = Protection{Unit: name, Pos: u.Pos}
	case u.Lifecycle.Lifts():
		p.lifted[name] = true
	}
}

// Keeps reports whether the state protects the resource of a unit.
func (p *Protections) Keeps(u *unit.Unit) bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, is := p.kept[u.ID.Resource()]
	return is
}

// Keep notes that the state protects a resource from now on.
func (p *Protections) Keep(k Protection) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept[k.Unit] = k
}

// Drop notes that the state no longer protects the resource of a unit.
func (p *Protections) Drop(u *unit.Unit) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.kept, u.ID.Resource())
}

// refuse is the error of a unit whose change would remove what is protected, or nil.
func (p *Protections) refuse(u *unit.Unit, c *abi.Change) *abi.Error {
	if p == nil || c == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Action == abi.Delete || c.Action == abi.Replace {
		if k, is := p.of(u.ID.Resource()); is {
			return k.refusal(u.ID, fmt.Sprintf("it would %s %s", verbOf(c.Action), k.Unit))
		}
	}
	for _, e := range c.Effects {
		if e.Op.Remove == nil {
			continue
		}
		if k, is := p.below(e.Op.Remove.Path); is {
			return k.refusal(u.ID, fmt.Sprintf("it would remove %s, and with it %s", e.Op.Remove.Path, k.Unit))
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
func (p *Protections) of(name string) (Protection, bool) {
	if p.lifted[name] {
		return Protection{}, false
	}
	if k, is := p.kept[name]; is {
		return k, true
	}
	k, is := p.declared[name]
	return k, is
}

// below is the first protected file at a path or below it.
func (p *Protections) below(dir string) (Protection, bool) {
	for _, name := range slices.Sorted(p.names()) {
		id := unit.ParseLocal("", name)
		if id.Type != "file" || !strings.HasPrefix(path.Clean(id.Key)+"/", strings.TrimSuffix(path.Clean(dir), "/")+"/") {
			continue
		}
		if k, is := p.of(name); is {
			return k, true
		}
	}
	return Protection{}, false
}

// names ranges over all that may be protected; some may come twice.
func (p *Protections) names() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, from := range []map[string]Protection{p.kept, p.declared} {
			for name := range from {
				if !yield(name) {
					return
				}
			}
		}
	}
}

// refusal says why a unit does not do something to a protected resource.
func (k Protection) refusal(id unit.ID, what string) *abi.Error {
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

// protect finds out what is protected on a host, by the state and by the units
// that are wanted of it.
func (p *Planner) protect(ctx context.Context, h *Host) error {
	var kept []Protection
	if p.Protected != nil {
		var err error
		if kept, err = p.Protected(ctx, h); err != nil {
			return fmt.Errorf("read what is protected: %w", err)
		}
	}
	h.Protections = NewProtections(kept)
	for _, s := range h.Steps() {
		s.Protections = h.Protections
		if s.On != nil {
			s.Protections = s.On.Protections // nil where it could not be reached
		}
		s.Protections.Declare(s.Unit)
	}
	return nil
}
