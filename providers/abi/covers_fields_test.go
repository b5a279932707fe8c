package abi_test

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op/optest"
)

// TestEveryFieldCounts: an op of any kind that differs in any one field is not
// the announced one, and the field is named; one that was announced as unknown
// may differ, and frees no other.
func TestEveryFieldCounts(t *testing.T) {
	tried, freed := 0, 0
	for _, v := range optest.Variants() {
		e := abi.Effect{Op: v.One}
		d, differs := e.Differs(v.Two)
		if !differs || !strings.HasPrefix(d.Field+".", v.Field+".") {
			t.Errorf("%s: differs %v in %q", v, differs, d.Field)
		}
		if !e.Covers(v.One) {
			t.Errorf("%s: does not cover itself", v)
		}
		tried++
		if e.Unknown = []string{v.Field}; !e.Covers(v.Two) {
			t.Errorf("%s: is unknown, and does not cover another value", v)
		}
		for _, other := range optest.Variants() {
			if other.Kind == v.Kind && other.Field != v.Field && other.What == "another" && compatible(v, other) {
				freed++
				if (abi.Effect{Op: other.One, Unknown: []string{v.Field}}).Covers(other.Two) {
					t.Errorf("%s: being unknown it frees %s", v, other.Field)
				}
			}
		}
		if (abi.Effect{Op: v.One}).Allows(abi.Effect{Op: v.One, Unknown: []string{v.Field}}) {
			t.Errorf("%s: leaving it open is allowed", v)
		}
	}
	t.Logf("%d variants of %d kinds of op, %d pairs of fields", tried, len(optest.Kinds()), freed)
}

// compatible leaves out fields within one another.
func compatible(a, b optest.Variant) bool {
	return !strings.HasPrefix(a.Field+".", b.Field+".") && !strings.HasPrefix(b.Field+".", a.Field+".")
}

// TestUnknownFields: those that an op does not have, and those with a value, are refused.
func TestUnknownFields(t *testing.T) {
	for _, v := range optest.Variants() {
		if got := (abi.Effect{Op: v.One, Unknown: []string{"no_such_field"}}).CheckUnknown(); !strings.Contains(got, " has no field ") {
			t.Errorf("%s: a field that is not there: %q", v, got)
		}
		if v.What != "added" || strings.Contains(v.Field, ".") {
			continue
		}
		if got := (abi.Effect{Op: v.One, Unknown: []string{v.Field}}).CheckUnknown(); got != "" {
			t.Errorf("%s: a field without a value: %q", v, got)
		}
		if got := (abi.Effect{Op: v.Two, Unknown: []string{v.Field}}).CheckUnknown(); !strings.Contains(got, " is announced as unknown and as ") {
			t.Errorf("%s: a field with a value: %q", v, got)
		}
	}
}

// TestAnotherKind is never covered.
func TestAnotherKind(t *testing.T) {
	for _, a := range optest.Variants() {
		for _, b := range optest.Variants() {
			if a.Kind != b.Kind && (abi.Effect{Op: a.One}).Covers(b.One) {
				t.Fatalf("%s covers %s", a, b)
			}
		}
	}
}
