package guard_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/guard"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	contract "github.com/openfroyo/froyo/runner/guard"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// host is a host with a guard, in memory. It lets in while closed is false, and does again once it has restored itself.
type host struct {
	closed, refuses bool
	state           *contract.State
	end             time.Time // of the window
	logins          int
	program         string
	verbs           []string
	// mute loses the next answer, lose that to a confirmation.
	mute, lose bool
}

func (h *host) late() {
	if h.state != nil && h.state.Phase == contract.Armed && !time.Now().Before(h.end) {
		h.restore(contract.NotConfirmed)
	}
}

func (h *host) restore(why string) {
	h.closed, h.state.Phase, h.state.Why, h.state.Restored = false, contract.Restored, why, []string{"/etc/ssh/sshd_config"}
}

func (h *host) open(ctx context.Context, _ *plan.Host) (guard.Session, error) {
	h.late()
	if h.closed {
		<-ctx.Done()
		return nil, &target.Error{Host: "h1", Stage: target.StageConnect, Message: "no answer"}
	}
	h.logins++
	return h, nil
}

// Close implements guard.Session.
func (h *host) Close(context.Context) error { return nil }

// Do implements plan.Target.
func (h *host) Do(context.Context, []target.Step) ([]op.Result, error) {
	h.late()
	if h.state == nil {
		return []op.Result{{Text: &op.TextResult{}}}, nil
	}
	text, err := codec.Marshal(h.state)
	return []op.Result{{Text: &op.TextResult{Text: string(text)}}}, err
}

// Run implements plan.Target.
func (h *host) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	h.late()
	outcomes := make([]target.Outcome, len(steps))
	for i, s := range steps {
		outcomes[i] = target.Outcome{Ran: true, Result: op.Result{Done: &op.Done{}}}
		switch {
		case h.refuses:
			outcomes[i].Result = op.Result{Error: &op.Error{Class: op.Permanent, Message: "permission denied"}}
			return outcomes, nil
		case s.Op.Remove != nil:
			h.state = nil
		case s.Op.Exec != nil:
			outcomes[i].Result = op.Result{Exec: h.tell(s)}
		}
	}
	if h.mute || h.lose && slices.Contains(h.verbs, contract.Confirm) {
		h.mute, h.lose = false, false
		return nil, &target.Error{Host: "h1", Stage: target.StageLost, Message: "lost"}
	}
	return outcomes, nil
}

// tell tells the guard something.
func (h *host) tell(s target.Step) *op.ExecResult {
	verb := s.Op.Exec.Argv[1]
	h.verbs = append(h.verbs, verb)
	switch {
	case verb == contract.Arm:
		h.program = s.Op.Exec.Argv[0]
		r, _ := s.Op.Exec.Stdin.Open()
		var text strings.Builder
		buf := make([]byte, 1<<16)
		n, _ := r.Read(buf)
		text.Write(buf[:n])
		h.state = &contract.State{Phase: contract.Armed}
		_ = codec.Unmarshal([]byte(text.String()), &h.state.Config)
		h.end = time.Now().Add(time.Duration(h.state.Window) * time.Millisecond)
	case h.state == nil || h.state.Phase != contract.Armed || s.Op.Exec.Argv[0] != h.program:
		return &op.ExecResult{RC: 127, Stderr: "no such file"}
	case verb == contract.Restore:
		h.restore(contract.Asked)
	}
	told := *h.state
	if told.Phase == contract.Armed {
		told.Left = time.Until(h.end).Milliseconds()
	}
	if verb == contract.Confirm {
		told.Phase, h.state = contract.Confirmed, nil
	}
	text, _ := codec.Marshal(&told)
	return &op.ExecResult{Stdout: string(text)}
}

func keeper(h *host) (*guard.Keeper, *plan.Host, []*plan.Step) {
	planned := &plan.Host{Host: &inventory.Host{Name: "h1"}, Target: h, Facts: facts.Set{facts.Basic: {"arch": "amd64"}}}
	k := &guard.Keeper{
		Open: h.open, Program: func(_, arch string) ([]byte, error) { return []byte("guard of " + arch), nil },
		Login: func(*plan.Host) string { return "ops" }, Run: "r1", Window: 10 * time.Second,
	}
	u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: "/a"}, User: "root"}
	u.Order.Claims = []unit.Claim{{Namespace: unit.PathNamespace, Name: "/a", Owns: true}, {Namespace: "software", Name: "ssh", Owns: true}}
	return k, planned, []*plan.Step{{Unit: u}}
}

const gone = "the guard of the host is gone, and froyo had not told it yet that it gets in: /var/lib/froyo/guard was removed meanwhile, so nothing was put back, and what was done stays"

// TestProve: what becomes of a window.
func TestProve(t *testing.T) {
	for _, tt := range []struct {
		name   string
		spoil  func(*host)
		logins int
		want   string // "" is that it is proven
	}{
		{"well", func(*host) {}, 1, ""},
		{"cut off", func(h *host) { h.closed = true }, 2, "froyo did not get in over a new connection in time, so the host has put back what was there"},
		{"too late", func(h *host) { h.end = time.Now() }, 1, "froyo did not get in over a new connection in time, so the host has put back what was there"},
		{"an answer is lost", func(h *host) { h.mute = true }, 1, ""},
		{"that to the confirmation is", func(h *host) { h.lose = true }, 2, ""},
		{"the guard is gone", func(h *host) { h.state = nil }, 1, gone},
		{"it is, and answers are lost", func(h *host) { h.state, h.mute, h.lose = nil, true, true }, 1, gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &host{}
				k, planned, steps := keeper(h)
				w, err := k.Arm(t.Context(), planned, steps)
				if err != nil {
					t.Fatal(err)
				}
				if c := h.state.Config; c.Login != "ops" || c.Run != "r1" || c.Window != 10000 || strings.Join(c.Paths, " ") != "/a" || strings.Join(c.Services, " ") != "ssh" {
					t.Errorf("armed with %+v", c)
				}
				if left := w.Left(); left != 7500*time.Millisecond {
					t.Errorf("%s are left for the change", left)
				}
				tt.spoil(h)
				err = k.Prove(t.Context(), w)
				if err == nil && tt.want != "" || err != nil && err.Error() != tt.want {
					t.Errorf("%v", err)
				}
				if _, is := errors.AsType[*guard.UndoneError](err); err != nil && !is {
					t.Errorf("%#v", err)
				}
				if h.state != nil {
					t.Errorf("left: %+v", h.state)
				}
				if h.logins < tt.logins {
					t.Errorf("%d new connections", h.logins)
				}
			})
		})
	}
}

// TestRecoverLate: a window that was over long ago, since froyo was stopped meanwhile, is still asked about once.
func TestRecoverLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{}
		k, planned, steps := keeper(h)
		w, err := k.Arm(t.Context(), planned, steps)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := k.Recover(t.Context(), w, errors.New("lost")); err == nil || !strings.Contains(err.Error(), "the host has put back what was there") {
			t.Errorf("%v", err)
		}
	})
}

// TestHints has guards that come to nothing, and does what is said about it.
func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &host{refuses: true}
		k, planned, steps := keeper(h)
		_, err := k.Arm(t.Context(), planned, steps)
		if hint := diag.Of(err).Hint; hint != "act as root there (become); or, where there is another way to the host, do without: --no-guard of apply" {
			t.Errorf("the hint is %q", hint)
		}
		h.refuses = false // as root
		w, err := k.Arm(t.Context(), planned, steps)
		if err != nil {
			t.Fatal(err)
		}
		h.closed = true
		err = k.Prove(t.Context(), w)
		if hint := diag.Of(err).Hint; hint != "change the unit so that it lets in who logs in; or, where it needs longer, --guard-window 5m" {
			t.Errorf("the hint is %q", hint)
		}
		if w, err = k.Arm(t.Context(), planned, steps); err != nil || k.Prove(t.Context(), w) != nil { // it was changed
			t.Errorf("%v", err)
		}
		if w, err = k.Arm(t.Context(), planned, steps); err != nil {
			t.Fatal(err)
		}
		h.state = nil // removed by a unit
		if hint := diag.Of(k.Prove(t.Context(), w)).Hint; hint != "look at what the units of this window did there; change the one that removes /var/lib/froyo/guard, and apply again" {
			t.Errorf("the hint is %q", hint)
		}
		if w, err = k.Arm(t.Context(), planned, steps); err != nil || k.Prove(t.Context(), w) != nil { // it was changed
			t.Errorf("%v", err)
		}
		if w, err = k.Arm(t.Context(), planned, steps); err != nil {
			t.Fatal(err)
		}
		h.closed, h.end = true, time.Now().Add(time.Hour) // it does not wake up
		err = k.Prove(t.Context(), w)
		lost, is := errors.AsType[*target.Error](err)
		if !is || lost.Hint != "look at its console: what its guard kept and did is in /var/lib/froyo/guard" {
			t.Fatalf("%v", err)
		}
		if state, err := guard.Read(t.Context(), h, "root"); err != nil || state.Phase != contract.Armed { // from its console
			t.Errorf("%+v, %v", state, err)
		}
	})
}

// TestMark: which units are applied under guard.
func TestMark(t *testing.T) {
	for _, tt := range []struct {
		lockout unit.Lockout
		access  guard.Access
		want    bool
	}{
		{unit.Lockout{}, guard.Access{Remote: true}, false},
		{unit.Lockout{Wanted: true}, guard.Access{}, true},
		{unit.Lockout{May: true}, guard.Access{}, false},
		{unit.Lockout{May: true}, guard.Access{Remote: true}, true},
		{unit.Lockout{Login: "ops"}, guard.Access{Remote: true, Login: "ops"}, true},
		{unit.Lockout{Login: "app"}, guard.Access{Remote: true, Login: "ops"}, false},
		{unit.Lockout{Login: "app"}, guard.Access{Remote: true}, true},
	} {
		s := &plan.Step{Unit: &unit.Unit{Order: unit.Order{Lockout: tt.lockout}}}
		if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, func(*inventory.Host) guard.Access { return tt.access }); err != nil {
			t.Error(err)
		}
		if s.Guarded != tt.want {
			t.Errorf("%+v %+v: %v", tt.lockout, tt.access, s.Guarded)
		}
	}
}

// TestMarkPaths: what closes the home of who logs in, by what is known of it, and what a path leads to.
func TestMarkPaths(t *testing.T) {
	known := facts.Set{"users": {"users": map[string]any{"ops": map[string]any{"home": "/data/of"}}}}
	for _, tt := range []struct {
		path, real string
		edits      bool
		facts      facts.Set
		want       bool
	}{
		{path: "/home/ops/.ssh/authorized_keys", want: true},
		{path: "/home/ops/.bashrc", edits: true, want: true},
		{path: "/home/ops", want: true},
		{path: "/home/ops", edits: true},
		{path: "/home", want: true},
		{path: "/home/ops/app"},
		{path: "/home/app/.ssh/authorized_keys"},
		{path: "/data/of/.ssh"},
		{path: "/data/of/.ssh", facts: known, want: true},
		{path: "/home/ops/.ssh", facts: known},
		{path: "/srv/keys/mine", real: "/home/ops/.ssh/authorized_keys", want: true},
		{path: "/srv/etc/sshd_config", real: "/etc/ssh/sshd_config", want: true},
		{path: "/srv/etc/app", real: "/etc/app"},
	} {
		claims := []unit.Claim{{Namespace: unit.PathNamespace, Name: tt.path, Owns: true, Edits: tt.edits}}
		s := &plan.Step{Unit: &unit.Unit{Order: unit.Order{Claims: claims}}, Found: plan.Found{Real: tt.real}}
		for remote, want := range map[bool]bool{true: tt.want, false: false} {
			access := func(*inventory.Host) guard.Access { return guard.Access{Login: "ops", Remote: remote} }
			if err := guard.Mark(&plan.Host{Host: &inventory.Host{}, Facts: tt.facts}, []*plan.Step{s}, access); err != nil || s.Guarded != want {
				t.Errorf("%s, remote %v: %v, %v", tt.path, remote, s.Guarded, err)
			}
		}
	}
}

// TestMarkUnkept: what no guard could undo is refused where it would be done and would be guarded, and where it is typed it is not guarded.
func TestMarkUnkept(t *testing.T) {
	for _, tt := range []struct {
		action  abi.Action
		remote  bool
		wanted  bool
		refused bool
	}{
		{abi.Delete, true, false, true},
		{abi.Delete, false, false, false},
		{abi.Delete, false, true, true},
		{abi.None, true, false, false},
	} {
		u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "pkg", Key: "sudo"}, Order: unit.Order{Lockout: unit.Lockout{May: true, Wanted: tt.wanted, Unkept: "the guard keeps no packages"}}}
		s := &plan.Step{Unit: u, Change: &abi.Change{Action: tt.action}}
		err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, func(*inventory.Host) guard.Access { return guard.Access{Remote: tt.remote} })
		if (err != nil) != tt.refused {
			t.Errorf("%+v: %v", tt, err)
		}
		if tt.refused && (err.Error() != "pkg[sudo] could lock froyo out, and the guard keeps no packages" ||
			diag.Of(err).Hint != "where there is another way to the host: froyo apply --no-guard; with -C it only shows the plan") {
			t.Errorf("%v, %s", err, diag.Of(err).Hint)
		}
	}
}

// TestMarkGuard: no unit changes what guards keep, nor removes what that is in.
func TestMarkGuard(t *testing.T) {
	remove := func(p string, whole bool) []abi.Effect {
		return []abi.Effect{{Op: op.Op{Remove: &op.Remove{Path: p, Recurse: whole}}}}
	}
	for _, tt := range []struct {
		path    string
		effects []abi.Effect
		refused bool
	}{
		{"/var/lib/froyo", nil, true},
		{"/var/lib/froyo/guard", nil, true},
		{"/var/lib/froyo/guard/state", nil, true},
		{"/var/lib", remove("/var/lib", true), true},
		{"/srv/link", remove("/", true), true},
		{"/var/lib", remove("/var/lib", false), false},
		{"/var/lib", nil, false},
		{"/var/lib/froyo-app", remove("/var/lib/froyo-app", true), false},
	} {
		u := &unit.Unit{ID: unit.ID{Host: "h1", Type: "file", Key: tt.path}, Order: unit.Order{Claims: []unit.Claim{{Namespace: unit.PathNamespace, Name: tt.path, Owns: true}}}}
		s := &plan.Step{Unit: u, Change: &abi.Change{Action: abi.Update, Effects: tt.effects}}
		err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, func(*inventory.Host) guard.Access { return guard.Access{} })
		if (err != nil) != tt.refused {
			t.Errorf("%+v: %v", tt, err)
		}
		if err == nil {
			continue
		}
		if hint := diag.Of(err).Hint; hint != "leave the path out: guards remove what they kept there themselves" {
			t.Errorf("the hint is %q", hint)
		}
		u.Order.Claims, s.Change.Effects = nil, nil // it is left out
		if err := guard.Mark(&plan.Host{Host: &inventory.Host{}}, []*plan.Step{s}, func(*inventory.Host) guard.Access { return guard.Access{} }); err != nil {
			t.Errorf("without: %v", err)
		}
	}
}

// found is a host that has a state, and tells what is removed of it.
type found struct {
	state   contract.State
	removed int
}

func (f *found) Do(context.Context, []target.Step) ([]op.Result, error) {
	text, err := codec.Marshal(f.state)
	return []op.Result{{Text: &op.TextResult{Text: string(text)}}}, err
}

func (f *found) Run(_ context.Context, steps []target.Step) ([]target.Outcome, error) {
	f.removed += len(steps)
	return make([]target.Outcome, len(steps)), nil
}

// TestClear: what a guard has left is removed, and nothing of another that was armed meanwhile.
func TestClear(t *testing.T) {
	for _, tt := range []struct {
		id    string
		phase contract.Phase
		want  int
	}{{"a1", contract.Restored, 2}, {"a2", contract.Armed, 0}, {"a2", contract.Restored, 0}, {"a1", contract.Armed, 0}} {
		f := &found{state: contract.State{Config: contract.Config{ID: tt.id}, Phase: tt.phase}}
		if err := guard.Clear(t.Context(), f, "a1", "root"); err != nil || f.removed != tt.want {
			t.Errorf("%s, %s: %v, %d removed, want %d", tt.id, tt.phase, err, f.removed, tt.want)
		}
	}
}

// TestUndone: what is told of a host that has restored itself, and what to do where it could not.
func TestUndone(t *testing.T) {
	for _, tt := range []struct {
		state      contract.State
		want, hint string
	}{
		{contract.State{Why: contract.NotConfirmed, Restored: []string{"/a"}}, "so the host has put back what was there\nput back: /a", "change the unit so that it lets in who logs in; or, where it needs longer, --guard-window 5m"},
		{contract.State{Why: contract.BadSSHD, Said: "line 1", Restored: []string{"/a"}}, "sshd refuses what is on disk: line 1, so the host has put back what was there\nput back: /a", "change the unit so that sshd runs, and can be started with what it leaves"},
		{contract.State{Why: contract.Asked}, "the host is as it was before: nothing was to be put back", "change the unit so that it lets in who logs in; or, where it needs longer, --guard-window 5m"},
		{
			contract.State{Why: contract.NoRestart, Said: "/usr/sbin/sshd is not there", Restored: []string{"/a"}, Failed: []string{"ssh.service: no"}},
			"sshd could not be started anew: /usr/sbin/sshd is not there, and the host could not put back all that was there\nput back: /a\ncould not be put back: ssh.service: no",
			"repair what could not be put back while one still gets in, then apply again",
		},
	} {
		e := guard.Undone(tt.state, nil)
		if got := e.Summary + "\n" + e.Detail; !strings.Contains(got, tt.want) || e.Hint != tt.hint {
			t.Errorf("got %s, hint %s", got, e.Hint)
		}
	}
}
