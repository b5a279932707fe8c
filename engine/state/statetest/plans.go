package statetest

import (
	"sync"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/state"
)

func testPlanUse(t *testing.T, f *fixture) {
	runs := []string{"r1", "r2", "r3", "r4"}
	for _, run := range runs {
		f.begin(t, run)
	}
	use := func(u state.PlanUse, want string) {
		t.Helper()
		u.Workspace, u.Time = workspace, began
		before, err := f.UsePlan(t.Context(), u)
		must(t, err)
		if before != want {
			t.Errorf("%+v: used before by %q, want %q", u, before, want)
		}
	}
	use(state.PlanUse{Plan: "p1"}, "") // looked up
	use(state.PlanUse{Plan: "p1", Run: "r1"}, "")
	f.reopen(t)
	use(state.PlanUse{Plan: "p1"}, "r1")
	use(state.PlanUse{Plan: "p1", Run: "r2"}, "r1")
	use(state.PlanUse{Plan: "p2", Run: "r2"}, "")
	use(state.PlanUse{Plan: "p1", Run: "r3", Again: true}, "r1")
	use(state.PlanUse{Plan: "p1", Run: "r4"}, "r3")
	if before, err := f.UsePlan(t.Context(), state.PlanUse{Workspace: "/other", Plan: "p1"}); err != nil || before != "" {
		t.Errorf("in another workspace: used by %q, %v", before, err)
	}
	if _, err := f.UsePlan(t.Context(), state.PlanUse{Workspace: workspace, Plan: "p3", Run: "r9"}); err == nil {
		t.Error("a use by no run was accepted")
	}
	use(state.PlanUse{Plan: "p3"}, "")

	// Of many at once one is first.
	var all sync.WaitGroup
	before := make([]string, len(runs))
	for i, run := range runs {
		all.Go(func() {
			var err error
			if before[i], err = f.UsePlan(t.Context(), state.PlanUse{Workspace: workspace, Plan: "p4", Run: run, Time: began}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	first := 0
	for _, b := range before {
		if b == "" {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d runs were first: %q", first, before)
	}
}

// testApproval follows a run from its plan to its first change.
func testApproval(t *testing.T, f *fixture) {
	want := f.begin(t, "r1")
	a := state.Approval{By: "grace@desk", Time: began.Add(time.Second), Plan: "aa"}
	phase := func(expected state.Phase) {
		t.Helper()
		f.reopen(t)
		got := f.list(t, workspace, 10)
		same(t, []state.Run{want}, got)
		if got[0].Phase() != expected {
			t.Errorf("the run is %s, want %s", got[0].Phase(), expected)
		}
		approval, err := f.ApprovalOf(t.Context(), "r1")
		must(t, err)
		same(t, want.Approval, approval)
	}
	phase(state.Planning)
	refused(t, "a run without a plan was approved", f.Approve(t.Context(), "r1", a))
	refused(t, "a run without a plan was approved", f.Approve(t.Context(), "r1", state.Approval{By: "x", Time: began}))
	refused(t, "a run without a plan was applied", f.BeginApply(t.Context(), "r1", "", began, nil))

	must(t, f.Propose(t.Context(), "r1", "aa"))
	want.Proposed = "aa"
	phase(state.Planned)
	refused(t, "a plan was applied that is not approved", f.BeginApply(t.Context(), "r1", "aa", began, nil))
	refused(t, "another plan was approved", f.Approve(t.Context(), "r1", state.Approval{By: "x", Time: began, Plan: "bb"}))
	refused(t, "a plan was approved by no user", f.Approve(t.Context(), "r1", state.Approval{Time: began, Plan: "aa"}))
	refused(t, "a plan was approved at no time", f.Approve(t.Context(), "r1", state.Approval{By: "x", Plan: "aa"}))

	must(t, f.Approve(t.Context(), "r1", a))
	must(t, f.Approve(t.Context(), "r1", state.Approval{By: "late", Time: began.Add(time.Hour), Plan: "aa"}))
	must(t, f.Propose(t.Context(), "r1", "aa")) // the same again
	want.Approval = a
	phase(state.Approved)
	refused(t, "another plan was applied than the one that is approved", f.BeginApply(t.Context(), "r1", "bb", began, nil))

	at := began.Add(time.Minute)
	must(t, f.BeginApply(t.Context(), "r1", "aa", at, nil))
	want.Applying = at
	phase(state.Applying)
	refused(t, "a plan was applied twice", f.BeginApply(t.Context(), "r1", "aa", at, nil))

	must(t, f.Propose(t.Context(), "r1", "cc"))
	want.Proposed, want.Approval, want.Applying = "cc", state.Approval{}, time.Time{}
	phase(state.Planned)
	refused(t, "what was approved of one plan counts for another", f.BeginApply(t.Context(), "r1", "cc", at, nil))

	trail, err := f.AuditLog(t.Context(), 10)
	must(t, err)
	same(t, state.Audit{Time: a.Time, User: "grace", Action: "approve", Run: "r1", Plan: "aa"}, trail.End().Entry)
}

// testApprovalAtOnce: a plan is proposed, approved and begun in one transaction, or none of it.
func testApprovalAtOnce(t *testing.T, f *fixture) {
	want := f.begin(t, "r1")
	at := began.Add(time.Minute)
	refused(t, "a plan was approved by no user", f.BeginApply(t.Context(), "r1", "dd", at, &state.Approval{Time: began, Plan: "dd"}))
	refused(t, "another plan was approved", f.BeginApply(t.Context(), "r1", "dd", at, &state.Approval{By: "x", Time: began, Plan: "ee"}))
	f.reopen(t)
	same(t, []state.Run{want}, f.list(t, workspace, 10))

	a := state.Approval{By: "ada", Time: began.Add(time.Second), Plan: "dd"}
	must(t, f.BeginApply(t.Context(), "r1", "dd", at, &a))
	want.Proposed, want.Approval, want.Applying = "dd", a, at
	f.reopen(t)
	same(t, []state.Run{want}, f.list(t, workspace, 10))
	trail, err := f.AuditLog(t.Context(), 10)
	must(t, err)
	same(t, state.Audit{Time: a.Time, User: a.By, Action: "approve", Run: "r1", Plan: "dd"}, trail.End().Entry)
}

// testApprovalEnds: of a run that has ended nothing is approved, and one that is resumed has
// to be approved anew.
func testApprovalEnds(t *testing.T, f *fixture) {
	f.begin(t, "r1")
	a := state.Approval{By: "ada", Time: began, Plan: "aa"}
	must(t, f.SavePlan(t.Context(), "r1", []byte("{}")))
	must(t, f.Propose(t.Context(), "r1", "aa"))
	must(t, f.Approve(t.Context(), "r1", a))
	must(t, f.FinishRun(t.Context(), "r1", state.End{Ended: began.Add(time.Minute), Status: state.Failed}))
	refused(t, "a run that has ended was approved", f.Approve(t.Context(), "r1", a))
	refused(t, "a run that has ended was applied", f.BeginApply(t.Context(), "r1", "aa", began, nil))
	if got := f.list(t, workspace, 1)[0]; got.Approval != a {
		t.Errorf("it was approved by %+v", got.Approval)
	}
	_, err := f.ResumeRun(t.Context(), "r1", state.Process{PID: 7}, began.Add(time.Hour))
	must(t, err)
	if got := f.list(t, workspace, 1)[0]; got.Phase() != state.Planning {
		t.Errorf("the run that is resumed is %s", got.Phase())
	}
	must(t, f.Propose(t.Context(), "r1", "aa"))
	refused(t, "a run that is resumed was applied unapproved", f.BeginApply(t.Context(), "r1", "aa", began, nil))

	refused(t, "a run that there is not made a proposal", f.Propose(t.Context(), "r9", "aa"))
	refused(t, "a run that there is not was approved", f.Approve(t.Context(), "r9", a))
	_, err = f.ApprovalOf(t.Context(), "r9")
	refused(t, "a run that there is not has an approval", err)
}

func refused(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Error(what)
	}
}
