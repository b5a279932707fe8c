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
	"sync/atomic"
	"time"
	"unicode"

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

	editor  *readline.Shell // nil for plain lines
	lines   *bufio.Reader   // of plain lines, from the first on
	pending chan plainLine  // a plain line that is being read, nil for none
	press   chan struct{}   // Interrupt was called
	pressed atomic.Int64    // when it was called last, by began
	began   time.Time

	terminal *term.State // as it was found; nil for none
	mu       sync.Mutex
	stream   *stream // while an entry is edited
	once     sync.Once
	closed   chan struct{}
}

// New returns a prompt on standard input and output. Between two calls of Read the terminal is as it was found.
func New(o Options) (*Prompt, error) {
	p := &Prompt{options: o, history: openHistory(o.History), closed: make(chan struct{}), press: make(chan struct{}, 1), began: time.Now()}
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
	select {
	case <-p.press: // it was meant for what was done since
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

// Interrupt has a Read that waits for a plain line return ErrInterrupted, and drops what was typed before, as the
// terminal does. The editor reads Ctrl-C by itself.
func (p *Prompt) Interrupt() {
	p.pressed.Store(int64(time.Since(p.began)))
	select {
	case p.press <- struct{}{}:
	default:
	}
}

type plainLine struct {
	text string
	err  error
	at   time.Duration // when it was read, by began
}

// line reads a plain line. The reading of one that was interrupted goes on for the next.
func (p *Prompt) line() (string, error) {
	if p.lines == nil {
		p.lines = bufio.NewReader(os.Stdin)
	}
	for {
		if p.pending == nil {
			read := make(chan plainLine, 1)
			p.pending = read
			go func() {
				text, err := p.lines.ReadString('\n')
				read <- plainLine{text, err, time.Since(p.began)}
			}()
		}
		select {
		case <-p.press:
			return "", ErrInterrupted
		case l := <-p.pending:
			if p.terminal != nil && l.err == nil && l.at < time.Duration(p.pressed.Load()) {
				p.pending = nil // it was typed before Ctrl-C
				continue
			}
			select {
			case <-p.press: // before the line
				p.pending <- l
				return "", ErrInterrupted
			default:
			}
			p.pending = nil
			return l.text, l.err
		}
	}
}

// readPlain reads lines as the terminal or a pipe gives them.
func (p *Prompt) readPlain() (string, error) {
	var text strings.Builder
	for show := p.first; ; show = p.options.More {
		if p.terminal != nil {
			fmt.Fprint(os.Stderr, show)
		}
		line, err := p.line()
		line, ended := strings.CutSuffix(line, "\n")
		line = strings.TrimSuffix(line, "\r")
		if p.terminal != nil {
			line = cursorAt.ReplaceAllString(line, "") // the terminal has answered late
			if strings.ContainsFunc(line, isControl) {
				fmt.Fprintf(os.Stderr, "%s: it has control characters, and is dropped\n", escape.Text(line))
				return "", ErrInterrupted
			}
		}
		text.WriteString(line)
		switch {
		case err != nil && (text.Len() == 0 && !ended || !errors.Is(err, io.EOF)):
			if p.terminal != nil {
				fmt.Fprintln(os.Stderr)
			}
			return "", err
		case err == nil && p.options.Unfinished != nil && p.options.Unfinished(text.String()):
			text.WriteByte('\n')
			continue
		}
		p.history.add(text.String())
		return text.String(), nil
	}
}

// isControl reports whether a character is none that a line of text has.
func isControl(r rune) bool { return r != '\t' && unicode.IsControl(r) }

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
