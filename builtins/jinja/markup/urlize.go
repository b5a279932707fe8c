package markup

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
)

// In Python \w and \d are those of Unicode.
const (
	wordChar  = `[\p{L}\p{N}_]`
	digitChar = `\p{Nd}`
)

var (
	webAddress = regexp.MustCompile(`(?i)^((https?://|www\.)(([\p{L}\p{N}_%-]+\.)+)?([a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})` +
		`|([\p{L}\p{N}_%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)` +
		`|(https?://)((` + digitChar + `{1,3}(\.` + digitChar + `{1,3}){3})|(\[([\p{Nd}a-f]{0,4}:){2}([\p{Nd}a-f]{0,4}:?){1,6}\])))` +
		`(?::` + digitChar + `{1,5})?(?:[/?#].*)?$`)
	mailAddress = regexp.MustCompile(`^.+@` + wordChar + `[\p{L}\p{N}_.-]*\.` + wordChar + `+$`)
	scheme      = regexp.MustCompile(`^[\p{L}\p{N}_.+-]{2,}:(/){0,2}$`)
	opening     = regexp.MustCompile(`^([(<]|&lt;)+`)
	closing     = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
)

// linker makes links of addresses.
type linker struct {
	limited bool
	limit   int // how many characters a link shows
	attrs   string
	schemes []string
}

func urlize(c *call) (value, error) {
	s, err := py.Str(c.Value)
	if err != nil {
		return nil, err
	}
	l, err := newLinker(c)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for rest := Escape(s); rest != ""; {
		if err := c.Run.Step(1); err != nil {
			return nil, err
		}
		n := strings.IndexFunc(rest, py.IsSpace)
		if n < 0 {
			n = len(rest)
		}
		b.WriteString(l.word(rest[:n]))
		if err := py.Fits("urlize", int64(b.Len())); err != nil {
			return nil, err
		}
		rest = rest[n:]
		blank := len(rest) - len(strings.TrimLeftFunc(rest, py.IsSpace))
		b.WriteString(rest[:blank])
		rest = rest[blank:]
	}
	return starlark.String(b.String()), nil
}

func newLinker(c *call) (*linker, error) {
	l := &linker{}
	if c.Values[0] != starlark.None {
		n, err := c.Int(0)
		if err != nil {
			return nil, err
		}
		l.limited, l.limit = true, n
	}
	nofollow, err := py.Truth(c.Values[1])
	if err != nil {
		return nil, err
	}
	rel, err := optional(c.Values[3])
	if err != nil {
		return nil, err
	}
	words := append(strings.Fields(rel), "noopener")
	if nofollow {
		words = append(words, "nofollow")
	}
	slices.Sort(words)
	l.attrs = ` rel="` + Escape(strings.Join(slices.Compact(words), " ")) + `"`
	if some, err := py.Truth(c.Values[2]); err != nil {
		return nil, err
	} else if some {
		target, err := py.Str(c.Values[2])
		if err != nil {
			return nil, err
		}
		l.attrs += ` target="` + Escape(target) + `"`
	}
	if c.Values[4] == starlark.None {
		return l, nil
	}
	schemes, err := c.Elements(c.Values[4])
	if err != nil {
		return nil, err
	}
	for _, v := range schemes {
		s, isText := v.(starlark.String)
		if !isText || !scheme.MatchString(string(s)) {
			return nil, py.Errorf("%s is not a valid URI scheme prefix", v)
		}
		l.schemes = append(l.schemes, string(s))
	}
	return l, nil
}

// optional is a text, or nothing for what counts as false.
func optional(v value) (string, error) {
	if some, err := py.Truth(v); err != nil || !some {
		return "", err
	}
	if s, ok := v.(starlark.String); ok {
		return string(s), nil
	}
	return "", py.Errorf("expected str, not %s", py.TypeName(v))
}

// word makes a link of a word that is an address. Brackets and full stops around it stay outside.
func (l *linker) word(s string) string {
	head := opening.FindString(s)
	middle := s[len(head):]
	tail := closing.FindString(middle)
	middle = middle[:len(middle)-len(tail)]
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} { // brackets within an address
		opened := strings.Count(middle, pair[0])
		if opened <= strings.Count(middle, pair[1]) {
			continue
		}
		for range min(opened, strings.Count(tail, pair[1])) {
			end := strings.Index(tail, pair[1]) + len(pair[1])
			middle, tail = middle+tail[:end], tail[end:]
		}
	}
	return head + l.link(middle) + tail
}

func (l *linker) link(s string) string {
	switch {
	case webAddress.MatchString(s):
		to := s
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			to = "https://" + s
		}
		return `<a href="` + to + `"` + l.attrs + `>` + l.shown(s) + `</a>`
	case strings.HasPrefix(s, "mailto:") && mailAddress.MatchString(s[7:]):
		return `<a href="` + s + `">` + s[7:] + `</a>`
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.Contains(s, ":") && mailAddress.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + `</a>`
	}
	for _, prefix := range l.schemes {
		if s != prefix && strings.HasPrefix(s, prefix) {
			s = `<a href="` + s + `"` + l.attrs + `>` + s + `</a>`
		}
	}
	return s
}

// shown is an address as a link shows it.
func (l *linker) shown(s string) string {
	n := utf8.RuneCountInString(s)
	if !l.limited || n <= l.limit {
		return s
	}
	end := l.limit
	if end < 0 { // as Python counts from the end
		end = max(n+end, 0)
	}
	return string([]rune(s)[:end]) + "..."
}
