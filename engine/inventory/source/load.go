// Package source reads inventories: from CUE, from Ansible's INI and YAML, or
// from a list on the command line.
//
// An inventory is what the operator wrote and nothing else: no program is run
// and no template evaluated to find it, and passwords have no place in it.
// Beside the standard library the package imports engine/inventory,
// engine/diag, engine/cuefile and the parsers of CUE and YAML.
package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// Options are what Load needs to know of its surroundings.
type Options struct {
	// Home is what ~ stands for in the paths of keys.
	Home string
	// Trust, where it is not nil, is asked before a file is read.
	Trust func(path string) error
}

// maxFile bounds what is read of a file.
const maxFile = 16 << 20

// Load reads sources and merges them, the later winning. A source is the path
// of a file, or a list of hosts, which contains a comma: "h1,", "ops@h1:2222,[::1]:22".
// The error joins a *diag.Error for each problem.
//
// A file's format is told by its name (.cue, .ini, .cfg, .yml, .yaml, .json),
// else by its content. Files group_vars/G and host_vars/H beside it, in YAML, or
// directories of these, are read as well. Of two values for a variable, as in
// Ansible, host_vars win over the host in the inventory, this over group_vars,
// and these over the groups in the inventory; inner groups over outer ones.
//
// A relative path of a key counts from the directory of a CUE file; in Ansible's
// formats, as there, from the working directory. A host named localhost is
// this machine itself unless something says how to reach it.
func Load(sources []string, opts Options) (*inventory.Inventory, error) {
	d := newDraft(opts.Home)
	r := &reader{draft: d, trust: opts.Trust}
	for _, source := range sources {
		r.source(source)
	}
	for _, dir := range r.dirs {
		r.varFiles(dir)
	}
	return d.resolve()
}

// reader reads sources into a draft.
type reader struct {
	draft *draft
	trust func(path string) error
	dirs  []string // where inventory files lie
}

func (r *reader) source(source string) {
	info, err := os.Stat(source)
	switch {
	case err != nil && strings.Contains(source, ","):
		r.hostList(source)
	case errors.Is(err, fs.ErrNotExist):
		r.draft.problem(diag.Pos{}, "there is no inventory file %q", source).
			WithHint("to name hosts instead, end the list with a comma: -i %s,", strings.TrimSpace(source))
	case err != nil:
		r.draft.problem(diag.Pos{}, "inventory %w", err)
	case info.IsDir():
		r.draft.problem(diag.Pos{}, "inventory %q is a directory, which is not supported", source).
			WithHint("give its files, each with -i of its own: CUE, Ansible INI or YAML")
	default:
		r.file(source)
	}
}

func (r *reader) hostList(list string) {
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			r.draft.hostsOf(entry, diag.Pos{})
		}
	}
}

func (r *reader) file(path string) {
	src, err := r.read(path)
	if err != nil {
		r.add(err)
		return
	}
	if bytes.HasPrefix(src, []byte("#!")) {
		r.draft.problem(diag.Pos{File: path, Line: 1, Col: 1}, "an inventory that is a program is not supported").
			WithHint("run it yourself, and give what it prints as a file: CUE, Ansible INI or YAML")
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
	if dir := filepath.Dir(path); !slices.Contains(r.dirs, dir) {
		r.dirs = append(r.dirs, dir)
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

func (r *reader) read(path string) ([]byte, error) {
	if r.trust != nil {
		if err := r.trust(path); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	defer f.Close()
	src, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	if len(src) > maxFile {
		return nil, diag.Errorf(diag.Pos{File: path}, "the file is larger than %d MiB", maxFile>>20)
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
