package prompt

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"unicode"

	"github.com/reeflective/readline"
	"github.com/reeflective/readline/inputrc"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// What is written to the terminal beside what the editor does.
const (
	pasteOff   = "\x1b[?2004l"
	showCursor = "\x1b[?25h"
	eraseRest  = "\x1b[0K"
	nextRow    = "\x1bE"
)

// errEditor is that the line editor failed.
var errEditor = errors.New("the line editor failed")

func (p *Prompt) newEditor() *readline.Shell {
	e := newShell()
	e.Prompt.Primary(func() string { return p.first })
	e.AcceptMultiline = func(line []rune) bool {
		return p.options.Unfinished == nil || !p.options.Unfinished(string(line))
	}
	e.SyntaxHighlighter = func(line []rune) string { return p.shown(line) }
	e.PasteTransformer = printable
	if p.options.Complete != nil {
		e.Completer = func(line []rune, cursor int) readline.Completions { return p.complete(line, cursor) }
	}
	e.History.Add("history", p.history)
	return e
}

// edit reads an entry with the editor. That it panics costs the entry, not the session.
func (p *Prompt) edit() (string, error) {
	type entry struct {
		text string
		err  error
	}
	read := make(chan entry, 2)
	s, err := openStream(func() { read <- entry{err: errMute} })
	if err != nil {
		return "", fmt.Errorf("%w: %w", errEditor, err)
	}
	p.mu.Lock()
	p.stream = s
	p.mu.Unlock()
	defer p.endStream()
	go func() {
		defer func() {
			if v := recover(); v != nil {
				read <- entry{err: fmt.Errorf("%w: %v", errEditor, v)}
			}
		}()
		text, err := p.editor.Readline()
		read <- entry{text, err}
	}()
	select {
	case e := <-read:
		if errors.Is(e.err, errMute) || errors.Is(e.err, errEditor) {
			s.show([]byte(pasteOff + showCursor))
		}
		return e.text, e.err
	case <-p.closed:
		s.show([]byte(pasteOff + showCursor + "\r\n"))
		return "", ErrClosed
	}
}

// shown is how a text is displayed: with the prompt of the lines behind the first, which the editor indents by the
// prompt of the first, and without what would move the cursor.
func (p *Prompt) shown(line []rune) string {
	if p.editor.Selection().Active() { // the editor paints it by where it is in the text
		return string(line)
	}
	indent := layout.Width(p.first)
	more := layout.Fit(p.options.More, indent)
	more += strings.Repeat(" ", indent-layout.Width(more))
	columns, _, err := term.GetSize(int(os.Stderr.Fd()))
	if err != nil || columns < 1 {
		columns = 80
	}
	var b strings.Builder
	for i, l := range strings.Split(string(line), "\n") {
		if i > 0 {
			b.WriteString("\n\r" + more)
		}
		l = visible(l)
		b.WriteString(l)
		if i == strings.Count(string(line), "\n") {
			break // the editor ends the last line
		}
		if width := indent + layout.Width(strings.ReplaceAll(l, "\t", tab)); width%columns > 0 {
			b.WriteString(eraseRest)
		} else if width > 0 {
			b.WriteString(nextRow) // the editor counts a row that is full as two
		}
	}
	return b.String()
}

// tab is how the editor shows one.
const tab = "     "

// printable is a text without what a terminal would act on: escape sequences cannot be typed, only be pasted.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || canShow(r) {
			return r
		}
		return -1
	}, text)
}

// visible is a line without what a terminal would act on.
func visible(line string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || canShow(r) {
			return r
		}
		return -1
	}, line)
}

// canShow leaves joiners be, which scripts and emoji need.
func canShow(r rune) bool {
	return r == '\u200d' || r == '\u200c' || r == ' ' || unicode.IsGraphic(r) && !unicode.Is(unicode.Zl, r) && !unicode.Is(unicode.Zp, r)
}

// newShell is an editor with our settings, over which a person's inputrc goes. The library would read that as it
// stands, a file that includes itself without end.
func newShell() *readline.Shell {
	was, set := os.LookupEnv("INPUTRC")
	_ = os.Setenv("INPUTRC", os.DevNull) // it cannot fail for a name and a value without NUL
	e := readline.NewShell()
	if set {
		_ = os.Setenv("INPUTRC", was)
	} else {
		_ = os.Unsetenv("INPUTRC")
	}
	maps.Copy(e.Config.Vars, map[string]any{
		"enable-bracketed-paste":       true,
		"menu-complete-display-prefix": true,
		"multiline-column":             false,
		"completion-selection-style":   "\x1b[0;7m",
	})
	for _, keymap := range []string{"emacs", "vi-insert"} {
		e.Config.Binds[keymap][inputrc.Unescape(`\C-i`)] = inputrc.Bind{Action: "menu-complete"}
		for _, escape := range []string{`\e`, `\M-`} { // it has both
			for key, action := range map[string]string{
				"[A": "up-line-or-history", "[B": "down-line-or-history", "OA": "up-line-or-history", "OB": "down-line-or-history",
			} {
				e.Config.Binds[keymap][inputrc.Unescape(escape+key)] = inputrc.Bind{Action: action}
			}
		}
	}
	commands(e)
	applyInputrc(e.Config)
	e.Config.Vars["convert-meta"] = false // it would take letters such as ö for commands
	if e.Config.GetString("editing-mode") == "vi" {
		e.Keymap.SetMain("vi-insert")
	}
	return e
}

// commands replaces those of the editor that do not do here, or not right.
func commands(e *readline.Shell) {
	abort := e.Keymap.Commands()["abort"]
	e.Keymap.Register(map[string]func(){
		"self-insert": func() { // it quotes letters such as ö, and takes one character of several that combine
			e.History.SkipSave()
			e.Cursor().InsertAt([]rune(printable(string(e.Keys.Caller())))...)
		},
		"abort": func() { // it looks at what was typed behind Ctrl-C, too
			var behind []rune
			for {
				key, empty := e.Keys.Pop()
				if empty {
					break
				}
				behind = append(behind, rune(key))
			}
			abort()
			e.Keys.Feed(false, behind...)
		},
		"edit-command-line":        func() {}, // they start an editor on a terminal that is ours
		"edit-and-execute-command": func() {},
	})
}
