package facts

import (
	"errors"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
)

// TestAdvice does what hints say: the error is gone then.
func TestAdvice(t *testing.T) {
	const program = "@command(\"/usr/local/lib/app/facts\", \"--json\")\n"
	one := func(text string) map[string]string { return map[string]string{"facts/a.cue": text} }
	for _, a := range []struct {
		wrong map[string]string
		hint  string
		right map[string]string
	}{
		{
			map[string]string{"facts/a.star": ""},
			"say in facts/a.cue what they are: a field in each line, such as version: string; the name of a file that others load begins with _",
			map[string]string{"facts/a.star": "", "facts/a.cue": "version: string\n", "facts/_a.star": ""},
		},
		{
			map[string]string{"facts/A.cue": program + "x: int\n"},
			"expected words of a-z, 0-9 and _ with dots between them, such as app or app.release",
			map[string]string{"facts/app.release.cue": program + "x: int\n"},
		},
		{
			map[string]string{"facts/os.cue": program + "x: int\n"},
			"rename the file: its name is that of the facts",
			map[string]string{"facts/my_os.cue": program + "x: int\n"},
		},
		{one(program), "write a field in each line, such as version: string", one(program + "version: string\n")},
		{
			one(program + "x: y\ny: int\n"), "a field is a type, bounds, a pattern, a list [...x], a dict [string]: x or a definition #X of the file with such fields",
			one(program + "x: [...#X]\ny: [string]: int & >0\n#X: {z: =~\"^a\"}\n"),
		},
		{
			map[string]string{"facts/a.cue": program + "x: int\n", "facts/a.star": ""},
			"remove @command(...) or facts/a.star",
			one(program + "x: int\n"),
		},
		{
			one("x: int\n"), "write @command(\"/path/of/a/program\") for one of the host that prints them as JSON, or define collect(host) in facts/a.star",
			one("@command(\"/path/of/a/program\")\nx: int\n"),
		},
		{one("@command(\"facts\")\nx: int\n"), "such as @command(\"/usr/local/lib/app/facts\", \"--json\")", one(program + "x: int\n")},
		{
			one(program + "x?: string\n"), "write x: null | string, or another type, and have null told where there is nothing",
			one(program + "x: null | string\n"),
		},
		{one(program + "[string]: string\n"), "name the fact that holds them, such as units: [string]: string", one(program + "units: [string]: string\n")},
		{one(program + "if true {x: int}\n"), "such as version: string", one(program + "version: string\n")},
	} {
		t.Run(a.hint, func(t *testing.T) {
			_, err := Read(workspace(a.wrong))
			d, ok := errors.AsType[*diag.Error](err)
			if !ok || d.Hint != a.hint {
				t.Errorf("got %v, want the hint %q", d, a.hint)
			}
			if _, err := Read(workspace(a.right)); err != nil {
				t.Errorf("the hint does not help: %v", err)
			}
		})
	}
	if !strings.Contains(Bad("x", errors.New("y")).Error(), "x: y") {
		t.Error("an error lost its namespace")
	}
}
