package hostapi

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/runner/op"
)

// The arguments that several methods have.
var (
	paramPath  = eval.Param{Name: "path", Kind: "string"}
	paramRunAs = eval.Param{Name: "run_as", Kind: "string", Optional: true}
)

func optional(name, kind string) eval.Param {
	return eval.Param{Name: name, Kind: kind, Optional: true}
}

type method = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

func methods() map[string]method {
	return map[string]method{
		"stat": hostStat, "read": hostRead, "read_bytes": hostRead, "find": hostFind, "query": hostQuery, "getent": hostGetent,
		"checksum": hostChecksum, "packages": hostPackages, "services": hostServices, "mounts": hostMounts,
		"listening": hostListening, "processes": hostProcesses,
	}
}

// Methods documents the methods of hosts.
func Methods() []eval.Builtin { return append(questions(), liveMethods()...) }

// questions documents what is asked of files, programs and names.
func questions() []eval.Builtin {
	return []eval.Builtin{
		{
			Name: "host.stat",
			Doc: "What is at a path: exists, type, mode (\"0644\"), owner, group, size, target. " +
				"While planning it is the state before any change; inside a lambda it is live.",
			Example: `file("/etc/app.d/x", content = "on", when = lambda: host.stat("/etc/app.d").exists)`,
			Params:  []eval.Param{paramPath, optional("follow", "bool"), paramRunAs},
		},
		{
			Name: "host.read",
			Doc: "The text of a file, or None if there is none. A file that is not UTF-8, or larger than max_size " +
				"(default 1 MiB, at most 16 MiB), is an error.",
			Example: `release = host.read("/etc/app/release")`,
			Params:  []eval.Param{paramPath, paramRunAs, optional("max_size", "int")},
		},
		{
			Name:    "host.read_bytes",
			Doc:     "The bytes of a file, as host.read returns its text: for files that are not text.",
			Example: `file("/srv/key", content = host.read_bytes("/etc/app/key"))`,
			Params:  []eval.Param{paramPath, paramRunAs, optional("max_size", "int")},
		},
		{
			Name: "host.find",
			Doc: "What is in a directory, and with recurse = True all that is below it, sorted by path, each with path, type, mode, owner, group, size; " +
				"None if there is no such directory. With newer = \"7d\" only what was modified since, by the clock of the host: files that " +
				"got another content, and directories in which something was made, renamed or removed. A time is such as \"90s\", \"24h\" or \"7d\".",
			Example: `old = [e.path for e in host.find("/srv/releases") if e.type == "directory"]
recent = host.find("/etc", recurse = True, newer = "1d")`,
			Params: []eval.Param{paramPath, optional("recurse", "bool"), optional("newer", "string"), paramRunAs},
		},
		{
			Name: "host.query",
			Doc: "Runs a program that changes nothing, given as a list or as a shell command, and returns rc, stdout and stderr, and stdout_bytes and stderr_bytes. " +
				"It runs while planning. Output that is longer than max_output bytes (default 65536, at most 1048576), " +
				"or that is not UTF-8 text, is an error where it is used.",
			Example: `version = host.query(["nginx", "-v"]).stderr`,
			Params:  []eval.Param{{Name: "command", Kind: "string or list of strings"}, paramRunAs, optional("max_output", "int")},
		},
		{
			Name: "host.getent",
			Doc: "Looks a name up in passwd (name, uid, gid, gecos, home, shell) or group (name, gid, members); " +
				"None if it does not exist.",
			Example: `home = host.getent("passwd", "deploy").home`,
			Params:  []eval.Param{{Name: "db", Kind: "string"}, {Name: "key", Kind: "string"}},
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
