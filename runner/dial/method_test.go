package dial_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/target"
)

// fakeSu takes options as su does, and wants the password "right" of whoever is not root already.
// CHECK runs before it asks.
const fakeSu = `[ -n "$LC_ALL" ] || exit 9; user=
while [ $# -gt 0 ]; do case $1 in -s) shift 2;; -c) script=$2; shift 2;; *) [ -z "$user" ] || break; user=$1; shift;; esac; done
if [ "$FROYO_TEST_USER" != root ]; then
CHECK
printf "Password: " >&2
read -r answer || exit 1
[ "$answer" = right ] || { echo "su: Authentication failure" >&2; exit 1; }
fi
export FROYO_TEST_USER="$user"
exec /bin/sh -c "$script" "$@"`

// fakeDoas takes options as doas does, and asks for the password "right" on the terminal.
const fakeDoas = `[ -n "$LC_ALL" ] || exit 9; n=
while :; do case $1 in -n) n=1; shift;; -u) user=$2; shift 2;; --) shift; break;; *) exit 8;; esac; done
[ -z "$n" ] || { echo "doas: Authentication required" >&2; exit 1; }
printf "\rdoas (tester@h1) password: " >/dev/tty || exit 7
read -r answer </dev/tty || exit 6
echo >/dev/tty
[ "$answer" = right ] || { echo "doas: Authentication failed" >&2; exit 1; }
export FROYO_TEST_USER="$user"
exec "$@"`

// freeDoas wants no password, and no terminal.
const freeDoas = `[ ! -t 0 ] || exit 7; while [ "$1" != -- ]; do [ "$1" = -u ] && export FROYO_TEST_USER="$2"; shift; done; shift; exec "$@"`

func TestMethods(t *testing.T) {
	right := func() (string, error) { return "right", nil }
	wrong := func() (string, error) { return "wrong", nil }
	su := func(check string) string { return strings.Replace(fakeSu, "CHECK", check, 1) }
	tests := []struct {
		name       string
		method     string
		program    string // "" is that there is none
		user       string
		becomeUser string
		become     func() (string, error)
		without    []string // tools of the host
		parts      []string // of the error; none means that it works
	}{
		{name: "su", method: "su", program: su(""), user: "root", become: right},
		{name: "su to another", method: "su", program: su(""), user: "app", becomeUser: "app", become: right},
		{name: "su to another by way of root", method: "su", program: su(`[ "$user" = root ] || exit 5`), user: "app", become: right},
		{name: "su in a terminal", method: "su", program: su(`[ -t 0 ] || { echo "su: must be run from a terminal" >&2; exit 1; }`), user: "root", become: right},
		{name: "su without a password", method: "su", program: su(`export FROYO_TEST_USER=$user; exec /bin/sh -c "$script"`), user: "root"},
		{name: "su, wrong password", method: "su", program: su(""), user: "root", become: wrong, parts: []string{"su refused the password", "-K asks for the password of root"}},
		{name: "su in a terminal, wrong password", method: "su", program: su(`[ -t 0 ] || { echo "su: must be run from a terminal" >&2; exit 1; }`), user: "root", become: wrong, parts: []string{"su refused the password"}},
		{name: "su, wrong password of another", method: "su", program: su(""), user: "app", becomeUser: "app", become: wrong, parts: []string{"su refused the password", "password of app"}},
		{name: "su, no password", method: "su", program: su(""), user: "root", parts: []string{"su asks for a password", "give that of root by -K"}},
		{name: "su, a password that cannot be had", method: "su", program: su(""), user: "root", become: func() (string, error) { return "", errors.New("gone") }, parts: []string{"there is no password for su: gone"}},
		{name: "su, wheel", method: "su", program: saying("su: Permission denied"), user: "root", become: right, parts: []string{"su does not allow tester to become root", "pam_wheel"}},
		{name: "su, no user", method: "su", program: saying("su: user app does not exist or the user entry does not contain all the required fields"), user: "app", becomeUser: "app", become: right, parts: []string{"there is no user app"}},
		{name: "su, no shell", method: "su", program: saying("This account is currently not available."), user: "app", becomeUser: "app", become: right, parts: []string{"the login shell of app runs no commands, and su insists on it", "run_as"}},
		{name: "su, locked", method: "su", program: saying("su: Authentication failure"), user: "root", become: right, parts: []string{"su refuses to ask", "a rule of PAM refuses it before a password is asked for: see /etc/pam.d/su"}},
		{name: "su, something else", method: "su", program: saying("su: odd"), user: "root", become: right, parts: []string{"becoming root by su failed: exit status 1"}},
		{name: "no su", method: "su", user: "root", become: right, parts: []string{"there is no su to become root with"}},
		{name: "doas", method: "doas", program: fakeDoas, user: "root", become: right},
		{name: "doas as another", method: "doas", program: fakeDoas, user: "app", become: right},
		{name: "doas without a password", method: "doas", program: freeDoas, user: "root"},
		{name: "doas, a password that is not needed", method: "doas", program: freeDoas, user: "root", become: wrong},
		{name: "doas, wrong password", method: "doas", program: fakeDoas, user: "root", become: wrong, parts: []string{"doas refused the password", "password of tester"}},
		{name: "doas, no password", method: "doas", program: fakeDoas, user: "root", parts: []string{"doas asks for a password", "-K", "permit nopass tester as root"}},
		{name: "doas, no rule", method: "doas", program: saying("doas: Operation not permitted"), user: "app", become: right, parts: []string{"doas does not allow tester to run /bin/sh as app", "permit tester as app", "with sudo only"}},
		{name: "doas, no file", method: "doas", program: saying("doas: doas is not enabled, /etc/doas.conf: No such file or directory"), user: "root", parts: []string{"there is no /etc/doas.conf", "permit tester as root"}},
		{name: "doas, no stty", method: "doas", program: fakeDoas, user: "root", become: right, without: []string{"stty"}, parts: []string{"there is no stty", "install coreutils"}},
		{name: "no doas", method: "doas", user: "root", become: right, parts: []string{"there is no doas to become root with", "ansible_become_method"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, test.without...)
			if test.program != "" {
				h.install(t, test.method, test.program)
			}
			var asked atomic.Int32
			// The runner is one that says whose it is by a variable; root is told by its number.
			ready := strings.Replace(readyFrame, `"uid":1,`, `"uid":'"$([ "$FROYO_TEST_USER" = root ] && echo 0 || echo 1)"',`, 1)
			if ready == readyFrame {
				t.Fatal("the frame is another")
			}
			o := dial.Options{Method: test.method, BecomeUser: test.becomeUser, Binary: packed(t, []byte(
				"#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '"+ready+"'\n"+answering+"\n"))}
			if test.become != nil {
				o.Become = func() (string, error) { asked.Add(1); return test.become() }
			}
			s := h.open(t, o)
			for range 2 {
				_, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: test.user}})
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
	if bootstrap.Sudo != "sudo" || bootstrap.Su != "su" || bootstrap.Doas != "doas" {
		t.Error("the methods are not those of inventories")
	}
}
