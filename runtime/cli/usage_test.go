package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/diag"
)

// TestUsageErrors: what is wrong with a command line is said in plain words, and where to look for more.
func TestUsageErrors(t *testing.T) {
	for _, tt := range []struct{ line, want, hint string }{
		{"plan --forks x", `--forks "x": want a whole number`, "froyo plan --help explains it"},
		{"plan --host-timeout 5", `--host-timeout "5": want a time with its unit, such as 30s or 10m`, "froyo plan --help explains it"},
		{"plan -t", "--tags needs a value", "froyo plan --help explains it"},
		{"plan --diff=maybe", `--diff "maybe": want true or false, or the flag alone`, "froyo plan --help explains it"},
		{"apply --plan p.json --stale none", `--stale "none": want one of "skip", "fail-all"`, "froyo apply --help explains it"},
		{"completion tcsh", `shell "tcsh": want one of "bash", "zsh", "fish"`, "froyo completion --help explains it"},
		{"completion", "an argument is missing: shell", "froyo completion --help explains it"},
		{"show", "an argument is missing: file", "froyo show --help explains it"},
		{"state handlers drop nope", "unexpected argument nope", "froyo state handlers drop --help explains it"},
		{"state notifications drop nope", "unexpected argument nope", "froyo state handlers drop --help explains it"},
		{"runs", "froyo runs needs a command: list, show", "froyo runs --help explains it"},
		{"aply", "unexpected argument aply", `did you mean "apply"?`},
		{"plan a b", "unexpected argument b", "froyo plan --help explains it"},
		{"plan -Z", "unknown flag -Z", "froyo plan --help explains it"},
		{"plan --target=a --limt x", "unknown flag --limt", `did you mean "--limit"?`},
		{"plan --nothing-like-it", "unknown flag --nothing-like-it", "froyo plan --help explains it"},
		{"nothing-like-it", "unexpected argument nothing-like-it", "froyo --help lists the commands"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			parser, err := kong.New(&grammar{}, kong.Name("froyo"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = parser.Parse(strings.Fields(tt.line))
			if err == nil {
				t.Fatal("it is right")
			}
			got := diag.Of(usageError(err))
			if got.Summary != tt.want || got.Hint != tt.hint {
				t.Errorf("got  %q, hint %q\nwant %q, hint %q", got.Summary, got.Hint, tt.want, tt.hint)
			}
		})
	}
}

// TestBlankSelections: what an empty variable of a script leaves of -l "$HOSTS" is not "all hosts", for no command.
func TestBlankSelections(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "cmd", "uptime", "-l", ""}, "--limit is given and blank"},
		{[]string{"apply", "--limit= "}, "--limit is given and blank"},
		{[]string{"apply", "--selector="}, "--limit is given and blank"},
		{[]string{"inventory", "list", "-l", ""}, "--limit is given and blank"},
		{[]string{"validate", "-l", ""}, "--limit is given and blank"},
		{[]string{"plan", "--where", ""}, "--where is given and blank"},
		{[]string{"plan", "-t", ""}, "--tags is given and blank"},
		{[]string{"plan", "-t", "a,"}, ""},
		{[]string{"plan", "--target", "a", "--exclude", ""}, "--exclude is given and blank"},
		{[]string{"plan", "-l", "web", "-t", "a,b", "--where", "True"}, ""},
		{[]string{"plan"}, ""},
	} {
		parser, err := kong.New(&grammar{}, kong.Name("froyo"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := parser.Parse(tt.args)
		if err != nil {
			t.Fatal(tt.args, err)
		}
		got := ""
		if err := refuseBlank(c); err != nil {
			got = diag.Of(err).Summary
		}
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.args, got, tt.want)
		}
	}
}

// TestREADMENamesTheCommands: whoever reads the README learns of each command.
func TestREADMENamesTheCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range model(t).Children {
		if n.Hidden || bytes.Contains(text, []byte("| `froyo "+n.Name)) {
			continue
		}
		t.Errorf("README.md has no row of froyo %s", n.Name)
	}
}

// TestHelpNamesTheCommands: the line of a command that has others below it ends with all of their names.
func TestHelpNamesTheCommands(t *testing.T) {
	for _, n := range model(t).Children {
		var names []string
		for _, below := range n.Children {
			if !below.Hidden {
				names = append(names, below.Name)
			}
		}
		want := ": " + strings.Join(names, ", ") + "."
		if len(names) > 0 && n.Name != "run" && !strings.HasSuffix(n.Help, want) {
			t.Errorf("the help of froyo %s ends with %q, want %q", n.Name, n.Help, want)
		}
	}
}
