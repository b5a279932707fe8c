package op_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

func query(names ...string) op.Op {
	q := &op.PkgQuery{}
	for _, name := range names {
		q.Packages = append(q.Packages, op.PkgAsk{Name: name})
	}
	return op.Op{PkgQuery: q}
}

func ensure(update bool, valid int64, names ...string) op.Op {
	e := &op.PkgEnsure{Update: update, Valid: valid}
	for _, name := range names {
		e.Packages = append(e.Packages, op.PkgWant{Name: name, State: op.PkgPresent})
	}
	return op.Op{PkgEnsure: e}
}

func source(file string) op.Op { return op.Op{PkgEnsure: &op.PkgEnsure{Update: true, Source: file}} }

// TestSource: lists are fetched for the sake of a repository alone, whose file is no word for the package manager.
func TestSource(t *testing.T) {
	for path, fine := range map[string]bool{"/etc/apt/sources.list.d/a.sources": true, "a.sources": false, "/a b": false, "/a;b": false} {
		o := source(path)
		if err := o.Validate(); (err == nil) != fine {
			t.Errorf("%s: %v", path, err)
		}
	}
	beside := ensure(true, 0, "a")
	beside.PkgEnsure.Source = "/a"
	if err := beside.Validate(); err == nil {
		t.Error("a source stands beside a package")
	}
}

func TestJoin(t *testing.T) {
	yes := true
	recommends := ensure(false, 0, "b")
	recommends.PkgEnsure.Recommends = &yes
	for _, tt := range []struct {
		name string
		ops  []op.Op
		want op.Op
		ok   bool
	}{
		{"none", nil, op.Op{}, false},
		{"questions", []op.Op{query("a"), query("b", "a")}, query("a", "b", "a"), true},
		{"of two kinds", []op.Op{query("a"), ensure(false, 0, "a")}, op.Op{}, false},
		{"services", []op.Op{{SvcQuery: &op.SvcQuery{Names: []string{"a.service"}}}, {SvcQuery: &op.SvcQuery{Names: []string{"b.service"}}}}, op.Op{SvcQuery: &op.SvcQuery{Names: []string{"a.service", "b.service"}}}, true},
		{"transactions", []op.Op{ensure(false, 0, "a"), ensure(false, 0, "b")}, ensure(false, 0, "a", "b"), true},
		{"the strictest wish for fresh lists counts", []op.Op{ensure(true, 3600, "a"), ensure(false, 0, "b"), ensure(true, 60, "c")}, ensure(true, 60, "a", "b", "c"), true},
		{"one package twice", []op.Op{ensure(false, 0, "a"), ensure(false, 0, "a")}, op.Op{}, false},
		{"that want different things of the manager", []op.Op{ensure(false, 0, "a"), recommends}, op.Op{}, false},
		{"the lists of one repository", []op.Op{source("/etc/apt/sources.list.d/a.sources"), source("/etc/apt/sources.list.d/b.sources")}, op.Op{}, false},
		{"the lists of one repository, before a package", []op.Op{source("/etc/apt/sources.list.d/a.sources"), ensure(false, 0, "a")}, op.Op{}, false},
		{"files", []op.Op{{Stat: &op.Stat{Path: "/a"}}, {Stat: &op.Stat{Path: "/b"}}}, op.Op{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := op.Join(tt.ops)
			if ok != tt.ok {
				t.Fatalf("joined: %v, want %v", ok, tt.ok)
			}
			if diff := cmp.Diff(tt.want, got); ok && diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSplitIsTheInverseOfUnite: each op gets back what was its own.
func TestSplitIsTheInverseOfUnite(t *testing.T) {
	ops := []op.Op{query("a"), query("b", "c")}
	parts := []op.Result{
		{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{{Name: "a", Version: "1"}}}},
		{PkgQuery: &op.PkgQueryResult{Manager: "apt", Packages: []op.Package{{Name: "b"}, {Name: "c", Version: "2"}}}},
	}
	all, ok := op.Unite(ops, parts)
	if !ok {
		t.Fatal("the results have no joined one")
	}
	if diff := cmp.Diff(parts, op.Split(ops, all)); diff != "" {
		t.Error(diff)
	}
	all.PkgQuery.Packages = all.PkgQuery.Packages[:2]
	if got := op.Split(ops, all); got[0].Error != nil || got[1].Error == nil {
		t.Errorf("a short answer was shared out: %+v", got)
	}
	failed := op.Result{Error: &op.Error{Class: op.Transient, Message: "locked"}}
	if got := op.Split(ops, failed); got[0].Error == nil || got[1].Error == nil {
		t.Errorf("an error is not everybody's: %+v", got)
	}
}
