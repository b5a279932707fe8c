package run

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/catalog"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/engine/vars"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/workspace"
)

// site is a workspace with a state, and hosts in memory that have nothing to change.
type site struct {
	signed
	t     *testing.T
	dir   string
	types *catalog.Catalog
	hosts map[string]*memory
	spec  Spec
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	at, err := workspace.Find(dir, workspace.Env{Home: dir, StateHome: filepath.Join(dir, "state"), UID: os.Getuid(), SudoUID: -1})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{signed: signed{at: at}, t: t, dir: dir, types: openTypes(t), hosts: map[string]*memory{"h1": newMemory("h1", false), "h2": newMemory("h2", false)}}
	inv := inventory.New([]*inventory.Host{{Name: "h1", Address: "192.0.2.1", Connection: "memory"}, {Name: "h2", Address: "192.0.2.2", Connection: "memory"}})
	s.spec = Spec{Main: "site.star", Root: dir, Vars: vars.Set{Given: map[string]any{}, Inventory: inv}}
	s.write("def do(host):\n    file(\"/none\", state = \"absent\")\n    file(\"/\" + host.name, state = \"absent\")\n\nplay(\"all\", hosts = \"all\", do = do)\n")
	return s
}

func (s *site) write(runbook string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "site.star"), []byte(runbook), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// The store is opened anew for each that asks, as other processes do.

func (s *site) ID() string { return "site" }

func (s *site) State(ctx context.Context) (state.Store, error) {
	return sqlite.Open(ctx, filepath.Join(s.dir, "kept"))
}
func (s *site) Queue() queue.Queue { return bolt.New(filepath.Join(s.dir, "queue.db"), time.Now) }

// session is a connection with a host in memory.
type session struct{ *memory }

func (session) Warm(string)                         {}
func (session) Ready(context.Context, string) error { return nil }
func (session) Close(context.Context) error         { return nil }
func (session) DialContext(context.Context, string, string, int) (net.Conn, error) {
	return nil, errors.New("there is no network")
}

// planned begins a run and plans it.
func (s *site) planned(spec Spec) *Run {
	s.t.Helper()
	ctx := s.t.Context()
	j, err := Load(ctx, Services{Workspace: s, Files: os.DirFS(s.dir), Read: read, Types: s.types, Worker: worker.Here(), Warn: func(*diag.Error) {}}, spec)
	if err != nil {
		s.t.Fatal(err)
	}
	open := func(_ context.Context, h *inventory.Host, _ fleet.Hooks) (fleet.Session, error) {
		return session{s.hosts[h.Name]}, nil
	}
	r, err := j.Begin(ctx, Options{Command: "apply", Forks: 2, Openers: fleet.Openers{"memory": open}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := r.Close(context.Background(), diag.OK, nil); err != nil {
			s.t.Error(err)
		}
	})
	if err := r.Plan(ctx); err != nil {
		s.t.Fatal(err)
	}
	return r
}

// other is another process, which has the store open by itself.
func (s *site) other() state.Store {
	s.t.Helper()
	store, err := s.State(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = store.Close() })
	return store
}

// TestAnotherPartyApproves: a run waits for another process that has its store open, and
// applies what that approved.
func TestAnotherPartyApproves(t *testing.T) {
	s := newSite(t)
	r := s.planned(s.spec)
	_, err := r.Apply(t.Context(), Steps{})
	if err == nil || !strings.Contains(err.Error(), "is not approved; nothing was changed") ||
		diag.Of(err).Hint != "it is applied once it is approved as it is; a plan that was made anew has to be approved anew" {
		t.Fatalf("without an approval: %v", err)
	}
	waited := make(chan error, 1)
	var got Approval
	go func() {
		var err error
		got, err = r.AwaitApproval(t.Context())
		waited <- err
	}()
	store := s.other()
	var seen state.Run
	for seen.Phase() != state.Planned {
		runs, err := store.Unfinished(t.Context(), s.ID())
		if err != nil || len(runs) != 1 {
			t.Fatal(runs, err)
		}
		seen = runs[0]
	}
	by := Approval{By: "grace@desk", Time: time.Now().Truncate(time.Microsecond), Plan: "another"}
	if err := store.Approve(t.Context(), seen.ID, by); err == nil {
		t.Error("another plan was approved")
	}
	by.Plan = seen.Proposed
	if err := store.Approve(t.Context(), seen.ID, by); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil || got.By != by.By || !got.Time.Equal(by.Time) || got.Plan != seen.Proposed {
		t.Fatalf("the run was approved by %+v, %v", got, err)
	}
	result, err := r.Apply(t.Context(), Steps{})
	if err != nil || result.Err != nil || result.Counts[0].OK != 2 || result.Counts[1].OK != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	if runs, err := store.Unfinished(t.Context(), s.ID()); err != nil || runs[0].Phase() != state.Applying {
		t.Errorf("the run is %s, %v", runs[0].Phase(), err)
	}
	if _, err := r.Apply(t.Context(), Steps{}); err == nil {
		t.Error("the plan was applied twice")
	}
}

// TestWhatIsApprovedIsWhatIsSaved: the digest that is approved is that of the saved plan,
// whenever that is written.
func TestWhatIsApprovedIsWhatIsSaved(t *testing.T) {
	s := newSite(t)
	s.write("def do(host):\n    file(\"/motd\", content = \"for %s\\n\" % host.name)\n    file(\"/same\", content = \"x\")\n\nplay(\"all\", hosts = \"all\", do = do)\n")
	r := s.planned(s.spec)
	saved := s.saved(r)
	if len(saved.Contents) != 3 {
		t.Errorf("the plan holds %d texts", len(saved.Contents))
	}
	sum, err := saved.Sum()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Approve(t.Context(), Approval{By: "ada", Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	a, err := r.Approved(t.Context())
	if err != nil || a.Plan != sum || a.By != "ada" {
		t.Errorf("approved is %+v, the saved plan is %s: %v", a, sum, err)
	}
	spec := SpecOf(saved)
	spec.Saved = saved
	again := s.planned(spec)
	if digest, err := again.propose(t.Context()); err != nil || digest != sum {
		t.Errorf("a run that carries it out proposes %s, %v", digest, err)
	}
	saved.Hosts[0].Units[0].Reason = "another"
	if other, err := saved.Sum(); err != nil || other == sum {
		t.Errorf("another plan has the same digest, %v", err)
	}
}

func (s *site) saved(r *Run) *planfile.Document {
	s.t.Helper()
	var first, second bytes.Buffer
	if err := errors.Join(r.Planned().Write(&first), r.Planned().Write(&second)); err != nil {
		s.t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		s.t.Error("a plan that was written twice is not the same")
	}
	w := &generated{dir: s.dir, env: workspace.Env{Home: s.dir, StateHome: filepath.Join(s.dir, "state"), UID: os.Getuid(), SudoUID: -1}}
	saved, err := planfile.Parse(first.Bytes(), "plan.json", w.keys)
	if err != nil {
		s.t.Fatal(err)
	}
	return saved
}

// TestARefusalIsNotWrittenIntoThePlan: a host that differs from the saved plan is left out
// of what is proposed; what was planned of it stays.
func TestARefusalIsNotWrittenIntoThePlan(t *testing.T) {
	s := newSite(t)
	saved := s.saved(s.planned(s.spec))
	s.hosts["h2"] = newMemory("h2", false)
	s.hosts["h2"].host.Files["/none"] = newMemory("", true).host.Files["/there"]
	spec := SpecOf(saved)
	spec.Saved = saved
	r := s.planned(spec)
	if err := r.Refused(); err == nil || !strings.Contains(err.Error(), "the host has changed since the plan") {
		t.Errorf("refused is %v", err)
	}
	planned, proposed := r.Planned().Hosts, r.Proposed().Hosts
	if planned[0].Err != nil || planned[1].Err != nil {
		t.Errorf("the plan says %v and %v", planned[0].Err, planned[1].Err)
	}
	if proposed[0] != planned[0] || proposed[1].Err == nil {
		t.Errorf("proposed is %v for the host that differs", proposed[1].Err)
	}
	if err := r.Approve(t.Context(), Approval{By: "ada", Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
	result, err := r.Apply(t.Context(), Steps{})
	if err != nil || result.Counts[0].OK != 2 || result.Counts[1].Failed != 1 || s.hosts["h2"].host.Files["/none"] == nil {
		t.Errorf("%+v, %v", result, err)
	}
}
