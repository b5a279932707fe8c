package lookup

import (
	"math/big"
	"regexp"
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyformat"
)

// numbers are those of one term of sequence.
type numbers struct {
	start, end, count, stride int
	hasEnd, hasCount          bool
	format                    string
}

// shortcut matches start-end/stride:format.
var shortcut = regexp.MustCompile(`(?i)^(?:(0?x?[0-9a-f]+)-)?(0?x?[0-9a-f]+)(?:/(0?x?[0-9a-f]+))?(?::(.+))?$`)

func sequence(c *call) ([]value, error) {
	var out []value
	for _, term := range c.terms {
		s, ok := term.(starlark.String)
		if !ok {
			return nil, failf("a term is a text such as '1-10', not %s", py.TypeName(term))
		}
		n, err := parseNumbers(string(s))
		if err != nil {
			return nil, err
		}
		if out, err = n.add(c, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func parseNumbers(s string) (*numbers, error) {
	n := &numbers{start: 1, stride: 1, format: "%d"}
	if strings.Contains(s, "\n") {
		return nil, py.Errorf("the term %q has several lines", s)
	}
	if m := shortcut.FindStringSubmatch(s); m != nil {
		if m[4] != "" {
			n.format = m[4]
		}
		for i, name := range []string{"start", "end", "stride"} {
			if m[i+1] != "" {
				if err := n.set(name, m[i+1]); err != nil {
					return nil, err
				}
			}
		}
		return n, nil
	}
	if _, err := inline(s, func(name, text string) error {
		if name == "format" {
			n.format = text
			return nil
		}
		return n.set(name, text)
	}); err != nil {
		return nil, err
	}
	return n, nil
}

// set sets one of the numbers, which Python reads with int(text, 0).
func (n *numbers) set(name, text string) error {
	big, ok := new(big.Int).SetString(text, 0)
	plain := strings.TrimLeft(strings.TrimLeft(text, "+-"), "0_")
	if ok && plain != "" && plain[0] >= '0' && plain[0] <= '9' && strings.TrimLeft(text, "+-")[0] == '0' {
		ok = false // 012
	}
	if !ok || !big.IsInt64() {
		return failf("%s=%s is no whole number", name, text)
	}
	i := int(big.Int64())
	if i > 1<<40 || i < -1<<40 {
		return py.Errorf("%s=%s is too large", name, text)
	}
	switch name {
	case "start":
		n.start = i
	case "end":
		n.end, n.hasEnd = i, true
	case "count":
		n.count, n.hasCount = i, true
	case "stride":
		n.stride = i
	default:
		return failf("it has no %s; it has start, end, count, stride and format", name)
	}
	return nil
}

func (n *numbers) add(c *call, out []value) ([]value, error) {
	switch {
	case n.hasEnd == n.hasCount:
		return nil, failf("it takes either count or end")
	case n.hasCount && n.count == 0:
		return out, nil
	case n.hasCount:
		n.end = n.start + n.count*n.stride - 1
	}
	switch {
	case n.stride > 0 && n.end < n.start:
		return nil, failf("to count backwards, give a negative stride")
	case n.stride < 0 && n.end > n.start:
		return nil, failf("to count forwards, give a positive stride")
	case strings.Count(n.format, "%") != 1:
		return nil, failf("the format %q has to have one %%", n.format)
	case n.stride == 0:
		return out, nil
	}
	adjust := 1
	if n.stride < 0 {
		adjust = -1
	}
	r := &py.Range{Start: n.start, Stop: n.end + adjust, Step: n.stride}
	if r.Len()+len(out) > py.MaxElements {
		return nil, py.Errorf("it would give more than %d numbers", py.MaxElements)
	}
	for i := range r.Len() {
		if err := c.run.Step(1); err != nil {
			return nil, err
		}
		s, err := pyformat.Percent(n.format, r.At(i))
		if err != nil {
			return nil, failure{err}
		}
		out = append(out, starlark.String(s))
	}
	return out, nil
}

// inline tells of the name=value in a term, and returns the rest of its words. Ansible reads quotes and escapes there,
// too, which are refused.
func inline(term string, set func(name, text string) error) (rest string, err error) {
	if strings.ContainsAny(term, "\\\"'{}\n\r\t") || strings.Contains(term, "  ") || strings.TrimSpace(term) != term {
		return "", py.Errorf("the term %q has quotes, escapes or wide spaces, which are left out; give the options by name, as in lookup('csvfile', 'key', file='x.csv')", term)
	}
	var words []string
	for word := range strings.SplitSeq(term, " ") {
		if i := strings.IndexByte(word, '='); i > 0 {
			if err := set(word[:i], word[i+1:]); err != nil {
				return "", err
			}
			continue
		} else if i == 0 {
			return "", py.Errorf("the term %q has a word that begins with =", term)
		}
		words = append(words, word)
	}
	return strings.Join(words, " "), nil
}
