package text_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/text"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const path = "/etc/x"

// host is a target with a file; "" is that there is none.
func host(content string) *providertest.Memory {
	m := &providertest.Memory{Files: map[string]*providertest.Node{"/etc": {Type: op.TypeDir, Mode: 0o755}}}
	if content != "" {
		m.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o640, Content: op.NewBlob([]byte(content))}
	}
	return m
}

// args completes arguments as the schema does.
func args(t *testing.T, typ string, given map[string]any) string {
	t.Helper()
	all := map[string]any{"path": path, "follow": "safe", "state": "present"}
	switch typ {
	case "block":
		all["marker_begin"], all["marker_end"] = "BEGIN", "END"
	case "ini":
		all["create"], all["exclusive"], all["modify_inactive_option"] = true, true, true
	}
	maps.Copy(all, given)
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

type given = map[string]any

func TestEdits(t *testing.T) {
	const sshd = "Port 22\n#PermitRootLogin yes\nUsePAM yes\n"
	const php = "[PHP]\n; memory\n;memory_limit = 64M\n  short_open_tag = Off\n\n[Date]\ndate.timezone = UTC\n"
	for _, tt := range []struct {
		name, typ   string
		args        given
		before      string
		after, fail string
	}{
		{"replaced", "line", given{"regexp": "^#?PermitRootLogin", "line": "PermitRootLogin no"}, sshd, "Port 22\nPermitRootLogin no\nUsePAM yes\n", ""},
		{"there", "line", given{"line": "UsePAM yes"}, sshd, sshd, ""},
		{"there, though the pattern is not", "line", given{"regexp": "^Nothing", "line": "UsePAM yes"}, sshd, sshd, ""},
		{"added", "line", given{"line": "X"}, sshd, sshd + "X\n", ""},
		{"added to a line without an end", "line", given{"line": "X"}, "a", "a\nX\n", ""},
		{"behind", "line", given{"line": "X", "insertafter": "^Port"}, sshd, "Port 22\nX\n#PermitRootLogin yes\nUsePAM yes\n", ""},
		{"behind the last without an end", "line", given{"line": "X", "insertafter": "^b"}, "a\nb", "a\nb\nX\n", ""},
		{"before", "line", given{"line": "X", "insertbefore": "^Use"}, sshd, "Port 22\n#PermitRootLogin yes\nX\nUsePAM yes\n", ""},
		{"first", "line", given{"line": "X", "insertbefore": "BOF"}, sshd, "X\n" + sshd, ""},
		{"groups", "line", given{"regexp": `^(Port) (\d+)`, "line": `\1 \g<2>2`, "backrefs": true}, "Port 2", "", "each apply would replace another one"},
		{"groups that are right", "line", given{"regexp": `^#?(Port) \d+`, "line": `\1 22`, "backrefs": true}, "#Port 2\n", "Port 22\n", ""},
		{"groups without a match", "line", given{"regexp": `^(Nothing)`, "line": `\1`, "backrefs": true}, sshd, sshd, ""},
		{"groups of nothing", "line", given{"line": `\1`, "backrefs": true}, sshd, "", "backrefs = True fills in"},
		{"last of many", "line", given{"regexp": "^[ab]", "line": "b"}, "a1\na2\n", "a1\nb\n", ""},
		{"another each time", "line", given{"regexp": "^a", "line": "b"}, "a1\na2\n", "", "each apply would replace another one"},
		{"first of many", "line", given{"regexp": "^a", "line": "b", "firstmatch": true}, "a1\nx\n", "b\nx\n", ""},
		{"containing", "line", given{"search_string": "a.b", "line": "c"}, "axb\na.b\n", "axb\nc\n", ""},
		{"removed", "line", given{"state": "absent", "regexp": "^(Port|Use)"}, sshd, "#PermitRootLogin yes\n", ""},
		{"removed as it is", "line", given{"state": "absent", "line": "Port 22"}, sshd, "#PermitRootLogin yes\nUsePAM yes\n", ""},
		{"nothing to remove", "line", given{"state": "absent", "line": "x"}, "", "nothing", ""},
		{"remove what", "line", given{"state": "absent"}, sshd, "", "it is not said which lines"},
		{"made", "line", given{"line": "x", "create": true}, "", "x\n", ""},
		{"other ends", "line", given{"line": "x"}, "a\r\n", "a\r\nx\r\n", ""},
		{"bad pattern", "line", given{"line": "x", "regexp": "(a"}, sshd, "", "unterminated subpattern"},
		{"look-ahead", "line", given{"line": "b", "regexp": "^a(?!1)"}, "a1\na2\n", "a1\nb\n", ""},

		{"new", "block", given{"block": "a\nb"}, "x\n", "x\n# BEGIN FROYO MANAGED BLOCK\na\nb\n# END FROYO MANAGED BLOCK\n", ""},
		{"changed", "block", given{"block": "c\n"}, "# BEGIN FROYO MANAGED BLOCK\na\nb\n# END FROYO MANAGED BLOCK\nx", "# BEGIN FROYO MANAGED BLOCK\nc\n# END FROYO MANAGED BLOCK\nx", ""},
		{"gone", "block", given{"state": "absent"}, "# BEGIN FROYO MANAGED BLOCK\na\n# END FROYO MANAGED BLOCK\nx\n", "x\n", ""},
		{"empty", "block", given{"block": ""}, "# BEGIN FROYO MANAGED BLOCK\na\n# END FROYO MANAGED BLOCK\nx\n", "x\n", ""},
		{"own marks", "block", given{"block": "a", "marker": "// {mark} it", "marker_begin": "<", "marker_end": ">"}, "x\n", "x\n// < it\na\n// > it\n", ""},
		{"placed", "block", given{"block": "a", "insertbefore": "^y"}, "x\ny\n", "x\n# BEGIN FROYO MANAGED BLOCK\na\n# END FROYO MANAGED BLOCK\ny\n", ""},

		{"all", "replace", given{"regexp": `\bfoo\b`, "replace": "bar"}, "foo food foo\nfoo\n", "bar food bar\nbar\n", ""},
		{"at lines", "replace", given{"regexp": `^a$`, "replace": "b"}, "a\naa\na\n", "b\naa\nb\n", ""},
		{"with groups", "replace", given{"regexp": `^(\w+)=1$`, "replace": `\1=2`}, "x=1\ny=1\n", "x=2\ny=2\n", ""},
		{"between", "replace", given{"regexp": `a`, "replace": "b", "after": `\[x\]`, "before": `\[y\]`}, "a\n[x]\na\na\n[y]\na\n", "a\n[x]\nb\nb\n[y]\na\n", ""},
		{"nothing", "replace", given{"regexp": `zz`, "replace": "b"}, "a\n", "a\n", ""},
		{"never right", "replace", given{"regexp": `a`, "replace": "aa"}, "a\n", "", "it matches in what it is replaced by"},

		{"option", "ini", given{"section": "Date", "option": "date.timezone", "value": "Europe/Bern"}, php, strings.Replace(php, "UTC", "Europe/Bern", 1), ""},
		{"blanks", "ini", given{"section": "x", "option": "a", "value": "1"}, "[x]\na=1\n", "[x]\na=1\n", ""},
		{"no blanks", "ini", given{"section": "x", "option": "a", "value": "2", "no_extra_spaces": true}, "[x]\na = 1\n", "[x]\na=2\n", ""},
		{"commented out", "ini", given{"section": "PHP", "option": "memory_limit", "value": "1G"}, php, strings.Replace(php, ";memory_limit = 64M", "memory_limit = 1G", 1), ""},
		{"left commented out", "ini", given{"section": "PHP", "option": "memory_limit", "value": "1G", "modify_inactive_option": false}, php, strings.Replace(php, "Off\n", "Off\nmemory_limit = 1G\n", 1), ""},
		{"indented", "ini", given{"section": "PHP", "option": "short_open_tag", "value": "On"}, php, strings.Replace(php, "Off", "On", 1), ""},
		{"new section", "ini", given{"section": "S", "option": "a", "value": "1"}, "[x]\nb = 1", "[x]\nb = 1\n[S]\na = 1\n", ""},
		{"new file", "ini", given{"section": "S", "option": "a", "value": "1"}, "", "[S]\na = 1\n", ""},
		{"no section", "ini", given{"option": "a", "value": "1"}, "# c\n\n[x]\na = 2\n", "a = 1\n# c\n\n[x]\na = 2\n", ""},
		{"several", "ini", given{"section": "x", "option": "a", "value": []any{"1", "2"}}, "[x]\na = 3\nb = 1\na = 1\n", "[x]\na = 2\nb = 1\na = 1\n", ""},
		{"fewer", "ini", given{"section": "x", "option": "a", "value": "1"}, "[x]\na = 3\nb = 1\na = 1\na = 4\n", "[x]\nb = 1\na = 1\n", ""},
		{"beside others", "ini", given{"section": "x", "option": "a", "value": []any{"1"}, "exclusive": false}, "[x]\na = 3\n", "[x]\na = 3\na = 1\n", ""},
		{"without a value", "ini", given{"section": "mysqld", "option": "skip-name-resolve", "allow_no_value": true}, "[mysqld]\nport = 1\n", "[mysqld]\nport = 1\nskip-name-resolve\n", ""},
		{"value missing", "ini", given{"section": "x", "option": "a"}, "[x]\n", "", "has no value"},
		{"goes on", "ini", given{"section": "x", "option": "a", "value": "1"}, "[x]\na = 3\n  4\nb = 1\n", "[x]\na = 1\nb = 1\n", ""},
		{"option gone", "ini", given{"state": "absent", "section": "x", "option": "a"}, "[x]\na = 3\n  4\nb = 1\n[y]\na = 1\n", "[x]\nb = 1\n[y]\na = 1\n", ""},
		{"section gone", "ini", given{"state": "absent", "section": "x"}, "[y]\n[x]\na = 3\n[z]\nb = 1\n", "[y]\n[z]\nb = 1\n", ""},
	} {
		t.Run(tt.typ+" "+tt.name, func(t *testing.T) {
			m := host(tt.before)
			kit := providertest.New(t, providertest.Native(text.Types()), m)
			u := providertest.Unit{Type: tt.typ, Args: args(t, tt.typ, tt.args)}
			change, err := kit.Plan(u)
			if tt.fail != "" && err != nil {
				if !strings.Contains(err.Message+err.Hint, tt.fail) {
					t.Fatalf("it fails with %q (%s), expected %q", err.Message, err.Hint, tt.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if tt.fail != "" {
				t.Fatalf("planned %+v, expected the error %q", change, tt.fail)
			}
			kit.Converge(u)
			if got := m.Says(t, path); got != tt.after {
				t.Errorf("the file holds\n%s\nexpected\n%s", got, tt.after)
			}
			if wants := tt.after != "nothing" && tt.before != tt.after; wants != (change.Action != abi.None) {
				t.Errorf("planned %s", change.Action)
			}
		})
	}
}

func TestWhatIsNoText(t *testing.T) {
	for _, tt := range []struct {
		name string
		node *providertest.Node
		fail string
	}{
		{"directory", &providertest.Node{Type: op.TypeDir}, "/etc/x is a directory"},
		{"link", &providertest.Node{Type: op.TypeLink, Target: "/run/x"}, `/etc/x is a link to "/run/x"`},
		{"binary", &providertest.Node{Type: op.TypeFile, Content: op.NewBlob([]byte("\xff"))}, "not UTF-8"},
	} {
		m := host("")
		m.Files[path] = tt.node
		kit := providertest.New(t, providertest.Native(text.Types()), m)
		_, err := kit.Plan(providertest.Unit{Type: "line", Args: args(t, "line", given{"line": "x"})})
		if err == nil || !strings.Contains(err.Message, tt.fail) || len(m.Done) > 0 {
			t.Errorf("%s: got %v, expected %q", tt.name, err, tt.fail)
		}
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	for typ, a := range map[string]given{"line": {"line": "x"}, "block": {"block": "x"}, "replace": {"regexp": "x", "replace": "y"}, "ini": {"option": "x", "value": "1", "create": false}} {
		kit := providertest.New(t, providertest.Native(text.Types()), host(""))
		change, err := kit.Plan(providertest.Unit{Type: typ, Args: args(t, typ, a)})
		if err != nil || len(change.Needs) != 1 || change.Needs[0].What != "file /etc/x" || len(change.Effects) != 1 {
			t.Errorf("%s: planned %+v, %v", typ, change, err)
		}
	}
}

func TestBackupAndCheck(t *testing.T) {
	m := host("a\n")
	m.Programs = map[string]func(*op.Exec) op.Result{"check %s": providertest.Exits(0, "")}
	kit := providertest.New(t, providertest.Native(text.Types()), m)
	_, outcome := kit.Converge(providertest.Unit{Type: "line", Args: args(t, "line", given{"line": "x", "backup": true, "validate": "check %s"})})
	if !strings.Contains(string(outcome.Outputs), `"backup":"/etc/x.old"`) || !outcome.Changed {
		t.Errorf("got %s", outcome.Outputs)
	}
	if _, err := kit.Learn(providertest.Unit{Type: "line", Args: args(t, "line", given{}), Unknown: []string{"line"}}, args(t, "line", given{"line": "y"})); err != nil {
		t.Fatal(err)
	}
	if got := m.Says(t, path); got != "a\nx\ny\n" {
		t.Errorf("the file holds %q", got)
	}
}
