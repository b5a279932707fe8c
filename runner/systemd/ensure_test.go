package systemd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
)

// fakeControl is systemctl with one unit, x.service, on a host without a bus.
type fakeControl struct {
	id, load, active, file string
	outdated               bool
	stuck                  bool                     // its file's state never changes
	ends                   string                   // the active state that a start ends in, "" is active
	fails                  map[string]op.ExecResult // by verb
	show, status, journal  string                   // of why it failed
	ran                    []string                 // what changes something
}

func (f *fakeControl) manager(t *testing.T) *Manager {
	t.Helper()
	dir := root(t)
	for _, path := range []string{"usr/bin/systemctl"} {
		if err := os.MkdirAll(filepath.Dir(dir+path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(Host{Root: dir, UID: 1000, User: "ops", Run: f.run, Elevate: func(argv ...string) []string {
		return append([]string{"sudo"}, argv...)
	}})
}

func (f *fakeControl) run(_ context.Context, argv, _ []string) (*op.ExecResult, error) {
	text := strings.Join(argv, " ")
	if after, ok := strings.CutPrefix(text, "/usr/bin/systemctl show --no-pager --property="); ok {
		if strings.HasPrefix(after, asked) {
			return &op.ExecResult{Stdout: f.show}, nil
		}
		return &op.ExecResult{Stdout: f.state()}, nil
	}
	if strings.HasPrefix(text, "journalctl ") {
		return &op.ExecResult{Stdout: f.journal}, nil
	}
	text, ok := strings.CutPrefix(text, "sudo /usr/bin/systemctl ")
	if strings.HasPrefix(text, "status ") {
		return &op.ExecResult{RC: 3, Stdout: f.status}, nil
	}
	text, quiet := strings.CutPrefix(text, "--no-pager --no-ask-password ")
	if !ok || !quiet {
		return &op.ExecResult{RC: 127, Stderr: "unexpected: " + strings.Join(argv, " ")}, nil
	}
	f.ran = append(f.ran, text)
	fields := strings.Fields(text)
	verb, now := fields[0], slices.Contains(fields, "--now")
	failed, fails := f.fails[verb]
	if fails && !now {
		return &failed, nil
	}
	f.act(verb, now && !fails)
	if fails {
		return &failed, nil
	}
	return &op.ExecResult{}, nil
}

// state is what systemctl show tells of the unit.
func (f *fakeControl) state() string {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	text := "Id=" + or(f.id, "x.service") + "\nLoadState=" + or(f.load, "loaded") + "\nActiveState=" + or(f.active, "inactive") +
		"\nSubState=sub\nUnitFileState=" + f.file + "\nNeedDaemonReload="
	if f.outdated {
		return text + "yes\n"
	}
	return text + "no\n"
}

func (f *fakeControl) act(verb string, now bool) {
	started := f.ends
	if started == "" {
		started = "active"
	}
	files := map[string]string{"enable": "enabled", "disable": "disabled", "mask": "masked", "unmask": "disabled"}
	if state, ok := files[verb]; ok && !f.stuck {
		f.file = state
	}
	switch {
	case verb == "daemon-reload":
		f.outdated = false
	case verb == "start" || verb == "restart" || verb == "reload-or-restart" || verb == "enable" && now:
		f.active = started
	case verb == "stop" || now:
		f.active = "inactive"
	}
}

// ensure does an op in a time of its own, in which nothing is waited for.
func ensure(t *testing.T, f *fakeControl, want *op.SvcEnsure) (done *op.Done, err error) {
	t.Helper()
	m := f.manager(t)
	synctest.Test(t, func(t *testing.T) { done, err = m.Ensure(t.Context(), want) })
	return done, err
}

func TestEnsure(t *testing.T) {
	tests := []struct {
		name    string
		have    fakeControl
		want    op.SvcEnsure
		ran     []string
		changed bool
	}{
		{"nothing is wanted", fakeControl{}, op.SvcEnsure{}, nil, false},
		{"start", fakeControl{}, op.SvcEnsure{State: op.SvcRunning}, []string{"start -- x.service"}, true},
		{"runs", fakeControl{active: "active"}, op.SvcEnsure{State: op.SvcRunning}, nil, false},
		{"reloads just now", fakeControl{active: "reloading"}, op.SvcEnsure{State: op.SvcRunning}, nil, false},
		{"starts just now", fakeControl{active: "activating"}, op.SvcEnsure{State: op.SvcRunning}, []string{"start -- x.service"}, true},
		{"stop", fakeControl{active: "active"}, op.SvcEnsure{State: op.SvcStopped}, []string{"stop -- x.service"}, true},
		{"failed is stopped", fakeControl{active: "failed"}, op.SvcEnsure{State: op.SvcStopped}, nil, false},
		{"restarts itself", fakeControl{active: "activating"}, op.SvcEnsure{State: op.SvcStopped}, []string{"stop -- x.service"}, true},
		{"restart", fakeControl{active: "active"}, op.SvcEnsure{State: op.SvcRestarted}, []string{"restart -- x.service"}, true},
		{"restart starts", fakeControl{}, op.SvcEnsure{State: op.SvcRestarted}, []string{"restart -- x.service"}, true},
		{"reload", fakeControl{active: "active"}, op.SvcEnsure{State: op.SvcReloaded}, []string{"reload-or-restart -- x.service"}, true},
		{"reload starts nothing", fakeControl{}, op.SvcEnsure{State: op.SvcReloaded}, nil, false},
		{"enable", fakeControl{file: "disabled"}, op.SvcEnsure{Enabled: new(true)}, []string{"enable -- x.service"}, true},
		{"enable and start", fakeControl{file: "disabled"}, op.SvcEnsure{Enabled: new(true), State: op.SvcRunning}, []string{"enable --now -- x.service"}, true},
		{"enable and restart", fakeControl{file: "disabled"}, op.SvcEnsure{Enabled: new(true), State: op.SvcRestarted}, []string{"enable -- x.service", "restart -- x.service"}, true},
		{"enable what runs", fakeControl{file: "disabled", active: "active"}, op.SvcEnsure{Enabled: new(true), State: op.SvcRunning}, []string{"enable -- x.service"}, true},
		{"disable and stop", fakeControl{file: "enabled", active: "active"}, op.SvcEnsure{Enabled: new(false), State: op.SvcStopped}, []string{"disable --now -- x.service"}, true},
		{"disable what was enabled until the next boot", fakeControl{file: "enabled-runtime"}, op.SvcEnsure{Enabled: new(false)}, []string{"disable --runtime -- x.service"}, true},
		{"static is neither", fakeControl{file: "static"}, op.SvcEnsure{Enabled: new(true)}, nil, false},
		{"alias", fakeControl{id: "real.service", file: "disabled"}, op.SvcEnsure{Enabled: new(true)}, []string{"enable -- real.service"}, true},
		{"mask and stop", fakeControl{file: "enabled", active: "active"}, op.SvcEnsure{Masked: new(true), State: op.SvcStopped}, []string{"mask --now -- x.service"}, true},
		{"disable, mask and stop", fakeControl{file: "enabled", active: "active"}, op.SvcEnsure{Enabled: new(false), Masked: new(true), State: op.SvcStopped}, []string{"disable --now -- x.service", "mask -- x.service"}, true},
		{"masked", fakeControl{file: "masked", load: "masked"}, op.SvcEnsure{Masked: new(true), Enabled: new(false), State: op.SvcStopped}, nil, false},
		{"masked with a drop-in is never read again", fakeControl{file: "masked", load: "masked", outdated: true}, op.SvcEnsure{Masked: new(true), Reload: true}, []string{"daemon-reload"}, false},
		{"mask what is not there", fakeControl{load: "not-found"}, op.SvcEnsure{Masked: new(true)}, []string{"mask -- x.service"}, true},
		{"unmask, enable and start", fakeControl{file: "masked"}, op.SvcEnsure{Masked: new(false), Enabled: new(true), State: op.SvcRunning}, []string{"unmask -- x.service", "enable --now -- x.service"}, true},
		{"unmask what was masked until the next boot", fakeControl{file: "masked-runtime"}, op.SvcEnsure{Masked: new(false)}, []string{"unmask --runtime -- x.service"}, true},
		{"not masked", fakeControl{file: "enabled"}, op.SvcEnsure{Masked: new(false)}, nil, false},
		{"read again", fakeControl{outdated: true, active: "active"}, op.SvcEnsure{Reload: true, State: op.SvcRunning}, []string{"daemon-reload"}, true},
		{"read again for nothing", fakeControl{}, op.SvcEnsure{Reload: true}, []string{"daemon-reload"}, false},
		{"read again before all else", fakeControl{outdated: true, file: "disabled"}, op.SvcEnsure{Reload: true, Enabled: new(true), State: op.SvcRestarted}, []string{"daemon-reload", "enable -- x.service", "restart -- x.service"}, true},
		{"has nothing to stay for", fakeControl{ends: "inactive", show: "Type=oneshot\nResult=success"}, op.SvcEnsure{State: op.SvcRunning}, []string{"start -- x.service"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Name = "x.service"
			done, err := ensure(t, &tt.have, &tt.want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.ran, tt.have.ran); diff != "" {
				t.Errorf("what was run differs (-want +got):\n%s", diff)
			}
			if done.Changed != tt.changed {
				t.Errorf("changed is %v, want %v", done.Changed, tt.changed)
			}
		})
	}
}

// exitFailure is what systemctl show tells of a service whose program ended with 1.
const exitFailure = "Type=simple\nResult=exit-code\nExecMainCode=1\nExecMainStatus=1\n"

func TestEnsureFails(t *testing.T) {
	says := func(verb, stderr string) map[string]op.ExecResult {
		return map[string]op.ExecResult{verb: {RC: 1, Stderr: stderr}}
	}
	start := op.SvcEnsure{State: op.SvcRunning}
	tests := []struct {
		name string
		have fakeControl
		want op.SvcEnsure
		err  op.Error
	}{
		{
			"is not there",
			fakeControl{load: "not-found"},
			start,
			op.Error{Class: op.Permanent, Code: "enoent", Message: "there is no unit x.service"},
		},
		{
			"program fails",
			fakeControl{fails: says("start", "Job for x.service failed."), show: exitFailure, status: "* x.service - X\n     Active: failed\n\nStarting x\nbad port\n"},
			start,
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: exit code 1 (result 'exit-code')\nStarting x\nbad port"},
		},
		{
			"program fails after systemctl was content",
			fakeControl{ends: "failed", show: exitFailure},
			start,
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: exit code 1 (result 'exit-code')"},
		},
		{
			"check before it fails",
			fakeControl{fails: says("start", "Job for x.service failed."), show: "Result=exit-code\nExecMainCode=0\nExecMainStatus=0\n" +
				"ExecStartPre={ path=/bin/a ; argv[]=/bin/a ; ignore_errors=yes ; code=exited ; status=7 }\n" +
				"ExecStartPre={ path=/bin/b ; argv[]=/bin/b -t ; ignore_errors=no ; pid=3 ; code=exited ; status=2 }\n"},
			start,
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: ExecStartPre=/bin/b -t: exit code 2 (result 'exit-code')"},
		},
		{
			"killed",
			fakeControl{active: "active", fails: says("restart", "Job for x.service failed."), show: "Result=signal\nExecMainCode=2\nExecMainStatus=9"},
			op.SvcEnsure{State: op.SvcRestarted},
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not restart: ended by signal 9 (result 'signal')"},
		},
		{
			"reload fails",
			fakeControl{active: "active", fails: says("reload-or-restart", "Job for x.service failed."), show: "Result=success\nExecMainStatus=0\n" +
				"ExecReload={ path=/bin/r ; argv[]=/bin/r ; ignore_errors=no ; code=exited ; status=4 }"},
			op.SvcEnsure{State: op.SvcReloaded},
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not reload: ExecReload=/bin/r: exit code 4"},
		},
		{
			"takes too long",
			fakeControl{fails: says("start", "Job for x.service failed because a timeout was exceeded."), show: "Result=timeout"},
			start,
			op.Error{Class: op.Transient, Code: "timeout", Message: "x.service did not start: it took too long (result 'timeout')"},
		},
		{
			"too often",
			fakeControl{fails: says("start", "Start request repeated too quickly."), show: "Result=exit-code"},
			start,
			op.Error{Class: op.Throttled, Code: "startlimit", Message: "x.service did not start: it was started too often in a short time (result 'exit-code')"},
		},
		{
			"condition",
			fakeControl{ends: "inactive", show: "Type=exec\nResult=success", status: "x\n\nx.service was skipped because of an unmet condition check (ConditionPathExists=/no).\n"},
			start,
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: a condition in its file does not hold\n" +
				"x.service was skipped because of an unmet condition check (ConditionPathExists=/no)."},
		},
		{
			"ends at once",
			fakeControl{ends: "inactive", show: "Type=simple\nResult=success"},
			start,
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: it ended by itself"},
		},
		{
			"host shuts down",
			fakeControl{fails: says("start", "Failed to start x.service: Transaction for x.service/start is destructive (a.target has 'stop' job queued)."), show: "Result=success"},
			start,
			op.Error{Class: op.Transient, Code: "failed", Message: "x.service did not start: Failed to start x.service: Transaction for x.service/start is destructive (a.target has 'stop' job queued)."},
		},
		{
			"does not stop",
			fakeControl{active: "active", fails: says("stop", "Failed to stop x.service: Unit is refused."), show: "Result=success"},
			op.SvcEnsure{State: op.SvcStopped},
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not stop: Failed to stop x.service: Unit is refused."},
		},
		{
			"enabled, but does not start",
			fakeControl{file: "disabled", fails: says("enable", "Job for x.service failed."), show: exitFailure},
			op.SvcEnsure{Enabled: new(true), State: op.SvcRunning},
			op.Error{Class: op.Permanent, Code: "failed", Message: "x.service did not start: exit code 1 (result 'exit-code')"},
		},
		{
			"cannot be enabled",
			fakeControl{file: "disabled", stuck: true, fails: says("enable", "Failed to enable unit: File exists\nmore")},
			op.SvcEnsure{Enabled: new(true), State: op.SvcRunning},
			op.Error{Class: op.Permanent, Code: "failed", Message: "systemctl enable x.service: Failed to enable unit: File exists"},
		},
		{
			"linked for good",
			fakeControl{file: "linked", stuck: true},
			op.SvcEnsure{Enabled: new(true)},
			op.Error{Class: op.Permanent, Code: "enable", Message: "x.service stays linked after systemctl enable: its file has no [Install] section that says what starts it"},
		},
		{
			"sudo refuses",
			fakeControl{fails: says("start", "sudo: a password is required")},
			start,
			op.Error{Class: op.Permanent, Code: "eacces", Message: "ops may not run systemctl start x.service as root; expected the sudo rule " +
				"\"ops ALL=(root) NOPASSWD: /usr/bin/systemctl\"\nsudo: a password is required"},
		},
		{
			"systemd refuses",
			fakeControl{file: "disabled", fails: says("enable", "Failed to enable unit: Interactive authentication required.")},
			op.SvcEnsure{Enabled: new(true)},
			op.Error{Class: op.Permanent, Code: "eacces", Message: "ops may not run systemctl enable x.service as root; expected the sudo rule " +
				"\"ops ALL=(root) NOPASSWD: /usr/bin/systemctl\"\nFailed to enable unit: Interactive authentication required."},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Name = "x.service"
			done, err := ensure(t, &tt.have, &tt.want)
			got := answerOf(err)
			if got == nil {
				t.Fatalf("got %+v, %v, want an error", done, err)
			}
			if diff := cmp.Diff(&tt.err, got); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEvidence holds that the end of a long journal is kept, within bounds.
func TestEvidence(t *testing.T) {
	f := &fakeControl{ends: "failed", show: exitFailure, status: "head\n\n" + strings.Repeat(strings.Repeat("x", 5000)+"\n", 20) + "the end\n"}
	_, err := ensure(t, f, &op.SvcEnsure{Name: "x.service", State: op.SvcRunning})
	got := answerOf(err)
	if got == nil || len(got.Message) > 4<<10 || !strings.HasSuffix(got.Message, "x...\nthe end") {
		t.Errorf("got %+v", got)
	}
}

func TestRefuses(t *testing.T) {
	open := func(s string) func() string { return func() string { return s } }
	none, openrc := t.TempDir()+"/", t.TempDir()+"/"
	if err := os.MkdirAll(openrc+"run/openrc", 0o700); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, unit string
		host       Host
		want       op.Error
	}{
		{
			"another manager", "x.service",
			Host{Root: none, Init: open("runit"), Distro: open("void")},
			op.Error{Code: "nomanager", Message: "services on void are managed by runit, which froyo does not support yet; expected systemd"},
		},
		{
			"openrc", "x.service",
			Host{Root: openrc, Init: open("init"), Distro: open("alpine")},
			op.Error{Code: "nomanager", Message: "services on alpine are managed by openrc, which froyo does not support yet; expected systemd"},
		},
		{
			"nothing is known", "x.service",
			Host{Root: none, Init: open(""), Distro: open("")},
			op.Error{Code: "nomanager", Message: "nothing tells what manages the services on this host; expected systemd"},
		},
		{
			"no unit", "x.conf",
			Host{Root: root(t)},
			op.Error{Code: "einval", Message: `"x.conf" is no name of a unit: expected an ending such as .service or .timer`},
		},
		{
			"template", "getty@.service",
			Host{Root: root(t)},
			op.Error{Code: "einval", Message: "getty@.service is a template: name an instance of it, such as getty@x.service"},
		},
		{
			"instance of nothing", "@x.service",
			Host{Root: root(t)},
			op.Error{Code: "einval", Message: `"@x.service" is no name of a unit: nothing is before its @`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Class = op.Permanent
			m := New(tt.host)
			_, err := m.Query(t.Context(), &op.SvcQuery{Names: []string{tt.unit}})
			if diff := cmp.Diff(&tt.want, answerOf(err)); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			_, err = m.Ensure(t.Context(), &op.SvcEnsure{Name: tt.unit})
			if diff := cmp.Diff(&tt.want, answerOf(err)); diff != "" {
				t.Errorf("ensure (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShowFails(t *testing.T) {
	tests := []struct {
		name   string
		result op.ExecResult
		want   op.Error
	}{
		{"no bus", op.ExecResult{RC: 1, Stderr: "Failed to connect to bus: No such file or directory\n"}, op.Error{Class: op.Permanent, Message: "Failed to connect to bus: No such file or directory"}},
		{"busy", op.ExecResult{RC: 1, Stderr: "Failed to get properties: Connection timed out"}, op.Error{Class: op.Transient, Message: "Failed to get properties: Connection timed out"}},
		{"nothing", op.ExecResult{}, op.Error{Class: op.Permanent, Message: "its answer cannot be understood"}},
		{"odd state", op.ExecResult{Stdout: "Id=x.service\nLoadState=\x1b[0m\nActiveState=a\nSubState=b"}, op.Error{Class: op.Permanent, Message: "its answer cannot be understood"}},
		{"more than asked", op.ExecResult{Stdout: "Id=x.service\n\nId=y.service"}, op.Error{Class: op.Permanent, Message: "its answer cannot be understood"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := New(Host{Root: root(t), Run: func(context.Context, []string, []string) (*op.ExecResult, error) { return &tt.result, nil }})
			_, err := m.Query(t.Context(), &op.SvcQuery{Names: []string{"x.service"}})
			tt.want.Code, tt.want.Message = "nobus", "ask systemd for the state of units: systemctl show: "+tt.want.Message
			if diff := cmp.Diff(&tt.want, answerOf(err)); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
		})
	}
}

// answerOf returns the error that goes to the controller, or nil.
func answerOf(err error) *op.Error {
	e, _ := errors.AsType[*op.Error](err)
	return e
}
