package hostapi

import (
	"strings"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/args"
	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/builtins/plain"
	"github.com/openfroyo/froyo/builtins/result"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts/procfs"
	"github.com/openfroyo/froyo/runner/op"
)

// The namespaces of facts that host.packages and host.services ask for anew.
const (
	packagesFacts = "pkg.manifest"
	servicesFacts = "svc.units"
)

// liveMethods documents what is asked of a host as it is now.
func liveMethods() []eval.Builtin {
	return []eval.Builtin{
		{
			Name:    "host.checksum",
			Doc:     "The SHA-256 of a file's content in hex, or None if there is no file. The content stays on the host.",
			Example: `same = host.checksum("/etc/a") == host.checksum("/etc/b")`,
			Params:  []eval.Param{paramPath, paramRunAs},
		},
		{
			Name: "host.packages",
			Doc: "The installed packages as they are now: a dict of versions by name. host.facts.pkg.manifest.packages has those " +
				"of the beginning of the plan, and a saved plan then depends only on those that the runbook looks at.",
			Example: `service("nginx", state = "stopped", when = lambda: "nginx" in host.packages())`,
		},
		{
			Name: "host.services",
			Doc: "The services of systemd as they are now: a dict by name, of structs with active, sub and load. host.facts.svc.units.units has " +
				"those of the beginning of the plan.",
			Example: `print([name for name, s in host.services().items() if s.active == "failed"])`,
		},
		{
			Name:    "host.mounts",
			Doc:     "What is mounted, in its order: a list of structs with target, source, fstype and options.",
			Example: `tmpfs = [m.target for m in host.mounts() if m.fstype == "tmpfs"]`,
		},
		{
			Name: "host.listening",
			Doc: "The ports on which the host listens: a list of structs with protocol (\"tcp\", \"udp\"), address, port, and the uid " +
				"of who listens. It needs awk.",
			Example: `open = [s.port for s in host.listening() if s.address in ["0.0.0.0", "::"]]`,
		},
		{
			Name: "host.processes",
			Doc: "The processes of a program, by its name without the path: a list of structs with pid, parent, user and command, which is empty where none runs. " +
				"It needs ps of procps. A saved plan is stale once these processes are others.",
			Example: `workers = [p for p in host.processes("nginx") if p.user == "www-data"]`,
			Params:  []eval.Param{{Name: "name", Kind: "string"}, paramRunAs},
		},
	}
}

func hostChecksum(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var (
		q     op.Read
		runAs string
	)
	if err := args.Unpack(b.Name(), pos, kw, "path", &q.Path, "run_as?", &runAs); err != nil {
		return nil, err
	}
	answer, err := ask(thread, b, runAs, op.Op{Read: &q})
	if err != nil {
		return nil, err
	}
	switch r := answer.Read; {
	case r == nil:
		return nil, noAnswer(b)
	case !r.Exists:
		return starlark.None, nil
	case !r.Regular:
		return nil, eval.BadAnswer(receiver(b).inv.Name, nil, "%s: %s is not a regular file", b.Name(), q.Path)
	default:
		return plain.Text(r.Sum), nil
	}
}

// askFacts asks for a namespace of facts as the host is now.
func askFacts(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple, namespace string) (*op.FactsResult, error) {
	if err := args.Unpack(b.Name(), pos, kw); err != nil {
		return nil, err
	}
	answer, err := ask(thread, b, "", op.Op{Facts: &op.Facts{Namespaces: []string{namespace}}})
	if err != nil {
		return nil, err
	}
	if answer.Facts == nil {
		return nil, noAnswer(b)
	}
	return answer.Facts, nil
}

func hostPackages(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	told, err := askFacts(thread, b, pos, kw, packagesFacts)
	if err != nil {
		return nil, err
	}
	if told.PkgManifest == nil || told.PkgManifest.Manager == "" {
		return nil, unsupported(b, "package manager")
	}
	values := make(map[string]any, len(told.PkgManifest.Packages))
	for name, version := range told.PkgManifest.Packages {
		values[name] = version
	}
	return whole(b, values)
}

func hostServices(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	told, err := askFacts(thread, b, pos, kw, servicesFacts)
	if err != nil {
		return nil, err
	}
	if told.SvcUnits == nil || told.SvcUnits.Manager == "" {
		return nil, unsupported(b, "service manager")
	}
	services := starlark.NewDict(len(told.SvcUnits.Units))
	for name, u := range told.SvcUnits.Units {
		entry := result.New("service "+name, nil, map[string]any{"active": u.Active, "sub": u.Sub, "load": u.Load})
		if err := services.SetKey(plain.Text(name), entry); err != nil {
			return nil, err
		}
	}
	return services, nil
}

func unsupported(b *starlark.Builtin, what string) error {
	h := receiver(b)
	return eval.BadAnswer(h.inv.Name, nil, "%s: froyo does not know the %s of %s", b.Name(), what, h.inv.Name).
		WithHint("host.query can ask for it")
}

// whole is plain data of a host that holds no text which was cut off or is not UTF-8.
func whole(b *starlark.Builtin, values any) (starlark.Value, error) {
	if !isWhole(values) {
		return nil, receiver(b).notWhole(b.Name())
	}
	return plain.From(values)
}

func hostMounts(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := args.Unpack(b.Name(), pos, kw); err != nil {
		return nil, err
	}
	answer, err := ask(thread, b, "", op.Op{Text: &op.Text{Path: "/proc/self/mountinfo", Limit: op.MaxText, Unsafe: true}})
	switch {
	case err != nil:
		return nil, err
	case answer.Text == nil:
		return nil, noAnswer(b)
	}
	mounts, err := procfs.Mounts(answer.Text.Text)
	if err != nil || len(mounts) == 0 {
		return nil, eval.BadAnswer(receiver(b).inv.Name, err, "%s: what /proc/self/mountinfo says cannot be read", b.Name())
	}
	entries := make([]any, len(mounts))
	for i, m := range mounts {
		options := make([]any, len(m.Options))
		for j, o := range m.Options {
			options[j] = o
		}
		entries[i] = map[string]any{"target": m.Target, "source": m.Source, "fstype": m.Type, "options": options}
	}
	return structs(b, entries)
}

func hostListening(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	if err := args.Unpack(b.Name(), pos, kw); err != nil {
		return nil, err
	}
	said, err := say(thread, b, "", op.Exec{Shell: procfs.ListenScript, ReadOnly: true, Limit: op.MaxOutput}, 0)
	if err != nil {
		return nil, err
	}
	sockets, err := procfs.Sockets(said)
	if err != nil {
		return nil, eval.BadAnswer(receiver(b).inv.Name, err, "%s: what /proc/net says cannot be read: %v", b.Name(), err)
	}
	entries := make([]any, len(sockets))
	for i, s := range sockets {
		entries[i] = map[string]any{"protocol": s.Protocol, "address": s.Address, "port": int64(s.Port), "uid": int64(s.UID)}
	}
	return structs(b, entries)
}

func hostProcesses(thread *starlark.Thread, b *starlark.Builtin, pos starlark.Tuple, kw []starlark.Tuple) (starlark.Value, error) {
	var name, runAs string
	if err := args.Unpack(b.Name(), pos, kw, "name", &name, "run_as?", &runAs); err != nil {
		return nil, err
	}
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " ,\n") {
		return nil, (&diag.Error{Summary: b.Name() + ": name: expected the name of one program, as ps shows it without its path"}).
			WithHint(`for example host.processes("nginx")`)
	}
	said, err := say(thread, b, runAs, op.Exec{Argv: []string{"ps", "-ww", "-o", procfs.ProcessColumns, "-C", name}, ReadOnly: true, Limit: op.MaxOutput}, 1)
	if err != nil {
		return nil, err
	}
	processes, err := procfs.Processes(said)
	if err != nil {
		return nil, eval.BadAnswer(receiver(b).inv.Name, err, "%s: what ps says cannot be read: %v", b.Name(), err)
	}
	entries := make([]any, len(processes))
	for i, p := range processes {
		entries[i] = map[string]any{"pid": int64(p.PID), "parent": int64(p.Parent), "user": p.User, "command": p.Command} //nolint:gosec // far below the limit
	}
	return structs(b, entries)
}

// say is what a program says that ends with 0, or with another code that says that there is nothing.
func say(thread *starlark.Thread, b *starlark.Builtin, runAs string, q op.Exec, nothing int) (string, error) {
	answer, err := ask(thread, b, runAs, op.Op{Exec: &q})
	if err != nil {
		return "", err
	}
	r, name := answer.Exec, receiver(b).inv.Name
	switch {
	case r == nil:
		return "", noAnswer(b)
	case r.RC == nothing && r.Stdout == "":
		return "", nil
	case r.RC != 0:
		return "", eval.BadAnswer(name, nil, "%s: exit code %d (expected 0): %s", b.Name(), r.RC, strings.TrimSpace(r.Stderr))
	case r.StdoutCut || r.StdoutRaw != "":
		return "", eval.BadAnswer(name, nil, "%s: the answer is longer than %d bytes, or no UTF-8 text", b.Name(), op.MaxOutput).WithHint("host.query can ask for it")
	}
	return r.Stdout, nil
}

// structs are plain data as a list of structs.
func structs(b *starlark.Builtin, entries []any) (starlark.Value, error) {
	if !isWhole(entries) {
		return nil, receiver(b).notWhole(b.Name())
	}
	return plain.FromStruct(entries)
}
