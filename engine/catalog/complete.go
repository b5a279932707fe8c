package catalog

import (
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/schema/check"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/unit"
)

// Complete checks a unit's arguments again, now that all are known, and returns the
// unit with them. The one that it was given stays as it was planned.
func (c *Catalog) Complete(planned *unit.Unit, values map[string]any) (*unit.Unit, error) {
	now := *planned
	u := &now
	for name, v := range values {
		if secret.DamagedValue(v) {
			return nil, (&diag.Error{Summary: name + ": it holds a part of a sensitive value: something looked into text that holds it, and cut or changed it there", Pos: u.Pos, Stack: u.Stack, Code: diag.Failed}).
				WithHint("do that to the sensitive value itself, before it is formatted into text")
		}
		if secret.MarkedValue(v) && !u.Sensitive {
			u.Sensitive, u.Given = true, true
		}
	}
	t := c.Type(u.ID.Type)
	checked, problems := c.checker.Resolve(t, &check.Checked{Args: u.Args, Blobs: u.Blobs}, values)
	if len(problems) > 0 {
		d := &diag.Error{Summary: problems[0].Message, Hint: problems[0].Hint, Pos: u.Pos, Stack: u.Stack, Code: diag.Failed}
		for _, p := range problems[1:] {
			d.Detail += p.Message + "\n"
		}
		if u.Sensitive {
			d.Summary, d.Detail = "a value that is known only now does not fit; what it is, is sensitive", ""
		}
		return nil, d
	}
	u.Args, u.Blobs, u.Later = checked.Args, checked.Blobs, nil
	return u, secret.Content(u.Blobs)
}
