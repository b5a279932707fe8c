package op

import (
	"reflect"
	"testing"
)

// TestKinds holds that each field of an op is of a kind of its own that is known.
func TestKinds(t *testing.T) {
	listed := map[Kind]bool{}
	for _, b := range kinds {
		listed[b.kind()] = true
	}
	fields := reflect.TypeFor[Op]()
	if fields.NumField() != len(listed) {
		t.Errorf("an op has %d fields, and %d kinds are listed", fields.NumField(), len(listed))
	}
	for i := range fields.NumField() {
		var o Op
		reflect.ValueOf(&o).Elem().Field(i).Set(reflect.New(fields.Field(i).Type.Elem()))
		if kind := o.Kind(); !listed[kind] {
			t.Errorf("%s is of the kind %q, which is not listed", fields.Field(i).Name, kind)
		}
		if err := o.CheckResult(&Result{}); err == nil {
			t.Errorf("%s is content with no answer", o.Kind())
		}
	}
}

// TestScopes holds what manifests may speak of.
func TestScopes(t *testing.T) {
	want := map[Kind]Scope{
		KindStat: ScopePaths, KindRead: ScopePaths, KindList: ScopePaths,
		KindWrite: ScopeSomePath, KindMkdir: ScopeSomePath, KindLink: ScopeSomePath, KindRemove: ScopeSomePath, KindAttr: ScopeSomePath,
		KindGetent: ScopeNone, KindFacts: ScopeNone, KindPkgQuery: ScopeNone, KindPkgEnsure: ScopeNone, KindSvcQuery: ScopeNone, KindSvcEnsure: ScopeNone,
		KindExec: ScopePrograms, KindHTTP: ScopeHosts, KindTCP: ScopeHosts,
	}
	for _, b := range kinds {
		got, ok := b.kind().Scope()
		if scope, known := want[b.kind()]; ok != known || got != scope {
			t.Errorf("%s: scope %d, %v; want %d, %v", b.kind(), got, ok, scope, known)
		}
	}
}
