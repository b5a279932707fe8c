package op

import (
	"reflect"
	"strings"
	"testing"
)

// TestKinds holds that each field of an op is of a kind of its own that is known.
func TestKinds(t *testing.T) {
	listed := map[Kind]bool{}
	(&Op{}).each(func(b body, _ bool) { listed[b.kind()] = true })
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
		KindStat: ScopePaths, KindRead: ScopePaths, KindText: ScopePaths, KindList: ScopePaths,
		KindWrite: ScopeSomePath, KindMkdir: ScopeSomePath, KindLink: ScopeSomePath, KindRemove: ScopeSomePath, KindAttr: ScopeSomePath,
		KindGetent: ScopeNone, KindNeed: ScopeNone, KindFacts: ScopeNone, KindPkgQuery: ScopeNone, KindPkgEnsure: ScopeNone, KindSvcQuery: ScopeNone, KindSvcEnsure: ScopeNone,
		KindUnpacked: ScopePaths, KindUnpack: ScopeSomePath, KindFetch: ScopeSomePath, KindTree: ScopeSomePath, KindCollect: ScopeSomePath,
		KindWait: ScopeNone, KindRestart: ScopeNone,
		KindExec: ScopePrograms, KindHTTP: ScopeHosts, KindTCP: ScopeHosts,
	}
	(&Op{}).each(func(b body, _ bool) {
		got, ok := b.kind().Scope()
		if scope, known := want[b.kind()]; ok != known || got != scope {
			t.Errorf("%s: scope %d, %v; want %d, %v", b.kind(), got, ok, scope, known)
		}
	})
}

// TestAnswers holds that each kind of answer is counted, and that those with texts from
// elsewhere let them be replaced: what is not could show a secret.
func TestAnswers(t *testing.T) {
	fields := reflect.TypeFor[Result]()
	replaced := func(string) string { return "replaced" }
	for i := range fields.NumField() {
		var r Result
		answer := reflect.New(fields.Field(i).Type.Elem())
		reflect.ValueOf(&r).Elem().Field(i).Set(answer)
		name := fields.Field(i).Name
		if n := r.Answers(); n != 1 {
			t.Errorf("%s counts as %d answers", name, n)
		}
		got := reflect.ValueOf(r.Replace(replaced, replaced)).Field(i).Elem()
		for j := range got.NumField() {
			raw := got.Type().Field(j).Name
			text, isRaw := strings.CutSuffix(raw, "Raw")
			if isRaw && (got.Field(j).String() != "replaced" || got.FieldByName(text).String() != "replaced") {
				t.Errorf("%s keeps %s or %s", name, text, raw)
			}
		}
		if kept := answer.Elem(); !kept.IsZero() {
			t.Errorf("%s was changed itself: %+v", name, kept)
		}
	}
}
