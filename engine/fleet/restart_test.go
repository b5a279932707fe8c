package fleet

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// machine is a host that can be restarted, in memory; TestLabReboot restarts real ones.
type machine struct {
	mu     sync.Mutex
	boot   string
	downAt time.Time     // when it goes down
	down   time.Duration // how long it is, once it restarts
	stays  time.Duration // how long it stays up before, 3 seconds where 0
	upAt   time.Time
	key    bool // it has another key then
	locked string
	other  string // the run that locks it as soon as it is back
	did    []string
}

func (m *machine) up() bool {
	now := time.Now()
	if !m.downAt.IsZero() && !now.Before(m.downAt) && m.upAt.IsZero() {
		m.upAt, m.boot, m.locked = m.downAt.Add(m.down), "second", m.other
	}
	return m.upAt.IsZero() || !now.Before(m.upAt)
}

func (m *machine) open(context.Context) (Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.up() {
		return nil, &target.Error{Host: "h1", Stage: target.StageConnect, Message: "connection refused"}
	}
	if m.key && m.boot == "second" {
		return nil, &target.Error{Host: "h1", Stage: target.StageHostKey, Message: "the host key has changed"}
	}
	return &connection{machine: m, boot: m.boot}, nil
}

// connection is a session with the machine, which ends with its boot.
type connection struct {
	*machine
	boot string
}

var errLost = &target.Error{Host: "h1", Stage: target.StageLost, Message: "the connection was lost"}

func (c *connection) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.up() || c.boot != c.machine.boot {
		return nil, errLost
	}
	if len(steps) != 1 || steps[0].Op.Text == nil || steps[0].Op.Text.Path != bootIDFile {
		return nil, errors.New("another question than for the boot ID")
	}
	return []op.Result{{Text: &op.TextResult{Exists: true, Text: c.boot + "\n"}}}, nil
}

func (c *connection) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.up() || c.boot != c.machine.boot {
		return nil, errLost
	}
	outcomes := make([]target.Outcome, len(steps))
	for i, s := range steps {
		outcomes[i] = target.Outcome{Ran: true, Result: op.Result{Done: &op.Done{}}}
		switch {
		case s.Op.Lock != nil && c.locked != "" && c.locked != s.Op.Lock.Run:
			outcomes[i].Result = op.Result{Error: &op.Error{Code: op.CodeHeld, Message: "another run has it"}}
			return outcomes, nil
		case s.Op.Lock != nil:
			c.locked = s.Op.Lock.Run
		case s.Op.Restart != nil:
			c.downAt = time.Now().Add(cmp.Or(c.stays, 3*time.Second))
		}
		c.did = append(c.did, string(s.Op.Kind()))
	}
	return outcomes, nil
}

func (c *connection) Warm(user string) { c.did = append(c.did, "warm "+user) }

func (c *connection) Ready(context.Context, string) error { return nil }
func (c *connection) Close(context.Context) error         { return nil }
func (c *connection) DialContext(context.Context, string, string, int) (net.Conn, error) {
	return nil, errors.New("no network")
}

var (
	lock    = target.Step{Op: op.Op{Lock: &op.Lock{Run: "r1"}}, User: "root"}
	restart = target.Step{Op: op.Op{Restart: &op.Restart{TimeoutMS: 60_000}}, User: "root", Unit: "reboot[x]"}
	remove  = target.Step{Op: op.Op{Remove: &op.Remove{Path: "/x"}}, User: "root"}
)

func opened(t *testing.T, m *machine, note func(unit, text string)) Session {
	t.Helper()
	o := Openers{"": func(ctx context.Context, _ *inventory.Host, _ Hooks) (Session, error) { return m.open(ctx) }}
	s, err := o.Open(t.Context(), &inventory.Host{Name: "h1"}, Hooks{Note: note})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{boot: "first", down: 20 * time.Second}
		var told []string
		s := opened(t, m, func(unit, text string) { told = append(told, unit+" "+text) })
		s.Warm("root")
		outcomes, err := s.Run(t.Context(), []target.Step{lock, remove, restart, remove})
		if err != nil || len(outcomes) != 4 || slices.ContainsFunc(outcomes, func(o target.Outcome) bool { return !o.Succeeded() }) {
			t.Fatalf("got %+v, %v", outcomes, err)
		}
		want := "warm root, lock.acquire, file.remove, host.restart, warm root, lock.acquire, file.remove"
		if got := strings.Join(m.did, ", "); got != want {
			t.Errorf("did %s, want %s", got, want)
		}
		if got := strings.Join(told, ", "); got != "reboot[x] restarting, reboot[x] restarting, waiting for it to boot" {
			t.Errorf("told %s", got)
		}
	})
}

func TestRestartFails(t *testing.T) {
	tests := []struct {
		name    string
		machine *machine
		before  func(m *machine)
		want    string
	}{
		{"it takes too long", &machine{boot: "first", down: time.Hour}, nil, "h1: it was not back within 1m0s of its restart"},
		{"its key is another", &machine{boot: "first", down: time.Second, key: true}, nil, "h1: the host key has changed"},
		{"it tells no boot", &machine{}, nil, "the host has no boot ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := opened(t, tt.machine, nil)
				outcomes, err := s.Run(t.Context(), []target.Step{lock, restart, remove})
				if err == nil && len(outcomes) == 3 && outcomes[1].Result.Error != nil {
					err = outcomes[1].Result.Error
				}
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %+v, %v; want %q", outcomes, err, tt.want)
				}
				if lost, ok := errors.AsType[*target.Error](err); ok && lost.Stage == target.StageLost && lost.Hint != "look at its console; once the host is well, the same run does the rest" {
					t.Errorf("hint %q", lost.Hint)
				}
				if slices.Contains(tt.machine.did, "file.remove") {
					t.Error("the run went on")
				}
			})
		})
	}
}

// TestRestartAndAnotherRun has another run lock the host as soon as it is back.
func TestRestartAndAnotherRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &machine{boot: "first", down: 10 * time.Second, other: "r2"}
		s := opened(t, m, nil)
		outcomes, err := s.Run(t.Context(), []target.Step{lock, restart, remove})
		if err != nil || outcomes[1].Result.Error == nil || outcomes[1].Result.Error.Code != op.CodeHeld || outcomes[2].Ran {
			t.Errorf("got %+v, %v", outcomes, err)
		}
	})
}

// TestRestartIsAlone: what else speaks with the host waits until it is back. It takes a real second, since what waits for a lock
// stands still in no bubble.
func TestRestartIsAlone(t *testing.T) {
	m := &machine{boot: "first", down: 50 * time.Millisecond, stays: 50 * time.Millisecond}
	began := make(chan struct{})
	begin := sync.OnceFunc(func() { close(began) })
	s := opened(t, m, func(string, string) { begin() })
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(t.Context(), []target.Step{restart})
		ended <- err
	}()
	<-began
	if _, err := s.Run(t.Context(), []target.Step{remove}); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := strings.Join(m.did, ", "); got != "host.restart, file.remove" {
		t.Errorf("did %s", got)
	}
	if _, err := s.Do(t.Context(), []target.Step{restart}); !errors.Is(err, errNotAlone) {
		t.Errorf("a restart among questions: %v", err)
	}
}
