package source

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

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
