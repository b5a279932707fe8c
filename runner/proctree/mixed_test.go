package proctree

import (
	"os"
	"slices"
	"testing"
	"time"
)

// TestMixed has one runner start programs in cgroups and, as after a cgroup that could
// not be made, without: neither takes the other's for its own.
func TestMixed(t *testing.T) {
	if openGroups() == nil {
		t.Skip("no cgroup may be written here")
	}
	tracker := New()
	t.Cleanup(tracker.Close)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	start := func(how func(string, []string, *os.ProcAttr, bool) (*Tree, error), command string) *Tree {
		t.Helper()
		tree, err := how("/bin/sh", []string{"sh", "-c", command}, &os.ProcAttr{Files: []*os.File{null, null, null}, Env: []string{"PATH=/usr/bin:/bin"}}, false)
		if err != nil {
			t.Fatal(err)
		}
		return tree
	}
	marked := func(path string, argv []string, attr *os.ProcAttr, background bool) (*Tree, error) {
		tracker.mu.Lock()
		defer tracker.mu.Unlock()
		return tracker.startMarked(path, argv, attr, background)
	}
	ended := start(tracker.Start, "exit 3")
	orphaning := start(marked, "read x; true") // its parent is the reaper from here on
	leaving := start(tracker.Start, "sleep 100 & setsid sleep 100 & exit 4")
	living := start(tracker.Start, "exec sleep 100")
	single := start(marked, "exec sleep 100")
	for _, tree := range []*Tree{ended, leaving} {
		if tree.group == nil {
			t.Fatal("it is in no cgroup")
		}
		awaitDead(tree)
	}
	if _, err := orphaning.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	orphaning.Done()
	if left := single.Left(); !slices.Equal(left, []int{single.Process.Pid}) {
		t.Errorf("left of the one without a cgroup: %v, want %d only", left, single.Process.Pid)
	}
	for tree, want := range map[*Tree]int{ended: 3, leaving: 4} {
		state, err := tree.Process.Wait()
		if err != nil || state.ExitCode() != want {
			t.Errorf("%v, %v, want the exit code %d", state, err, want)
		}
	}
	if left := leaving.Left(); len(left) != 2 {
		t.Errorf("left in the cgroup: %v, want both", left)
	}
	endAll(t, ended, leaving, single, living)
	if len(tracker.trees) > 0 {
		t.Errorf("still tracked: %v", tracker.trees)
	}
}

// awaitDead waits until a leader has ended, without taking that from who waits for it.
func awaitDead(tree *Tree) {
	for p := stat(tree.Process.Pid); p != nil && !p.dead(); p = stat(tree.Process.Pid) {
		time.Sleep(time.Millisecond)
	}
}

// endAll ends programs with what they left.
func endAll(t *testing.T, trees ...*Tree) {
	t.Helper()
	for _, tree := range trees {
		waited := make(chan struct{})
		go func() {
			_, _ = tree.Process.Wait() // a signal ended it, or it was waited for
			close(waited)
		}()
		if !tree.End(time.Second, waited) {
			t.Error("it does not end")
		}
		tree.Done()
	}
}
