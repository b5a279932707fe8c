package systemd

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// settleTime is how long a service of the type simple is watched after its
// start: systemd holds it for started as soon as its process is there.
const settleTime = 100 * time.Millisecond

// Ensure brings a unit into a state. Only what differs is done.
func (m *Manager) Ensure(ctx context.Context, e *op.SvcEnsure) (*op.Done, error) {
	if err := m.check(e.Name); err != nil {
		return nil, err
	}
	t := &task{m: m, want: e}
	if err := t.look(ctx); err != nil {
		return nil, err
	}
	for _, step := range [...]func(context.Context) error{t.reload, t.exists, t.install, t.drive} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &op.Done{Changed: t.changed}, nil
}

// task is a unit on its way into a state.
type task struct {
	m       *Manager
	want    *op.SvcEnsure
	have    unit
	changed bool
}

// look takes note of the unit as it is now.
func (t *task) look(ctx context.Context) error {
	units, err := t.m.look(ctx, []string{t.want.Name})
	if err == nil {
		t.have = units[0]
	}
	return err
}

// reload has systemd read its units' files again. That is a change where one had
// changed. What starts the unit needs it then, whether it was asked for or not:
// else systemd would start what the file no longer says.
func (t *task) reload(ctx context.Context) error {
	starts := t.want.State == op.SvcRestarted || t.want.State == op.SvcReloaded || t.want.State == op.SvcRunning && !t.have.Running()
	if needed := starts && t.have.Outdated; !t.want.Reload && !needed {
		return nil
	}
	t.changed = t.have.Outdated
	if err := t.m.control(ctx, t.want.Name, "daemon-reload", nil); err != nil {
		return err
	}
	return t.look(ctx)
}

// exists refuses a unit that is not there, unless it shall only be masked,
// which keeps it from being started once it is.
func (t *task) exists(context.Context) error {
	onlyMask := t.want.Masked != nil && t.want.Enabled == nil && t.want.State == ""
	if t.have.Load != notFound || t.have.File != "" || onlyMask {
		return nil
	}
	return refusal("enoent", "there is no unit "+t.want.Name)
}

// install brings about what happens at boot.
func (t *task) install(ctx context.Context) error {
	if masked := t.want.Masked; masked != nil && !*masked && t.have.Masked() {
		verb := []string{"unmask"}
		if t.have.File == "masked-runtime" {
			verb = append(verb, "--runtime")
		}
		if err := t.switchFile(ctx, verb...); err != nil {
			return err
		}
	}
	if enabled := t.want.Enabled; enabled != nil && t.have.Switches(*enabled) {
		if err := t.enable(ctx, *enabled); err != nil {
			return err
		}
	}
	if masked := t.want.Masked; masked != nil && *masked && t.have.File != "masked" {
		return t.switchFile(ctx, "mask")
	}
	return nil
}

// enable enables or disables; one that is enabled until the next boot is
// enabled for good only by enabling it, and disabled only by saying so.
func (t *task) enable(ctx context.Context, enabled bool) error {
	verb := []string{"enable"}
	if enabled && t.have.Stale {
		verb = []string{"reenable"}
	}
	if !enabled {
		verb = []string{"disable"}
		if t.have.File == "enabled-runtime" {
			verb = append(verb, "--runtime")
		}
	}
	was := t.have.File
	if err := t.switchFile(ctx, verb...); err != nil {
		return err
	}
	if t.have.Switches(enabled) && t.have.Stale {
		return refusal("enable", t.want.Name+" is enabled, but not all links that its [Install] section asks for are there after systemctl "+verb[0])
	}
	if t.have.Switches(enabled) {
		return refusal("enable", t.want.Name+" stays "+was+" after systemctl "+verb[0]+
			": its file has no [Install] section that says what starts it")
	}
	return nil
}

// switchFile runs a verb that changes the unit's file, and starts or stops the
// unit at once where that is wanted, too: that saves a program.
func (t *task) switchFile(ctx context.Context, verb ...string) error {
	was, stale := t.have.File, t.have.Stale
	starts := verb[0] == "enable" && t.want.State == op.SvcRunning && t.have.Stopped()
	stops := (verb[0] == "disable" || verb[0] == "mask") && t.want.State == op.SvcStopped && !t.have.Stopped()
	if starts || stops {
		verb = append(verb, "--now")
	}
	name := t.want.Name
	if verb[0] == "enable" || verb[0] == "disable" || verb[0] == "reenable" {
		name = t.have.id // systemctl refuses an alias here
	}
	failed := t.m.control(ctx, name, verb[0], verb[1:])
	if err := t.look(ctx); err != nil {
		return err
	}
	t.changed = t.changed || t.have.File != was || t.have.Stale != stale
	switch {
	case failed != nil && (starts || stops) && t.have.File != was: // so it was the second half
		return t.m.explain(ctx, t.want.Name, map[bool]deed{true: starting, false: stopping}[starts], failed)
	case failed != nil:
		return failed
	case starts || stops:
		t.changed = true
	}
	if starts {
		return t.started(ctx)
	}
	return nil
}

// drive starts, stops, restarts or reloads.
func (t *task) drive(ctx context.Context) error {
	var d deed
	switch running := t.have.Running(); {
	case t.want.State == op.SvcStopped && !t.have.Stopped():
		d = stopping
	case t.want.State == op.SvcRunning && !running:
		d = starting
	case t.want.State == op.SvcRestarted:
		d = restarting
	case t.want.State == op.SvcReloaded && running:
		d = reloading
	default:
		return nil
	}
	if failed := t.m.control(ctx, t.want.Name, d.verb, nil); failed != nil {
		return t.m.explain(ctx, t.want.Name, d, failed)
	}
	t.changed = true
	if d == stopping {
		return nil
	}
	return t.started(ctx)
}

// started checks that what systemctl says to have started runs.
func (t *task) started(ctx context.Context) error {
	if err := t.m.settle(ctx, t.have.id); err != nil {
		return err
	}
	if err := t.look(ctx); err != nil {
		return err
	}
	if t.have.Running() {
		return nil
	}
	return t.m.explain(ctx, t.want.Name, starting, nil)
}

// settle waits where systemd does not know whether a service has started.
func (m *Manager) settle(ctx context.Context, name string) error {
	if _, kind, _ := cutLast(name, '.'); kind != "service" {
		return nil
	}
	answers, err := m.exchange(ctx, []call{property(unitPath(name), "Service", "Type")})
	if err == nil {
		if t := textOf(answers[0]); t != "simple" && t != "idle" && t != "" {
			return nil
		}
	}
	return sleep(ctx, settleTime)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
