package system

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// KernelModule is a module of the kernel. Its fields are described in kernel_module.cue.
type KernelModule struct {
	Name       string            `json:"name"`
	State      string            `json:"state"`
	Params     map[string]string `json:"params"`
	Persistent bool              `json:"persistent"`
}

// KernelModuleState is whether the module is there, and its files.
type KernelModuleState struct {
	Loaded bool                `json:"loaded,omitempty"`
	Boot   textfile.WholeState `json:"boot"`
	Params textfile.WholeState `json:"params"`
}

// boot is the file that has the module loaded at boot, params the one with its parameters.
func (k KernelModule) boot() textfile.Whole {
	return textfile.Whole{Path: "/etc/modules-load.d/" + k.Name + ".conf", Mode: 0o644, Label: "boot"}
}

func (k KernelModule) params() textfile.Whole {
	return textfile.Whole{Path: "/etc/modprobe.d/" + k.Name + ".conf", Mode: 0o644, Label: "parameters"}
}

// Read implements sdk.Resource.
func (k KernelModule) Read(t *sdk.T) KernelModuleState {
	ops := slices.Concat(k.boot().Ops(), k.params().Ops(), []op.Op{{Stat: &op.Stat{Path: "/sys/module/" + strings.ReplaceAll(k.Name, "-", "_")}}})
	results := t.All(ops...)
	return KernelModuleState{t.Must(results[4]).Stat.Exists, k.boot().State(t, results), k.params().State(t, results[2:])}
}

// Plan implements sdk.Resource.
func (k KernelModule) Plan(t *sdk.T, now KernelModuleState) {
	defer func() { t.Output(Output{Changed: t.Acted()}) }()
	if k.State == absent {
		k.boot().Remove(t, now.Boot)
		k.params().Remove(t, now.Params)
		if now.Loaded {
			t.Differ("loaded", true, false)
			k.modprobe(t, "-r", k.Name)
		}
		return
	}
	options := k.options()
	switch {
	case options != "":
		k.params().Write(t, now.Params, options)
	case strings.HasPrefix(now.Params.Text, "options "+k.Name+" "):
		k.params().Remove(t, now.Params)
	}
	if k.Persistent {
		k.boot().Write(t, now.Boot, k.Name+"\n")
	} else {
		k.boot().Remove(t, now.Boot)
	}
	if !now.Loaded {
		t.Differ("loaded", false, true)
		k.modprobe(t, k.Name)
	}
}

// Potential implements sdk.HasPotential.
func (k KernelModule) Potential(t *sdk.T) {
	k.boot().PotentialRemove(t)
	k.params().PotentialRemove(t)
	if k.State == absent {
		k.modprobe(t, "-r", k.Name)
		return
	}
	k.boot().PotentialWrite(t)
	k.params().PotentialWrite(t)
	k.modprobe(t, k.Name)
}

// options is the file of the parameters, "" for none.
func (k KernelModule) options() string {
	if len(k.Params) == 0 {
		return ""
	}
	words := []string{"options", k.Name}
	for _, name := range slices.Sorted(maps.Keys(k.Params)) {
		words = append(words, name+"="+k.Params[name])
	}
	return strings.Join(words, " ") + "\n"
}

// modprobe loads or unloads the module; it reads the parameters from their file.
func (k KernelModule) modprobe(t *sdk.T, args ...string) {
	run(t, append([]string{"modprobe"}, args...)...)
}

// run runs a program that has to end with 0.
func run(t *sdk.T, argv ...string) {
	r := t.Effect(op.Op{Exec: &op.Exec{Argv: argv}})
	if !t.Acting() {
		return
	}
	if r.Exec.RC != 0 {
		t.Fail(op.Permanent, strings.Join(argv, " ")+": exit code "+strconv.Itoa(r.Exec.RC)+" (expected 0)", strings.TrimSpace(r.Exec.Stdout+r.Exec.Stderr), "")
	}
	t.Changed()
}
