package units_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/units"
	"github.com/openfroyo/froyo/runner/op"
)

const (
	serviceText = mark + "[Unit]\nDescription=x\n\n[Service]\nExecStart=/bin/sh -c a\nType=oneshot\n"
	timerText   = mark + "[Unit]\nDescription=x\n\n[Timer]\nOnCalendar=daily\n\n[Install]\nWantedBy=timers.target\n"
)

// timerHost is a target with the files of a timer, "" for none, and with what systemd has of it.
func timerHost(service, timer string, s *providertest.MemoryService) *providertest.Memory {
	m := host("/etc/systemd/system/x.service", service)
	if timer != "" {
		m.Files["/etc/systemd/system/x.timer"] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(timer))}
	}
	if s != nil {
		m.Services["x.timer"] = s
	}
	systemd(m)
	return m
}

func TestTimer(t *testing.T) {
	const writeService, writeTimer, reload, ensure = "file.write /etc/systemd/system/x.service", "file.write /etc/systemd/system/x.timer", "exec systemctl", "svc.ensure x.timer"
	const removeService, removeTimer = "file.remove /etc/systemd/system/x.service", "file.remove /etc/systemd/system/x.timer"
	daily := func(more given) given {
		a := given{"command": "a", "on_calendar": "daily"}
		maps.Copy(a, more)
		return a
	}
	up := func() *providertest.MemoryService {
		return &providertest.MemoryService{Active: "active", File: "enabled"}
	}
	fresh := []string{
		"service content", "service mode", "service owner", "service group", "timer content", "timer mode", "timer owner", "timer group", "enabled", "state",
	}
	for _, tt := range []struct {
		name           string
		args           given
		service, timer string
		found          *providertest.MemoryService
		action         abi.Action
		ops, diffs     []string
	}{
		{"new", daily(nil), "", "", nil, abi.Create, []string{writeService, writeTimer, reload, ensure}, fresh},
		{"as it should be", daily(nil), serviceText, timerText, up(), abi.None, nil, nil},
		{"another time", daily(nil), serviceText, strings.Replace(timerText, "daily", "hourly", 1), up(), abi.Update, []string{writeTimer, reload, ensure}, []string{"timer content"}},
		{"another command", daily(nil), strings.Replace(serviceText, "a\n", "b\n", 1), timerText, up(), abi.Update, []string{writeService, reload, ensure}, []string{"service content"}},
		{"half of it", daily(nil), serviceText, "", nil, abi.Update, []string{writeTimer, reload, ensure}, fresh[4:]},
		{"not read yet", daily(nil), serviceText, timerText, &providertest.MemoryService{Active: "active", File: "enabled", Outdated: true}, abi.Update, []string{reload}, []string{"definition"}},
		{"stopped", daily(nil), serviceText, timerText, &providertest.MemoryService{File: "enabled"}, abi.Update, []string{ensure}, []string{"state"}},
		{"not at boot", daily(nil), serviceText, timerText, &providertest.MemoryService{Active: "active", File: "disabled"}, abi.Update, []string{ensure}, []string{"enabled"}},
		{"to be off", daily(given{"enabled": false}), serviceText, timerText, up(), abi.Update, []string{ensure}, []string{"enabled", "state"}},
		{"off", daily(given{"enabled": false}), serviceText, timerText, &providertest.MemoryService{File: "disabled"}, abi.None, nil, nil},
		{"removed", given{"state": "absent"}, serviceText, timerText, up(), abi.Delete, []string{ensure, removeTimer, removeService, reload}, []string{"state", "timer type", "timer content", "service type", "service content"}},
		{"half of it removed", given{"state": "absent"}, serviceText, "", nil, abi.Delete, []string{removeService, reload}, []string{"service type", "service content"}},
		{"removed already", given{"state": "absent"}, "", "", nil, abi.None, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := timerHost(tt.service, tt.timer, tt.found)
			change, _ := providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "timer", tt.args))
			compare(t, m, change, tt.ops, tt.diffs)
			if change.Action != tt.action {
				t.Errorf("planned %s, want %s", change.Action, tt.action)
			}
		})
	}
}

// TestTimerTexts: what the command says is what it gets, whatever systemd makes of % and $.
func TestTimerTexts(t *testing.T) {
	for _, tt := range []struct {
		name, section, want string
		args                given
		timer               bool
	}{
		{"a shell command", "Service", `ExecStart=/bin/sh -c "echo \"$$HOME\" '5%%' \\ \n\x01; true"`, given{"command": "echo \"$HOME\" '5%' \\ \n\x01; true"}, false},
		{"a list", "Service", `ExecStart=/bin/x -a "b c" "" ";" $$A`, given{"command": []string{"/bin/x", "-a", "b c", "", ";", "$A"}}, false},
		{"variables", "Service", "Environment=A=1\nEnvironment=\"B=x \\\"y\\\" 50%% $H\"", given{"env": given{"B": `x "y" 50% $H`, "A": "1"}}, false},
		{"who and where", "Service", "Group=root\nType=oneshot\nUser=app\nWorkingDirectory=/srv/a %%b", given{"user": "app", "group": "root", "cwd": "/srv/a %b"}, false},
		{"further settings", "Service", "Nice=5\nTimeoutStartSec=1h\nType=exec", given{"settings": given{"Nice": 5, "TimeoutStartSec": "1h", "Type": "exec"}}, false},
		{"a description", "Unit", "Description=50%% of x", given{"description": "50% of x"}, true},
		{"times", "Timer", "OnCalendar=daily\nOnCalendar=Mon 05:00\nPersistent=yes", given{"on_calendar": []string{"daily", "Mon 05:00"}, "persistent": true}, true},
		{"spans", "Timer", "AccuracySec=1s\nOnBootSec=90\nOnCalendar=daily\nOnUnitActiveSec=1h 30min\nRandomizedDelaySec=0", given{"on_boot": 90, "on_unit_active": "1h 30min", "accuracy": "1s", "randomized_delay": 0}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := timerHost("", "", nil)
			args := given{"command": "a", "on_calendar": "daily"}
			maps.Copy(args, tt.args)
			providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "timer", args))
			path := map[bool]string{true: "/etc/systemd/system/x.timer", false: "/etc/systemd/system/x.service"}[tt.timer]
			if got := holds(t, m, path); !strings.Contains(got, tt.want+"\n") || !strings.Contains(got, "["+tt.section+"]\n") {
				t.Errorf("it says %s, want %s", got, tt.want)
			}
		})
	}
}

func TestTimerKnownLater(t *testing.T) {
	m := timerHost("", "", nil)
	planned := unit(t, "timer", given{"on_calendar": "daily"})
	planned.Unknown = []string{"command"}
	if _, err := providertest.New(t, providertest.Native(units.Types()), m).Learn(planned, unit(t, "timer", given{"on_calendar": "daily", "command": "a"}).Args); err != nil {
		t.Fatal(err)
	}
	if got := holds(t, m, "/etc/systemd/system/x.service"); got != serviceText {
		t.Errorf("it says %q", got)
	}
}

// TestTimerOfAPackage: what a package brings goes on when the files that stand before it are removed.
func TestTimerOfAPackage(t *testing.T) {
	m := timerHost(serviceText, timerText, &providertest.MemoryService{Active: "active", File: "enabled"})
	m.Files["/lib/systemd/system/x.timer"] = &providertest.Node{Type: op.TypeFile}
	providertest.New(t, providertest.Native(units.Types()), m).Converge(unit(t, "timer", given{"state": "absent"}))
	if s := m.Services["x.timer"]; s.Active != "active" || m.Files["/etc/systemd/system/x.timer"] != nil {
		t.Errorf("it is %+v", s)
	}
}

func TestTimerRefused(t *testing.T) {
	with := func(a given) given {
		a["command"] = "a"
		return a
	}
	refused(t, []refusal{
		{"no time", "timer", with(given{}), "it is not said when", `give on_calendar = "daily"; or on_boot = "10min" and on_unit_active = "1h"`, with(given{"on_boot": "10min", "on_unit_active": "1h"})},
		{"no first time", "timer", with(given{"on_unit_active": "1h"}), "never would run first", `add on_boot = "10min", or on_calendar`, with(given{"on_unit_active": "1h", "on_calendar": "daily"})},
		{"nothing to catch up with", "timer", with(given{"on_boot": 60, "persistent": true}), "there are none", "leave persistent out, or give on_calendar", with(given{"on_boot": 60})},
		{"no variable", "timer", with(given{"on_boot": 60, "env": given{"1A": "b"}}), `"1A" is no name of a variable`, "names are of letters, digits and _, without a digit first", with(given{"on_boot": 60, "env": given{"A1": "b"}})},
		{"a setting that is an argument", "timer", with(given{"on_boot": 60, "settings": given{"User": "app"}}), "User is said by an argument of its own", "give command, user, group, cwd and env", with(given{"on_boot": 60, "user": "app"})},
		{"a setting of two", "timer", with(given{"on_boot": 60, "settings": given{"Nice": "5\nUser=root"}}), "is no text in one line", "", nil},
	})
	m := timerHost("", "", nil)
	m.Programs["systemd-analyze calendar dayly"] = func(*op.Exec) op.Result {
		return op.Result{Exec: &op.ExecResult{RC: 1, Stderr: "Failed to parse calendar specification 'dayly'\n"}}
	}
	m.Programs["systemd-analyze calendar daily"] = providertest.Exits(0, "Next elapse: ...")
	kit := providertest.New(t, providertest.Native(units.Types()), m)
	_, err := kit.Plan(unit(t, "timer", with(given{"on_calendar": []string{"daily", "dayly"}})))
	if err == nil || !strings.Contains(err.Message, `on_calendar = "dayly" is no time that systemd knows`) || err.Detail != "Failed to parse calendar specification 'dayly'" ||
		err.Hint != `times are such as "daily", "Mon..Fri 03:00" or "*-*-01 04:30"; systemd-analyze calendar tries them` {
		t.Errorf("%+v", err)
	}
	if _, err := kit.Plan(unit(t, "timer", with(given{"on_calendar": []string{"daily"}}))); err != nil {
		t.Errorf("%+v", err)
	}
}

// TestTimerNames: a service whose user is not there fails each time that it is to run.
func TestTimerNames(t *testing.T) {
	change, err := providertest.New(t, providertest.Native(units.Types()), timerHost("", "", nil)).
		Plan(unit(t, "timer", given{"command": "a", "on_boot": 60, "user": "ghost", "group": "ghosts"}))
	if err != nil || len(change.Needs) != 2 || change.Needs[0].Name != "ghost" || change.Needs[1].Name != "ghosts" {
		t.Errorf("planned %+v, %v", change, err)
	}
}
