package dial_test

import (
	"errors"
	"testing"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// TestHostileRunners has runners that are ready and then answer wrongly.
func TestHostileRunners(t *testing.T) {
	sum := op.Sum([]byte("x"))
	tests := []struct {
		name   string
		script string // what it does after the first command came
		step   op.Op
		stage  target.Stage
		parts  []string
	}{
		{"no JSON", `echo '\x1b[31mhello'`, stat("/a").Op, target.StageWire, []string{"nonsense"}},
		{"escape sequences in an error", `printf '{"error":{"message":"\\u001b[2J\\u202e"}}\n'`, stat("/a").Op, target.StageWire, []string{`\x1b[2J\u{202e}`}},
		{"endless line", `cat /dev/zero`, stat("/a").Op, target.StageWire, []string{"longer than"}},
		{"endless frames", `yes '{"data":{"id":9,"n":0,"end":true}}'`, stat("/a").Op, target.StageWire, []string{"unknown command 9"}},
		{"answer for another command", `echo '{"done":{"id":7,"result":{"fs.stat":{"exists":false,"uid":0,"gid":0}}}}'`, stat("/a").Op, target.StageWire, []string{"unknown command 7"}},
		{"answer twice", `for i in 1 2; do echo '{"done":{"id":1,"result":{"fs.stat":{"exists":false,"uid":0,"gid":0}}}}'; done`, op.Op{}, target.StageWire, []string{"unknown command 1"}},
		{"answer of another kind", `echo '{"done":{"id":1,"result":{"exec":{"rc":0}}}}'`, stat("/a").Op, target.StageWire, []string{"fs.stat /a: the answer is of another kind"}},
		{"answer without result", `echo '{"done":{"id":1,"result":{}}}'`, stat("/a").Op, target.StageWire, []string{"exactly one kind"}},
		{"not run for no reason", `echo '{"done":{"id":1,"result":{},"not_run":true}}'`, stat("/a").Op, target.StageWire, []string{"not run"}},
		{"mismatch for no reason", `echo '{"done":{"id":1,"result":{"fs.stat":{"exists":false,"uid":0,"gid":0}},"mismatch":true}}'`, stat("/a").Op, target.StageWire, []string{"expected one"}},
		{"error of no class", `echo '{"done":{"id":1,"result":{"error":{"class":"odd","message":"x"}}}}'`, stat("/a").Op, target.StageWire, []string{"unknown class odd"}},
		{"content for a stat", `printf '{"data":{"id":1,"n":1,"end":true}}\nx'`, stat("/a").Op, target.StageWire, []string{"content for an op that has none"}},
		{"more content than asked for", `printf '{"data":{"id":1,"n":1}}\nx'`, read("/a", 0), target.StageWire, []string{"more content than asked for"}},
		{"content after its end", `printf '{"data":{"id":1,"n":1,"end":true}}\nx{"data":{"id":1,"n":1}}\nx'`, read("/a", 9), target.StageWire, []string{"after its end"}},
		{
			"other content", `printf '{"data":{"id":1,"n":1,"end":true}}\ny{"done":{"id":1,"result":{"fs.read":{"exists":true,"regular":true,"size":1,"sum":"` + sum + `","content":{"sum":"` + sum + `","size":1}}}}}\n'`,
			read("/a", 9), target.StageWire,
			[]string{"not the one that the result speaks of"},
		},
		{
			"content that is not mentioned", `printf '{"data":{"id":1,"n":1,"end":true}}\ny{"done":{"id":1,"result":{"fs.read":{"exists":true}}}}\n'`,
			read("/a", 9), target.StageWire,
			[]string{"does not mention"},
		},
		{
			"path out of the directory", `echo '{"done":{"id":1,"result":{"fs.list":{"exists":true,"entries":[{"path":"a/../../b","type":"file","mode":0,"owner":"","group":""}]}}}}'`,
			op.Op{List: &op.List{Path: "/a"}},
			target.StageWire,
			[]string{"a/../../b"},
		},
		{
			"another package", `echo '{"done":{"id":1,"result":{"pkg.query":{"manager":"apt","packages":[{"name":"b"}]}}}}'`,
			op.Op{PkgQuery: &op.PkgQuery{Packages: []op.PkgAsk{{Name: "a"}}}},
			target.StageWire,
			[]string{"about other packages"},
		},
		{
			"another service", `echo '{"done":{"id":1,"result":{"svc.query":{"manager":"systemd","units":[{"name":"b.service","load":"loaded","active":"active"}]}}}}'`,
			op.Op{SvcQuery: &op.SvcQuery{Names: []string{"a.service"}}},
			target.StageWire,
			[]string{"about other units"},
		},
		{
			"more output than asked for", `echo '{"done":{"id":1,"result":{"exec":{"rc":0,"stdout":"12345678901234567890"}}}}'`,
			op.Op{Exec: &op.Exec{Shell: "x", Limit: 4}},
			target.StageWire,
			[]string{"20 bytes of output, more than asked for"},
		},
		{
			"too many packages", `echo '{"done":{"id":1,"result":{"pkg.ensure":{"packages":[{"name":"a"},{"name":"a"}]}}}}'`,
			op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}}}},
			target.StageWire,
			[]string{"about other packages"},
		},
		{
			"error of no class for a package", `echo '{"done":{"id":1,"result":{"pkg.ensure":{"packages":[{"name":"a","error":{"class":"odd","message":"x"}}]}}}}'`,
			op.Op{PkgEnsure: &op.PkgEnsure{Packages: []op.PkgWant{{Name: "a", State: op.PkgPresent}}}},
			target.StageWire,
			[]string{"unknown class odd"},
		},
		{"credit beyond the window", `echo '{"window":{"id":1,"n":262144}}'`, stat("/a").Op, target.StageWire, []string{"window"}},
		{"output that was not asked for", `echo '{"output":{"id":1,"text":"x"}}'`, op.Op{Exec: &op.Exec{Shell: "x", ReadOnly: true}}, target.StageWire, []string{"output that was not asked for"}},
		{"output without end", `yes '{"output":{"id":1,"text":"x"}}'`, op.Op{Exec: &op.Exec{Shell: "x"}}, target.StageWire, []string{"output beyond the window"}},
		{"a command of its own", `echo '{"cmd":{"id":1,"op":{"fs.stat":{"path":"/"}}}}'`, stat("/a").Op, target.StageWire, []string{"does not send"}},
		{"good-bye unasked", `echo '{"bye":{}}'`, stat("/a").Op, target.StageWire, []string{"does not send"}},
		{"end in the middle", `printf '{"done":{"id"'; exit 3`, stat("/a").Op, target.StageLost, []string{"the runner ended: exit status 3, under way: fs.stat /a"}},
		{"end with a word", "echo 'panic: \x1b[1mstack' >&2; exit 2", stat("/a").Op, target.StageLost, []string{"exit status 2", `panic: \x1b[1mstack`}},
		{"endless stderr", `yes >&2 & sleep 0.1; kill $!; exit 1`, stat("/a").Op, target.StageLost, []string{"exit status 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t)
			s := h.open(t, dial.Options{Binary: scripted(t, "read -r line; "+test.script+"; cat >/dev/null"), Output: func(dial.Live) {}})
			step := target.Step{Op: test.step}
			if test.step.Kind() == "" { // two commands, of which the second shows what the first left behind
				if _, err := s.Do(t.Context(), []target.Step{stat("/a")}); err != nil {
					t.Fatal(err)
				}
				step = stat("/b")
			}
			_, err := s.Do(t.Context(), []target.Step{step})
			wantError(t, err, test.stage, test.parts...)
			if e, _ := errors.AsType[*target.Error](err); len(e.Detail) > 64<<10 {
				t.Errorf("the detail has %d bytes", len(e.Detail))
			}
		})
	}
}
