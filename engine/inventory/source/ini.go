package source

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/literal"
)

// sectionLine is [group], [group:children] or [group:vars], perhaps with a comment.
var sectionLine = regexp.MustCompile(`^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$`)

// iniParser reads Ansible's INI: a host and its variables on a line, below
// [group]; names of groups below [group:children]; variables below [group:vars].
type iniParser struct {
	draft *draft
	file  string
	line  int
	group *groupDraft // nil where the section is broken; its lines are skipped
	kind  string      // "", "children", "vars"
	vars  []section   // the [group:vars] met, to check that the groups exist
}

type section struct {
	group *groupDraft
	pos   diag.Pos
}

func (d *draft) parseINI(file, src string) {
	p := &iniParser{draft: d, file: file}
	p.group = d.declare(inventory.Ungrouped, diag.Pos{File: file})
	for line := range strings.Lines(src) {
		p.line++
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		indent := strings.Index(line, trimmed)
		switch {
		case !utf8.ValidString(line):
			p.draft.problem(p.pos(0), "the line is not valid UTF-8")
		case trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';':
		case trimmed[0] == '[' && !p.startsWithAddress(trimmed):
			p.section(trimmed, indent)
		default:
			p.entry(trimmed, indent)
		}
	}
	for _, s := range p.vars {
		if !s.group.declared && s.group.name != inventory.All {
			p.missing(s)
		}
	}
}

// pos is a place in the current line; offset counts bytes from 0.
func (p *iniParser) pos(offset int) diag.Pos {
	return diag.Pos{File: p.file, Line: p.line, Col: offset + 1}
}

// startsWithAddress tells [::1]:22 from a section.
func (p *iniParser) startsWithAddress(line string) bool {
	inner, _, ok := strings.Cut(line[1:], "]")
	return ok && inventory.IsAddress(inner)
}

func (p *iniParser) missing(s section) {
	err := p.draft.problem(s.pos, "variables for group %q, which is declared nowhere", s.group.name)
	var names []string
	for name, g := range p.draft.groups {
		if g.declared {
			names = append(names, name)
		}
	}
	if near := diag.Nearest(s.group.name, names); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	}
}

func (p *iniParser) section(line string, indent int) {
	p.group, p.kind = nil, ""
	m := sectionLine.FindStringSubmatch(line)
	if m == nil {
		p.draft.problem(p.pos(indent), "not a section: want [group], [group:children] or [group:vars]")
		return
	}
	pos := p.pos(indent + 1)
	switch p.kind = m[2]; p.kind {
	case "", "children":
		p.group = p.draft.declare(m[1], pos)
	case "vars":
		if p.group = p.draft.group(m[1], pos); p.group != nil {
			p.vars = append(p.vars, section{p.group, pos})
		}
	default:
		err := p.draft.problem(p.pos(indent+2+len(m[1])), "unknown kind of section %q", m[2])
		if err.Hint = "want [group], [group:children] or [group:vars]"; diag.Nearest(m[2], []string{"children", "vars"}) != "" {
			err.Hint = fmt.Sprintf("did you mean %q?", diag.Nearest(m[2], []string{"children", "vars"}))
		}
	}
}

func (p *iniParser) entry(line string, indent int) {
	switch {
	case p.group == nil:
	case p.kind == "vars":
		p.variable(line, indent)
	case p.kind == "children":
		name, comment, _ := strings.Cut(line, "#")
		if name = strings.TrimSpace(name); strings.ContainsAny(name, " \t:=") && comment == "" {
			p.draft.problem(p.pos(indent), "want the name of a group, got %q", name)
			return
		}
		if p.draft.group(name, p.pos(indent)) != nil {
			p.group.children = append(p.group.children, reference{name, p.pos(indent)})
		}
	default:
		p.host(line, indent)
	}
}

// variable reads name = value. A comment may follow only what is a literal;
// anything else is text to its end.
func (p *iniParser) variable(line string, indent int) {
	name, value, ok := strings.Cut(line, "=")
	name = strings.TrimSpace(name)
	if !ok || name == "" {
		p.draft.problem(p.pos(indent), "want name=value, got %q", line)
		return
	}
	p.group.vars.set(name, p.typed(name, strings.TrimSpace(value), p.pos(indent)))
}

// host reads a host's name, or a range of them, and its variables.
func (p *iniParser) host(line string, indent int) {
	words, err := splitWords(line)
	if err != nil {
		p.draft.problem(p.pos(indent), "%w", err)
		return
	}
	if len(words) == 0 {
		return
	}
	hosts := p.draft.hostsOf(words[0].text, p.pos(indent+words[0].offset))
	vars := settings{}
	for _, w := range words[1:] {
		pos := p.pos(indent + w.offset)
		name, value, ok := strings.Cut(w.text, "=")
		if !ok || name == "" {
			p.draft.problem(pos, "want name=value, got %q", w.text).Hint = "a value with spaces is written in quotes; each host has a line of its own"
			continue
		}
		vars[name] = p.typed(name, value, pos)
	}
	for _, h := range hosts {
		h.groups[p.group.name] = true
		h.vars.add(vars)
	}
}

// typed gives a value its type, as Ansible does: a literal of Python is what it
// is there; all else is text as it stands.
func (p *iniParser) typed(name, value string, pos diag.Pos) variable {
	v, err := literal.Python(value)
	switch {
	case errors.Is(err, literal.ErrNoLiteral):
		out := variable{value: value, pos: pos}
		if value != "" && strings.ContainsRune("[{", rune(value[0])) && strings.ContainsRune("]}", rune(value[len(value)-1])) && !isTemplate(value) {
			p.draft.staysText(name, out)
		}
		return out
	case err != nil:
		p.draft.problem(pos, "variable %q: %w", name, err).WithHint("text is written in quotes: '\"...\"'")
	case shortened(value):
		p.draft.warn(pos, "variable %q: %s is the number %v, as in Ansible", name, value, v).
			WithHint("if it is text, such as a version, write it in quotes within quotes: '\"%s\"'", value)
	}
	return variable{value: v, pos: pos}
}

// shortened reports fractions that lose a digit as a number, as versions do: 1.10.
func shortened(value string) bool {
	return fraction.MatchString(value) && strings.HasSuffix(value, "0") && !strings.HasSuffix(value, ".0")
}

var fraction = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

// word is a part of a line; offset is where it begins.
type word struct {
	text   string
	offset int
}

var errQuote = errors.New("a quote is not closed")

// splitWords splits a line as a shell does: quotes, backslashes, and a comment
// from # on.
func splitWords(line string) ([]word, error) {
	var (
		words  []word
		b      strings.Builder
		inWord bool
		quote  byte
	)
	begin := func(i int) {
		if !inWord {
			inWord = true
			words = append(words, word{offset: i})
		}
	}
	end := func() {
		if inWord {
			words[len(words)-1].text = b.String()
		}
		inWord = false
		b.Reset()
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == 0 && (c == ' ' || c == '\t'):
			end()
			continue
		case quote == 0 && c == '#':
			end()
			return words, nil
		}
		begin(i)
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '\\' && quote != '\'' && i+1 < len(line) && (quote == 0 || line[i+1] == '"' || line[i+1] == '\\'):
			i++
			b.WriteByte(line[i])
		default:
			b.WriteByte(c)
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	end()
	return words, nil
}
