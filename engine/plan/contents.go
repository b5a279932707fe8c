package plan

import (
	"io"
	"sync"

	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Contents holds bulk content by digest: what files hold now and what they
// shall hold. Equal content of many hosts is kept once. The zero value is ready.
type Contents struct {
	mu    sync.RWMutex
	blobs map[string]*op.Blob
}

// Add keeps a blob that has its content at hand.
func (c *Contents) Add(b *op.Blob) {
	if b == nil || b.Open == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.blobs == nil {
		c.blobs = map[string]*op.Blob{}
	}
	if c.blobs[b.Sum] == nil {
		c.blobs[b.Sum] = b
	}
}

// AddUnit keeps the content that a unit wants.
func (c *Contents) AddUnit(u *unit.Unit) {
	for _, b := range u.Blobs {
		c.Add(b)
	}
}

// AddResult keeps the content that an op brought back.
func (c *Contents) AddResult(r op.Result) {
	if r.Read != nil {
		c.Add(r.Read.Content)
	}
	if r.Text != nil && r.Text.Type == op.TypeFile {
		c.Add(op.NewBlob([]byte(r.Text.Text)))
	}
}

// AddChange keeps the content that a provider made for a change.
func (c *Contents) AddChange(change *abi.Change) {
	if change == nil {
		return
	}
	for _, e := range change.Effects {
		for _, b := range e.Op.Blobs() {
			c.Add(b)
		}
	}
}

// Blob returns the content with a digest, or nil.
func (c *Contents) Blob(sum string) *op.Blob {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.blobs[sum]
}

// Bytes reads content up to limit bytes; ok is false where it is unknown or larger.
func (c *Contents) Bytes(sum string, limit int64) (data []byte, ok bool) {
	b := c.Blob(sum)
	if b == nil || b.Size > limit {
		return nil, false
	}
	r, err := b.Open()
	if err != nil {
		return nil, false
	}
	defer r.Close()
	data, err = io.ReadAll(io.LimitReader(r, limit+1))
	return data, err == nil && int64(len(data)) == b.Size
}

// Reference is how bulk content stands in a diff.
type Reference struct {
	Sum  string `json:"sum"`
	Size int64  `json:"size"`
}

// AsReference reports whether a diff's value refers to bulk content.
func AsReference(raw codec.Raw) (Reference, bool) {
	var ref Reference
	if len(raw) == 0 || raw[0] != '{' {
		return ref, false
	}
	err := codec.Unmarshal(raw, &ref)
	return ref, err == nil && len(ref.Sum) == 64
}

// Attach returns an op that a guest announced or asked for with the content that
// its references stand for.
func Attach(u *unit.Unit, o op.Op) (op.Op, error) {
	for _, b := range o.Blobs() {
		if b.Open != nil { // the provider made it
			continue
		}
		known := u.Blobs[b.Sum]
		if known == nil && b.Size == 0 && b.Sum == op.Sum(nil) {
			known = op.NewBlob(nil) // every unit has nothing at hand
		}
		if known == nil {
			return o, &abi.Error{
				Class:   op.Permanent,
				Message: "the provider refers to content " + abbreviate(b.Sum) + " that the unit does not have",
			}
		}
		open := known.Open
		if which, picks := op.Picks(o); picks && known.Pick != nil {
			open = func() (io.ReadCloser, error) { return known.Pick(which) }
		}
		o = o.WithBlob(&op.Blob{Sum: b.Sum, Size: known.Size, Open: open})
	}
	return o, nil
}

func abbreviate(sum string) string { return sum[:min(12, len(sum))] }
