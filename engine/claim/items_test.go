package claim

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/engine/rollout"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/engine/worker"
)

// crew makes workers on one workspace's state and queue.
type crew struct {
	store state.Store
	file  string
	queue queue.Queue // to look at it
}

func newCrew(t *testing.T) *crew {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	file := filepath.Join(dir, "queue.db")
	return &crew{store: store, file: file, queue: bolt.New(file, time.Now)}
}

// begin records a run; of a resumable one a plan is kept.
func (c *crew) begin(t *testing.T, id string, resumable bool, status state.RunStatus) {
	t.Helper()
	if err := c.store.BeginRun(t.Context(), state.Run{ID: id, Workspace: "/w", Command: "apply", Started: time.Now(), Process: worker.Here().Process}); err != nil {
		t.Fatal(err)
	}
	if resumable {
		if err := c.store.SavePlan(t.Context(), id, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if status != state.Running {
		if err := c.store.FinishRun(t.Context(), id, state.End{Ended: time.Now(), Status: status}); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *crew) worker(name, id string) *Items {
	i := NewItems(bolt.New(c.file, time.Now), c.store, "/w", id, false, worker.Identity{})
	i.worker = name
	return i
}

// left names the items in the queue, with how often they were delivered.
func (c *crew) left(t *testing.T) []string {
	t.Helper()
	items, err := c.queue.List(t.Context(), "/w")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, i := range items {
		ids = append(ids, i.ID)
	}
	return ids
}

var batch = rollout.Batch{Play: "web"}

func TestItemsAreKeptUntilTheyAreDone(t *testing.T) {
	c := newCrew(t)
	c.begin(t, "r1", true, state.Running)
	w := c.worker("one", "r1")
	refused, err := w.Claim(t.Context(), batch, []string{"h1", "h2", "h3"})
	if err != nil || len(refused) > 0 {
		t.Fatal(refused, err)
	}
	if got, want := c.left(t), []string{"r1/1/web/h1", "r1/1/web/h2", "r1/1/web/h3"}; !slices.Equal(got, want) {
		t.Errorf("queued are %q, want %q", got, want)
	}
	w.Complete(batch, "h1")
	w.Release(batch, "h2")
	if err := w.Close(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if got, want := c.left(t), []string{"r1/1/web/h2", "r1/1/web/h3"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}

// TestItemsOfDeadWorkers: what a process had that died is claimed at once by the one that
// resumes the run, and not for ever: what ends each is dead-lettered.
func TestItemsOfDeadWorkers(t *testing.T) {
	c := newCrew(t)
	c.begin(t, "r1", true, state.Running)
	for attempt := range queue.MaxAttempts + 1 {
		w := c.worker("process "+string(rune('a'+attempt)), "r1")
		refused, err := w.Claim(t.Context(), batch, []string{"h1"})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case attempt < queue.MaxAttempts && len(refused) > 0:
			t.Fatalf("attempt %d: %v", attempt, refused)
		case attempt == queue.MaxAttempts && (refused["h1"] == nil || !strings.Contains(refused["h1"].Error(), "begun 5 times and never ended")):
			t.Errorf("it was not dead-lettered: %v", refused)
		}
		close(w.closed) // it dies: nothing is given back
		w.over.Wait()
	}
	items, err := c.queue.List(t.Context(), "/w")
	if err != nil || len(items) != 1 || !items[0].DeadLettered {
		t.Errorf("queued are %v, %v, want one that is dead-lettered", items, err)
	}
}

// TestTheStateCounts: what the queue holds of runs that cannot be resumed is
// dropped, whatever it says.
func TestTheStateCounts(t *testing.T) {
	c := newCrew(t)
	c.begin(t, "done", true, state.Succeeded)
	c.begin(t, "early", false, state.NeverStarted)
	c.begin(t, "broken", true, state.Interrupted)
	c.begin(t, "alive", true, state.Running)
	c.begin(t, "own", true, state.Running)
	for _, run := range []string{"done", "early", "broken", "alive", "unknown"} {
		item := queue.Item{ID: queue.ID(run, 0, "web", "h1"), Run: run, Workspace: "/w", Play: "web", Host: "h1"}
		if err := c.queue.Put(t.Context(), item); err != nil {
			t.Fatal(err)
		}
	}
	w := c.worker("one", "own")
	if _, err := w.Claim(t.Context(), batch, []string{"h1"}); err != nil {
		t.Fatal(err)
	}
	w.Complete(batch, "h1")
	if err := w.Close(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if got, want := c.left(t), []string{"broken/1/web/h1", "alive/1/web/h1"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
}
