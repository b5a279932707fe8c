package dial_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/target"
)

// fakeSudo takes options as sudo does, and wants the password "right".
const fakeSudo = `prompt=; stdin=; [ -n "$LC_ALL" ] || exit 9
while :; do case $1 in
-S) stdin=1; shift;; -p) prompt=$2; shift 2;; -n) shift;; -H) shift;; -u) user=$2; shift 2;; --) shift; break;; *) exit 8;;
esac; done
echo "We trust you have received the usual lecture" >&2
[ -n "$stdin" ] || { echo "sudo: a password is required" >&2; exit 1; }
while :; do
printf %s "$prompt" >&2
read -r answer || { echo "sudo: no password was provided" >&2; exit 1; }
[ "$answer" = right ] && break
echo "Sorry, try again." >&2
done
export FROYO_TEST_USER="$user"
exec "$@"`

// freeSudo takes options as sudo does, and wants no password.
const freeSudo = `while [ "$1" != -- ]; do [ "$1" = -u ] && export FROYO_TEST_USER="$2"; shift; done; shift; exec "$@"`

func saying(text string) string { return "echo " + quote(text) + " >&2; exit 1" }

func TestBecome(t *testing.T) {
	right := func() (string, error) { return "right", nil }
	tests := []struct {
		name   string
		sudo   string
		become func() (string, error)
		parts  []string // of the error; none means that it works
	}{
		{"password", fakeSudo, right, nil},
		{"no password needed", freeSudo, nil, nil},
		{"password not needed", freeSudo, right, nil},
		{"wrong password", fakeSudo, func() (string, error) { return "wrong", nil }, []string{"sudo refused the password", "-K", "try again"}},
		{
			"wrong password, one try", `printf %s "$3" >&2; read -r x; echo "sudo: 1 incorrect password attempt" >&2; exit 1`, right,
			[]string{"sudo refused the password"},
		},
		{"no password", fakeSudo, nil, []string{"sudo asks for a password", "-K", "NOPASSWD"}},
		{"no password by sudo-rs", saying("sudo: interactive authentication is required"), nil, []string{"sudo asks for a password"}},
		{"password that cannot be had", fakeSudo, func() (string, error) { return "", errors.New("no terminal") }, []string{"no terminal"}},
		{"not in sudoers", saying("tester is not in the sudoers file."), nil, []string{"does not allow tester to become other"}},
		{"not this command", saying("Sorry, user tester is not allowed to execute '/bin/sh -c x' as other on h1."), right, []string{"does not allow"}},
		{"requiretty", saying("sudo: sorry, you must have a tty to run sudo"), right, []string{"requiretty", "Defaults:tester"}},
		{"no such user", saying("sudo: unknown user other"), right, []string{"no user other"}},
		{"no sudo", "", right, []string{"no sudo", "install sudo"}},
		{"something else", saying("sudo: \x1b[1mtimestamp\x1b[0m"), right, []string{"becoming other failed: exit status 1", `\x1b[1mtimestamp`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			if test.sudo != "" {
				h.install(t, "sudo", test.sudo)
			}
			var asked atomic.Int32
			o := dial.Options{Binary: scripted(t, answering)}
			if test.become != nil {
				o.Become = func() (string, error) { asked.Add(1); return test.become() }
			}
			s := h.open(t, o)
			for range 2 {
				_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: "other"}})
				if test.parts == nil && err != nil {
					t.Fatalf("%v: %+v", err, err)
				}
				if test.parts != nil {
					wantError(t, err, target.StageBecome, test.parts...)
				}
			}
			if asked.Load() > 1 {
				t.Errorf("asked for the password %d times", asked.Load())
			}
			if _, err := s.Do(t.Context(), []target.Step{stat("/a")}); err != nil {
				t.Errorf("the login user is harmed: %v", err)
			}
		})
	}
}

// TestBecomeFromRoot needs no sudo.
func TestBecomeFromRoot(t *testing.T) {
	for _, tool := range []string{"su", "runuser", "sudo"} {
		h := newHost(t)
		h.login = "root"
		note := filepath.Join(t.TempDir(), "called")
		h.install(t, tool, `echo "$@" >`+note+`; export FROYO_TEST_USER=www-data; while [ "$1" != -c ]; do shift; done; exec /bin/sh -c "$2"`)
		s := h.open(t, dial.Options{Binary: scripted(t, answering)})
		if _, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: "www-data"}}); err != nil {
			t.Errorf("by %s: %v", tool, err)
		}
		if text, err := os.ReadFile(note); err != nil || !strings.Contains(string(text), "www-data") {
			t.Errorf("%s was called with %q, %v", tool, text, err)
		}
	}
	h := newHost(t)
	h.login = "root"
	s := h.open(t, dial.Options{Binary: scripted(t, answering)})
	_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: "www-data"}})
	wantError(t, err, target.StageBecome, "no runuser, su or sudo")
}

func TestHostileUsers(t *testing.T) {
	h := newHost(t)
	s := h.open(t, dial.Options{Binary: scripted(t, answering)})
	for _, user := range []string{"-x", "a b", "a'b", "$(id)", "a\"", "a;b", "a\nb", "a\x1b", strings.Repeat("a", 300), "!a", `a\b`} {
		_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: user}})
		wantError(t, err, target.StageBecome, "not a user's name")
	}
}

// TestLostBeforeUse has a runner end while it is asked who it is: nothing depends on it
// yet, so that the others go on.
func TestLostBeforeUse(t *testing.T) {
	h := newHost(t)
	h.install(t, "sudo", `while [ "$1" != -- ]; do shift; done; shift; exec "$@"`) // it changes no user
	script := strings.Replace(answering, `*'"cmd"'*)`, `*getent*) exit 1;;`+"\n"+`*'"cmd"'*)`, 1)
	if script == answering {
		t.Fatal("the script is another")
	}
	s := h.open(t, dial.Options{Binary: scripted(t, script)})
	for range 2 {
		if _, err := s.Do(t.Context(), []target.Step{stat("/a")}); err != nil {
			t.Fatalf("%v: %+v", err, err)
		}
		_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: "app"}})
		wantError(t, err, target.StageLost, "the runner ended")
	}
}

// TestWhoWasBecome has a sudo that leads to another user than it was asked for.
func TestWhoWasBecome(t *testing.T) {
	tests := []struct {
		name, user, ready, entry string
		parts                    []string // of the error; none means that it works
	}{
		{"the same", "app", `"uid":7,"user":"app"`, "", nil},
		{"by number", "7", `"uid":7,"user":"app"`, "", nil},
		{"another name of the same user", "toor", `"uid":0,"user":"root"`, `"found":true,"fields":["toor","x","0"]`, nil},
		{"no user changed", "app", `"uid":1,"user":"tester"`, `"found":true,"fields":["app","x","7"]`, []string{"the runner is of tester (uid 1), expected app", "sudo -u app id"}},
		{"another number", "8", `"uid":7,"user":"app"`, `"found":true,"fields":["other","x","8"]`, []string{"the runner is of app (uid 7), expected 8"}},
		{"unknown", "app", `"uid":1,"user":"tester"`, `"found":false`, []string{"expected app"}},
		{"short entry", "app", `"uid":1,"user":"tester"`, `"found":true,"fields":["app"]`, []string{"expected app"}},
		{"root by name only", "root", `"uid":1,"user":"root"`, "", []string{"the runner is of root (uid 1), expected root"}},
		{"hostile name", "app", `"uid":1,"user":"a\u001b[1m"`, `"found":false`, []string{`the runner is of a\x1b[1m (uid 1)`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			h.install(t, "sudo", freeSudo)
			script := strings.Replace(answering, `"result":{"fs.stat":{"exists":false,"uid":0,"gid":0}}`, `"result":'$(result "$line")'`, 1)
			result := `result() { case $1 in *getent*) echo '{"getent":{` + test.entry + `}}';; *) echo '{"fs.stat":{"exists":false,"uid":0,"gid":0}}';; esac; }` + "\n"
			ready := strings.Replace(readyFrame, `"uid":1,"user":"'"${FROYO_TEST_USER:-tester}"'"`, test.ready, 1)
			s := h.open(t, dial.Options{Binary: packed(t, []byte(
				"#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '"+ready+"'\n"+result+script+"\n"))})
			for range 2 {
				_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: test.user}})
				if test.parts == nil && err != nil {
					t.Fatalf("%v: %+v", err, err)
				}
				if test.parts != nil {
					wantError(t, err, target.StageBecome, test.parts...)
				}
			}
		})
	}
	t.Run("a login that is no root", func(t *testing.T) {
		h := newHost(t)
		h.login = "root"
		s := h.open(t, dial.Options{Binary: scripted(t, answering)})
		_, err := s.Do(t.Context(), []target.Step{stat("/a")})
		wantError(t, err, target.StageBecome, "the runner is of tester (uid 1), expected root", "-u, ansible_user")
	})
}
