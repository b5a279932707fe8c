package probe_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

// fake performs stats, and remembers in which portions they came.
type fake struct {
	mu    sync.Mutex
	calls [][]string
	fail  string // the path whose stat fails
	lost  error
}

func (f *fake) note(steps []target.Step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var paths []string
	for _, s := range steps {
		paths = append(paths, s.Op.Subject())
	}
	f.calls = append(f.calls, paths)
}

func (f *fake) stat(s target.Step) op.Result {
	if s.Op.Subject() == f.fail {
		return op.Result{Error: &op.Error{Class: op.Permanent, Message: "no"}}
	}
	return op.Result{Stat: &op.StatResult{Exists: true, Owner: s.Op.Subject()}}
}

func (f *fake) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	f.note(steps)
	if f.lost != nil {
		return nil, f.lost
	}
	var out []op.Result
	for _, s := range steps {
		out = append(out, f.stat(s))
	}
	return out, nil
}

func (f *fake) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	f.note(steps)
	out := make([]target.Outcome, len(steps))
	for i, s := range steps {
		if f.lost != nil {
			return out[:i], f.lost
		}
		out[i] = target.Outcome{Result: f.stat(s), Ran: true}
		if !out[i].Succeeded() {
			break
		}
	}
	return out, nil
}

// wrap puts probes before a fake host h1.
func wrap(f *fake, via func(context.Context, string) (probe.Dial, error)) *probe.Target {
	return probe.Wrap(f, probe.Options{Host: "h1", Via: via})
}

func stat(path string) target.Step { return target.Step{Op: op.Op{Stat: &op.Stat{Path: path}}} }

// open is a probe of a port that takes connections, shut of one that does not.
func open(t *testing.T) target.Step {
	t.Helper()
	return target.Step{Op: op.Op{TCP: &op.TCPProbe{Address: "127.0.0.1", Port: listen(t, hold), Tries: once}}}
}

func shut(t *testing.T) target.Step {
	t.Helper()
	return target.Step{Op: op.Op{TCP: &op.TCPProbe{Address: "127.0.0.1", Port: performtest.ClosedPort(t), Tries: once}}}
}

var once = op.Tries{TimeoutMS: 5000, Attempts: 1}

// brief tells how a sequence went: a letter for each step.
func brief(outcomes []target.Outcome) string {
	var b strings.Builder
	for _, o := range outcomes {
		switch {
		case !o.Ran:
			b.WriteByte('.')
		case o.Result.Error != nil:
			b.WriteByte('e')
		case o.Mismatch:
			b.WriteByte('m')
		case o.Result.TCP != nil || o.Result.HTTP != nil:
			b.WriteByte('p')
		default:
			b.WriteByte('s')
		}
	}
	return b.String()
}

func TestRun(t *testing.T) {
	mismatched := open(t)
	mismatched.Expect = op.Sum(nil)
	matched := open(t)
	matched.Expect = protocol.Digest(op.Result{TCP: &op.TCPResult{Attempts: 1}})
	tests := []struct {
		name  string
		steps []target.Step
		want  string
		calls [][]string
	}{
		{"nothing", nil, "", nil},
		{"no probes", []target.Step{stat("/a"), stat("/b")}, "ss", [][]string{{"/a", "/b"}}},
		{"a probe in the middle", []target.Step{stat("/a"), stat("/b"), open(t), open(t), stat("/c")}, "sspps", [][]string{{"/a", "/b"}, {"/c"}}},
		{"a probe that fails", []target.Step{stat("/a"), shut(t), open(t), stat("/c")}, "se..", [][]string{{"/a"}}},
		{"a step that fails", []target.Step{stat("/a"), stat("/bad"), stat("/b"), open(t)}, "se..", [][]string{{"/a", "/bad", "/b"}}},
		{"another result than expected", []target.Step{mismatched, stat("/a")}, "m.", nil},
		{"the result that is expected", []target.Step{matched, stat("/a")}, "ps", [][]string{{"/a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{fail: "/bad"}
			outcomes, err := wrap(f, nil).Run(t.Context(), tt.steps)
			if err != nil {
				t.Fatal(err)
			}
			if got := brief(outcomes); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if diff := cmp.Diff(tt.calls, f.calls); diff != "" {
				t.Errorf("what was passed on (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("host lost", func(t *testing.T) {
		lost := &target.Error{Host: "h1", Stage: target.StageLost, Message: "the connection was lost"}
		outcomes, err := wrap(&fake{lost: lost}, nil).Run(t.Context(), []target.Step{open(t), stat("/a"), open(t)})
		if !errors.Is(err, lost) || brief(outcomes) != "p" {
			t.Errorf("got %q, %v", brief(outcomes), err)
		}
	})
}

func TestDo(t *testing.T) {
	f := &fake{}
	// A probe that waits for the host's own step to be under way.
	port := listen(t, func(conn *net.TCPConn) {
		for {
			f.mu.Lock()
			n := len(f.calls)
			f.mu.Unlock()
			if n > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		_, _ = conn.Write([]byte("now"))
		conn.Close()
	})
	waits := target.Step{Op: op.Op{TCP: &op.TCPProbe{Address: "127.0.0.1", Port: port, Contains: "now", Tries: once}}}
	results, err := wrap(f, nil).Do(t.Context(), []target.Step{stat("/a"), waits, stat("/b"), shut(t)})
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Stat == nil || results[0].Stat.Owner != "/a" || results[2].Stat == nil || results[2].Stat.Owner != "/b" {
		t.Errorf("got %+v", results)
	}
	if results[1].TCP == nil || results[1].TCP.Received != "now" || results[3].Error == nil {
		t.Errorf("got %+v", results)
	}
	if diff := cmp.Diff([][]string{{"/a", "/b"}}, f.calls); diff != "" {
		t.Errorf("what was passed on (-want +got):\n%s", diff)
	}
	f.lost = errors.New("gone")
	endless := waits
	endless.Op.TCP = &op.TCPProbe{Address: "127.0.0.1", Port: listen(t, hold), Contains: "never", Tries: op.Tries{TimeoutMS: 600_000, Attempts: 1}}
	if _, err := wrap(f, nil).Do(t.Context(), []target.Step{endless, stat("/a")}); !errors.Is(err, f.lost) {
		t.Errorf("got %v, expected that the host's loss ends the probe", err)
	}
	if _, err := wrap(f, nil).Do(t.Context(), []target.Step{{Op: op.Op{TCP: &op.TCPProbe{}}}}); err == nil {
		t.Error("an invalid op was performed")
	}
}

// TestSeries makes attempts on a clock of its own, against a host that is never there.
func TestSeries(t *testing.T) {
	refused := &op.Error{Class: op.Transient, Code: "econnrefused", Message: "net.connect: connection refused"}
	tests := []struct {
		name    string
		tries   op.Tries
		limit   time.Duration
		dial    func(n int) error // nil is a connection
		want    string
		took    time.Duration
		attempt int
	}{
		{"one", op.Tries{TimeoutMS: 1000, Attempts: 1}, 0, func(int) error { return refused }, "connection refused (1 attempt in 0s)", 0, 1},
		{"several", op.Tries{TimeoutMS: 1000, Attempts: 4, IntervalMS: 2000}, 0, func(int) error { return refused }, "connection refused (4 attempts in 6s)", 6 * time.Second, 4},
		{"the third is right", op.Tries{TimeoutMS: 1000, Attempts: 9, IntervalMS: 500}, 0, func(n int) error {
			if n < 3 {
				return refused
			}
			return nil
		}, "", time.Second, 3},
		{"as long as the step may take", op.Tries{TimeoutMS: 1000, Attempts: 1 << 30, IntervalMS: 1000}, 10500 * time.Millisecond, func(int) error { return refused }, "connection refused (11 attempts in 10.5s)", 10500 * time.Millisecond, 11},
		{"no answer", op.Tries{TimeoutMS: 1500, Attempts: 2, IntervalMS: 0}, 0, func(int) error { return errSilent }, "no connection within 1.5s (2 attempts in 3s)", 3 * time.Second, 2},
		{"times beyond all measure", op.Tries{TimeoutMS: 1 << 62, Attempts: 2, IntervalMS: 1 << 62}, 0, func(int) error { return refused }, "connection refused (2 attempts in 168h0m0s)", 168 * time.Hour, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attempts := 0
				from := func(ctx context.Context, _, _ string) (net.Conn, error) {
					attempts++
					err := tt.dial(attempts)
					if errors.Is(err, errSilent) {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					if err != nil {
						return nil, err
					}
					near, far := net.Pipe()
					far.Close()
					return near, nil
				}
				var notes []string
				prober := probe.Wrap(&fake{}, probe.Options{
					Host: "h1", Via: func(context.Context, string) (probe.Dial, error) { return from, nil },
					Note: func(_, text string) { notes = append(notes, text) },
				})
				tt.tries.Via = "h2"
				began := time.Now()
				got, err := prober.Do(t.Context(), []target.Step{{
					Op: op.Op{TCP: &op.TCPProbe{Address: "db", Port: 1, Tries: tt.tries}}, Timeout: tt.limit,
				}})
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took != tt.took || attempts != tt.attempt {
					t.Errorf("%d attempts took %v, want %d in %v", attempts, took, tt.attempt, tt.took)
				}
				if len(notes) != attempts-1 && (tt.limit == 0 || len(notes) != attempts) {
					t.Errorf("%d attempts, notes %q", attempts, notes)
				}
				switch e := got[0].Error; {
				case tt.want == "" && (e != nil || got[0].TCP.Attempts != attempts):
					t.Errorf("got %+v, %+v", e, got[0].TCP)
				case tt.want != "" && (e == nil || e.Message != tt.want || e.Class != op.Transient || e.Code != "probe"):
					t.Errorf("got %+v, want %q", e, tt.want)
				}
			})
		})
	}
}

var errSilent = errors.New("no answer at all")

func TestGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	port := listen(t, func(conn *net.TCPConn) {
		cancel()
		hold(conn)
	})
	tries := op.Tries{TimeoutMS: 600_000, Attempts: 3, IntervalMS: 600_000}
	for _, o := range []op.Op{
		{TCP: &op.TCPProbe{Address: "127.0.0.1", Port: port, Contains: "never", Tries: tries}},
		{HTTP: &op.HTTPProbe{URL: "http://127.0.0.1:1/", Status: []int{200}, Tries: tries}}, // refused, and then it waits
	} {
		if _, err := wrap(&fake{}, nil).Run(ctx, []target.Step{{Op: o}}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// TestViaIsMissing has no connection to the host that a probe begins on.
func TestViaIsMissing(t *testing.T) {
	lost := &target.Error{Host: "h2", Stage: target.StageConnect, Message: "10.0.0.2:22: connection timed out"}
	tests := []struct {
		name, via string
		open, use error // of opening the host, and of a connection over it
		want      string
	}{
		{"another host cannot be opened", "h2", lost, nil, "there is no connection to h2 to probe from: 10.0.0.2:22: connection timed out (1 attempt in "},
		{"another host is lost", "h2", nil, lost, "there is no connection to h2 to probe from: 10.0.0.2:22: connection timed out (1 attempt in "},
		{"no such host", "h9", errors.New("the inventory has no host h9"), nil, "there is no connection to h9 to probe from: the inventory has no host h9 (1 attempt in "},
		{"the host itself cannot be opened", "h1", lost, nil, ""},
		{"the host itself is lost", "h1", nil, lost, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			prober := wrap(&fake{}, func(_ context.Context, host string) (probe.Dial, error) {
				if host != tt.via {
					t.Errorf("asked for %q", host)
				}
				return func(context.Context, string, string) (net.Conn, error) { return nil, tt.use }, tt.open
			})
			tries := op.Tries{Via: tt.via, TimeoutMS: 1000, Attempts: 5, IntervalMS: 600_000}
			for _, o := range []op.Op{
				{HTTP: &op.HTTPProbe{URL: "https://localhost/", Status: []int{200}, Tries: tries}},
				{TCP: &op.TCPProbe{Address: "localhost", Port: 1, Tries: tries}},
				{TCP: &op.TCPProbe{Address: "localhost", Port: 1, Closed: true, Tries: tries}},
			} {
				got, err := prober.Do(t.Context(), []target.Step{{Op: o}})
				if tt.want == "" {
					if !errors.Is(err, lost) {
						t.Errorf("%s: got %v, %+v, expected that the host is lost", o, err, got)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if e := got[0].Error; e == nil || !strings.HasPrefix(e.Message, tt.want) {
					t.Errorf("%s: got %+v, want %q", o, e, tt.want)
				}
			}
		})
	}
}
