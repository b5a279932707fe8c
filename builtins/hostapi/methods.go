package hostapi

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/runner/op"
)

type method = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func methods() map[string]method {
	return map[string]method{
		"stat": hostStat, "read": hostRead, "read_bytes": hostRead, "find": hostFind, "query": hostQuery, "getent": hostGetent,
		"checksum": hostChecksum, "packages": hostPackages, "services": hostServices, "mounts": hostMounts,
		"listening": hostListening, "processes": hostProcesses,
	}
}

// Methods documents the methods of hosts.
func Methods() []eval.Builtin {
	return []eval.Builtin{
		{
			Name: "host.stat",
			Doc: "What is at a path: exists, type, mode (\"0644\"), owner, group, size, target. " +
				"While planning it is the state before any change; inside a lambda it is live.",
			Example: `file("/etc/app.d/x", content = "on", when = lambda: host.stat("/etc/app.d").exists)`,
		},
		{
			Name: "host.read",
			Doc: "The text of a file, or None if there is none. A file that is not UTF-8, or larger than max_size " +
				"(default 1 MiB, at most 16 MiB), is an error.",
			Example: `release = host.read("/etc/app/release")`,
		},
		{
			Name:    "host.read_bytes",
			Doc:     "The bytes of a file, as host.read returns its text: for files that are not text.",
			Example: `file("/srv/key", content = host.read_bytes("/etc/app/key"))`,
		},
		{
			Name:    "host.find",
			Doc:     "What is below a directory, sorted by path, each with path, type, mode, owner, group, size; None if there is no such directory.",
			Example: `old = [e.path for e in host.find("/srv/releases") if e.type == "directory"]`,
		},
		{
			Name: "host.query",
			Doc: "Runs a program that changes nothing, given as a list or as a shell command, and returns rc, stdout and stderr, and stdout_bytes and stderr_bytes. " +
				"It runs while planning. Output that is longer than max_output bytes (default 65536, at most 1048576), " +
				"or that is not UTF-8 text, is an error where it is used.",
			Example: `version = host.query(["nginx", "-v"]).stderr`,
		},
		{
			Name: "host.getent",
			Doc: "Looks a name up in passwd (name, uid, gid, gecos, home, shell) or group (name, gid, members); " +
				"None if it does not exist.",
			Example: `home = host.getent("passwd", "deploy").home`,
		},
		{
			Name:    "host.checksum",
			Doc:     "The SHA-256 of a file's content in hex, or None if there is no file. The content stays on the host.",
			Example: `same = host.checksum("/etc/a") == host.checksum("/etc/b")`,
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
		},
	}
}

// ask puts a method's question to the host that it is a method of.
func ask(thread *starlark.Thread, b *starlark.Builtin, runAs string, o op.Op) (op.Result, error) {
	return eval.Of(thread).Ask(b.Name(), receiver(b).inv, runAs, o)
}

func receiver(b *starlark.Builtin) *Host { return b.Receiver().(*Host) }

func object(fields starlark.StringDict) starlark.Value {
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
}

func noAnswer(b *starlark.Builtin) error {
	h := receiver(b)
	return eval.BadAnswer(h.inv.Name, nil, "%s: the answer of %s does not fit the question", b.Name(), h.inv.Name)
}
