package flags

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/input"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/vault"
	"github.com/openfroyo/froyo/providers/yamlfault"
	"github.com/openfroyo/froyo/runtime/console"
)

const varPrefix = "FROYO_VAR_"

// maxVars bounds a file of variables.
const maxVars = 16 << 20

// Texts are what files of variables hold, by the names of the files.
type Texts map[string][]byte

// Texts reads the files of -e, each once: a FIFO is empty afterwards.
func (f *Vars) Texts(ctx context.Context) (Texts, error) {
	all := Texts{}
	for _, e := range f.Extra {
		name, is := strings.CutPrefix(e, "@")
		if _, known := all[name]; !is || known {
			continue
		}
		text, err := input.File{Name: name, What: "-e @" + name, Max: maxVars}.Read(ctx)
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return all, nil
}

// Values gathers the runbook's variables: the environment first, then -e in
// their order, the later winning. What is encrypted in a file is opened by v, and is secret.
func (f *Vars) Values(texts Texts, environ []string, v *vault.Vault) (map[string]any, error) {
	vars := map[string]any{}
	for _, entry := range environ {
		if rest, ok := strings.CutPrefix(entry, varPrefix); ok {
			if k, v, ok := strings.Cut(rest, "="); ok && k != "" {
				vars[k] = v
			}
		}
	}
	for _, e := range f.Extra {
		if file, ok := strings.CutPrefix(e, "@"); ok {
			more, err := varFile(file, texts[file], v)
			if err != nil {
				return nil, err
			}
			if said, ok := vars[inventory.Sensitive]; ok {
				more[inventory.Sensitive] = inventory.JoinNames(said, more[inventory.Sensitive])
			}
			maps.Copy(vars, more)
			continue
		}
		k, v, ok := strings.Cut(e, "=")
		if !ok || k == "" {
			return nil, diag.Errorf(diag.Pos{}, "-e %q is neither k=v nor @FILE", e).WithHint("for example -e port=8080, or -e @vars.yaml")
		}
		if !isName(k) {
			return nil, diag.Errorf(diag.Pos{}, "-e %q: %q is no name of a variable", e, k).
				WithHint("a name has letters, digits and _, and begins with no digit; several variables are several -e")
		}
		if said, ok := vars[k]; ok && k == inventory.Sensitive {
			vars[k] = inventory.JoinNames(said, v)
			continue
		}
		vars[k] = v
	}
	return vars, nil
}

// isName reports whether a runbook can spell the name of a variable: vars.NAME.
func isName(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// varFile reads variables from the text of a YAML or JSON file, whose top is a mapping.
func varFile(name string, data []byte, v *vault.Vault) (_ map[string]any, err error) {
	encrypted := vault.Is(data)
	if encrypted {
		if data, err = unlock(v, data); err != nil {
			return nil, locked(diag.Pos{File: name, Line: 1, Col: 1}, "the file", err)
		}
	}
	vars, err := variables(name, data, v)
	if err != nil || !encrypted {
		if _, said := errors.AsType[*diag.Error](err); encrypted && said {
			err = diag.Errorf(diag.Pos{File: name}, "the encrypted text is no mapping of variables; what stands there is not shown")
		}
		return vars, err
	}
	for name, value := range vars {
		if name != inventory.Sensitive {
			vars[name] = secret.Mark(value)
		}
	}
	return vars, nil
}

func variables(name string, data []byte, v *vault.Vault) (map[string]any, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, notVariables(name, err)
	}
	if err := unlockValues(name, &root, v); err != nil {
		return nil, err
	}
	var vars map[string]any
	if err := root.Decode(&vars); err != nil {
		return nil, notVariables(name, err)
	}
	plain, err := plainValue(vars)
	if err != nil {
		return nil, diag.Errorf(diag.Pos{File: name}, "%w", err)
	}
	return plain.(map[string]any), nil
}

// unlockValues puts what encrypted values hold in their place.
func unlockValues(name string, n *yaml.Node, v *vault.Vault) error {
	if n.Kind == yaml.ScalarNode && (n.Tag == "!vault" || n.Tag == "!vault-encrypted") {
		text, err := unlock(v, []byte(strings.TrimSpace(n.Value)))
		if err != nil {
			return locked(diag.Pos{File: name, Line: n.Line, Col: n.Column}, "the value", err)
		}
		n.Tag, n.Value, n.Style = "!!str", secret.Given(string(text)), yaml.DoubleQuotedStyle
	}
	for _, inner := range n.Content {
		if err := unlockValues(name, inner, v); err != nil {
			return err
		}
	}
	return nil
}

// notVariables says what is wrong with a file of variables.
func notVariables(name string, err error) error {
	pos, why := diag.Pos{File: name}, ""
	if _, valid := errors.AsType[*yaml.TypeError](err); !valid { // else it is a list or the like
		f := yamlfault.Of(err)[0]
		pos.Line, why = f.Line, ": "+f.Text
	}
	return (&diag.Error{Summary: "not a mapping of variables" + why, Pos: pos, Cause: err}).WithHint("write one \"name: value\" per line")
}

// plainValue turns what YAML gives into the plain data that runbooks take.
func plainValue(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, float64, int64:
		return v, nil
	case int:
		return int64(v), nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = plainValue(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			var err error
			if out[k], err = plainValue(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("the value %v has the type %T, which a variable cannot have; quote it", v, v)
}

// WarnOfArguments says that a secret stands in the command line of this process. vars are the
// variables, of which those that are sensitive are marked.
func (f *Vars) WarnOfArguments(c *console.Console, vars map[string]any) {
	for _, e := range f.Extra {
		name, value, ok := strings.Cut(e, "=")
		if !ok || strings.HasPrefix(e, "@") || value == "" || !secret.MarkedValue(vars[name]) {
			continue
		}
		c.Errors.Warnings([]*diag.Error{(&diag.Error{
			Summary: fmt.Sprintf("-e %s=...: whoever lists the processes of this machine reads its value, which is sensitive", name),
		}).WithHint("set FROYO_VAR_%s in the environment, or use -e @FILE", name)})
	}
}
