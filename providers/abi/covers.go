package abi

import (
	"bytes"
	"slices"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Covers reports whether an announced effect speaks of an op: the same kind of
// thing done to the same path, package or service, with the same content or to
// the same state. What was announced as unknown may be anything.
func (e Effect) Covers(o op.Op) bool {
	unknown := func(field string) bool { return slices.Contains(e.Unknown, field) }
	switch {
	case e.Op.Kind() != o.Kind():
		return false
	case o.Exec != nil && len(e.Unknown) > 0 || o.HTTP != nil && unknown("url"):
		return true
	case o.Write != nil && !unknown("content") && e.Op.Write.Content.Sum != o.Write.Content.Sum,
		o.Link != nil && !unknown("target") && e.Op.Link.Target != o.Link.Target,
		o.SvcEnsure != nil && !unknown("state") && e.Op.SvcEnsure.State != o.SvcEnsure.State,
		o.PkgEnsure != nil && !unknown("packages") && !slices.Equal(e.Op.PkgEnsure.Packages, o.PkgEnsure.Packages):
		return false
	case o.Exec != nil:
		return same(e.Op, o)
	}
	return e.Op.Subject() == o.Subject()
}

// same compares all of two ops; one that cannot be encoded is like no other.
func same(a, b op.Op) bool {
	x, errX := codec.Marshal(a)
	y, errY := codec.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
