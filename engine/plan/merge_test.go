package plan_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
)

// units makes a host's units of words such as a3, at line 3 of the file, hA1 of a handler, and v9 of verify.
func units(words string) []*unit.Unit {
	var all []*unit.Unit
	for word := range strings.FieldsSeq(words) {
		u := &unit.Unit{ID: unit.ID{Type: "t", Key: word[:1]}, Pos: diag.Pos{File: "site.star", Line: int(word[len(word)-1] - '0')}}
		switch word[0] {
		case 'h':
			u.ID.Scope = unit.Scope{Play: "p", Handler: word[1:2]}
		case 'v':
			u.ID.Scope = unit.Scope{Play: "p"}
		}
		all = append(all, u)
	}
	return all
}

func merged(hosts ...string) string {
	var all [][]*unit.Unit
	for _, h := range hosts {
		all = append(all, units(h))
	}
	places := plan.Merge(all)
	names := make([]string, len(places))
	for name, at := range places {
		names[at] = strings.TrimSuffix(name[strings.LastIndex(name, "[")+1:], "]")
	}
	return strings.Join(names, "")
}

func TestMerge(t *testing.T) {
	for _, tt := range []struct{ name, want, hosts string }{
		{"one host", "cab", "c3 a1 b2"},
		{"a unit that the first host does not need", "abch", "a1 c3 hA9 | a1 b2 c3 hA9"},
		{"nothing in common but a handler that is declared above", "abcdh", "a2 c4 hA1 | b3 d5 hA1"},
		{"a host with the handler alone", "abh", "hA1 | a2 b3 hA1"},
		{"verify is last", "ahv", "v1 | hA2 v1 | a3 v1"},
		{"another order on the same lines", "xaby", "x1 a2 y3 | x1 b2 y3"},
		{"hosts that contradict each other", "ab", "a1 b2 | b2 a1"},
		{"no units", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := merged(strings.Split(tt.hosts, "|")...); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// TestMergeKeepsEachHost: where a runbook has one order, of which each host needs some units, that is the order of each.
func TestMergeKeepsEachHost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		runbook := rapid.Permutation([]string{"a1", "b2", "c3", "d4", "e5", "f6"}).Draw(t, "runbook")
		var hosts []string
		for range rapid.IntRange(1, 5).Draw(t, "hosts") {
			var some []string
			for _, u := range runbook {
				if rapid.Bool().Draw(t, "needed") {
					some = append(some, u)
				}
			}
			hosts = append(hosts, strings.Join(some, " "))
		}
		order := merged(hosts...)
		for _, h := range hosts {
			last := -1
			for word := range strings.FieldsSeq(h) {
				at := strings.Index(order, word[:1])
				if at <= last {
					t.Fatalf("%s of %q is not in order in %s", word, h, order)
				}
				last = at
			}
		}
		if sorted := slices.Sorted(strings.SplitSeq(order, "")); len(slices.Compact(sorted)) != len(sorted) {
			t.Fatalf("a unit stands twice: %s", order)
		}
	})
}
