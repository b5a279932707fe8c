package lookup

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/py"
	"github.com/openfroyo/froyo/builtins/jinja/pyliteral"
)

// find finds a file that must be there.
func (c *call) find(dir string, name value) (string, error) {
	s, ok := name.(starlark.String)
	if !ok {
		return "", py.Errorf("a path is a text, not %s", py.TypeName(name))
	}
	if c.run.Files == nil {
		return "", py.Errorf("there are no files")
	}
	at, found, err := c.run.Files.Find(dir, string(s))
	if err != nil {
		return "", err
	}
	if !found {
		return "", failf("there is no file %q", string(s))
	}
	return at, nil
}

// read reads the text of a file.
func (c *call) read(name value) (string, error) {
	at, err := c.find("files", name)
	if err != nil {
		return "", err
	}
	s, err := c.run.Files.Read(at)
	switch {
	case err != nil:
		return "", py.Errorf("%s cannot be read: %s", at, err)
	case !utf8.ValidString(s):
		return "", py.Errorf("%s is no text in UTF-8", at)
	case strings.HasPrefix(s, "$ANSIBLE_VAULT;"):
		return "", py.Errorf("%s is a file of Ansible Vault, which froyo cannot open; give the text to template() as sensitive(vars.x)", at)
	}
	return s, c.run.Step(1 + len(s)/64)
}

func files(c *call) ([]value, error) {
	var out []value
	for _, term := range c.terms {
		s, err := c.read(term)
		if err != nil {
			return nil, err
		}
		if boolean(c.args.Values[1]) {
			s = strings.TrimLeftFunc(s, py.IsSpace)
		}
		if boolean(c.args.Values[0]) {
			s = strings.TrimRightFunc(s, py.IsSpace)
		}
		out = append(out, starlark.String(s))
	}
	return out, nil
}

func templates(c *call) ([]value, error) {
	more := map[string]value{}
	switch vars := c.args.Values[1].(type) {
	case starlark.NoneType:
	case *starlark.Dict:
		for _, item := range vars.Items() {
			name, ok := item[0].(starlark.String)
			if !ok {
				return nil, py.Errorf("the name of a variable is a text, not %s", py.TypeName(item[0]))
			}
			if s, ok := item[1].(starlark.String); ok && IsTemplate(string(s)) {
				return nil, py.Errorf("template_vars has a template in it: %s; write it as an expression", name)
			}
			more[string(name)] = item[1]
		}
	default:
		return nil, py.Errorf("template_vars is a dict, not %s", py.TypeName(vars))
	}
	var out []value
	for _, term := range c.terms {
		at, err := c.find("templates", term)
		if err != nil {
			return nil, err
		}
		v, err := c.rendered(at, more, boolean(c.args.Values[0]))
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// onlyVariable matches a template that is one variable, of which Ansible keeps the type.
var onlyVariable = regexp.MustCompile(`^\{\{\s*(\w+)\s*\}\}\n?$`)

// rendered is what a template renders. convert makes lists, dicts and booleans of it. As in Ansible, a text in which
// nothing is to be rendered stays as it is.
func (c *call) rendered(at string, more map[string]value, convert bool) (value, error) {
	raw, err := c.run.Files.Read(at)
	if err != nil {
		return nil, py.Errorf("%s cannot be read: %s", at, err)
	}
	if !IsTemplate(raw) {
		return starlark.String(raw), nil
	}
	if m := onlyVariable.FindStringSubmatch(raw); m != nil {
		v, found := more[m[1]]
		if !found {
			if v, found, err = c.run.Variable(m[1]); err != nil {
				return nil, err
			}
		}
		switch v.(type) {
		case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float:
			if found {
				return v, nil
			}
		}
	}
	s, err := c.run.Files.Render(c.run, at, more)
	if err != nil || !convert {
		return starlark.String(s), err
	}
	v, err := pyliteral.Convert(s)
	if err != nil {
		return nil, py.Errorf("%s: %s", at, err)
	}
	return v, nil
}

func fileGlob(c *call) ([]value, error) {
	var out []value
	for _, term := range c.terms {
		pattern, ok := term.(starlark.String)
		if !ok {
			return nil, failf("a pattern is a text, not %s", py.TypeName(term))
		}
		if c.run.Files == nil {
			return nil, py.Errorf("there are no files")
		}
		if strings.ContainsAny(path.Base(string(pattern)), `[\`) {
			return nil, py.Errorf("a pattern has * and ? only, got %s", pattern)
		}
		found, err := c.run.Files.Glob("files", string(pattern))
		if err != nil {
			return nil, err
		}
		if err := c.run.Step(len(found)); err != nil {
			return nil, err
		}
		for _, at := range found {
			out = append(out, starlark.String("//"+at))
		}
	}
	return out, nil
}

// candidates are the names that first_found looks for.
type candidates struct {
	names []value
	skip  bool
}

func firstFound(c *call) ([]value, error) {
	var all candidates
	if err := all.add(c, c.terms, c.args.Values); err != nil {
		return nil, err
	}
	for _, name := range all.names {
		at, err := c.find("files", name)
		if _, none := err.(failure); none { //nolint:errorlint // find does not wrap it
			continue
		}
		if err != nil {
			return nil, err
		}
		return []value{starlark.String("//" + at)}, nil
	}
	if all.skip {
		return nil, nil
	}
	return nil, failf("there is none of the files")
}

// add adds what terms name. options are files, paths and skip.
func (a *candidates) add(c *call, terms, options []value) error {
	for _, term := range terms {
		if err := c.run.Step(1); err != nil {
			return err
		}
		use := options
		switch t := term.(type) {
		case *starlark.Dict:
			b, err := py.Params("files=None, paths=None, skip=False").Bind("first_found", keywords(t))
			if err != nil {
				return err
			}
			use = b.Values
		case starlark.String:
		case *starlark.List:
			more, _ := py.Elements(t) // of a list there is no error
			var part candidates
			if err := part.add(c, more, options); err != nil {
				return err
			}
			a.names, a.skip = append(a.names, part.names...), part.skip
			continue
		default:
			return failf("a term is a text, a dict or a list, not %s", py.TypeName(term))
		}
		names, err := split(use[0], ",;")
		if err != nil {
			return err
		}
		dirs, err := split(use[1], ",:;")
		if err != nil {
			return err
		}
		a.skip = boolean(use[2])
		switch {
		case len(dirs) > 0:
			for _, dir := range dirs {
				for _, name := range names {
					a.names = append(a.names, starlark.String(join(dir, name)))
				}
			}
		case len(names) > 0:
			a.names = nil
			for _, name := range names {
				a.names = append(a.names, starlark.String(name))
			}
		default:
			a.names = append(a.names, term)
		}
	}
	return nil
}

func keywords(d *starlark.Dict) (a py.Args) {
	for _, item := range d.Items() {
		name, _ := starlark.AsString(item[0])
		a.Named = append(a.Named, py.NamedArg{Name: name, Value: item[1]})
	}
	return a
}

// join is a path in a directory, as Python joins them.
func join(dir, name string) string {
	switch {
	case strings.HasPrefix(name, "/") || dir == "":
		return name
	case strings.HasSuffix(dir, "/"):
		return dir + name
	}
	return dir + "/" + name
}

// split is a list of names, in each of which several may stand.
func split(v value, at string) ([]string, error) {
	var texts []string
	switch v := v.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.String:
		for part := range strings.SplitSeq(string(v), ",") {
			texts = append(texts, strings.TrimFunc(part, py.IsSpace))
		}
	case *starlark.List:
		parts, _ := py.Elements(v) // of a list there is no error
		for _, part := range parts {
			s, ok := part.(starlark.String)
			if !ok {
				return nil, failf("a path is a text, not %s", py.TypeName(part))
			}
			texts = append(texts, string(s))
		}
	default:
		return nil, failf("files and paths are lists, not %s", py.TypeName(v))
	}
	var out []string
	for _, s := range texts {
		out = append(out, fields(s, at)...)
	}
	return out, nil
}

// fields splits a text at each of some characters.
func fields(s, at string) []string {
	var out []string
	for {
		i := strings.IndexAny(s, at)
		if i < 0 {
			return append(out, s)
		}
		out = append(out, s[:i])
		s = s[i+1:]
	}
}
