package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// fakeSudo allows DIR/free and DIR/locked, the latter with a password, as root.
const fakeSudo = `#!/bin/sh
printf '%s\n' "$*" >>DIR/asked
list=; variables=
while :; do case $1 in
-n) shift;; -l) list=1; shift;; -u) user=$2; shift 2;; --) shift; break;; -*) exit 9;;
*=*) variables=1; shift;; *) break;;
esac; done
if [ -n "$list" ] && [ $# = 0 ]; then
	printf 'User tester may run the following commands on h1:\n    (root) NOPASSWD: DIR/free, PASSWD: DIR/locked\n'
	exit 0
fi
[ "$user" = root ] || [ -n "$list" ] || { echo "sudo: unknown user $user" >&2; exit 1; }
[ "$user" = root ] || exit 1
case $1 in
DIR/free) ;;
DIR/locked) [ -n "$list" ] || { echo "sudo: a password is required" >&2; exit 1; };;
DIR/broken) [ -n "$list" ] || echo "sudo: DIR/broken: command not found" >&2; exit 1;;
*) [ -n "$list" ] || echo "sudo: a password is required" >&2; exit 1;;
esac
[ -z "$list" ] || exec echo "$@"
[ -z "$variables" ] || { echo "sudo: sorry, you are not allowed to set the following environment variables: A" >&2; exit 1; }
exec "$@"
`

// restricted returns a machine that may become others for certain programs only.
func restricted(t *testing.T) (*Machine, string) {
	t.Helper()
	dir := t.TempDir()
	program := func(name, text string) { performtest.Put(t, filepath.Join(dir, name), text, 0o755) }
	program("sudo", strings.ReplaceAll(fakeSudo, "DIR", dir))
	program("free", "#!/bin/sh\neval \"$1\"\n")
	program("locked", "#!/bin/sh\n")
	program("broken", "#!/bin/sh\n")
	m := newMachine(t)
	m.User, m.programs.User, m.programs.Path = "tester", "tester", dir+":/usr/bin:/bin"
	return m, dir
}

func TestAs(t *testing.T) {
	m, dir := restricted(t)
	if m.As("") != m || m.As("tester") != m {
		t.Error("the machine itself is another")
	}
	if got := m.programs.Elevate("/usr/bin/apt", "update"); !cmp.Equal(got, []string{"/usr/bin/apt", "update"}) {
		t.Errorf("its programs run by %q", got)
	}
	if got := m.As("root").programs.Elevate("/usr/bin/apt", "update"); !cmp.Equal(got, []string{"sudo", "-n", "-u", "root", "--", "/usr/bin/apt", "update"}) {
		t.Errorf("another's programs run by %q", got)
	}
	performtest.Do(t, m, op.Op{Exec: &op.Exec{Argv: []string{"free", "true"}}})
	if _, err := os.Stat(dir + "/asked"); err == nil {
		t.Error("the user's own program ran by sudo")
	}
}

func TestExecBySudo(t *testing.T) {
	m, dir := restricted(t)
	const only = "sudo allows tester only "
	tests := []struct {
		name string
		user string
		exec op.Exec
		want op.ExecResult
		says []string // of the refusal; none where the program ran
	}{
		{name: "allowed", exec: op.Exec{Argv: []string{dir + "/free", "echo hi; echo no >&2; exit 3"}}, want: op.ExecResult{RC: 3, Stdout: "hi\n", Stderr: "no\n"}},
		{name: "found in PATH", exec: op.Exec{Argv: []string{"free", "pwd"}, Dir: "/usr"}, want: op.ExecResult{Stdout: "/usr\n"}},
		{name: "stdin", exec: op.Exec{Argv: []string{"free", "cat"}, Stdin: op.NewBlob([]byte("in"))}, want: op.ExecResult{Stdout: "in"}},
		{name: "exit code 1", exec: op.Exec{Argv: []string{"free", "exit 1"}}, want: op.ExecResult{RC: 1}},
		{
			name: "a program that is refused itself",
			exec: op.Exec{Argv: []string{"free", "echo sudo: no >&2; exit 1"}}, want: op.ExecResult{RC: 1, Stderr: "sudo: no\n"},
		},
		{
			name: "another exit code", exec: op.Exec{Argv: []string{"free", "echo sudo: a password is required >&2; exit 2"}},
			want: op.ExecResult{RC: 2, Stderr: "sudo: a password is required\n"},
		},
		{name: "forbidden", exec: op.Exec{Argv: []string{"/bin/true"}}, says: []string{"running /bin/true as root needs a sudo rule", only + dir + "/free"}},
		{name: "forbidden, hardly read", exec: op.Exec{Argv: []string{"/bin/true"}, Limit: 1}, says: []string{"did not run /bin/true"}},
		{name: "a shell's text", exec: op.Exec{Shell: "free; free"}, says: []string{"running /bin/sh as root needs a sudo rule", only}},
		{name: "with a password", exec: op.Exec{Argv: []string{"locked"}}, says: []string{"running " + dir + "/locked as root needs NOPASSWD", only}},
		{name: "variables", exec: op.Exec{Argv: []string{"free", "true"}, Env: []string{"A=b"}}, says: []string{"needs SETENV"}},
		{name: "sensitive variables", exec: op.Exec{Argv: []string{"free", "true"}, Env: []string{"A=b"}, Sensitive: true}, says: []string{"these are sensitive", only}},
		{name: "something else", exec: op.Exec{Argv: []string{"broken"}}, says: []string{"sudo did not run " + dir + "/broken as root: sudo: ", "command not found"}},
		{name: "an unknown user", user: "nobody2", exec: op.Exec{Argv: []string{"free"}}, says: []string{"sudo did not run", "unknown user nobody2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			user := test.user
			if user == "" {
				user = "root"
			}
			view := m.As(user)
			o := op.Op{Exec: &test.exec}
			if test.says == nil {
				if diff := cmp.Diff(&test.want, performtest.Do(t, view, o).Exec); diff != "" {
					t.Error(diff)
				}
				return
			}
			got := performtest.Refused(t, view, o, op.CodeSudo)
			for _, part := range test.says {
				if !strings.Contains(got.Message, part) {
					t.Errorf("%q does not say %q", got.Message, part)
				}
			}
			if got.Class != op.Permanent || got.Hint() == "" {
				t.Errorf("got %+v, want a permanent error with a hint", got)
			}
		})
	}
	t.Run("an option for a variable", func(t *testing.T) {
		if e := performtest.Refused(t, m.As("root"), op.Op{Exec: &op.Exec{Argv: []string{"free"}, Env: []string{"-s"}}}, "einval"); !strings.Contains(e.Message, `"-s" is no variable`) {
			t.Errorf("got %q", e.Message)
		}
	})
	t.Run("no such program", func(t *testing.T) {
		if e := performtest.Refused(t, m.As("root"), op.Op{Exec: &op.Exec{Argv: []string{dir + "/none"}}}, "enoent"); !strings.Contains(e.Message, "run "+dir+"/none") {
			t.Errorf("got %q", e.Message)
		}
	})
}

// TestPasswordOfTheProgram: without a rule that asks for a password, sudo's
// words must be those of the program.
func TestPasswordOfTheProgram(t *testing.T) {
	m, dir := restricted(t)
	performtest.Put(t, dir+"/sudo", strings.ReplaceAll(strings.ReplaceAll(fakeSudo, ", PASSWD: DIR/locked", ""), "DIR", dir), 0o755)
	got := performtest.Do(t, m.As("root"), op.Op{Exec: &op.Exec{Argv: []string{"free", "echo sudo: a password is required >&2; exit 1"}}})
	if got.Exec.RC != 1 {
		t.Errorf("got %+v", got.Exec)
	}
}

func TestChangesBySudo(t *testing.T) {
	m, dir := restricted(t)
	view := m.As("root")
	mode := uint32(0o600)
	path := filepath.Join(dir, "new")
	tests := []struct {
		op   op.Op
		says string
	}{
		{op.Op{Write: &op.Write{Path: path, Content: op.NewBlob(nil)}}, "writing " + path},
		{op.Op{Mkdir: &op.Mkdir{Path: path}}, "making the directory " + path},
		{op.Op{Link: &op.Link{Path: path, Target: "/"}}, "making the link " + path},
		{op.Op{Remove: &op.Remove{Path: dir + "/free"}}, "removing " + dir + "/free"},
		{op.Op{Attr: &op.Attr{Path: dir + "/free", Attributes: op.Attributes{Mode: &mode}}}, "changing the mode or owner of " + dir + "/free"},
	}
	for _, test := range tests {
		t.Run(string(test.op.Kind()), func(t *testing.T) {
			got := performtest.Refused(t, view, test.op, op.CodeSudo)
			if want := test.says + " as root needs the runner, and sudo allows tester only " + dir + "/free"; got.Message != want {
				t.Errorf("got %q, want %q", got.Message, want)
			}
		})
	}
	if got := performtest.NamesIn(t, dir); got != "asked broken free locked sudo" {
		t.Errorf("there are %s", got)
	}
	if asked, err := os.ReadFile(dir + "/asked"); err != nil || string(asked) != "-n -l\n" {
		t.Errorf("sudo was asked %q, %v, want once", asked, err)
	}
}

func TestReadsBesideSudo(t *testing.T) {
	m, dir := restricted(t)
	view := m.As("root")
	if got := performtest.Do(t, view, op.Op{Stat: &op.Stat{Path: dir + "/free"}}).Stat; !got.Exists {
		t.Errorf("got %+v", got)
	}
	if got := performtest.Do(t, view, op.Op{Getent: &op.Getent{DB: "passwd", Key: "root"}}).Getent; !got.Found {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(dir + "/asked"); err == nil {
		t.Error("sudo was asked about what needs it not")
	}
	denied := view.programs.Explain(t.Context(), &op.Error{Class: op.Permanent, Code: "eacces", Message: "read /x: permission denied"})
	if want := "read /x: permission denied; as root it needs the runner, and sudo allows tester only " + dir + "/free"; denied.Message != want || denied.Code != op.CodeSudo {
		t.Errorf("got %+v, want %q", denied, want)
	}
	if e := (&op.Error{Code: "eio"}); view.programs.Explain(t.Context(), e) != e || m.programs.Explain(t.Context(), denied) != denied {
		t.Error("another error was explained, too")
	}
}

// TestNoAllowance: what sudo allows cannot be found out.
func TestNoAllowance(t *testing.T) {
	m, dir := restricted(t)
	performtest.Put(t, dir+"/sudo", "#!/bin/sh\necho sudo: a password is required >&2; exit 1\n", 0o755)
	got := performtest.Refused(t, m.As("root"), op.Op{Mkdir: &op.Mkdir{Path: "/x"}}, op.CodeSudo)
	if !strings.Contains(got.Message, "sudo allows tester nothing as root without a password") {
		t.Errorf("got %q", got.Message)
	}
}
