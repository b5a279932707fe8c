package protect

import (
	"maps"
	"sync"

	"github.com/openfroyo/froyo/engine/unit"
)

// Run is what a run has changed of what is protected. The sets that it began with stay as
// they are. It is safe for concurrent use; the zero value is ready.
type Run struct {
	mu  sync.Mutex
	now map[*Set]*Set // of those that changed, by the one that the run began with
}

// Of gives a set as it is by now. It may be one that Of gave before.
func (r *Run) Of(s *Set) *Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now[s]; now != nil {
		return now
	}
	return s
}

// Keep notes that the state protects resources from now on.
func (r *Run) Keep(s *Set, kept ...Resource) {
	r.change(s, func(now *Set) {
		for _, k := range kept {
			now.kept[k.Unit] = k
		}
	})
}

// Drop notes that the state no longer protects the resources of units.
func (r *Run) Drop(s *Set, units ...*unit.Unit) {
	r.change(s, func(now *Set) {
		for _, u := range units {
			delete(now.kept, u.ID.Resource())
		}
	})
}

func (r *Run) change(s *Set, change func(now *Set)) {
	if s == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now[s]
	if now == nil {
		now = s.clone()
		if r.now == nil {
			r.now = map[*Set]*Set{}
		}
		r.now[s] = now
	}
	now.mu.Lock()
	defer now.mu.Unlock()
	change(now)
}

func (s *Set) clone() *Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Set{kept: maps.Clone(s.kept), declared: maps.Clone(s.declared), lifted: maps.Clone(s.lifted)}
}
