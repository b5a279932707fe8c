// Package statetest holds what every state.Store must do. A store's own test
// runs it in a few lines:
//
//	statetest.Run(t, func(t testing.TB, dir string) state.Store { ... })
//
// It imports engine/state; only tests import it.
package statetest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/engine/state"
)

// Open opens the store that lives in dir, new or as it was left. The test closes it.
type Open func(t testing.TB, dir string) state.Store

// Run runs the suite.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"a run from begin to end", testRun},
		{"runs are listed by workspace", testRuns},
		{"units", testUnits},
		{"events", testEvents},
		{"events end units", testStatuses},
		{"changes", testChanges},
		{"changes on another host", testElsewhere},
		{"sensitive and large values", testHidden},
		{"content that lies", testLyingContent},
		{"hosts", testHosts},
		{"facts", testFacts},
		{"pending handlers", testPending},
		{"machines", testMachines},
		{"targets", testTargets},
		{"protections", testProtections},
		{"spelled protections", testSpelledProtections},
		{"progress", testProgress},
		{"what programs printed", testOutputs},
		{"a run that is resumed", testResume},
		{"a resume of which nothing came", testCancelResume},
		{"approval", testApproval},
		{"approval at once", testApprovalAtOnce},
		{"approval of runs that end", testApprovalEnds},
		{"a machine that is replaced within a run", testReplaced},
		{"plans of many runs", testManyPlans},
		{"a saved plan is used once", testPlanUse},
		{"locks", testLocks},
		{"many runs and one host", testLeaseRace},
		{"audit", testAudit},
		{"a refused call leaves nothing", testRefused},
		{"many writers and readers", testConcurrency},
		{"cancelled", testCancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fixture{open: open, dir: t.TempDir()}
			f.Store = open(t, f.dir)
			test.run(t, f)
			f.close(t)
		})
	}
}

// fixture is a store and where it lives.
type fixture struct {
	state.Store

	open Open
	dir  string
}

// reopen closes the store and opens it again, so that what follows sees what was kept.
func (f *fixture) reopen(t *testing.T) {
	t.Helper()
	f.close(t)
	f.Store = f.open(t, f.dir)
}

func (f *fixture) close(t *testing.T) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal("close:", err)
	}
}

// began is when the suite's runs begin; stores keep microseconds.
var began = time.Date(2026, 11, 23, 21, 45, 1, 234567000, time.UTC)

const workspace = "/srv/site"

// begin records a run.
func (f *fixture) begin(t *testing.T, id string) state.Run {
	t.Helper()
	r := state.Run{ID: id, Workspace: workspace, Command: "apply", Runbook: "site.star", User: "ada", Started: began, Hosts: 3, Plan: strings.Repeat("ab", 32)}
	must(t, f.BeginRun(t.Context(), r))
	r.Status = state.Running
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares what a store gave back; nothing is as good as an empty list.
func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func object(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}
