// Package agree compares what a provider tells of a change with what was read
// from the host and with what its effects do, where these speak of the same
// things: the mode, owner, group, content and target of the file that a unit is
// about, and whether a service is enabled or masked. A reader of a plan sees the
// differences, and what is done must not be something else.
//
// It imports providers/abi, runner/op and runner/codec.
package agree

import (
	"errors"
	"slices"
	"strconv"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// Check returns what a change contradicts, or nil. key is what tells the unit from
// others of its type, reads are what was asked of the host for it.
func Check(c *abi.Change, key string, reads []abi.Entry) error {
	if len(c.Effects) == 0 {
		return nil
	}
	f := found(key, reads)
	about := abouts(c.Effects, key)
	for _, check := range []func() error{
		func() error { return f.action(c.Action, about) },
		func() error { return f.befores(c) },
		func() error { return f.afters(c) },
		func() error { return f.untold(c, about) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// file is what was read of the file that a unit is about.
type file struct {
	stat *op.StatResult
	sum  string
}

func found(key string, reads []abi.Entry) file {
	var f file
	for _, r := range reads {
		switch {
		case r.Op.Stat != nil && r.Op.Stat.Path == key && !r.Op.Stat.Follow && r.Result.Stat != nil:
			f.stat = r.Result.Stat
		case r.Op.Read != nil && r.Op.Read.Path == key && r.Result.Read != nil:
			f.sum = r.Result.Read.Sum
		case r.Op.Text != nil && r.Op.Text.Path == key && r.Result.Text != nil && r.Result.Text.Type == op.TypeFile:
			f.sum = op.Sum([]byte(r.Result.Text.Text))
		}
	}
	return f
}

// abouts are the effects on the unit's own file, and those whose path is not known yet.
func abouts(effects []abi.Effect, key string) []abi.Effect {
	var own []abi.Effect
	for _, e := range effects {
		if isFile(e.Op) && (e.Op.Subject() == key || isOpen(e, "path")) {
			own = append(own, e)
		}
	}
	return own
}

// isFile reports whether an op changes a file by its path.
func isFile(o op.Op) bool { return o.Changes() && o.Kind().OnFiles() }

// action compares the action with whether the file is there.
func (f file) action(a abi.Action, about []abi.Effect) error {
	if f.stat == nil || len(about) == 0 {
		return nil
	}
	switch a {
	case abi.Create:
		if f.stat.Exists {
			return errors.New("says create, and " + about[0].Op.Subject() + " is there")
		}
	case abi.Update, abi.Delete, abi.Replace:
		if !f.stat.Exists {
			return errors.New("says " + string(a) + ", and " + about[0].Op.Subject() + " is not there")
		}
	case abi.None, abi.Run, abi.Probe:
	}
	return nil
}

// befores compares what is told to be there with what was read.
func (f file) befores(c *abi.Change) error {
	if f.stat == nil {
		return nil
	}
	for _, d := range c.Diffs {
		if len(d.Before) == 0 {
			continue
		}
		var was string
		switch d.Field {
		case "mode":
			was = octal(f.stat.Mode)
		case "owner":
			was = f.stat.Owner
		case "group":
			was = f.stat.Group
		case "target":
			was = f.stat.Target
		case "content":
			if sum := blobSum(d.Before); sum != f.sum {
				return errors.New("tells content before that was not read: sha256 " + orNone(sum) + ", read was " + orNone(f.sum))
			}
			continue
		default:
			continue
		}
		if told := text(d.Before); told != was || !f.stat.Exists {
			return errors.New("tells " + d.Field + " " + told + " before, read was " + orNone(was))
		}
	}
	return nil
}

// afters compares what is told to be there afterwards with what effects do.
func (f file) afters(c *abi.Change) error {
	for _, d := range c.Diffs {
		if d.Unknown || len(d.After) == 0 {
			continue
		}
		speaks, agrees, does := false, false, ""
		for _, e := range c.Effects {
			for _, value := range values(e, d.Field) {
				speaks = true
				if value.open || value.text == after(d) {
					agrees = true
				}
				does = value.text
			}
		}
		if speaks && !agrees {
			return errors.New("tells " + d.Field + " " + after(d) + " after, and announces " + orNone(does))
		}
	}
	return nil
}

// after is what a difference says will be, as values spell it.
func after(d abi.Diff) string {
	if d.Field == "content" {
		return blobSum(d.After)
	}
	return text(d.After)
}

// value is what an effect does to a field.
type value struct {
	text string
	open bool // it is known only after apply
}

// values are what an effect does to a field that people call by a name: none
// where it leaves it alone.
func values(e abi.Effect, field string) []value {
	fields, err := abi.Fields(e.Op)
	if err != nil {
		return nil
	}
	switch field {
	case "mode":
		return modes(e)
	case "content":
		if e.Op.Write != nil {
			return []value{{blobSum(fields["content"]), isOpen(e, "content")}}
		}
	case "owner", "group", "target":
		if isFile(e.Op) && (fields[field] != nil || isOpen(e, field)) {
			return []value{{text(fields[field]), isOpen(e, field)}}
		}
	case "enabled", "masked":
		if e.Op.SvcEnsure != nil {
			return []value{{text(fields[field]), isOpen(e, field)}}
		}
	}
	return nil
}

// modes are the modes that an effect sets: that of directories counts, too, and
// what is new has one that is not named.
func modes(e abi.Effect) []value {
	a, fresh := e.Op.Attributes()
	if a == nil {
		return nil
	}
	if isOpen(e, "mode") || isOpen(e, "dir_mode") {
		return []value{{open: true}}
	}
	var all []value
	for _, m := range []*uint32{a.Mode, a.DirMode} {
		if m != nil {
			all = append(all, value{text: octal(*m)})
		}
	}
	if a.Mode == nil && fresh != 0 {
		all = append(all, value{text: octal(fresh)})
	}
	return all
}

// untold looks for attributes that effects on the unit's own file change and that
// no difference tells.
func (f file) untold(c *abi.Change, about []abi.Effect) error {
	if f.stat == nil {
		return nil
	}
	fresh := !f.stat.Exists || f.stat.Type == op.TypeLink
	for _, e := range about {
		a, usual := e.Op.Attributes()
		if a == nil {
			continue
		}
		now := octal(f.stat.Mode)
		if fresh {
			if usual == 0 {
				usual = 0o644
			}
			now = octal(usual)
		}
		if mode := a.Mode; mode != nil {
			if f.stat.Type == op.TypeDir && a.DirMode != nil {
				mode = a.DirMode
			}
			if octal(*mode) != now && !tells(c, "mode") {
				return errors.New("announces mode " + octal(*mode) + ", and tells no difference in it")
			}
		}
		for _, o := range []struct {
			name, want, now string
			id              uint32
		}{{"owner", a.Owner, f.stat.Owner, f.stat.UID}, {"group", a.Group, f.stat.Group, f.stat.GID}} {
			same := !fresh && (o.want == o.now || o.want == strconv.FormatUint(uint64(o.id), 10))
			if o.want != "" && !same && !tells(c, o.name) {
				return errors.New("announces " + o.name + " " + o.want + ", and tells no difference in it")
			}
		}
	}
	return nil
}

func tells(c *abi.Change, field string) bool {
	for _, d := range c.Diffs {
		if d.Field == field {
			return true
		}
	}
	return false
}

func isOpen(e abi.Effect, field string) bool {
	return slices.Contains(e.Unknown, field)
}

// text is a JSON string without its quotes, or the value as it is.
func text(raw codec.Raw) string {
	var s string
	if codec.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func blobSum(raw codec.Raw) string {
	var b op.Blob
	if codec.Unmarshal(raw, &b) != nil {
		return ""
	}
	return b.Sum
}

// octal writes permissions as providers do: "0644".
func octal(bits uint32) string {
	s := strconv.FormatUint(uint64(bits), 8)
	for len(s) < 4 {
		s = "0" + s
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
