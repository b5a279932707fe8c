package inventory

import (
	"cmp"
	"context"
	_ "embed" // the script
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

// deepScript tells what a host is like, in lines of a name and a value. It changes nothing.
//
//go:embed deep.sh
var deepScript string

// finding is what a closer look at one thing of a host gave.
type finding struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Says  string `json:"says"`
	// Advice is what to do, where it is not all right.
	Advice string `json:"advice,omitempty"`
}

// look takes a closer look at the hosts that answer, side by side, over the connections that there are.
func look(ctx context.Context, f *client.Fleet, all []checked) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, f.Collector.Forks))
	var mu sync.Mutex
	for i, h := range f.Hosts {
		if !all[i].Answers {
			continue
		}
		g.Go(func() error {
			found, err := lookAt(ctx, f, h, &all[i])
			mu.Lock()
			defer mu.Unlock()
			all[i].Findings = found
			return err
		})
	}
	return g.Wait()
}

// lookAt takes a closer look at one host. What goes wrong with the host is a finding.
func lookAt(ctx context.Context, f *client.Fleet, h *inventory.Host, c *checked) ([]finding, error) {
	session, err := f.Collector.Pool.Connect(ctx, h)
	if err != nil {
		return nil, err
	}
	step := target.Step{
		User: h.ActsAs(), Timeout: time.Minute,
		Op: op.Op{Exec: &op.Exec{Shell: deepScript, Env: []string{"LOGIN=" + c.User}, ReadOnly: true, Limit: op.MaxOutput}},
	}
	began := time.Now()
	got, err := session.Do(ctx, []target.Step{step})
	if err == nil && got[0].Exec == nil { // sudo allows some programs only
		step.User = ""
		got, err = session.Do(ctx, []target.Step{step})
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err == nil && got[0].Exec == nil {
		err = errors.New("the host does not run the script that looks")
		if got[0].Error != nil {
			err = got[0].Error
		}
	}
	found := reached(h, c)
	if err != nil {
		return append(found, finding{Check: "host", Says: escape.Text(err.Error())}), nil
	}
	return append(found, read(got[0].Exec.Stdout).findings(began, time.Now())...), nil
}

// reached is what is known of the way to a host.
func reached(h *inventory.Host, c *checked) []finding {
	login := c.User + " by " + cmp.Or(c.By, "a login without a key")
	if h.Connection == inventory.Local {
		login = c.Address + ", no login"
	}
	found := []finding{{Check: "login", OK: true, Says: login}}
	if h.Connection == inventory.SSH {
		found = append(found, finding{Check: "host key", OK: true, Says: "known"})
	}
	acts := finding{Check: "become", OK: true, Says: "acts as " + c.ActsAs}
	if c.Limit != "" {
		acts.OK, acts.Says = false, acts.Says+", only "+c.Limit
		acts.Advice = "units that need other commands fail: let sudoers allow /bin/sh"
	}
	return append(found, acts)
}

// told is what the script printed: each name with its values, in their order.
type told map[string][]string

func read(text string) told {
	t := told{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		t[name] = append(t[name], ui.Readable(strings.TrimSpace(value)))
	}
	return t
}

// one is the first value of a name.
func (t told) one(name string) string {
	if len(t[name]) == 0 {
		return ""
	}
	return t[name][0]
}

func (t told) number(name string) (int64, bool) {
	n, err := strconv.ParseInt(t.one(name), 10, 64)
	return n, err == nil
}

// What a host needs, and a little more.
const (
	needKB     = 16 << 10 // of a directory, for the runner
	needInodes = 16
	needMemory = 32 << 10 // kB
	needSkew   = 5 * time.Second
)

// findings judges what a host told between two times.
func (t told) findings(began, ended time.Time) []finding {
	found := []finding{
		{Check: "shell", OK: true, Says: cmp.Or(t.one("shell"), "of no user that is known")},
		{Check: "architecture", OK: true, Says: cmp.Or(t.one("arch"), "unknown")},
		t.directory(), t.memory(), t.clock(began, ended), t.tools(),
		{Check: "python", OK: true, Says: "not needed"},
		t.systemd(), t.packages(),
	}
	return append(found, append(t.sshd(), t.lock())...)
}

// directory is where the runner goes, the first that is of use.
func (t told) directory() finding {
	f := finding{Check: "directory", Advice: "let one of them have 16 MB, and allow execution"}
	var without []string
	for _, line := range t["dir"] {
		fields := strings.Fields(line)
		if len(fields) != 4 {
			continue
		}
		name, state := fields[0], fields[1]
		kB, unknown := strconv.ParseInt(fields[2], 10, 64)
		inodes, err := strconv.ParseInt(fields[3], 10, 64)
		switch {
		case state != "exec":
		case unknown == nil && kB < needKB:
			state = "full"
		case err == nil && inodes < needInodes:
			state = "no inodes"
		default:
			f.OK, f.Advice = true, ""
			if f.Says = name + ", " + strconv.FormatInt(kB>>10, 10) + " MB free"; unknown != nil {
				f.Says = name + "; df does not tell what is free"
			}
			if len(without) > 0 {
				f.Says += "; not " + strings.Join(without, ", ")
			}
			return f
		}
		without = append(without, name+" ("+state+")")
	}
	f.Says = "none is of use: " + strings.Join(without, ", ")
	return f
}

func (t told) memory() finding {
	f := finding{Check: "memory", OK: true, Says: "unknown"}
	kB, known := t.number("memory")
	if limit, is := t.number("memorymax"); is && (!known || limit>>10 < kB) {
		kB, known = limit>>10, true
	}
	if known {
		f.Says = strconv.FormatInt(kB>>10, 10) + " MB available"
		if kB < needMemory {
			f.OK, f.Advice = false, "the runner takes some 10 MB, package managers take more: free some, or add swap"
		}
	}
	return f
}

func (t told) clock(began, ended time.Time) finding {
	f := finding{Check: "clock", OK: true, Says: "unknown"}
	seconds, known := t.number("time")
	if !known {
		return f
	}
	there, off := time.Unix(seconds, 0), time.Duration(0)
	switch { // the host's clock was read somewhere between the two, and is cut to seconds
	case there.Before(began.Add(-time.Second)):
		off = there.Sub(began)
	case there.After(ended):
		off = there.Sub(ended)
	}
	switch off = off.Round(time.Second); {
	case off == 0:
		f.Says = "as here"
	case off < 0:
		f.Says = (-off).String() + " behind"
	default:
		f.Says = off.String() + " ahead"
	}
	if off.Abs() > needSkew {
		f.OK, f.Advice = false, "set it, by NTP for example: timedatectl set-ntp true"
	}
	return f
}

func (t told) tools() finding {
	f := finding{Check: "tools", OK: true, Says: strings.Join(t["tool"], ", ")}
	if !slices.Contains(t["tool"], "gzip") && !slices.Contains(t["tool"], "zstd") {
		f.OK, f.Advice = false, "install gzip: without it three times as much is sent"
	}
	return f
}

func (t told) systemd() finding {
	f := finding{Check: "systemd", OK: true, Says: t.one("systemd")}
	switch f.Says {
	case "running":
	case "degraded":
		f.OK, f.Says, f.Advice = false, "degraded: "+t.one("failed"), "look at what failed: systemctl status "+t.one("failed")
	case "":
		f.OK, f.Says, f.Advice = false, "not there; the first process is "+cmp.Or(t.one("init"), "unknown"), "units of services, timers and mounts need it"
	default:
		f.OK, f.Advice = false, "wait until it is running: systemctl is-system-running --wait"
	}
	return f
}

func (t told) packages() finding {
	f := finding{Check: "packages", OK: true, Says: t.one("packages")}
	switch {
	case f.Says == "":
		f.OK, f.Says, f.Advice = false, "no package manager that is known", "units of packages need apt, dnf, zypper or pacman"
	case len(t["locked"]) > 0:
		f.OK, f.Says = false, f.Says+", in use: "+t.one("locked")
		f.Advice = "wait for what has it, which is told by: fuser " + t.one("locked")
	}
	return f
}

// sshd is how many sessions a connection may have, and when a silent one is ended, where that can be read.
func (t told) sshd() []finding {
	var found []finding
	if n, known := t.number("sessions"); known {
		f := finding{Check: "sessions", OK: n >= 2, Says: "at most " + strconv.FormatInt(n, 10) + " in a connection"}
		if !f.OK {
			f.Advice = "one is for each user that acts, and one for a relay: set MaxSessions to 10 in sshd_config"
		}
		found = append(found, f)
	}
	if n, known := t.number("alive"); known {
		says := "sshd asks nothing of a silent connection; froyo asks every 15 s"
		if n > 0 {
			says = "sshd asks every " + strconv.FormatInt(n, 10) + " s; froyo every 15 s"
		}
		found = append(found, finding{Check: "keepalive", OK: true, Says: says})
	}
	return found
}

func (t told) lock() finding {
	if len(t["held"]) > 0 {
		return finding{Check: "lock", Says: "held: " + t.one("held"), Advice: "another run changes the host: wait, or see froyo lock list"}
	}
	return finding{Check: "lock", OK: true, Says: "free"}
}

// deepTable is the findings for people: what is not all right with what to do, after all that is.
func deepTable(all []checked) string {
	rows := [][]string{{"HOST", "CHECK", "OK", "FOUND"}}
	for _, c := range all {
		for _, f := range c.Findings {
			rows = append(rows, []string{ui.Readable(c.Host), f.Check, map[bool]string{true: "yes", false: "no"}[f.OK], f.Says})
			if f.Advice != "" {
				rows = append(rows, []string{"", "", "", "→ " + f.Advice})
			}
		}
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	fmt.Fprintln(&b)
	return b.String()
}
