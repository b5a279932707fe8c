package resource

import (
	"fmt"

	"github.com/openfroyo/froyo/builtins/eval"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
)

// secrecy makes a unit sensitive that was given a secret, and refuses what is
// left of one that something has cut.
func (r *resource) secrecy(d *draft, fail func(*diag.Error)) {
	for name, v := range d.args {
		if secret.DamagedValue(v) {
			fail((&diag.Error{Summary: fmt.Sprintf("%s of %s: it holds a part of a sensitive value: something looked into text that holds it, and cut or changed it there", name, r.typ.Name)}).
				WithHint("do that to the sensitive value itself, before it is formatted into text"))
		}
		if secret.MarkedValue(v) {
			d.unit.Given = d.unit.Given || !d.unit.Sensitive
			d.unit.Sensitive, d.marked = true, true
		}
	}
	if secret.Marked(d.unit.User) {
		fail(&diag.Error{Summary: "run_as: a user's name cannot be sensitive"})
	}
}

// sealed gives the name of a unit whose own holds a secret.
func (r *resource) sealed(s *eval.Scope, d *draft, key string, fail func(*diag.Error)) string {
	_, named := d.args[r.typ.KeyAlias].(string)
	switch {
	case secret.Marked(key) && (r.typ.KeyAlias == "" || named):
		fail((&diag.Error{Summary: fmt.Sprintf("the name of a %s cannot be sensitive: it stands in plans, logs and state", r.typ.Name)}).
			WithHint("only what is named may be"))
		return secret.Mask(key)
	case r.typ.KeyAlias != "" && !named && d.unit.Sensitive && key != "":
		seal, err := s.Env().Sealer()
		if err != nil {
			fail(&diag.Error{Summary: err.Error(), Cause: err})
			return ""
		}
		return secret.Name(key, seal)
	}
	return key
}
