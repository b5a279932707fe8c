// Package prompt reads what a person types at a prompt of froyo: a line editor
// with history and completion on a terminal, plain lines where there is none or
// where it cannot move its cursor.
//
// It imports the line editor of reeflective, and what makes text safe to show.
package prompt

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/reeflective/readline"
	"golang.org/x/term"

	"github.com/openfroyo/froyo/runner/escape"
)

// What Read returns beside io.EOF.
var (
	ErrInterrupted = errors.New("interrupted") // by Ctrl-C: the line is dropped
	ErrClosed      = errors.New("the prompt is closed")
)

// Options describe a prompt. All functions may be nil.
type Options struct {
	Prompt     func() string                            // of the first line, asked for before each entry
	More       string                                   // prompt of the lines behind the first, "... "
	Unfinished func(text string) bool                   // whether a text goes on in the next line; nil for never
	Complete   func(text string, cursor int) Completion // cursor in bytes
	// History is the file of the history, made with its directory and read by nobody else; "" keeps it in
	// memory. An entry that begins with a space is not kept.
	History string
}

// Completion are candidates for the word that begins at a byte of the text and ends at the cursor.
type Completion struct {
	From  int
	Items []Item
}

// Item is a candidate. A space is put behind it but for NoSpace.
type Item struct {
	Value   string
	Display string // in the list, Value where it is ""
	Doc     string // beside it
	Group   string // heading of the list
	NoSpace bool
}

// Prompt reads entries, one at a time.
type Prompt struct {
	options Options
	history *history
	first   string // prompt of the entry under way

	editor *readline.Shell // nil for plain lines
	lines  *bufio.Reader   // of plain lines, from the first on

	terminal *term.State // as it was found; nil for none
	mu       sync.Mutex
	stream   *stream // while an entry is edited
	once     sync.Once
	closed   chan struct{}
}

// New returns a prompt on standard input and output. Between two calls of Read the terminal is as it was found.
func New(o Options) (*Prompt, error) {
	p := &Prompt{options: o, history: openHistory(o.History), closed: make(chan struct{})}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return p, nil
	}
	state, err := term.GetState(int(os.Stdin.Fd()))
	if err != nil {
		return nil, fmt.Errorf("read the settings of the terminal: %w", err)
	}
	p.terminal = state
	if canEdit() {
		p.editor = p.newEditor()
	}
	return p, nil
}

// canEdit reports whether an editor works here: its screen is a terminal that can move its cursor.
func canEdit() bool {
	name := os.Getenv("TERM")
	return name != "" && name != "dumb" && term.IsTerminal(int(os.Stdout.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}

// Read reads an entry. It returns io.EOF at the end of the input, which Ctrl-D on an empty line is, ErrInterrupted
// at Ctrl-C, and ErrClosed once Close was called, which may be while it reads.
func (p *Prompt) Read() (string, error) {
	select {
	case <-p.closed:
		return "", ErrClosed
	default:
	}
	p.first = "> "
	if p.options.Prompt != nil {
		p.first = escape.Text(p.options.Prompt())
	}
	type entry struct {
		text string
		err  error
	}
	read := make(chan entry, 1)
	go func() { // what waits for a key cannot be ended otherwise
		text, err := p.read()
		read <- entry{text, err}
	}()
	select {
	case e := <-read:
		return e.text, e.err
	case <-p.closed:
		return "", ErrClosed
	}
}

func (p *Prompt) read() (string, error) {
	if p.editor == nil {
		return p.readPlain()
	}
	text, err := p.edit()
	switch {
	case errors.Is(err, errMute), errors.Is(err, errEditor):
		fmt.Fprintf(os.Stderr, "\n%v; lines are read without the line editor\n", err)
		p.editor = nil
		return p.readPlain()
	case errors.Is(err, readline.ErrInterrupt):
		return "", ErrInterrupted
	}
	return text, err
}

// readPlain reads lines as the terminal or a pipe gives them.
func (p *Prompt) readPlain() (string, error) {
	if p.lines == nil {
		p.lines = bufio.NewReader(os.Stdin)
	}
	var text strings.Builder
	for show := p.first; ; show = p.options.More {
		if p.terminal != nil {
			fmt.Fprint(os.Stderr, show)
		}
		line, err := p.lines.ReadString('\n')
		line, ended := strings.CutSuffix(line, "\n")
		text.WriteString(strings.TrimSuffix(line, "\r"))
		switch {
		case err != nil && text.Len() == 0 && !ended:
			if p.terminal != nil {
				fmt.Fprintln(os.Stderr)
			}
			return "", err
		case err != nil && !errors.Is(err, io.EOF):
			return "", err
		case err == nil && p.options.Unfinished != nil && p.options.Unfinished(text.String()):
			text.WriteByte('\n')
			continue
		}
		p.history.add(text.String())
		return text.String(), nil
	}
}

// Words are the words of the history, latest first, each once.
func (p *Prompt) Words() []string { return p.history.words() }

// Close ends a Read that waits, and leaves the terminal as it was found.
func (p *Prompt) Close() error {
	p.once.Do(func() {
		close(p.closed)
		p.endStream()
		if p.terminal != nil {
			_ = term.Restore(int(os.Stdin.Fd()), p.terminal) // where it fails the terminal is gone
		}
	})
	return nil
}

func (p *Prompt) endStream() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != nil {
		p.stream.close()
		p.stream = nil
	}
}
