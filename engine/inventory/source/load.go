// Package source reads inventories: from CUE, from Ansible's INI and YAML, from
// programs that speak Ansible's JSON protocol, from directories of these, or
// from a list on the command line.
//
// No template is evaluated to find an inventory; of passwords alone it may be said that they are those of
// another variable. What ansible-vault encrypted is opened, and is a secret from then on. Beside the standard library the package
// imports engine/input, engine/inventory, engine/inventory/literal, engine/secret and its vault, engine/diag, engine/cuefile, runner/command/kind
// and the parsers of CUE and YAML; it starts no process itself.
package source

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// Options are what Load needs to know of its surroundings.
type Options struct {
	// Home is what ~ stands for in the paths of keys.
	Home string
	// Trust, where it is not nil, is asked before a file is read or run.
	Trust func(path string) error
	// Run runs a program and returns what it prints; where it is nil, inventories that are programs are refused.
	// An error that wraps syscall.ENOEXEC says that the file is no program.
	Run func(path string, args ...string) ([]byte, error)
	// Vault opens what ansible-vault encrypted; where it is nil, that is left out.
	Vault *vault.Vault
	// Registered are hosts that are known beside the sources.
	Registered []Registered
}

// Registered is a host that was onboarded. No source may have one of its name.
type Registered struct {
	Name, Address, User string
	Port                int // 0 is SSH's
	// Key is a key of the workspace, KeyFile a file that holds one; "" for the one that is not it.
	Key, KeyFile string
	Labels       map[string]string
}

// RegisteredBy is where hosts are from that were onboarded.
const RegisteredBy = "froyo onboard list"

// maxFile bounds what is read of a file.
const maxFile = 16 << 20

// Load reads sources and merges them, the later winning. A source is the path
// of a file, a directory of such files, or a list of hosts, which contains a
// comma: "h1,", "ops@h1:2222,[::1]:22".
// The error joins a *diag.Error for each problem.
//
// A file's format is told by its name (.cue, .ini, .cfg, .yml, .yaml, .json),
// else by its content. One that is executable is run with --list instead, once,
// and with --host NAME if what it prints has no _meta.hostvars. Of a directory
// all files are read in the order of their names, but those that Ansible ignores.
//
// Files group_vars/G and host_vars/H beside a file or in a directory that is a
// source, in YAML, or directories of these, are read as well. Of two values for
// a variable, as in Ansible, host_vars win over the host in the inventory, this
// over group_vars, and these over the groups in the inventory; inner groups over
// outer ones, and of files those of the later source.
//
// A relative path of a key counts from the directory of a CUE file; in Ansible's
// formats, as there, from the working directory. A host named localhost is
// this machine itself unless something says how to reach it.
func Load(ctx context.Context, sources []string, opts Options) (*inventory.Inventory, error) {
	d := newDraft(opts.Home)
	d.vault = opts.Vault
	r := &reader{draft: d, trust: opts.Trust, run: opts.Run}
	r.open = func(path string) ([]byte, error) {
		return input.File{Name: path, What: "inventory " + path, Max: maxFile}.Read(ctx)
	}
	for _, source := range sources {
		r.source(source)
	}
	for _, dir := range r.dirs {
		r.varFiles(dir)
	}
	for _, h := range opts.Registered {
		r.registered(h)
	}
	return d.resolve()
}

// registered adds a host that was onboarded.
func (r *reader) registered(t Registered) {
	d, pos := r.draft, diag.Pos{File: RegisteredBy}
	if other := d.hosts[t.Name]; other != nil {
		d.problem(other.pos, "host %q stands here, and was onboarded (%s@%s)", t.Name, t.User, t.Address).
			WithHint("give it another name here, or drop the one that was onboarded: froyo onboard forget %s", t.Name)
		return
	}
	h := d.host(t.Name, pos)
	if h == nil {
		return
	}
	if t.Labels != nil {
		h.labels = t.Labels
	}
	set := func(name string, value any) { h.vars[name] = variable{value: value, pos: pos} }
	set("ansible_host", t.Address)
	set("ansible_user", t.User)
	set("ansible_become", true)
	if t.Port != 0 {
		set("ansible_port", int64(t.Port))
	}
	if t.KeyFile != "" {
		set("ansible_ssh_private_key_file", t.KeyFile)
	}
	if t.Key != "" {
		set(privateKey, keyName(t.Key))
	}
}

// reader reads sources into a draft.
type reader struct {
	draft *draft
	trust func(path string) error
	run   func(path string, args ...string) ([]byte, error)
	open  func(path string) ([]byte, error)
	dirs  []string // where group_vars and host_vars may lie, the weakest first
}

func (r *reader) source(source string) {
	info, err := os.Stat(source)
	switch {
	case err != nil && strings.Contains(source, ","):
		r.hostList(source)
		return
	case errors.Is(err, fs.ErrNotExist):
		r.draft.problem(diag.Pos{}, "there is no inventory file %q", source).
			WithHint("to name hosts instead, end the list with a comma: -i %s,", strings.TrimSpace(source))
		return
	case err != nil:
		r.add(diag.ReadFailed("inventory "+source, err))
		return
	}
	dir := filepath.Dir(source)
	if info.IsDir() {
		dir = filepath.Clean(source)
		r.directory(source, 0)
	} else {
		r.file(source)
	}
	// The last time that a directory is named counts.
	r.dirs = append(slices.DeleteFunc(r.dirs, func(other string) bool { return other == dir }), dir)
}

func (r *reader) hostList(list string) {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			r.draft.hostsOf(entry, diag.Pos{})
		}
	}
}

func (r *reader) file(path string) {
	if r.program(path) {
		return
	}
	src, err := r.read(path)
	if err != nil {
		r.add(err)
		return
	}
	if bytes.HasPrefix(src, []byte("#!")) {
		r.draft.problem(diag.Pos{File: path, Line: 1, Col: 1}, "the inventory is a program, but it is not executable").
			WithHint("chmod +x %s", path)
		return
	}
	src, ok := r.draft.decrypted(path, src)
	if !ok {
		return
	}
	switch formatOf(path, src) {
	case formatCUE:
		r.parseCUE(path, src)
	case formatYAML:
		r.draft.parseYAML(path, src)
	case formatINI:
		r.draft.parseINI(path, string(src))
	}
}

// add takes over the problems that err joins.
func (r *reader) add(err error) {
	for e := range diag.All(err) {
		if p, ok := errors.AsType[*diag.Error](e); ok {
			r.draft.problems = append(r.draft.problems, p)
		} else {
			r.draft.problem(diag.Pos{}, "%w", e)
		}
	}
}

// trusts asks whether a file may be used.
func (r *reader) trusts(path string) error {
	if r.trust == nil {
		return nil
	}
	return r.trust(path)
}

func (r *reader) read(path string) ([]byte, error) {
	if err := r.trusts(path); err != nil {
		return nil, err
	}
	src, err := r.open(path)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(src, []byte("\ufeff")), nil
}

type format int

const (
	formatINI format = iota
	formatYAML
	formatCUE
)

func formatOf(path string, src []byte) format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".cue":
		return formatCUE
	case ".yml", ".yaml", ".json":
		return formatYAML
	case ".ini", ".cfg":
		return formatINI
	}
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case strings.HasPrefix(line, "//"), strings.HasPrefix(line, "package "), strings.HasPrefix(line, "import "),
			strings.HasPrefix(line, "hosts: "), strings.HasPrefix(line, "groups: "):
			return formatCUE
		case line == "---", line[0] == '{', strings.HasSuffix(line, ":"):
			return formatYAML
		}
		break
	}
	return formatINI
}

// ignoredEnds are the ends of names that Ansible leaves out of a directory: its INVENTORY_IGNORE_EXTS.
var ignoredEnds = []string{".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".ini", ".cfg", ".retry"}

// directory reads all inventories of a directory, in the order of their names, as Ansible does.
func (r *reader) directory(dir string, depth int) {
	list, err := os.ReadDir(dir)
	if err != nil || depth == maxDirectories {
		r.draft.problem(diag.Pos{File: dir}, "the directory of inventories cannot be read, or is nested too deeply")
		return
	}
	read := 0
	for _, e := range list {
		path := filepath.Join(dir, e.Name())
		if r.ignored(dir, e.Name(), depth) {
			continue
		}
		read++
		info, err := os.Stat(path)
		switch {
		case err != nil:
			r.draft.problem(diag.Pos{File: path}, "inventory: %w", err)
		case info.IsDir():
			r.directory(path, depth+1)
		case !info.Mode().IsRegular():
			r.draft.problem(diag.Pos{File: path}, "want a file with an inventory, got a %s", info.Mode().Type())
		default:
			r.file(path)
		}
	}
	if read == 0 && depth == 0 {
		r.draft.problem(diag.Pos{File: dir}, "the directory holds no inventory").
			WithHint("left out are names that begin with a dot or end in %s", strings.Join(ignoredEnds, " "))
	}
}

// ignored reports whether Ansible leaves a name out, and tells of those that may well have been meant.
func (r *reader) ignored(dir, name string, depth int) bool {
	path := filepath.Join(dir, name)
	switch {
	case strings.HasPrefix(name, "."), name == "vars_plugins":
		return true
	case name == "group_vars", name == "host_vars":
		if depth > 0 {
			r.draft.warn(diag.Pos{File: path}, "left out, as in Ansible: of nested directories no variables are read").
				WithHint("move it beside the inventories at the top, or name the nested directory with an -i of its own")
		}
		return true
	}
	i := slices.IndexFunc(ignoredEnds, func(end string) bool { return strings.HasSuffix(name, end) })
	if i < 0 {
		return false
	}
	if end := ignoredEnds[i]; name != "ansible.cfg" && (end == ".ini" || end == ".cfg") {
		r.draft.warn(diag.Pos{File: path}, "left out, as in Ansible: in a directory, names that end in %s are no inventories", end).
			WithHint("remove the end of its name, or name it with an -i of its own")
	}
	return true
}
