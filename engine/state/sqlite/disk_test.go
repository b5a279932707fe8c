package sqlite

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/storefault"
)

// smallDisk mounts a file system of its own, which tests can fill and make read-only.
func smallDisk(t *testing.T) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skip("no tmpfs here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func resource(run string, i int) state.Change {
	return state.Change{Run: run, Workspace: "/w", Host: "h1", Unit: fmt.Sprintf("file[/%d]", i), Status: "changed"}
}

func countResources(t *testing.T, s *Store) int {
	t.Helper()
	resources, err := s.Resources(t.Context(), "/w", "h1")
	if err != nil {
		t.Fatal(err)
	}
	return len(resources)
}

func TestFullDisk(t *testing.T) {
	dir := filepath.Join(smallDisk(t), "data")
	s := openStore(t, dir)
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1", Workspace: "/w"}); err != nil {
		t.Fatal(err)
	}
	kept, err := 0, error(nil)
	for err == nil {
		c := resource("r1", kept)
		c.Args = strings.Repeat("x", 2000)
		if err = s.RecordChange(t.Context(), c); err == nil {
			kept++
		}
	}
	wantFault(t, err, storefault.ErrFull)
	c := resource("r1", kept)
	c.After.Data = []byte(strings.Repeat("y", 500<<10))
	wantFault(t, s.RecordChange(t.Context(), c), storefault.ErrFull)
	if got := countResources(t, s); got != kept {
		t.Errorf("%d records are kept, want the %d that were accepted", got, kept)
	}
	closeStore(t, s)

	if err := syscall.Mount("", filepath.Dir(dir), "", syscall.MS_REMOUNT, "size=8m"); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir)
	defer closeStore(t, s)
	if got := countResources(t, s); got != kept {
		t.Errorf("opened again, %d records are kept, want %d", got, kept)
	}
	if err := s.RecordChange(t.Context(), resource("r1", kept)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

func TestReadOnlyDisk(t *testing.T) {
	disk := smallDisk(t)
	dir := filepath.Join(disk, "data")
	s := openStore(t, dir)
	if err := s.BeginRun(t.Context(), state.Run{ID: "r1", Workspace: "/w"}); err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"state that is there": dir, "none yet": filepath.Join(disk, "other")} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), dir)
			if err == nil {
				err = s.BeginRun(t.Context(), state.Run{ID: "r2", Workspace: "/w"})
				closeStore(t, s)
			}
			wantFault(t, err, storefault.ErrReadOnly)
		})
	}
}

const victim = "FROYO_TEST_VICTIM"

// TestKilled ends a writing process at an arbitrary moment: whatever it was
// told is kept must be there.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(victim); dir != "" {
		recordForever(t, dir)
	}
	dir := t.TempDir()
	for round := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), victim+"="+filepath.Join(dir, fmt.Sprint(round)))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		accepted := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if accepted++; accepted == 50+20*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the process ended by itself")
		}
		s := openStore(t, filepath.Join(dir, fmt.Sprint(round)))
		if got := countResources(t, s); got < accepted {
			t.Errorf("%d records are kept, and %d were accepted", got, accepted)
		}
		var check string
		if err := s.db.Reader().QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
			t.Errorf("integrity check: %s, %v", check, err)
		}
		closeStore(t, s)
	}
}

// recordForever records changes and prints a line for each that was accepted.
func recordForever(t *testing.T, dir string) {
	s := openStore(t, dir)
	err := s.BeginRun(t.Context(), state.Run{ID: "r1", Workspace: "/w"})
	for i := 0; err == nil; i++ {
		if err = s.RecordChange(t.Context(), resource("r1", i)); err == nil {
			_, err = fmt.Println(i)
		}
	}
	t.Fatal(errors.Join(err, s.Close()))
}
