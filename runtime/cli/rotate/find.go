package rotate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret/source"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/runtime/cli/here"
)

const (
	// most bounds the files that are looked at.
	most = 5000
	// standard is how a secret is made of which no runbook says it.
	standard = "password(24)"
)

// findRunbooks finds the runbooks in which the name of the secret stands, or that load a file in which it does. Others are
// named on the command line.
func (r *rotation) findRunbooks() error {
	if len(r.Runbooks) > 0 {
		if err := r.misplaced(); err != nil {
			return err
		}
		r.runbooks = r.Runbooks
		return nil
	}
	texts, err := r.texts()
	if err != nil {
		return err
	}
	named := regexp.MustCompile(`["']` + regexp.QuoteMeta(r.Name) + `["']`)
	for file, text := range texts {
		if reaches(texts, file, func(text string) bool { return named.MatchString(text) }, map[string]bool{}) && declares(text) {
			r.runbooks = append(r.runbooks, here.Path(filepath.Join(r.root(), filepath.FromSlash(file))))
		}
	}
	slices.Sort(r.runbooks)
	return nil
}

// misplaced refuses a runbook that is not there, or that is how to make a secret and belongs to --generate.
func (r *rotation) misplaced() error {
	for _, file := range r.Runbooks {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		e := &diag.Error{Summary: "there is no runbook " + file, Cause: fs.ErrNotExist}
		if source.Check(file) == nil {
			return e.WithHint("the form belongs to the flag: froyo secret rotate %s --generate=%s", r.Name, wording.Quote(file))
		}
		return e.WithHint("without one, the runbooks in which its name stands are taken: froyo secret rotate %s", r.Name)
	}
	return nil
}

func (r *rotation) root() string {
	if r.at.Root != "" {
		return r.at.Root
	}
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

// texts are the files of the workspace in the language of runbooks, by their paths.
func (r *rotation) texts() (texts map[string]string, err error) {
	files, err := r.at.Files(r.root())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	texts = map[string]string{}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // what cannot be read is no runbook
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || name == "data"):
			return fs.SkipDir
		case !d.Type().IsRegular() || path.Ext(name) != ".star":
			return nil
		case len(texts) == most:
			return (&diag.Error{Summary: fmt.Sprintf("the workspace has more than %d files of Starlark", most)}).
				WithHint("name the runbooks, and how the secret is made: froyo secret rotate %s FILE --generate=FORM", r.Name)
		}
		text, err := fs.ReadFile(files, name)
		if err == nil {
			texts[name] = string(text)
		}
		return nil
	})
	return texts, err
}

var (
	loads = regexp.MustCompile(`(?m)^\s*load\(\s*["']([^"']+)["']`)
	// plays are what only a runbook has: a play, or units at the top level.
	plays = regexp.MustCompile(`(?m)^[a-z_]+(\s*=\s*[a-z_]+)?\(`)
)

// declares reports whether a file may be a runbook, and not one that others load.
func declares(text string) bool {
	for _, call := range plays.FindAllString(text, -1) {
		if call = strings.TrimSuffix(call, "("); call != "load" && call != "action" && call != "handler" {
			return true
		}
	}
	return false
}

// reaches reports whether a file, or one that it loads, has what is looked for.
func reaches(texts map[string]string, file string, has func(string) bool, seen map[string]bool) bool {
	text, there := texts[file]
	if !there || seen[file] {
		return false
	}
	seen[file] = true
	if has(text) {
		return true
	}
	for _, m := range loads.FindAllStringSubmatch(text, -1) {
		name := path.Join(path.Dir(file), m[1])
		if rest, ofRoot := strings.CutPrefix(m[1], "//"); ofRoot {
			name = path.Clean(rest)
		}
		if reaches(texts, name, has, seen) {
			return true
		}
	}
	return false
}

// form is how the runbooks make the secret.
func (r *rotation) form() (string, error) {
	texts, err := r.texts()
	if err != nil {
		return "", err
	}
	said := regexp.MustCompile(`secret\(\s*["']` + regexp.QuoteMeta(r.Name) + `["']\s*,\s*(?:generate\s*=\s*)?(?:"([^"]+)"|'([^']+)')`)
	var forms []string
	for _, text := range texts {
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			if form := m[1] + m[2]; !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	slices.Sort(forms)
	switch len(forms) {
	case 0:
		r.console.Errors.Note("no runbook says how " + r.Name + " is made: " + standard)
		return standard, nil
	case 1:
		return forms[0], nil
	}
	return "", (&diag.Error{Summary: "the runbooks make " + r.Name + " in several ways: " + strings.Join(forms, ", ")}).
		WithHint("say which: froyo secret rotate %s --generate=%s", r.Name, wording.Quote(forms[0]))
}
