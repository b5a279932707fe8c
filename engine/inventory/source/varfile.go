package source

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

// varExtensions are what a file of variables may end in, as in Ansible; the first that exists counts.
var varExtensions = []string{"", ".yml", ".yaml", ".json"}

// maxDirectories bounds how deeply directories of variables are nested.
const maxDirectories = 8

// varFiles reads the variables of groups and hosts that lie beside an inventory file.
func (r *reader) varFiles(dir string) {
	groups := r.entries(filepath.Join(dir, "group_vars"))
	if len(groups) > 0 {
		for _, name := range []string{inventory.All, inventory.Ungrouped} {
			r.draft.group(name, diag.Pos{File: dir})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.draft.groups)) {
		r.varFile(filepath.Join(dir, "group_vars"), groups, name, r.draft.groups[name].files)
	}
	hosts := r.entries(filepath.Join(dir, "host_vars"))
	for _, h := range r.draft.order {
		r.varFile(filepath.Join(dir, "host_vars"), hosts, h.name, h.files)
	}
}

// entries lists a directory; there may be none. Variables that cannot be read are
// an error: without them hosts would get other values.
func (r *reader) entries(dir string) map[string]bool {
	list, err := os.ReadDir(dir)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			r.draft.problem(diag.Pos{File: dir}, "variables: %w", err)
		}
		return nil
	}
	names := make(map[string]bool, len(list))
	for _, e := range list {
		names[e.Name()] = true
	}
	return names
}

func (r *reader) varFile(dir string, present map[string]bool, name string, into settings) {
	for _, ext := range varExtensions {
		if present[name+ext] {
			r.varTree(filepath.Join(dir, name+ext), into, 0)
			return
		}
	}
}

// varTree reads a file, or all files of a directory in the order of their names.
func (r *reader) varTree(path string, into settings, depth int) {
	info, err := os.Stat(path)
	if err != nil {
		r.draft.problem(diag.Pos{File: path}, "variables: %w", err)
		return
	}
	if !info.IsDir() {
		r.varsOf(path, into)
		return
	}
	list, err := os.ReadDir(path)
	if err != nil || depth == maxDirectories {
		r.draft.problem(diag.Pos{File: path}, "variables: the directory cannot be read, or is nested too deeply")
		return
	}
	for _, e := range list {
		hidden := strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~")
		if hidden || !e.IsDir() && e.Type()&fs.ModeSymlink == 0 && !slices.Contains(varExtensions, filepath.Ext(e.Name())) {
			continue
		}
		r.varTree(filepath.Join(path, e.Name()), into, depth+1)
	}
}

func (r *reader) varsOf(path string, into settings) {
	src, err := r.read(path)
	if err != nil {
		r.add(err)
		return
	}
	r.draft.variables(path, src, into)
}

// variables takes over the text of a file of variables.
func (d *draft) variables(path string, src []byte, into settings) {
	if bytes.HasPrefix(src, []byte("$ANSIBLE_VAULT;")) {
		d.warn(diag.Pos{File: path}, "the file is left out: it is %v", errVault).
			WithHint("give what the runbook needs of it on the command line, with -e")
		return
	}
	p := &yamlParser{draft: d, file: path}
	if root := p.document(src); root != nil {
		p.settings(root, "the file", into)
	}
}
