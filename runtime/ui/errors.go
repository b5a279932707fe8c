package ui

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// Errors prints errors and warnings with their place, evidence and hint. It is
// safe for concurrent use.
type Errors struct {
	Out   io.Writer
	Style Style
	// Verbose shows the call stack.
	Verbose bool
	// Source gives the text of a runbook file, for the line under an error; it may be nil.
	Source func(file string) ([]byte, bool)
	// Columns is how wide the terminal is, 0 for none; it may be nil. Lines are wrapped there;
	// a longer source line is cut so that the caret stays below its place.
	Columns func() int
	// Subject is what the command line said of the runbook and the inventory, such as " web.star -i hosts.ini": hints
	// that name a command about the same ones repeat it.
	Subject string
	// Again is the command that plans the same where that is not froyo plan, else "".
	Again string
	// Own is a runbook that is part of froyo, by its name, "" for none: no place in it is shown.
	Own string
	// Words says hints with the flags of a command that has others than those for runbooks; it may be nil.
	Words *strings.Replacer

	mu sync.Mutex
}

// aboutTheSame is a command about the runbook and the inventory in a hint that names neither.
var aboutTheSame = regexp.MustCompile(`\bfroyo (validate|plan)((?: --(?:list-units|list-tags|out FILE))?)($|[,;:)]| lists| shows| names)`)

// plansTheSame is the command of those that plans, which other commands can do, too.
var plansTheSame = regexp.MustCompile(`\bfroyo plan((?: --out FILE)?)($|[,;:)]| shows| names)`)

// about repeats in a hint what the command line was about.
func (p *Errors) about(hint string) string {
	if p.Words != nil {
		hint = p.Words.Replace(hint)
	}
	if p.Again != "" {
		hint = plansTheSame.ReplaceAllString(hint, strings.ReplaceAll(p.Again, "$", "$$")+"${1}${2}")
	}
	return aboutTheSame.ReplaceAllString(hint, "froyo ${1}"+strings.ReplaceAll(p.Subject, "$", "$$")+"${2}${3}")
}

// Print prints all the errors that err joins; those that differ only in their
// host are printed once, with all the hosts.
func (p *Errors) Print(err error) {
	for _, d := range foldErrors(err) {
		p.one("error", Red, d)
	}
}

// To prints as p does, but elsewhere.
func (p *Errors) To(w io.Writer) *Errors {
	return &Errors{Out: w, Style: p.Style, Verbose: p.Verbose, Source: p.Source, Columns: p.Columns, Subject: p.Subject, Again: p.Again, Own: p.Own, Words: p.Words}
}

// Brief prints the errors as Print does, but only the line that says what
// happened: they are told in full later.
func (p *Errors) Brief(err error) {
	for _, d := range foldErrors(err) {
		p.one("error", Red, &diag.Error{Summary: d.Error()})
	}
}

// foldErrors lists the errors that err joins, those that differ only in their host as one.
func foldErrors(err error) []*diag.Error {
	var order []string
	first := map[string]*diag.Error{}
	hosts := map[string][]string{}
	strangers := unknownKeys(err)
	for e := range diag.All(err) {
		d := *diag.Of(e)
		if _, is := unknownKey(e); is && len(strangers) > 1 {
			d.Summary, d.Detail, d.Hint = keysUnknown(strangers)
		}
		host := d.Host
		d.Host = ""
		key := d.Error() + "\x00" + d.Detail
		if first[key] == nil {
			order = append(order, key)
			first[key] = &d
		}
		if host != "" && !slices.Contains(hosts[key], host) {
			hosts[key] = append(hosts[key], host)
		}
	}
	folded := make([]*diag.Error, len(order))
	for i, key := range order {
		folded[i] = first[key]
		if len(hosts[key]) > 0 {
			folded[i].Host = inventory.FoldNames(hosts[key])
		}
	}
	return folded
}

// stranger is a host whose key is not known.
type stranger struct {
	host string
	*target.UnknownKeyError
}

// unknownKey reports whether an error is that a host's own key is not known.
func unknownKey(err error) (stranger, bool) {
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		return stranger{}, false
	}
	why, ok := e.Cause.(*target.UnknownKeyError) //nolint:errorlint // further down it is the key of a jump host
	return stranger{diag.Of(err).Host, why}, ok
}

func unknownKeys(err error) (all []stranger) {
	for e := range diag.All(err) {
		if s, is := unknownKey(e); is {
			all = append(all, s)
		}
	}
	return all
}

// keysUnknown tells of several hosts at once that their keys are not known, and how to compare all of them.
func keysUnknown(all []stranger) (summary, detail, hint string) {
	var lines, ports []string
	addresses := map[string][]string{}
	for _, s := range all {
		lines = append(lines, fmt.Sprintf("%s: %s, at %s", s.host, s.Key, net.JoinHostPort(s.Address, strconv.Itoa(s.Port))))
		where := ": "
		if s.Jumps {
			where = ", on their jump host: "
		}
		port := fmt.Sprintf("%sssh-keyscan -p %d ", where, s.Port)
		if addresses[port] == nil {
			ports = append(ports, port)
		}
		if !slices.Contains(addresses[port], s.Address) {
			addresses[port] = append(addresses[port], s.Address)
		}
	}
	hint = "--accept-new learns them; to compare them first"
	for i, port := range ports {
		scan := port + strings.Join(addresses[port], " ") + " | ssh-keygen -lf -"
		if i > 0 {
			scan = "; and" + strings.TrimPrefix(scan, ":")
		}
		hint += scan
	}
	return "the host key is not known", strings.Join(lines, "\n"), hint
}

// one prints one error under a label.
func (p *Errors) one(label, color string, err error) {
	d := *diag.Of(err)
	if p.Own != "" && path.Base(d.Pos.File) == p.Own {
		d.Pos, d.Stack = diag.Pos{}, nil
	}
	style := p.Style
	style.Columns = p.columns()
	const name = "froyo: "
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s %s\n", name, style.Paint(color, label+":"), style.Wrap(Bold, Readable(d.Error()), len(name)+len(label)+2, len(name)))
	b.WriteString(p.excerpt(d.Pos))
	if d.Detail != "" {
		for line := range strings.SplitSeq(strings.TrimRight(d.Detail, "\n"), "\n") {
			b.WriteString(evidence(style, "    ", line))
		}
	}
	if p.Verbose && len(d.Stack) > 1 {
		b.WriteString("  call stack, outermost first:\n")
		for _, f := range d.Stack {
			fmt.Fprintf(&b, "    %s in %s\n", Readable(f.Pos.String()), Readable(f.Name))
		}
	}
	if d.Hint != "" {
		b.WriteString(hintLine(style, "  ", p.about(d.Hint)))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	io.WriteString(p.Out, b.String()) //nolint:errcheck // nowhere to report that standard error is closed
}

// evidence is a line of what a program said, or of what was found. Where it wraps it keeps its own indent.
func evidence(style Style, indent, line string) string {
	line = Readable(line)
	own := len(line) - len(strings.TrimLeft(line, " "))
	return indent + style.Wrap("", line, len(indent), len(indent)+own+2) + "\n"
}

// excerpt shows the source line with a caret below the column.
func (p *Errors) excerpt(pos diag.Pos) string {
	if p.Source == nil || pos.Line == 0 {
		return ""
	}
	text, ok := p.Source(pos.File)
	if !ok {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	if pos.Line > len(lines) {
		return ""
	}
	line := []rune(strings.ReplaceAll(strings.TrimRight(lines[pos.Line-1], "\r"), "\t", " "))
	shown, caret := window(line, pos.Col-1, p.room())
	out := fmt.Sprintf("%s | %s\n", p.Style.Paint(Dim, fmt.Sprintf("%5d", pos.Line)), shown)
	if pos.Col > 0 && pos.Col <= len(line)+1 {
		out += fmt.Sprintf("      | %s%s\n", strings.Repeat(" ", caret), p.Style.Paint(Red, "^"))
	}
	return out
}

// room is how many columns a source line has beside its number.
func (p *Errors) room() int {
	const gutter = len("12345 | ")
	if n := p.columns(); n > 0 {
		return min(maxLine, max(20, n-gutter-1))
	}
	return maxLine
}

func (p *Errors) columns() int {
	if p.Columns == nil {
		return 0
	}
	return p.Columns()
}

// hintLine is the line that says what to do.
func hintLine(style Style, indent, text string) string {
	const label = "hint:"
	at := len(indent) + len(label) + 1
	return fmt.Sprintf("%s%s %s\n", indent, style.Paint(Cyan, label), style.Wrap("", Readable(text), at, at))
}

// window cuts a line so that the character at is seen, and says in which column that is.
func window(line []rune, at, room int) (text string, column int) {
	at = min(max(at, 0), len(line))
	before := ""
	if at >= room-1 {
		from := at - room/2
		line, at, before = line[from:], at-from, "…"
	}
	text = before + Readable(string(line))
	return layout.Fit(text, room), layout.Width(before + Readable(string(line[:at])))
}

// Note prints a remark that is no warning. Its lines after the first are indented.
func (p *Errors) Note(text string) {
	const indent = 4
	summary, more, _ := strings.Cut(text, "\n")
	d := &diag.Error{Summary: summary}
	if more != "" {
		style := Style{Columns: max(0, p.columns()-indent)}
		for line := range strings.SplitSeq(more, "\n") {
			d.Detail += style.Wrap("", Readable(line), 0, 2) + "\n"
		}
	}
	p.one("note", Cyan, d)
}
