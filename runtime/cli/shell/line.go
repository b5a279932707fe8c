package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/event"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/output"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// answer is how a command went on a host.
type answer struct {
	printed *output.Output // nil where it did not end by itself
	err     error
	unknown bool // it may go on: the host did not say how it ended
}

// run runs a command on all hosts, shows what it printed, and records it.
func (s *session) run(ctx context.Context, line string) error {
	hosts := s.up()
	if len(hosts) == 0 {
		s.tell([]error{(&diag.Error{Summary: "no host is left", Code: diag.Unreachable}).WithHint(":reconnect connects to those that are lost, :limit without a selector selects all")})
		return nil
	}
	r, err := s.begin(ctx, line, hosts)
	if err != nil {
		return err
	}
	alone := s.how.Live || len(hosts) == 1
	s.live.begin(alone, len(hosts) > 1)
	answers, interrupted := s.perform(ctx, line, hosts)
	s.live.end(s.fleet, hosts)
	code := s.show(hosts, answers, alone, interrupted)
	s.worst = diag.Worst(s.worst, code)
	return r.end(context.WithoutCancel(ctx), hosts, answers, code, interrupted)
}

// unitName is what a command is called in what hosts send, which is not shown.
const unitName = "cmd[shell]"

// giveUpTime is how long a host has to end a command: what does not end when it is asked to is killed there after 5 s.
const giveUpTime = 10 * time.Second

// perform has all hosts run a command. Ctrl-C ends it on all of them and waits for that; a second one does not wait.
func (s *session) perform(ctx context.Context, line string, hosts []*inventory.Host) (answers []answer, interrupted bool) {
	leave, left := context.WithCancel(ctx)
	defer left()
	doing, cancel := context.WithCancel(target.Attend(ctx, leave))
	defer cancel()
	stop, end := s.console.Softly(func(why string) {
		if why != "" || !s.console.Interactive() {
			s.ended.Store(true)
		}
	})
	defer end()
	watching := make(chan struct{})
	go func() {
		select {
		case <-stop:
			cancel()
			defer time.AfterFunc(giveUpTime, left).Stop()
			<-watching
		case <-watching:
		}
	}()
	w := s.waits(hosts)
	answers = make([]answer, len(hosts))
	s.fleet.Each(hosts, func(i int, h *inventory.Host) {
		answers[i] = s.on(doing, h, line)
		w.done(h.Name)
	})
	w.end()
	close(watching)
	return answers, doing.Err() != nil
}

// on runs a command on a host.
func (s *session) on(ctx context.Context, h *inventory.Host, line string) (a answer) {
	if ctx.Err() != nil {
		return answer{err: ctx.Err()}
	}
	t, err := s.fleet.Collector.Pool.Connect(ctx, h)
	if err != nil {
		return answer{err: err}
	}
	o := op.Op{Exec: &op.Exec{Shell: line}}
	results, err := t.Do(ctx, []target.Step{{Op: o, User: s.as(h), Timeout: s.how.Timeout, Unit: unitName}})
	switch {
	case err != nil:
		return answer{err: err, unknown: errors.Is(err, context.Canceled)}
	case ctx.Err() != nil && (results[0].Error != nil || results[0].Exec == nil):
		return answer{err: ctx.Err()} // it has ended
	case results[0].Error != nil:
		a.err = results[0].Error
		if results[0].Exec == nil {
			return a
		}
	}
	a.printed = output.Sum(nil, o, results[0], false)
	return a
}

// show prints what came of a command.
func (s *session) show(hosts []*inventory.Host, answers []answer, alone, interrupted bool) diag.Code {
	code := diag.OK
	printed := map[string]output.Output{}
	var names, cut, unknown []string
	var errs []error
	for i, h := range hosts {
		a := answers[i]
		if a.printed != nil && (a.printed.RC != 0 || !alone) {
			shown := *a.printed
			if alone { // what it printed was shown as it did
				shown.Stdout, shown.Stderr = output.Stream{}, output.Stream{}
			}
			names, printed[h.Name] = append(names, h.Name), shown
			if a.printed.RC != 0 {
				code = diag.Worst(code, diag.Failed)
			}
		}
		switch {
		case a.err == nil:
		case interrupted && a.unknown:
			unknown = append(unknown, h.Name)
		case interrupted && errors.Is(a.err, context.Canceled):
			cut = append(cut, h.Name)
		default:
			errs = append(errs, s.failed(h, a.err))
		}
	}
	if interrupted && s.console.Interactive() {
		fmt.Fprintln(s.console.Stderr) // behind the ^C that the terminal shows
	}
	if len(names) > 0 {
		_, _ = io.WriteString(s.console.Stdout, s.how.Grouped(names, printed, s.console.Style(s.console.Stdout)))
	}
	for _, told := range []struct {
		what  string
		hosts []string
	}{{"interrupted on ", cut}, {"interrupted, and perhaps still under way, on ", unknown}} {
		if len(told.hosts) > 0 {
			s.console.Errors.Note(told.what + wording.Plural(len(told.hosts), "host") + ": " + ui.Readable(inventory.FoldNames(told.hosts)))
			code = diag.Interrupted
		}
	}
	s.tell(errs)
	if err := errors.Join(errs...); err != nil && !interrupted {
		code = diag.Worst(code, diag.CodeOf(err))
	}
	return code
}

// failed is why a command did not end on a host. One that has gone is out.
func (s *session) failed(h *inventory.Host, err error) error {
	out := isOut(err)
	if out {
		s.mu.Lock()
		s.lost[h.Name] = true
		s.mu.Unlock()
	}
	err = blame.Host(h.Name, err)
	d, ok := errors.AsType[*diag.Error](err)
	if !ok {
		return &diag.Error{Host: h.Name, Summary: err.Error(), Code: diag.Failed}
	}
	told := *d
	if told.Host == "" {
		told.Host = h.Name
	}
	if out {
		told.Hint = "it takes no further part; :reconnect connects to it again"
	}
	return &told
}

// live shows what programs print as they do. It implements event.Sink.
type live struct {
	mu    sync.Mutex
	out   *os.File
	shown bool
	named bool // each line with its host
}

func (l *live) begin(shown, named bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown, l.named = shown, named
}

// end shows lines that have not ended.
func (l *live) end(f *client.Fleet, hosts []*inventory.Host) {
	for _, h := range hosts {
		f.Live().Emit(event.Event{Kind: event.UnitFinished, Host: h.Name, Unit: unit.ParseLocal(h.Name, unitName)})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = false
}

// Emit implements event.Sink.
func (l *live) Emit(e event.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Kind != event.UnitOutput || !l.shown {
		return
	}
	before := ""
	if l.named {
		before = ui.Readable(e.Host) + ": "
	}
	if e.Stream == "stderr" {
		before += "stderr: "
	}
	for line := range strings.SplitSeq(e.Text, "\n") {
		fmt.Fprintln(l.out, before+ui.Readable(line))
	}
}

// waiting tells on the terminal for which hosts is waited, where that takes long.
type waiting struct {
	mu    sync.Mutex
	out   *os.File // nil for nowhere
	left  []string
	all   int
	shown bool
	stop  chan struct{}
}

// After how long it is told for whom is waited, and how often.
const (
	longWait = 3 * time.Second
	tellWait = time.Second
)

func (s *session) waits(hosts []*inventory.Host) *waiting {
	w := &waiting{left: inventory.Names(hosts), all: len(hosts), stop: make(chan struct{})}
	if len(hosts) == 1 || s.how.Live || !toTerminal(s.console, s.console.Stderr) {
		return w
	}
	w.out = s.console.Stderr
	go func() {
		for wait := longWait; ; wait = tellWait {
			select {
			case <-time.After(wait):
				w.tell(s.console.Columns())
			case <-w.stop:
				return
			}
		}
	}()
	return w
}

func (w *waiting) tell(columns int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.left) == 0 {
		return
	}
	text := fmt.Sprintf("%d of %d hosts are done; waiting for %s", w.all-len(w.left), w.all, ui.Readable(inventory.FoldNames(w.left)))
	if columns > 1 {
		text = layout.Fit(text, columns-1)
	}
	fmt.Fprint(w.out, "\r"+text+"\x1b[K")
	w.shown = true
}

func (w *waiting) done(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = slices.DeleteFunc(w.left, func(name string) bool { return name == host })
}

func (w *waiting) end() {
	close(w.stop)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left = nil; w.shown {
		fmt.Fprint(w.out, "\r\x1b[K")
	}
}
