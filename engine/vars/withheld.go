package vars

import (
	"bytes"
	"errors"
	"io"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Withheld finds the values of variables that the runbook passes to sensitive(), and those that stand in what a unit
// sets that it calls sensitive, and in nothing else: a plan does not hold them, although they were not marked.
type Withheld struct {
	hosts map[string]*texts
	found map[string]bool
}

// texts are what the units of a host set.
type texts struct{ hidden, open bytes.Buffer }

// shortestWithheld is the length from which on a value is looked for.
const shortestWithheld = 4

// FindWithheld looks at what the planned units set.
func FindWithheld(planned []*plan.Host) (*Withheld, error) {
	w := &Withheld{hosts: map[string]*texts{}, found: map[string]bool{}}
	byWord := func(u *unit.Unit) bool { return u.Sensitive && !u.Given }
	for _, h := range planned {
		marked := false
		for _, s := range h.Steps() {
			marked = marked || byWord(s.Unit)
		}
		if !marked {
			continue
		}
		t := &texts{}
		w.hosts[h.Host.Name] = t
		for _, s := range h.Steps() {
			into := &t.open
			if byWord(s.Unit) {
				into = &t.hidden
			}
			if err := writeUnit(into, s.Unit.Args, s.Unit.Blobs); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

func writeUnit(w *bytes.Buffer, args codec.Raw, blobs map[string]*op.Blob) error {
	const limit = 1 << 20
	w.Write(args)
	for _, b := range blobs {
		if b.Open == nil || b.Size > limit {
			continue
		}
		content, err := b.Open()
		if err != nil {
			return err
		}
		_, err = io.Copy(w, content)
		if err = errors.Join(err, content.Close()); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether a value is one of a host's; "" are all hosts.
func (w *Withheld) holds(host, value string) bool {
	if len(value) < shortestWithheld || secret.Marked(value) {
		return false
	}
	in := func(text *bytes.Buffer) bool {
		return bytes.Contains(text.Bytes(), []byte(value)) || bytes.Contains(text.Bytes(), []byte(secret.Quoted(value)))
	}
	hidden := false
	of := w.hosts
	if host != "" {
		of = map[string]*texts{}
		if t := w.hosts[host]; t != nil {
			of[host] = t
		}
	}
	for _, t := range of {
		if in(&t.open) {
			return false
		}
		hidden = hidden || in(&t.hidden)
	}
	return hidden
}

// Kept gives variables the form in which they are kept, and notes the values
// that are left out though they are not marked.
func (w *Withheld) Kept(host string, vars map[string]any, seal func([]byte) string) map[string]any {
	if vars == nil {
		return nil
	}
	kept := secret.KeptValue(vars, seal, func(value string) bool {
		is := secret.Is(value) || len(w.hosts) > 0 && w.holds(host, value)
		if is {
			w.found[value] = true
		}
		return is
	})
	return kept.(map[string]any)
}

// Found are the values that Kept has left out.
func (w *Withheld) Found() map[string]bool { return w.found }
