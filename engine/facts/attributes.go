package facts

import (
	"fmt"
	"strings"
	"time"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/literal"
)

// attributes reads what a definition says of its namespace: @systems, @ttl, @deadline, and of a workspace's own @command.
func (n *Namespace) attributes(decls []ast.Decl) error {
	for _, decl := range decls {
		a, ok := decl.(*ast.Attribute)
		if !ok {
			continue
		}
		name, body := a.Split()
		var err error
		switch {
		case name == "systems":
			n.Systems, err = textOf(body)
		case name == "ttl":
			n.TTL, err = durationOf(body, maxTTL)
		case name == "deadline":
			n.Deadline, err = durationOf(body, maxDeadline)
		case name == "command" && n.Own != nil:
			n.Own.Argv, err = listOf(body)
		case name == "run_as" && n.Own != nil:
			n.Own.User, err = textOf(body)
		default:
			err = fmt.Errorf("there is no such attribute here, expected @systems, @ttl, @deadline%s", map[bool]string{true: ", @command or @run_as"}[n.Own != nil])
		}
		if err != nil {
			return fmt.Errorf("@%s: %w", name, err)
		}
	}
	return nil
}

// Bounds of what definitions may say.
const (
	maxTTL      = 365 * 24 * time.Hour
	maxDeadline = 10 * time.Minute
)

// textOf reads ("text").
func textOf(body string) (string, error) {
	text, err := literal.Unquote(strings.TrimSpace(body))
	if err != nil || text == "" {
		return "", fmt.Errorf("expected a text in quotes, got (%s)", body)
	}
	return text, nil
}

// listOf reads ("a", "b").
func listOf(body string) ([]string, error) {
	var all []string
	for rest := strings.TrimSpace(body); ; {
		quoted, after := cutString(rest)
		text, err := textOf(quoted)
		if err != nil {
			return nil, fmt.Errorf("expected texts in quotes with commas between them, got (%s)", body)
		}
		all = append(all, text)
		if after = strings.TrimSpace(after); after == "" {
			return all, nil
		}
		var comma bool
		if rest, comma = strings.CutPrefix(after, ","); !comma {
			return nil, fmt.Errorf("expected a comma after %s, got %s", quoted, after)
		}
		rest = strings.TrimSpace(rest)
	}
}

// cutString cuts a text in double quotes off the beginning.
func cutString(s string) (quoted, after string) {
	if !strings.HasPrefix(s, `"`) {
		return "", s
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[:i+1], s[i+1:]
		}
	}
	return "", s
}

// durationOf reads ("90s"), ("1h30m") or ("7d").
func durationOf(body string, most time.Duration) (time.Duration, error) {
	text, err := textOf(body)
	if err != nil {
		return 0, err
	}
	d, err := time.ParseDuration(text)
	if days, found := strings.CutSuffix(text, "d"); found {
		d, err = time.ParseDuration(days + "h")
		d *= 24
	}
	if err != nil || d <= 0 || d > most {
		return 0, fmt.Errorf(`expected a time such as "30s", "1h" or "7d", more than 0 and at most %s, got %q`, most, text)
	}
	return d, nil
}

// isVolatile reads the @volatile() of a field.
func isVolatile(f *ast.Field) (bool, error) {
	volatile := false
	for _, a := range f.Attrs {
		if name, _ := a.Split(); name != "volatile" {
			return false, fmt.Errorf("@%s: there is no such attribute here, expected @volatile()", name)
		}
		volatile = true
	}
	return volatile, nil
}
