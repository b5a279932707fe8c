package availability

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// Reboot is a restart of the host. Its fields are described in reboot.cue.
type Reboot struct {
	Condition string `json:"condition"`
	Timeout   string `json:"timeout"`
}

// RebootState is why the host needs a restart, "" where it does not. Unsure says that it cannot be asked whether packages do.
type RebootState struct {
	Why    string `json:"why,omitempty"`
	Unsure bool   `json:"unsure,omitempty"`
}

// RebootOutput is what the unit offers to later ones.
type RebootOutput struct {
	Changed bool `json:"changed"`
}

const (
	marker   = "/run/reboot-required"
	packages = marker + ".pkgs"
	release  = "/proc/sys/kernel/osrelease"
	modules  = "/usr/lib/modules"
	// maxText bounds the texts that are read, maxKernels the kernels that are.
	maxText, maxKernels = 64 << 10, 1000
	// rebootNeeded is what zypper needs-rebooting ends with where that is so; needs-restarting -r ends with 1.
	rebootNeeded = 102
)

// Read asks, in one round trip, whether the host needs a restart.
func (r Reboot) Read(t *sdk.T) RebootState {
	if r.Condition == "always" {
		return RebootState{}
	}
	stat := func(path string) op.Op { return op.Op{Stat: &op.Stat{Path: path}} }
	results := t.All(
		stat(marker), op.Op{Text: &op.Text{Path: packages, Limit: maxText}},
		stat("/run/systemd/container"), stat("/.dockerenv"),
		op.Op{Text: &op.Text{Path: release, Limit: maxText, Unsafe: true}}, op.Op{List: &op.List{Path: modules, Limit: maxKernels}},
		stat("/vmlinuz"), stat("/boot/vmlinuz"),
		stat("/usr/bin/dnf"), ask("needs-restarting", "-r"), ask("zypper", "--non-interactive", "needs-rebooting"),
	)
	if t.Must(results[0]).Stat.Exists {
		return RebootState{Why: marker + " is there" + since(results[1])}
	}
	contained := t.Must(results[2]).Stat.Exists || t.Must(results[3]).Stat.Exists
	if why := newKernel(t, results[4:8]); why != "" && !contained {
		return RebootState{Why: why}
	}
	dnf, answer := t.Must(results[8]).Stat.Exists, results[9]
	switch {
	case answer.Exec != nil && answer.Exec.RC == 1:
		return RebootState{Why: "needs-restarting -r says so"}
	case results[10].Exec != nil && results[10].Exec.RC == rebootNeeded:
		return RebootState{Why: "zypper needs-rebooting says so"}
	}
	if answer.Exec != nil && answer.Exec.RC != 0 {
		t.Fail(op.Permanent, "needs-restarting -r ended with "+strconv.Itoa(answer.Exec.RC), answer.Exec.Stderr, "run it on the host to see why")
	}
	return RebootState{Unsure: dnf && answer.Exec == nil}
}

func ask(argv ...string) op.Op {
	return op.Op{Exec: &op.Exec{Argv: argv, ReadOnly: true}}
}

// since names the packages that ask for the restart, as far as the host says.
func since(r op.Result) string {
	if r.Text == nil {
		return ""
	}
	var names []string
	for line := range strings.Lines(r.Text.Text) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(names, line) {
			names = append(names, line)
		}
	}
	const most = 5
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		return ", for " + strings.Join(names[:most], ", ") + " and others"
	}
	return ", for " + strings.Join(names, ", ")
}

// newKernel compares the running kernel with those that are installed: its release, the list of their modules, and the links to the
// one that is started next.
func newKernel(t *sdk.T, results []op.Result) string {
	if results[0].Text == nil {
		return ""
	}
	running := strings.TrimSpace(results[0].Text.Text)
	if running == "" {
		return ""
	}
	for _, link := range results[2:4] {
		s := t.Must(link).Stat
		if next := strings.TrimPrefix(path.Base(s.Target), "vmlinuz-"); s.Type == op.TypeLink && strings.Contains(s.Target, "vmlinuz-") && next != running {
			return "the kernel " + running + " runs, and " + next + " is the next"
		}
	}
	if results[1].List == nil || len(results[1].List.Entries) == 0 || results[1].List.More {
		return ""
	}
	for _, e := range results[1].List.Entries {
		if e.Path == running {
			return ""
		}
	}
	return "the kernel " + running + " runs and is no longer installed"
}

// Plan restarts the host where it needs it.
func (r Reboot) Plan(t *sdk.T, now RebootState) {
	switch {
	case r.Condition == "always":
		t.Reason("condition is always")
	case now.Why != "":
		t.Reason(now.Why)
	case now.Unsure:
		t.Reason("whether the host needs it is not known yet")
		need(t)
	default:
		t.Reason("the host does not need it")
		t.Output(RebootOutput{})
		return
	}
	r.restart(t)
	t.Output(RebootOutput{Changed: t.Acted()})
}

// need announces the program without which dnf cannot tell whether the host needs a restart.
func need(t *sdk.T) {
	t.Needs(abi.Need{
		What: "program needs-restarting", Kind: "program", Name: "needs-restarting", Paths: []string{"/usr/bin/needs-restarting"},
		Hint: `without it dnf cannot tell whether the host needs a restart; what brings it has to be declared before, such as pkg("dnf-utils")`,
	})
}

func (r Reboot) restart(t *sdk.T) {
	t.Action(abi.Run)
	t.Effect(op.Op{Restart: &op.Restart{TimeoutMS: milliseconds(t, "timeout", r.Timeout)}})
}

// Potential restarts the host.
func (r Reboot) Potential(t *sdk.T) { r.restart(t) }
