package inventory

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
)

// UnknownName is a name in a selector that is neither a host nor a group.
type UnknownName struct {
	Name string
	// Nearest is the host or group that looks most like it, or "".
	Nearest string
	// Offset is the byte of the selector where the name begins.
	Offset int
}

func (e *UnknownName) Error() string { return fmt.Sprintf("no host or group is named %q", e.Name) }

// SelectorError is a selector that cannot be read.
type SelectorError struct {
	Selector string
	// Offset is the byte of the selector that is at fault.
	Offset int
	Msg    string
}

func (e *SelectorError) Error() string {
	return fmt.Sprintf("column %d: %s", utf8.RuneCountInString(e.Selector[:e.Offset])+1, e.Msg)
}

// Select returns the hosts that a selector picks, in the inventory's order.
//
// A selector is terms joined by ":" or ",". A term is the name of a host or
// group, "all" or "*", a glob for such names (web*, h[1-3,10], db[a-c]), or a
// label, k=v, where v may be a glob; where a host has no label k, a variable k
// with a single value counts. As in Ansible, ~RE is a regular expression for names, and web[0], web[-1],
// web[0:2], web[1:] pick of what web picks those in these places, the last one included. "&" before a term keeps only hosts that it picks,
// too, "!" leaves out those it picks. As in Ansible, their order does not
// matter: plain terms come first, then "&", then "!", and without a plain term
// all hosts are taken.
//
// The error is a *diag.Error. Where it wraps an *UnknownName the hosts that the
// other terms pick are returned all the same; the first such name is told.
func (inv *Inventory) Select(selector string) ([]*Host, error) {
	terms, err := parseSelector(selector)
	if err != nil {
		return nil, err
	}
	hasPlain := slices.ContainsFunc(terms, func(t term) bool { return t.sign == 0 })
	picked := slices.Repeat([]bool{!hasPlain}, len(inv.hosts))
	var unknown error
	for _, sign := range []byte{0, '&', '!'} {
		for _, t := range terms {
			if t.sign != sign {
				continue
			}
			match, err := inv.matcher(t, selector)
			if unknown == nil {
				unknown = err
			}
			for i, h := range inv.hosts {
				picked[i] = combine(sign, picked[i], match(h))
			}
		}
	}
	var hosts []*Host
	for i, h := range inv.hosts {
		if picked[i] {
			hosts = append(hosts, h)
		}
	}
	return hosts, unknown
}

func combine(sign byte, before, now bool) bool {
	switch sign {
	case '&':
		return before && now
	case '!':
		return before && !now
	}
	return before || now
}

// matcher returns what a term picks. An unknown name picks nothing.
func (inv *Inventory) matcher(t term, selector string) (func(*Host) bool, error) {
	if t.index != nil {
		if match, ok, err := inv.subscripted(t, selector); ok {
			return match, err
		}
	}
	switch _, isGroup := inv.groups[t.text]; {
	case t.regexp != nil:
		return func(h *Host) bool {
			return t.regexp.MatchString(h.Name) || slices.ContainsFunc(h.Groups, t.regexp.MatchString)
		}, nil
	case t.text == All || t.text == "*":
		return func(*Host) bool { return true }, nil
	case t.label != "":
		return func(h *Host) bool { return h.hasLabel(t.label, t.glob) }, nil
	case t.glob != nil:
		return func(h *Host) bool { return t.glob.match(h.Name) || slices.ContainsFunc(h.Groups, t.glob.match) }, nil
	case t.text == Ungrouped:
		return func(h *Host) bool { return len(h.Groups) == 0 }, nil
	case isGroup:
		return func(h *Host) bool { return slices.Contains(h.Groups, t.text) }, nil
	case inv.byName[t.text] != nil:
		return func(h *Host) bool { return h.Name == t.text }, nil
	}
	return func(*Host) bool { return false }, inv.unknown(t, selector)
}

// unknown is the error for a name that means nothing here.
func (inv *Inventory) unknown(t term, selector string) error {
	e := &UnknownName{Name: t.text, Offset: t.offset}
	var names []string
	for _, h := range inv.hosts {
		names = append(names, h.Name)
	}
	for g := range inv.groups {
		names = append(names, g)
	}
	slices.Sort(names)
	e.Nearest = diag.Nearest(t.text, names)
	d := &diag.Error{Summary: e.Error(), Cause: e, Code: diag.Usage}
	if e.Nearest != "" {
		d.Hint = fmt.Sprintf("did you mean %q?", e.Nearest)
	}
	if len(selector) > len(t.text) {
		d.Detail = caret(selector, t.offset)
	}
	return d
}

// hasLabel reports whether a label matches, or a variable of that name that is a single value.
func (h *Host) hasLabel(name string, value glob) bool {
	if label, ok := h.Labels[name]; ok {
		return value.match(label)
	}
	switch v := h.Vars[name].(type) {
	case string:
		return value.match(v)
	case bool: // as CUE and YAML write it, and as Starlark does
		return value.match(fmt.Sprint(v)) || value.match(strings.ToUpper(fmt.Sprint(v)[:1])+fmt.Sprint(v)[1:])
	case int64, float64:
		return value.match(fmt.Sprint(v))
	}
	return false
}

// term is one part of a selector.
type term struct {
	sign   byte // 0, '&' or '!'
	text   string
	label  string // of k=v
	glob   glob   // nil for a plain name
	regexp *regexp.Regexp
	index  *subscript
	offset int // of text in the selector
}

// maxSelector bounds the text of a selector: folded names of a large fleet fit.
const maxSelector = 1 << 20

func parseSelector(selector string) ([]term, error) {
	fault := func(offset int, format string, args ...any) error {
		e := &SelectorError{Selector: selector, Offset: offset, Msg: fmt.Sprintf(format, args...)}
		return &diag.Error{Summary: e.Error(), Detail: caret(selector, offset), Cause: e, Code: diag.Usage}
	}
	if len(selector) > maxSelector || !utf8.ValidString(selector) {
		return nil, &diag.Error{Summary: "the selector is too long, or not valid UTF-8", Code: diag.Usage}
	}
	var terms []term
	for _, p := range splitSelector(selector) {
		t, err := parseTerm(p)
		if e, ok := errors.AsType[*globError](err); ok {
			return nil, fault(t.offset+e.offset, "%s", e.msg)
		}
		if t.text != "" {
			terms = append(terms, t)
		} else if t.sign != 0 {
			return nil, fault(p.offset, "after %q comes a name", t.sign)
		}
	}
	if len(terms) == 0 {
		return nil, &diag.Error{Summary: "the selector is empty", Hint: `"all" picks every host`, Code: diag.Usage}
	}
	return terms, nil
}

// word is a part of a selector; offset is where it begins.
type word struct {
	text   string
	offset int
}

// splitSelector splits at commas, and at colons, except within brackets and IPv6 addresses.
func splitSelector(selector string) []word {
	var parts []word
	for _, part := range split(word{text: selector}, ',') {
		if IsAddress(strings.TrimLeft(strings.TrimSpace(part.text), "&!")) {
			parts = append(parts, part)
		} else {
			parts = append(parts, split(part, ':')...)
		}
	}
	return parts
}

// split cuts at a separator that is not within brackets.
func split(w word, sep byte) []word {
	var parts []word
	depth, begin := 0, 0
	for i := range len(w.text) {
		switch c := w.text[i]; {
		case c == '[':
			depth = 1
		case c == ']':
			depth = 0
		case c == sep && depth == 0:
			parts = append(parts, word{w.text[begin:i], w.offset + begin})
			begin = i + 1
		}
	}
	return append(parts, word{w.text[begin:], w.offset + begin})
}

// parseTerm reads one term; its text is empty where there is none.
func parseTerm(w word) (term, error) {
	text := strings.TrimLeft(w.text, " \t\r\n")
	t := term{offset: w.offset + len(w.text) - len(text)}
	text = strings.TrimRight(text, " \t\r\n")
	if text != "" && (text[0] == '&' || text[0] == '!') {
		t.sign = text[0]
		rest := strings.TrimLeft(text[1:], " \t")
		t.offset += len(text) - len(rest)
		text = rest
	}
	t.text = text
	if text == "" || text == "*" {
		return t, nil
	}
	if inner, ok := strings.CutPrefix(text, "["); ok && IsAddress(strings.TrimSuffix(inner, "]")) {
		t.text = strings.TrimSuffix(inner, "]")
		return t, nil
	}
	var err error
	if t.index, err = subscriptOf(text); err != nil || t.index != nil && t.index.many {
		return t, err
	}
	return t, t.compile()
}

// compile makes out a label and a glob, and refuses what can be neither these nor a name.
func (t *term) compile() error {
	pattern, start := t.text, 0
	name, value, isLabel := strings.Cut(t.text, "=")
	isLabel = isLabel && t.text[0] != '~'
	switch {
	case isLabel && (name == "" || hasMeta(name)):
		return &globError{0, "a label is written k=v, and k is no glob"}
	case isLabel && strings.HasSuffix(name, "!"):
		return &globError{len(name) - 1, "a label that must not match is written !k=v"}
	case isLabel:
		t.label, pattern, start = name, value, len(name)+1
	case t.text[0] == '@':
		return &globError{0, "@FILE is only for --limit"}
	case t.text[0] == '~':
		var err error
		t.regexp, err = regexpOf(t.text[1:])
		return err
	case IsAddress(t.text):
		return nil
	default:
		if i := strings.IndexFunc(t.text, notInPattern); i >= 0 {
			return &globError{i, fmt.Sprintf("no name contains %q", []rune(t.text[i:])[0])}
		}
		if !hasMeta(t.text) && !strings.Contains(t.text, "]") {
			return nil
		}
	}
	var err error
	if t.glob, err = compileGlob(pattern); err != nil {
		if e, ok := errors.AsType[*globError](err); ok {
			e.offset += start
		}
	}
	return err
}

// notInPattern reports characters that are in no name and mean nothing in a glob.
func notInPattern(r rune) bool {
	return !unicode.In(r, unicode.Letter, unicode.Digit, unicode.Mark) && !strings.ContainsRune("._-*?[]!,:", r)
}

// caret shows where in a selector something is.
func caret(selector string, offset int) string {
	const around = 60
	from, to := max(0, offset-around), min(len(selector), offset+around)
	for from > 0 && !utf8.RuneStart(selector[from]) {
		from--
	}
	for to < len(selector) && !utf8.RuneStart(selector[to]) {
		to++
	}
	oneLine := strings.NewReplacer("\n", `\n`, "\r", `\r`)
	before, after := oneLine.Replace(selector[from:offset]), oneLine.Replace(selector[offset:to])
	return before + after + "\n" + strings.Repeat(" ", utf8.RuneCountInString(before)) + "^"
}
