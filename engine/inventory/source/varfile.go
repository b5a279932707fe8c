package source

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/vault"
)

// varExtensions are what a file of variables may end in, as in Ansible; the first that exists counts.
var varExtensions = []string{"", ".yml", ".yaml", ".json"}

// maxDirectories bounds how deeply directories of variables are nested.
const maxDirectories = 8

// varFiles reads the variables of groups and hosts that lie beside an inventory file.
func (r *reader) varFiles(dir string) {
	groups := r.entries(filepath.Join(dir, "group_vars"))
	for _, name := range []string{inventory.All, inventory.Ungrouped} {
		r.draft.group(name, diag.Pos{File: dir})
	}
	for _, name := range slices.Sorted(maps.Keys(r.draft.groups)) {
		g, into := r.draft.groups[name], settings{}
		r.varFile(filepath.Join(dir, "group_vars"), groups, name, into)
		if v, ok := into[groupPriority]; ok {
			r.draft.warn(v.pos, "%s has no effect in a file of variables, as in Ansible", groupPriority).
				WithHint("set it with the group in the inventory itself")
		}
		g.files = append(g.files, into)
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
		r.add(diag.ReadFailed("variables "+path, err))
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
		name, ext := filepath.Join(path, e.Name()), filepath.Ext(e.Name())
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") || !slices.Contains(varExtensions, ext) {
			continue
		}
		if info, err := os.Stat(name); err == nil && info.IsDir() && ext != "" {
			continue // as Ansible does
		}
		r.varTree(name, into, depth+1)
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
	src, ok := d.decrypted(path, src)
	if !ok {
		return
	}
	p := &yamlParser{draft: d, file: path}
	if root := p.document(src); root != nil {
		p.settings(root, "the file", into)
	}
}

// vaulted is a value that ansible-vault encrypted.
type vaulted struct {
	envelope *vault.Envelope
	err      error // that it is no envelope
	pos      diag.Pos
}

// vaulted notes an encrypted value.
func (d *draft) vaulted(text string, pos diag.Pos) vaulted {
	v := vaulted{pos: pos}
	if d.vault == nil {
		return v
	}
	if v.envelope, v.err = vault.Parse([]byte(strings.TrimSpace(text))); v.err == nil {
		d.sealed = append(d.sealed, v.envelope)
	}
	return v
}

// decrypted gives the text of a file that may be encrypted, false where that cannot be had, which is told.
func (d *draft) decrypted(path string, src []byte) ([]byte, bool) {
	if !vault.Is(src) {
		return src, true
	}
	if d.vault == nil {
		d.warn(diag.Pos{File: path}, "the file is left out: it is %v", errVault)
		return nil, false
	}
	e, err := vault.Parse(src)
	if err == nil {
		src, err = d.vault.Open(e)
	}
	if err != nil {
		d.locked(diag.Pos{File: path, Line: 1, Col: 1}, "the file", err)
		return nil, false
	}
	d.encrypted[path] = true
	return bytes.TrimPrefix(src, []byte("\ufeff")), true
}

// locked says why something encrypted cannot be read.
func (d *draft) locked(pos diag.Pos, what string, err error) {
	if _, refused := errors.AsType[*vault.RefusedError](err); refused || errors.Is(err, vault.ErrNoPassword) {
		d.unopened(pos, what, err)
		return
	}
	p := d.problem(pos, "%s is encrypted with ansible-vault, and cannot be read: %w", what, err)
	if e, ok := errors.AsType[*diag.Error](err); ok {
		p.Detail, p.Hint = e.Detail, e.Hint
	}
}

// unopened are the values of a file that no password opens, which are told once.
type unopened struct {
	told   *diag.Error
	what   string // the first of them
	places map[diag.Pos]bool
}

// unopened says that no password opens a value, the first of its file and how many others there are.
func (d *draft) unopened(pos diag.Pos, what string, err error) {
	key := pos.File + "\x00" + err.Error()
	u := d.locks[key]
	if u == nil {
		told := d.problem(pos, "%s is %w", what, err).WithHint("give the password that it was encrypted with: --vault-password-file FILE, or --vault-id LABEL@FILE")
		d.locks[key] = &unopened{told, what, map[diag.Pos]bool{pos: true}}
		return
	}
	if u.places[pos] {
		return
	}
	u.places[pos] = true
	if at := u.told.Pos; cmp.Or(cmp.Compare(pos.Line, at.Line), cmp.Compare(pos.Col, at.Col)) < 0 {
		u.told.Pos, u.what = pos, what
	}
	others := "so is another value of the file"
	if n := len(u.places) - 1; n > 1 {
		others = "so are " + strconv.Itoa(n) + " other values of the file"
	}
	u.told.Summary = u.what + " is " + err.Error() + "; " + others
}

// opened puts in the place of encrypted values what they hold, which mark makes fit to be passed on; some says that there were some.
func (d *draft) opened(name string, v any, mark func(string) string) (out any, some bool) {
	switch v := v.(type) {
	case vaulted:
		text, err := []byte(nil), v.err
		if err == nil {
			text, err = d.vault.Open(v.envelope)
		}
		if err != nil {
			d.locked(v.pos, "variable "+strconv.Quote(name), err)
		}
		return mark(string(text)), true
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			is := false
			list[i], is = d.opened(name, e, mark)
			some = some || is
		}
		return list, some
	case map[string]any:
		fields := make(map[string]any, len(v))
		for k, e := range v {
			is := false
			fields[k], is = d.opened(name, e, mark)
			some = some || is
		}
		return fields, some
	}
	return v, false
}

// shown is a value as it may be shown.
func shown(v any) any {
	switch v := v.(type) {
	case vaulted:
		return secret.Shown
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = shown(e)
		}
		return list
	case map[string]any:
		fields := make(map[string]any, len(v))
		for k, e := range v {
			fields[k] = shown(e)
		}
		return fields
	}
	return v
}

// showable is what is said of a file, which of an encrypted one must not quote it.
func (d *draft) showable(e *diag.Error) *diag.Error {
	if !d.encrypted[e.Pos.File] {
		return e
	}
	out := diag.Errorf(e.Pos, "the encrypted text is not as it has to be here; what stands there is not shown")
	out.Code = e.Code
	return out
}

// variable is a value and where it is set.
type variable struct {
	value any
	pos   diag.Pos
	of    string     // what it is set for, such as "group web"; "" until settings are merged
	over  []variable // what it replaces, the strongest first
}

type settings map[string]variable

func (s settings) origins() map[string]diag.Pos {
	out := make(map[string]diag.Pos, len(s))
	for name, v := range s {
		out[name] = v.pos
	}
	return out
}

// add puts more settings over these.
func (s settings) add(more settings) { s.addOf("", more) }

// addOf puts the settings of something over these.
func (s settings) addOf(of string, more settings) {
	for name, v := range more {
		if v.of == "" {
			v.of, v.over = of, slices.Clone(v.over)
			for i := range v.over {
				v.over[i].of = cmp.Or(v.over[i].of, of)
			}
		}
		s.set(name, v)
	}
}

// set gives a name a value. Of what is sensitive nothing is taken back.
func (s settings) set(name string, v variable) {
	before, ok := s[name]
	if ok && name == inventory.Sensitive {
		v.value = inventory.JoinNames(before.value, v.value)
	}
	if ok {
		over := before.over
		before.over = nil
		v.over = slices.Concat(v.over, []variable{before}, over)
	}
	s[name] = v
}
