package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/wording"
)

// usageError says what is wrong with a command line, and where to look.
func usageError(err error) error {
	d := &diag.Error{Summary: err.Error(), Cause: err, Hint: "froyo --help lists the commands"}
	var at *kong.Node
	if p, ok := errors.AsType[*kong.ParseError](err); ok {
		at = reached(p.Context)
	}
	if at != nil && at.Type != kong.ApplicationNode {
		d.Hint = "froyo " + path(at) + " --help explains it"
	}
	if summary, alternative, ok := strings.Cut(err.Error(), ", did you mean "); ok {
		d.Summary = summary
		if !strings.HasPrefix(alternative, `one of "-`) || strings.HasPrefix(alternative, `one of "--`) { // a letter is near to each other one
			d.Hint = "did you mean " + alternative
		}
	}
	for _, r := range rephrased {
		if m := r.says.FindStringSubmatch(d.Summary); m != nil {
			d.Summary = strings.ReplaceAll(r.says.ReplaceAllString(d.Summary, r.as), `","`, `", "`)
			break
		}
	}
	if rest, is := strings.CutPrefix(d.Summary, "expected one of "); is && at != nil {
		d.Summary = strings.TrimSpace("froyo "+path(at)) + " needs a command: " + strings.ReplaceAll(rest, "\"", "")
	}
	return d
}

// notText refuses arguments that are no text: the library would make another text of them in silence.
func notText(args []string) error {
	for i, arg := range args {
		if at := wording.NotText(arg); at >= 0 {
			return &diag.Error{Summary: fmt.Sprintf("argument %d, %q, has a byte at %d that is not UTF-8 text", i+1, arg, at+1)}
		}
	}
	return nil
}

// narrowing are the kinds of values by which hosts and units are selected.
var narrowing = []string{"hosts", "selector", "tags", "units"}

// refuseBlank refuses what is to select and is blank, as an empty variable of a script is: it would select all.
func refuseBlank(c *kong.Context) error {
	for _, f := range c.Flags() {
		if !f.Set || f.Name != "where" && !slices.Contains(narrowing, f.Tag.Get("complete")) {
			continue
		}
		given := []string{}
		switch v := f.Target.Interface().(type) {
		case string:
			given = append(given, v)
		case []string:
			given = v
		default:
			continue
		}
		if !slices.ContainsFunc(given, func(v string) bool { return strings.TrimSpace(v) != "" }) {
			return (&diag.Error{Summary: fmt.Sprintf("--%s is given and blank", f.Name)}).WithHint("leave it out to select all")
		}
	}
	return nil
}

// aliases are what the library puts behind a command that has other names.
var aliases = regexp.MustCompile(` \([^)]*\)`)

// reached is the command that a command line has come to.
func reached(c *kong.Context) *kong.Node {
	if c == nil {
		return nil
	}
	var at *kong.Node
	for _, p := range c.Path {
		if n := p.Node(); n != nil {
			at = n
		}
	}
	return at
}

func path(n *kong.Node) string {
	if n.Type == kong.ApplicationNode {
		return ""
	}
	return aliases.ReplaceAllString(n.Path(), "")
}

// rephrased are the messages of the library that are no words for operators.
var rephrased = []struct {
	says *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`^(-.*): expected a valid \d+ bit u?int but got "(.*)"$`), `$1 "$2": want a whole number`},
	{regexp.MustCompile(`^(-.*): expected a? ?float but got "(.*)".*$`), `$1 "$2": want a number`},
	{regexp.MustCompile(`^(-.*): expected duration but got "([^"]*)".*$`), `$1 "$2": want a time with its unit, such as 30s or 10m`},
	{regexp.MustCompile(`^(-.*): missing value, expecting .*$`), `$1 needs a value`},
	{regexp.MustCompile(`^(-.*): expected .* value but got "EOL" .*$`), `$1 needs a value`},
	{regexp.MustCompile(`^(-.*): bool value must be .* but got "(.*)"$`), `$1 "$2": want true or false, or the flag alone`},
	{regexp.MustCompile(`^(-\S+) must be one of ("\S*") but got "(.*)"$`), `$1 "$3": want one of $2`},
	{regexp.MustCompile(`^<(\S+)> must be one of ("\S*") but got "(.*)"$`), `$1 "$3": want one of $2`},
	{regexp.MustCompile(`^expected "<([^>]+)>.*"$`), `an argument is missing: $1`},
	{regexp.MustCompile(`^missing positional arguments (.*)$`), `arguments are missing: $1`},
}
