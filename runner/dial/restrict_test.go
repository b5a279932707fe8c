package dial_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// naming is a runner that answers every command as a stat of a file that
// belongs to the user whom the command names.
const naming = `while read -r line; do user=; case $line in
*'"exit"'*) echo '{"bye":{}}'; exit 0;;
*'"user":"'*) user=${line#*'"user":"'}; user=${user%%'"'*};;
esac
case $line in
*'"cmd"'*) id=${line#*'"id":'}; id=${id%%[,\}]*}; echo '{"done":{"id":'$id',"result":{"fs.stat":{"exists":true,"type":"file","owner":"'$user'","uid":0,"gid":0}}}}';;
esac; done`

const listed = "User tester may run the following commands on h1:\n    "

// listing is a sudo that notes what it was asked, refuses commands with a
// text, and tells a list of rules.
func listing(note, refusal, list string) string {
	return `printf "%s\n" "$*" >>` + note + `
case $* in "-n -l") cat <<END
` + list + `
END
exit;; esac
` + refusal
}

// asked returns how often sudo was asked to run something, and for its rules.
func asked(t *testing.T, note string) (runs, lists int) {
	t.Helper()
	text, err := os.ReadFile(note)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line == "-n -l\n" {
			lists++
		} else {
			runs++
		}
	}
	return runs, lists
}

func statAs(path, user string) target.Step { return target.Step{Op: stat(path).Op, User: user} }

// owner returns whom the naming runner was asked to act for.
func owner(r op.Result) string {
	if r.Stat == nil {
		return "no answer"
	}
	return r.Stat.Owner
}

func TestRestricted(t *testing.T) {
	right := func() (string, error) { return "right", nil }
	wants := saying("sudo: a password is required")
	// By password, sudo knows that it is right before it says what it is not good for.
	knows := `printf %s "$3" >&2; read -r x; echo "Sorry, user tester is not allowed to execute it as other on h1." >&2; exit 1`
	const some = listed + "(ALL) NOPASSWD: /usr/bin/b, /usr/bin/a"
	tests := []struct {
		name    string
		refusal string
		list    string
		become  func() (string, error)
		parts   []string // of the error; none where the login user's runner does the work
		lists   int
	}{
		{name: "some programs", refusal: wants, list: some, lists: 1},
		{name: "a long list", refusal: wants, list: some + strings.Repeat(",\n        /usr/bin/a", 2000), lists: 1},
		{name: "some programs, with -K", refusal: knows, list: some, become: right, lists: 1},
		{name: "sudo-rs", refusal: saying("sudo: interactive authentication is required"), list: some, lists: 1},
		{
			name: "a password for all, none for some", refusal: wants, list: listed + "(ALL : ALL) ALL\n    (ALL) NOPASSWD: /usr/bin/a",
			parts: []string{"sudo asks for a password", "-K"}, lists: 1,
		},
		{name: "a password for all", refusal: wants, list: "sudo: a password is required", parts: []string{"sudo asks for a password", "-K"}, lists: 1},
		{name: "nothing told", refusal: wants, list: "", parts: []string{"sudo asks for a password", "-K"}, lists: 1},
		{
			name: "some programs as others", refusal: wants, list: listed + "(root) NOPASSWD: /usr/bin/a",
			parts: []string{"sudo does not allow tester to become other", "a sudoers rule must allow /bin/sh as other"}, lists: 1,
		},
		{name: "programs with a password", refusal: wants, list: listed + "(ALL) /usr/bin/a", parts: []string{"does not allow tester"}, lists: 1},
		{
			name: "wrong password", refusal: `printf %s "$3" >&2; read -r x; echo "sudo: 1 incorrect password attempt" >&2; exit 1`, list: some,
			become: right, parts: []string{"sudo refused the password"},
		},
		{name: "requiretty", refusal: saying("sudo: sorry, you must have a tty to run sudo"), list: some, parts: []string{"requiretty"}},
		{name: "no such user", refusal: saying("sudo: unknown user other"), list: some, parts: []string{"no user other"}},
		{name: "not in sudoers", refusal: saying("tester is not in the sudoers file."), list: some, parts: []string{"does not allow"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			note := filepath.Join(t.TempDir(), "asked")
			h.install(t, "sudo", listing(note, test.refusal, test.list))
			var mu sync.Mutex
			var told []string
			s := h.open(t, dial.Options{Binary: scripted(t, naming), Become: test.become, Restricted: func(user string, commands []string) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, user+": "+strings.Join(commands, " "))
			}})
			for range 3 {
				results, err := s.Do(t.Context(), []target.Step{statAs("/a", "other"), stat("/b")})
				if test.parts != nil {
					wantError(t, err, target.StageBecome, test.parts...)
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := owner(results[0]) + "," + owner(results[1]); got != "other," {
					t.Errorf("the runner acted for %q", got)
				}
			}
			if runs, lists := asked(t, note); runs != 1 || lists != test.lists {
				t.Errorf("sudo was asked %d times to run the runner and %d times for its rules, want once and %d", runs, lists, test.lists)
			}
			var want []string
			if test.parts == nil {
				want = []string{"other: /usr/bin/a /usr/bin/b"}
			}
			if diff := cmp.Diff(want, told); diff != "" {
				t.Error(diff)
			}
			if results, err := s.Do(t.Context(), []target.Step{stat("/b")}); err != nil || owner(results[0]) != "" {
				t.Errorf("the login user is harmed: %v %v", results, err)
			}
		})
	}
}

// TestRestrictedUsers mixes users in one sequence. What sudo told about one is
// enough for the next; one whom it allows everything has a runner of its own.
func TestRestrictedUsers(t *testing.T) {
	h := newHost(t)
	note := filepath.Join(t.TempDir(), "asked")
	h.install(t, "sudo", listing(note, `while [ "$1" != -u ]; do shift; done; user=$2; while [ "$1" != -- ]; do shift; done; shift
export FROYO_TEST_USER=$user; [ $user = full ] && exec "$@"
echo "sudo: a password is required" >&2; exit 1`, listed+"(ALL) NOPASSWD: /usr/bin/a\n    (full) NOPASSWD: ALL"))
	s := h.open(t, dial.Options{Binary: scripted(t, naming)})
	users := []string{"root", "", "www", "full", "root", "tester"}
	var all []target.Step
	for _, user := range users {
		all = append(all, statAs("/a", user))
	}
	outcomes, err := s.Run(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range outcomes {
		got = append(got, owner(o.Result))
	}
	if diff := cmp.Diff([]string{"root", "", "www", "", "root", ""}, got); diff != "" {
		t.Error(diff)
	}
	if runs, lists := asked(t, note); runs != 2 || lists != 1 {
		t.Errorf("sudo was asked %d times to run the runner and %d times for its rules, want twice and once", runs, lists)
	}
	// Refused, told, two to start the login user's runner, two for full's, one for each change of users.
	if trips := s.Stats().RoundTrips; trips != 1+1+2+2+6 {
		t.Errorf("%d round trips", trips)
	}
}

// TestHostileLists has sudo say what must not be obeyed, or nothing at all.
func TestHostileLists(t *testing.T) {
	tests := []struct {
		name, list string
		told       string
		parts      []string
	}{
		{"escape sequences", `printf "` + strings.ReplaceAll(listed, "\n", `\n`) + `(ALL) NOPASSWD: /bin/\033[2J\n"`, `/bin/\x1b[2J`, nil},
		{"no end", "exec sleep 5", "", []string{"sudo's rules could not be asked for"}},
		{"much", "exec yes", "", []string{"sudo's rules could not be asked for"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			h.install(t, "sudo", `case $* in "-n -l") `+test.list+`; exit;; esac; echo "sudo: a password is required" >&2; exit 1`)
			var told string
			s := h.open(t, dial.Options{
				Binary: scripted(t, naming), StartTimeout: 2 * time.Second,
				Restricted: func(_ string, commands []string) { told = strings.Join(commands, " ") },
			})
			_, err := s.Do(t.Context(), []target.Step{statAs("/a", "other")})
			if test.parts != nil {
				wantError(t, err, target.StageBecome, test.parts...)
			} else if err != nil {
				t.Error(err)
			}
			if told != test.told {
				t.Errorf("told %q, want %q", told, test.told)
			}
		})
	}
}
