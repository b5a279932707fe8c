package watchdog

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/guard"
)

// host is the files of a host below a directory.
type host struct {
	*Guard
	t *testing.T
}

func newHost(t *testing.T) *host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a guard is root's")
	}
	h := &host{&Guard{Root: t.TempDir()}, t}
	h.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\n", 0o644)
	h.write("/etc/shadow", "ops:x:1::::::\n", 0o640)
	h.write("/etc/ssh/sshd_config", "Port 22\n", 0o600)
	h.write("/home/ops/.ssh/authorized_keys", "ssh-ed25519 AAAA\n", 0o600)
	for _, p := range []string{"/home/ops", "/home/ops/.ssh", "/home/ops/.ssh/authorized_keys"} {
		h.must(os.Chown(h.path(p), 1000, 1000))
	}
	h.must(os.MkdirAll(h.path(guard.Dir)+"/a1", 0o700))
	return h
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *host) write(p, text string, mode os.FileMode) {
	h.t.Helper()
	h.must(os.MkdirAll(filepath.Dir(h.path(p)), 0o755))
	h.must(os.WriteFile(h.path(p), []byte(text), mode))
	h.must(os.Chmod(h.path(p), mode))
}

func (h *host) do(verb string) *guard.State {
	h.t.Helper()
	s, err := h.Do(verb, nil)
	h.must(err)
	return s
}

func (h *host) armWith(c guard.Config) *guard.State {
	h.t.Helper()
	text, err := codec.Marshal(c)
	h.must(err)
	s, err := h.Do(guard.Arm, bytes.NewReader(text))
	h.must(err)
	return s
}

// tree lists all that the host has but the guard's own, with modes, owners and contents.
func (h *host) tree() string {
	h.t.Helper()
	var b strings.Builder
	h.must(filepath.Walk(h.Root, func(p string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(p, h.Root)
		if strings.HasPrefix(name, "/var") {
			return nil
		}
		text := ""
		switch {
		case info.Mode()&os.ModeSymlink != 0:
			text, _ = os.Readlink(p)
		case info.Mode().IsRegular():
			raw, err := os.ReadFile(p)
			h.must(err)
			text = string(raw)
		}
		b.WriteString(name + " " + info.Mode().String() + " " + text + "\n")
		return nil
	}))
	return b.String()
}

var config = guard.Config{ID: "a1", Run: "r1", Window: 60000, Login: "ops", Paths: []string{"/srv/own"}, Units: []string{"file[/srv/own]"}}

// TestRestore: whatever is done to what lets people in, it is put back, and named.
func TestRestore(t *testing.T) {
	for name, sabotage := range map[string]struct {
		do   func(h *host)
		want []string
	}{
		"nothing":         {func(*host) {}, nil},
		"another content": {func(h *host) { h.write("/etc/ssh/sshd_config", "Port 2222\n", 0o644) }, []string{"/etc/ssh/sshd_config"}},
		"another mode":    {func(h *host) { h.must(os.Chmod(h.path("/home/ops"), 0)) }, []string{"/home/ops"}},
		"removed":         {func(h *host) { h.must(os.RemoveAll(h.path("/home/ops/.ssh"))) }, []string{"/home/ops/.ssh", "/home/ops/.ssh/authorized_keys"}},
		"added":           {func(h *host) { h.write("/etc/ssh/sshd_config.d/x/y", "DenyUsers *\n", 0o644) }, []string{"/etc/ssh/sshd_config.d"}},
		"made":            {func(h *host) { h.write("/etc/nologin", "", 0o644) }, []string{"/etc/nologin"}},
		"plugins of sudo": {func(h *host) { h.write("/etc/sudo.conf", "Plugin none none.so\n", 0o644) }, []string{"/etc/sudo.conf"}},
		"own path":        {func(h *host) { h.write("/srv/own", "", 0o644) }, []string{"/srv/own"}},
		"a directory for a file": {func(h *host) {
			h.must(os.Remove(h.path("/etc/shadow")))
			h.write("/etc/shadow/x", "", 0o644)
		}, []string{"/etc/shadow"}},
		"a link for a directory": {func(h *host) {
			h.write("/other/authorized_keys", "of another\n", 0o600)
			h.must(os.RemoveAll(h.path("/home/ops/.ssh")))
			h.must(os.Symlink(h.path("/other"), h.path("/home/ops/.ssh")))
			h.must(os.Lchown(h.path("/home/ops/.ssh"), 1000, 1000))
		}, []string{"/home/ops/.ssh", "/home/ops/.ssh/authorized_keys"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.must(os.MkdirAll(h.path("/srv"), 0o755))
			before := h.tree()
			if s := h.armWith(config); s.Phase != guard.Armed || s.Left <= 0 {
				t.Fatalf("armed: %+v", s)
			}
			sabotage.do(h)
			s := h.do(guard.Restore)
			if s.Phase != guard.Restored || s.Why != guard.Asked || !slices.Equal(s.Restored, sabotage.want) || len(s.Failed) > 0 {
				t.Errorf("restored %v, failed %v, want %v", s.Restored, s.Failed, sabotage.want)
			}
			other := strings.Contains(h.tree(), "/other/authorized_keys -rw------- of another")
			h.must(os.RemoveAll(h.path("/other")))
			if after := h.tree(); after != before || name == "a link for a directory" && !other {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
			if again := h.do(guard.Confirm); again.Phase != guard.Restored { // too late
				t.Errorf("confirmed after all: %+v", again)
			}
			if left, _ := os.ReadDir(h.path(guard.Dir)); len(left) != 1 || left[0].Name() != "state" {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestConfirm: what is confirmed stays, and nothing of the guard does.
func TestConfirm(t *testing.T) {
	h := newHost(t)
	h.armWith(config)
	h.write("/etc/ssh/sshd_config", "Port 2222\n", 0o600)
	after := h.tree()
	if s := h.do(guard.Confirm); s.Phase != guard.Armed { // who got in did so by what ran before
		t.Errorf("%+v", s)
	}
	if s := h.do(guard.Confirm); s.Phase != guard.Confirmed {
		t.Errorf("%+v", s)
	}
	if _, err := os.Lstat(h.path("/var/lib/froyo")); !os.IsNotExist(err) || h.tree() != after {
		t.Error("something is left, or was put back")
	}
	if _, err := h.Do(guard.Confirm, nil); err == nil {
		t.Error("confirmed twice")
	}
}

// TestLost: what the guard is at is removed by somebody else. What it keeps is put back; where that is gone as well, nothing is.
func TestLost(t *testing.T) {
	for _, whole := range []bool{false, true} {
		h := newHost(t)
		before := h.tree()
		h.armWith(config)
		s, err := h.read()
		h.must(err)
		h.write("/etc/ssh/sshd_config", "Nonsense\n", 0o600)
		after := h.tree()
		if h.must(os.Remove(h.path(guard.StateFile))); whole {
			h.must(os.RemoveAll(h.path(guard.Dir)))
		}
		h.must(h.lost(s))
		if whole {
			if h.tree() != after {
				t.Error("something was changed by a guard that is gone")
			}
			continue
		}
		if now, err := h.read(); err != nil || now.Phase != guard.Restored || now.Why != guard.Lost || h.tree() != before {
			t.Errorf("%+v, %v:\n%s", now, err, h.tree())
		}
	}
}

// TestDismiss: a guard whose time was up while nothing watched is ended, and what came later stays. Before that it is not.
func TestDismiss(t *testing.T) {
	h := newHost(t)
	h.armWith(guard.Config{ID: "a1", Window: 60_000, Login: "ops"})
	h.write("/etc/passwd", "changed\n", 0o644)
	before := h.tree()
	if _, err := h.Do(guard.Dismiss, nil); err == nil || err.Error() != "its time is not up yet" {
		t.Fatalf("within its time: %v", err)
	}
	s, err := h.read()
	h.must(err)
	s.Until = uptime()
	h.must(h.Guard.write(s))
	if s := h.do(guard.Dismiss); s.Phase != guard.Dismissed || len(s.Restored) > 0 {
		t.Errorf("got %+v", s)
	}
	if after := h.tree(); after != before {
		t.Errorf("it changed the host:\n%s\nwas\n%s", after, before)
	}
	if _, err := os.Lstat(h.path(guard.Dir)); !os.IsNotExist(err) {
		t.Errorf("something of it is left: %v", err)
	}
}

// TestInTime: a guard whose time is up, or that was armed before the host booted, is not confirmed any more.
func TestInTime(t *testing.T) {
	for why, late := range map[string]func(*guard.State){
		guard.NotConfirmed: func(s *guard.State) { s.Until = 1 },
		guard.Booted:       func(s *guard.State) { s.Boot = "another" },
	} {
		h := newHost(t)
		h.armWith(config)
		before := h.tree()
		h.write("/etc/ssh/sshd_config", "Port 2222\n", 0o600)
		s, err := h.read()
		h.must(err)
		late(s)
		h.must(h.Guard.write(s))
		if s := h.do(guard.Confirm); s.Phase != guard.Restored || s.Why != why || h.tree() != before {
			t.Errorf("%s: %+v", why, s)
		}
	}
}

// TestRefused: what no guard is armed for.
func TestRefused(t *testing.T) {
	h := newHost(t)
	for _, c := range []guard.Config{{}, {ID: "../x", Window: 1}, {ID: "a1", Window: -1}, {ID: "a1", Window: 1, Paths: []string{"/"}}, {ID: "a1", Window: 1, Paths: []string{"x"}}} {
		text, err := codec.Marshal(c)
		h.must(err)
		if s, err := h.Do(guard.Arm, bytes.NewReader(text)); err == nil {
			t.Errorf("%+v: %+v", c, s)
		}
	}
	h.armWith(config)
	text, err := codec.Marshal(config)
	h.must(err)
	if _, err := h.Do(guard.Arm, bytes.NewReader(text)); err == nil || !strings.Contains(err.Error(), "run r1 has not confirmed") {
		t.Errorf("armed twice: %v", err)
	}
}

// TestOwnHardLink: a file of a user's with more than one name is put back as any other.
func TestOwnHardLink(t *testing.T) {
	h := newHost(t)
	before := h.tree()
	h.must(os.Link(h.path("/home/ops/.ssh/authorized_keys"), h.path("/home/ops/.ssh/backup")))
	h.armWith(config)
	h.must(os.Remove(h.path("/home/ops/.ssh/authorized_keys")))
	h.do(guard.Restore)
	h.must(os.Remove(h.path("/home/ops/.ssh/backup")))
	if after := h.tree(); after != before {
		t.Errorf("got\n%s\nwant\n%s", after, before)
	}
}

// TestHardLink: a hard link of a user's to a file of somebody else is no way to read that.
func TestHardLink(t *testing.T) {
	h := newHost(t)
	h.write("/etc/secret", "of root\n", 0o600)
	h.must(os.Chown(h.path("/etc/secret"), 1001, 1001))
	h.must(os.Link(h.path("/etc/secret"), h.path("/home/ops/.ssh/stolen")))
	h.armWith(config)
	h.must(os.Remove(h.path("/home/ops/.ssh/stolen")))
	h.do(guard.Restore)
	if _, err := os.Lstat(h.path("/home/ops/.ssh/stolen")); !os.IsNotExist(err) {
		t.Error("it was made anew")
	}
}

// TestLinksOfTheWindow: what a link that was made meanwhile leads to is neither removed nor written over in the name of another path.
func TestLinksOfTheWindow(t *testing.T) {
	h := newHost(t)
	before := h.tree()
	h.write("/srv/was/kept", "of old\n", 0o644)
	h.write("/other/kept", "of another\n", 0o644)
	h.armWith(guard.Config{ID: "a1", Window: 60_000, Login: "ops", Paths: []string{"/srv/x/sshd_config", "/srv/was/kept"}})
	h.must(os.Symlink(h.path("/etc/ssh"), h.path("/srv/x")))
	h.write("/etc/ssh/sshd_config", "Nonsense\n", 0o600) // by way of /srv/x
	h.must(os.RemoveAll(h.path("/srv/was")))
	h.must(os.Symlink(h.path("/other"), h.path("/srv/was")))
	s := h.do(guard.Restore)
	if !slices.Equal(s.Restored, []string{"/etc/ssh/sshd_config"}) || len(s.Failed) != 1 || !strings.HasPrefix(s.Failed[0], "/srv/was/kept: a link leads to ") {
		t.Errorf("restored %v, failed %v", s.Restored, s.Failed)
	}
	if text, err := os.ReadFile(h.path("/other/kept")); err != nil || string(text) != "of another\n" {
		t.Errorf("another file holds %q, %v", text, err)
	}
	h.must(os.RemoveAll(h.path("/srv")))
	h.must(os.RemoveAll(h.path("/other")))
	if after := h.tree(); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}
