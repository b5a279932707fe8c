package ui_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/uitest"
)

// build collects steps of hosts for a plan.
type build struct {
	contents plan.Contents
	hosts    []*plan.Host
}

func (b *build) host(name string, steps ...*plan.Step) {
	for _, s := range steps {
		s.Unit.ID.Host = name
	}
	b.hosts = append(b.hosts, &plan.Host{Host: enginetest.Inventory(name), Plays: map[int]*plan.Play{0: {Steps: steps}}})
}

func (b *build) ref(text string) codec.Raw {
	blob := op.NewBlob([]byte(text))
	b.contents.Add(blob)
	raw, err := codec.Marshal(blob)
	if err != nil {
		panic(err)
	}
	return raw
}

func step(typ, key string, c *abi.Change) *plan.Step {
	return &plan.Step{Unit: &unit.Unit{ID: unit.ID{Type: typ, Key: key}, Pos: diag.Pos{File: "site.star", Line: 3, Col: 5}}, Change: c}
}

// fleet is a plan with one of everything.
func fleet() *build {
	b := &build{}
	motd := func() *plan.Step {
		return step("file", "/etc/motd", &abi.Change{Action: abi.Create, Diffs: []abi.Diff{
			{Field: "content", After: b.ref("welcome\n")}, {Field: "mode", After: codec.Raw(`"0644"`)},
		}})
	}
	for _, name := range []string{"h1", "h2", "h3"} {
		b.host(name, motd())
	}
	sensitive := step("file", "/etc/secret", &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "content", Before: b.ref("hunter1"), After: b.ref("hunter2")}}})
	sensitive.Unit.Sensitive = true
	late := step("file", "/srv/version", &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "content", Before: b.ref("1"), Unknown: true}}})
	late.Certainty, late.InputsChanging = plan.Unknown, true
	conditional := step("cmd", "reload", &abi.Change{Action: abi.Run})
	conditional.Certainty = plan.Conditional
	conditional.Unit.User = "www"
	bad := step("file", "/srv/dir", nil)
	bad.Err = &abi.Error{Message: "/srv/dir is a directory"}
	b.host("h4", motd(),
		step("file", "/etc/app.conf", &abi.Change{Action: abi.Update, Diffs: []abi.Diff{
			{Field: "content", Before: b.ref("a = 1\nb\t= 2\nc = 3\n"), After: b.ref("a = 1\nb\t= 9\x1b[31m\nc = 3\n")},
			{Field: "owner", Before: codec.Raw(`"root"`), After: codec.Raw(`"app"`)},
		}}),
		step("file", "/etc/old", &abi.Change{Action: abi.Delete}),
		step("file", "/etc/link", &abi.Change{Action: abi.Replace, Diffs: []abi.Diff{{Field: "state", Before: codec.Raw(`"directory"`), After: codec.Raw(`"link"`)}}}),
		step("file", "/bin/tool", &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "content", Before: b.ref("\x00old"), After: b.ref("\x00new")}}}),
		step("file", "/etc/right", &abi.Change{Action: abi.None}),
		sensitive, late, conditional,
	)
	b.host("h6", step("file", "/etc/not-counted", &abi.Change{Action: abi.Create}), bad)
	b.hosts = append(b.hosts, &plan.Host{Host: enginetest.Inventory("h5"), Err: errors.New("down")})
	return b
}

// TestHintsRepeatWhatTheCommandLineSaid: only where a hint names neither a runbook nor an inventory itself.
func TestHintsRepeatWhatTheCommandLineSaid(t *testing.T) {
	for _, tt := range []struct{ hint, want string }{
		{"froyo validate lists the plays and their hosts", "froyo validate web.star -i $x.ini lists the plays and their hosts"},
		{"froyo plan --list-tags lists them", "froyo plan web.star -i $x.ini --list-tags lists them"},
		{"make another plan: froyo plan --out FILE", "make another plan: froyo plan web.star -i $x.ini --out FILE"},
		{"froyo plan shows what is left", "froyo plan web.star -i $x.ini shows what is left"},
		{"name one: froyo plan FILE; or make a workspace: froyo init", "name one: froyo plan FILE; or make a workspace: froyo init"},
		{"froyo plan --help explains it", "froyo plan --help explains it"},
		{"froyo runs list --all shows them", "froyo runs list --all shows them"},
	} {
		var got strings.Builder
		e := &ui.Errors{Out: &got, Subject: " web.star -i $x.ini"}
		e.Print((&diag.Error{Summary: "x"}).WithHint("%s", tt.hint))
		if want := "froyo: error: x\n  hint: " + tt.want + "\n"; got.String() != want {
			t.Errorf("got  %swant %s", got.String(), want)
		}
	}
}

func TestPlanText(t *testing.T) {
	b := fleet()
	for _, tt := range []struct {
		name string
		view ui.PlanView
	}{
		{"plan.txt", ui.PlanView{}},
		{"plan-verbose.txt", ui.PlanView{Verbose: true}},
		{"plan-quiet.txt", ui.PlanView{Quiet: true}},
		{"plan-color.txt", ui.PlanView{Style: ui.Style{Color: true}}},
		{"plan-40.txt", ui.PlanView{Style: ui.Style{Columns: 40}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.view.Contents = &b.contents
			var got strings.Builder
			if err := tt.view.Print(&got, []string{"web"}, b.hosts); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(got.String(), "hunter") {
				t.Error("the plan shows a sensitive value")
			}
			uitest.Golden(t, tt.name, got.String())
		})
	}
}

func TestPlanWithoutChanges(t *testing.T) {
	b := &build{}
	late := step("file", "/srv/version", &abi.Change{Action: abi.Update, Diffs: []abi.Diff{{Field: "content", Unknown: true}}})
	late.Certainty = plan.Unknown
	b.host("h1", step("file", "/a", &abi.Change{Action: abi.None}), late)
	var got strings.Builder
	if err := (ui.PlanView{Contents: &b.contents}).Print(&got, []string{"web"}, b.hosts); err != nil {
		t.Fatal(err)
	}
	if want := "1 more unit may act on h1: file[/srv/version]\nNo changes.\n"; got.String() != want {
		t.Errorf("got %q, want %q", &got, want)
	}
}

// TestOtherUnits: what may act and what changes nothing is one line each, with the first of many, and beyond that only further effects of
// what is shown are counted.
func TestOtherUnits(t *testing.T) {
	effect := func(path string) abi.Effect { return abi.Effect{Op: op.Op{Mkdir: &op.Mkdir{Path: path}}} }
	b := &build{}
	for _, name := range []string{"h1", "h2"} {
		steps := []*plan.Step{step("file", "/a", &abi.Change{Action: abi.Create, Effects: []abi.Effect{effect("/a"), effect("/b"), effect("/c")}})}
		for _, key := range []string{"1", "2", "3", "4", "5", "6", "7"} {
			s := step("file", "/"+key, &abi.Change{Action: abi.None})
			s.Potential = []abi.Effect{effect("/" + key), effect("/x")}
			steps = append(steps, s)
		}
		b.host(name, append(steps, step("probe", "port", &abi.Change{Action: abi.Probe}))...)
	}
	b.hosts[1].Plays[0].Steps = b.hosts[1].Plays[0].Steps[:2]
	var got strings.Builder
	if err := (ui.PlanView{Quiet: true}).Print(&got, []string{"web"}, b.hosts); err != nil {
		t.Fatal(err)
	}
	_, notes, _ := strings.Cut(got.String(), "\n\n")
	want := `1 more unit may act on 2 hosts: h[1-2]: file[/1]
6 more units may act on h1: file[/2], file[/3], file[/4], file[/5], file[/6] and 1 more: froyo plan --effects
1 unit runs and changes nothing on h1: probe[port]
the changes above have 2 more effects: froyo plan --effects
Plan: 2 to add, 0 to change, 0 to destroy.
`
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Error(diff)
	}
}

// TestOtherUnitsOfManyHosts: units that have their host in their name are not a line for each host.
func TestOtherUnitsOfManyHosts(t *testing.T) {
	b := &build{}
	for _, name := range []string{"h1", "h2", "h3", "h4", "h5", "h6", "h7"} {
		b.host(name, step("probe", "http://"+name, &abi.Change{Action: abi.Probe}))
	}
	var got strings.Builder
	if err := (ui.PlanView{}).Print(&got, []string{"web"}, b.hosts); err != nil {
		t.Fatal(err)
	}
	if want := "5: probe[http://h5]\n2 units run and change nothing on 2 hosts: h[6-7]: froyo plan --effects\nNo changes.\n"; !strings.HasSuffix(got.String(), want) {
		t.Errorf("got %s, want it to end with %s", &got, want)
	}
}

func TestErrors(t *testing.T) {
	source := "def web(host):\n\tfile(\"/etc/motd\", mdoe = \"0644\")\n"
	unknown := func(host string) error {
		return &diag.Error{
			Summary: `file has no argument "mdoe"`, Pos: diag.Pos{File: "site.star", Line: 2, Col: 6}, Hint: `did you mean "mode"?`, Host: host,
			Stack: []diag.Frame{{Name: "<toplevel>", Pos: diag.Pos{File: "site.star", Line: 9}}, {Name: "web", Pos: diag.Pos{File: "site.star", Line: 2}}},
		}
	}
	err := errors.Join(unknown("h1"), unknown("h2"), unknown("h3"),
		&target.Error{Host: "h4", Stage: target.StageConnect, Message: "connection refused", Hint: "is sshd running?"},
		&diag.Error{Summary: "exit code 2", Host: "h5", Unit: "cmd[x]", Detail: "line one\nbad \x1b[2J line\n"},
		errors.New("plain"))
	for _, verbose := range []bool{false, true} {
		name := map[bool]string{false: "errors.txt", true: "errors-verbose.txt"}[verbose]
		t.Run(name, func(t *testing.T) {
			var got strings.Builder
			p := &ui.Errors{Out: &got, Verbose: verbose, Source: func(string) ([]byte, bool) { return []byte(source), true }}
			p.Print(err)
			uitest.Golden(t, name, got.String())
		})
	}
}

// TestErrorsOfOurOwn: of a runbook that is part of froyo no place is shown, and no line.
func TestErrorsOfOurOwn(t *testing.T) {
	var got strings.Builder
	p := &ui.Errors{Out: &got, Own: "froyo run", Verbose: true, Source: func(string) ([]byte, bool) { return []byte("x\n"), true }}
	d := &diag.Error{
		Summary: "exit code 1", Host: "h1", Unit: "cmd[x]", Pos: diag.Pos{File: "/srv/froyo run", Line: 1, Col: 1},
		Stack: []diag.Frame{{Name: "a", Pos: diag.Pos{File: "froyo run", Line: 1}}, {Name: "b", Pos: diag.Pos{File: "froyo run", Line: 1}}},
	}
	p.Print(d)
	if want := "froyo: error: h1: cmd[x]: exit code 1\n"; got.String() != want || d.Pos.Line != 1 {
		t.Errorf("got %q, want %q", got.String(), want)
	}
}

func TestErrorsOfALongLine(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		col        int
		want       string
	}{
		{"short", "cmd(1)", 1, "    1 | cmd(1)\n      | ^\n"},
		{"cut at its end", "cmd(" + strings.Repeat("x", 80) + ")", 5, "    1 | cmd(xxxxxxxxxxxxxxxxxxxxxxxxx…\n      |     ^\n"},
		{"cut at both", strings.Repeat("x", 60) + "cmd(" + strings.Repeat("y", 60), 61, "    1 | …xxxxxxxxxxxxxxxcmd(yyyyyyyyy…\n      |                 ^\n"},
		{"wide characters", `x("größe日本", cmd)`, 14, "    1 | x(\"größe日本\", cmd)\n      |                ^\n"},
		{"at its end", "cmd(", 5, "    1 | cmd(\n      |     ^\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			p := &ui.Errors{Out: &got, Source: func(string) ([]byte, bool) { return []byte(tt.line), true }, Columns: func() int { return 39 }}
			p.Print(&diag.Error{Summary: "x", Pos: diag.Pos{File: "a", Line: 1, Col: tt.col}})
			_, excerpt, _ := strings.Cut(got.String(), "\n")
			if diff := cmp.Diff(tt.want, excerpt); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecap(t *testing.T) {
	var got strings.Builder
	err := ui.Recap(&got, ui.Style{}, []apply.Count{{Host: "h1", OK: 2, Changed: 1}, {Host: "web10", Unreachable: 1, Skipped: 12}})
	if err != nil {
		t.Fatal(err)
	}
	want := "h1    : ok=2    changed=1    unreachable=0    failed=0    skipped=0\n" +
		"web10 : ok=0    changed=0    unreachable=1    failed=0    skipped=12\n"
	if got.String() != want {
		t.Error(cmp.Diff(want, got.String()))
	}
}

// TestRecapOnATerminal: hosts with the same counts share a line, and no line is wider than the terminal.
func TestRecapOnATerminal(t *testing.T) {
	counts := []apply.Count{{Host: "h1", OK: 12, Changed: 1}, {Host: "h2", OK: 3, Failed: 1, Skipped: 8}, {Host: "db.example.org", Unreachable: 1}}
	for i := range 19 {
		counts = append(counts, apply.Count{Host: fmt.Sprintf("h%d", i+3), OK: 12, Changed: 1})
	}
	counts = append(counts, apply.Count{Host: "a-name-that-is-longer.than-others.example.org", OK: 1, Ignored: 1})
	for columns, want := range map[int]string{
		80: `h[1,3-21]      : ok=12  changed=1  unreachable=0  failed=0  skipped=0
h2             : ok=3   changed=0  unreachable=0  failed=1  skipped=8
db.example.org : ok=0   changed=0  unreachable=1  failed=0  skipped=0
a-name-that-is-longer.than-others.example.org
    ok=1  changed=0  unreachable=0  failed=0  skipped=0  ignored=1
`,
		40: `20 hosts: h[1,3-21]
    ok=12  changed=1  unreachable=0
    failed=0  skipped=0
h2
    ok=3  changed=0  unreachable=0
    failed=1  skipped=8
db.example.org
    ok=0  changed=0  unreachable=1
    failed=0  skipped=0
a-name-that-is-longer.than-others.example.org
    ok=1  changed=0  unreachable=0
    failed=0  skipped=0  ignored=1
`,
	} {
		var got strings.Builder
		if err := ui.Recap(&got, ui.Style{Columns: columns}, counts); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("%d columns (-want +got):\n%s", columns, diff)
		}
	}
	for columns := range 200 {
		var got strings.Builder
		if err := ui.Recap(&got, ui.Style{Columns: columns + 1}, counts); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(got.String()) {
			if words := strings.Fields(line); len(line) > max(columns+2, 25) && len(words) > 1 {
				t.Errorf("%d columns: %q", columns+1, line)
			}
		}
	}
}

// TestWrapped: what is told on a terminal of 80 columns is not broken by it, in colour or not, and what is to be copied is whole.
func TestWrapped(t *testing.T) {
	const columns = 80
	command := "froyo resume 20261125-210903-4f3a --with-changes"
	found := &diag.Error{
		Summary: "sudo asks for a password, and none was given for the user that the hosts of this inventory log in with",
		Pos:     diag.Pos{File: "site.star", Line: 3, Col: 5}, Host: "web1.example.org", Unit: "cmd[make it]",
		Detail: strings.Repeat("what a program says ", 6), Hint: "give it by -K or add a NOPASSWD rule to sudoers, then: " + command + " (for a runbook that was changed)",
	}
	print := func(color bool, columns int) string {
		var b strings.Builder
		e := &ui.Errors{Out: &b, Style: ui.Style{Color: color}, Columns: func() int { return columns }}
		e.Print(found)
		e.Note("3 units changed on 2 hosts, 1 failed, 5 left to do, not counting 1 host\nfix the cause, then: " + command + " (for a runbook that was changed)")
		return b.String()
	}
	whole := print(false, 0)
	if n := strings.Count(whole, "\n"); n != 5 {
		t.Errorf("%d lines through a pipe, want 5:\n%s", n, whole)
	}
	for _, color := range []bool{false, true} {
		term := uitest.New(columns, 40)
		if _, err := term.Write([]byte(strings.ReplaceAll(print(color, columns), "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
		uitest.Golden(t, "wrapped.txt", term.Text())
		if n := strings.Count(term.Text(), command); n != 2 {
			t.Errorf("the command is there %d times whole, want 2", n)
		}
	}
}

// TestUnknownHostKeys: several hosts are told at once, with what compares all their keys, at their addresses and ports.
func TestUnknownHostKeys(t *testing.T) {
	unknown := func(host, address, key string, port int, jumps bool) error {
		why := &target.UnknownKeyError{Address: address, Port: port, Key: "ssh-ed25519 SHA256:" + key, Jumps: jumps}
		return &target.Error{Host: host, Stage: target.StageHostKey, Message: why.Error(), Hint: "--accept-new learns it", Cause: why}
	}
	one := unknown("h1", "192.0.2.1", "aa", 22, false)
	for _, tt := range []struct {
		name string
		errs []error
		want string
	}{
		{"one", []error{one}, "froyo: error: h1: the host key is not known: ssh-ed25519 SHA256:aa\n  hint: --accept-new learns it\n"},
		{
			"several",
			[]error{one, unknown("h2", "192.0.2.2", "bb", 22, false), unknown("h3", "192.0.2.3", "cc", 2222, false), unknown("h4", "10.0.0.4", "dd", 22, true), errors.New("another")},
			"froyo: error: h[1-4]: the host key is not known\n" +
				"    h1: ssh-ed25519 SHA256:aa, at 192.0.2.1:22\n" +
				"    h2: ssh-ed25519 SHA256:bb, at 192.0.2.2:22\n" +
				"    h3: ssh-ed25519 SHA256:cc, at 192.0.2.3:2222\n" +
				"    h4: ssh-ed25519 SHA256:dd, at 10.0.0.4:22\n" +
				"  hint: --accept-new learns them; to compare them first: ssh-keyscan -p 22 192.0.2.1 192.0.2.2 | ssh-keygen -lf -; " +
				"and ssh-keyscan -p 2222 192.0.2.3 | ssh-keygen -lf -; and, on their jump host: ssh-keyscan -p 22 10.0.0.4 | ssh-keygen -lf -\n" +
				"froyo: error: another\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got strings.Builder
			(&ui.Errors{Out: &got}).Print(errors.Join(tt.errs...))
			if diff := cmp.Diff(tt.want, got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
