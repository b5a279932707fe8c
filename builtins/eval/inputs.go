package eval

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Inputs are what an evaluation learnt from outside the runbook: only what
// was used, in an order that depends on the runbook alone. The same sources
// and inputs give the same units.
type Inputs struct {
	Facts      []FactInput      `json:"facts,omitempty"`      // by host, namespace, field
	Reads      []ReadInput      `json:"reads,omitempty"`      // in the order of their first use
	Vars       []VarInput       `json:"vars,omitempty"`       // by host and name
	Selections []SelectionInput `json:"selections,omitempty"` // by selector
	Files      []FileInput      `json:"files,omitempty"`      // by path
}

// FactInput is one fact that was used.
type FactInput struct {
	Host      string `json:"host"`
	Namespace string `json:"namespace"`
	Field     string `json:"field"`
	Value     any    `json:"value"`
}

// ReadInput is one question that was put to a host.
type ReadInput struct {
	Host   string   `json:"host"`
	User   string   `json:"user,omitempty"`
	Op     op.Op    `json:"op"`
	Digest string   `json:"digest"` // of the result
	Sealed bool     `json:"-"`      // Digest is keyed, since the result holds secrets
	Pos    diag.Pos `json:"pos"`
	// After is how many units of the host were declared before it.
	After int `json:"after"`
}

// VarInput is one variable that was used: of a host, or, where Host is "", of the command line.
type VarInput struct {
	Host  string `json:"host,omitempty"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// SelectionInput is what hosts() answered.
type SelectionInput struct {
	Selector string   `json:"selector"`
	Hosts    []string `json:"hosts"`
}

// FileInput is a file of the workspace whose bytes go to hosts.
type FileInput struct {
	Path string `json:"path"`
	Sum  string `json:"sum"` // SHA-256, hex
}

// Recorder collects the inputs of an evaluation. It is safe for concurrent use.
type Recorder struct {
	mu         sync.Mutex
	facts      map[FactInput]any // keyed without Value
	reads      []ReadInput
	vars       map[VarInput]any // keyed without Value
	selections map[string][]string
	files      map[string]string
}

func put[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

// Fact notes that a fact was used; field names it, or a part of it.
func (r *Recorder) Fact(host, namespace, field string, value any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put(&r.facts, FactInput{Host: host, Namespace: namespace, Field: field}, value)
}

// Variable notes that a variable of a host was used.
func (r *Recorder) Variable(host, name string, value any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put(&r.vars, VarInput{Host: host, Name: name}, value)
}

// Selection notes what hosts() answered.
func (r *Recorder) Selection(selector string, hosts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put(&r.selections, selector, hosts)
}

// File notes that the content of a file goes to hosts.
func (r *Recorder) File(path, sum string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	put(&r.files, path, sum)
}

// read notes a question; asked again from the same place, the latest count of
// units before it stands.
func (r *Recorder) read(in ReadInput) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.reads {
		old := &r.reads[i]
		if old.Pos == in.Pos && old.Host == in.Host && old.User == in.User && sameOp(old.Op, in.Op) {
			old.After = in.After
			return
		}
	}
	r.reads = append(r.reads, in)
}

// Absorb takes over what the loading of files learnt.
func (r *Recorder) Absorb(other *Recorder) {
	other.mu.Lock()
	defer other.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for v, value := range other.vars {
		put(&r.vars, v, value)
	}
	for selector, hosts := range other.selections {
		put(&r.selections, selector, hosts)
	}
}

// Inputs returns what was noted so far, and the variables of the command line that are used.
func (r *Recorder) Inputs(used map[string]any) Inputs {
	r.mu.Lock()
	defer r.mu.Unlock()
	in := Inputs{Reads: slices.Clone(r.reads)}
	for f, value := range r.facts {
		f.Value = value
		in.Facts = append(in.Facts, f)
	}
	slices.SortFunc(in.Facts, func(a, b FactInput) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Field, b.Field))
	})
	for v, value := range r.vars {
		v.Value = value
		in.Vars = append(in.Vars, v)
	}
	for name, value := range used {
		in.Vars = append(in.Vars, VarInput{Name: name, Value: value})
	}
	slices.SortFunc(in.Vars, func(a, b VarInput) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Name, b.Name))
	})
	for _, selector := range slices.Sorted(maps.Keys(r.selections)) {
		in.Selections = append(in.Selections, SelectionInput{Selector: selector, Hosts: r.selections[selector]})
	}
	for _, path := range slices.Sorted(maps.Keys(r.files)) {
		in.Files = append(in.Files, FileInput{Path: path, Sum: r.files[path]})
	}
	return in
}

func sameOp(a, b op.Op) bool {
	ta, errA := codec.Marshal(a)
	tb, errB := codec.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(ta, tb)
}
