package system

import (
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/providers/textfile"
	"github.com/openfroyo/froyo/runner/op"
)

// Sysctl is a parameter of the kernel. Its fields are described in sysctl.cue.
type Sysctl struct {
	Name          string `json:"name"`
	Value         any    `json:"value"`
	State         string `json:"state"`
	File          string `json:"file"`
	Live          bool   `json:"live"`
	IgnoreMissing bool   `json:"ignore_missing"`
}

// SysctlState is the file that sets the parameter, and its value in the running kernel.
type SysctlState struct {
	File op.TextResult `json:"file"`
	Live op.TextResult `json:"live"`
	// Resets are the parameters of the file that change with this one.
	Resets []Reset `json:"resets"`
}

// SysctlOutput is what a parameter offers to later units.
type SysctlOutput struct {
	Changed bool   `json:"changed"`
	Before  string `json:"before"`
}

// maxValue is how many bytes the value of a parameter may have.
const maxValue = 4 << 10

// path is where the kernel shows the parameter.
func (s Sysctl) path() string { return "/proc/sys/" + canonical(s.Name) }

// canonical writes a name with slashes between its parts, as the kernel does: what stands first in it, a dot or a
// slash, is between them, and the other one is a part's own.
func canonical(name string) string {
	name = strings.TrimPrefix(name, "-")
	if i := strings.IndexAny(name, "./"); i < 0 || name[i] == '/' {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, name)
}

// Read implements sdk.Resource.
func (s Sysctl) Read(t *sdk.T) SysctlState {
	results := t.All(
		op.Op{Text: &op.Text{Path: s.File, Limit: op.MaxText}},
		op.Op{Text: &op.Text{Path: s.path(), Limit: maxValue, Unsafe: true}},
	)
	found := SysctlState{File: *t.Must(results[0]).Text}
	// A parameter that cannot be read can be set all the same.
	if results[1].Error == nil {
		found.Live = *results[1].Text
	} else {
		found.Live = op.TextResult{Exists: true, Type: op.TypeFile}
	}
	if s.State != absent {
		found.Resets = s.present(t, s.others(found.File.Text))
	}
	return found
}

// Plan implements sdk.Resource.
func (s Sysctl) Plan(t *sdk.T, now SysctlState) {
	before := normal(now.Live.Text)
	switch {
	case s.State == absent:
		s.edit(t, now.File, "")
	case t.Unknown("value"):
		t.DifferUnknown("value", before)
		if s.Live {
			s.set(t, nil, "content")
			s.keep(t, now.Resets)
		}
		s.write(t, nil, "content")
	default:
		value := s.value()
		s.live(t, now, before, value) // first, so that a value that the kernel refuses stands in no file
		s.edit(t, now.File, value)
	}
	t.Output(SysctlOutput{Changed: t.Acted(), Before: before})
}

// Potential implements sdk.HasPotential.
func (s Sysctl) Potential(t *sdk.T) {
	s.write(t, nil, "content")
	if s.State != absent && s.Live {
		s.set(t, nil, "content")
		for _, name := range s.usual() {
			s.setOne(t, name, nil, "content")
		}
	}
}

// value is the wanted value as a text.
func (s Sysctl) value() string {
	switch v := s.Value.(type) {
	case string:
		return normal(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatInt(int64(v), 10)
	}
	return ""
}

// normal writes the parts of a value with one blank between them.
func normal(value string) string { return strings.Join(strings.Fields(value), " ") }

// edit sets the parameter in its file, or takes it out of it.
func (s Sysctl) edit(t *sdk.T, now op.TextResult, value string) {
	switch {
	case now.Exists && (now.Type != op.TypeFile || now.Binary || now.Long > 0):
		t.Fail(op.Conflict, s.File+" is no text file that can be edited", "", "move it away, or give another file")
	case !now.Exists && value == "":
		return
	case now.NoParent:
		textfile.NeedDirectory(t, s.File)
	}
	after := s.lines(now.Text, value)
	if after == now.Text && now.Exists {
		return
	}
	if !now.Exists {
		t.Action(abi.Create)
	}
	t.DifferText("content", now.Text, after, !now.Exists)
	s.write(t, &op.Blob{Text: &after})
}

// lines is the text with the parameter set once, or not at all for no value.
func (s Sysctl) lines(text, value string) string {
	set := s.Name + " = " + value + "\n"
	var out []string
	done := value == ""
	for _, line := range textfile.Lines(text) {
		name, was, is := setting(line)
		if !is || name != canonical(s.Name) {
			out = append(out, line)
			continue
		}
		if done {
			continue // it stands there twice, or must go
		}
		done = true
		if was == value && strings.HasSuffix(line, "\n") {
			out = append(out, line)
		} else {
			out = append(out, set)
		}
	}
	if !done {
		if n := len(out); n > 0 && !strings.HasSuffix(out[n-1], "\n") {
			out[n-1] += "\n"
		}
		out = append(out, set)
	}
	return strings.Join(s.first(out), "")
}

func (s Sysctl) write(t *sdk.T, content *op.Blob, unknown ...string) {
	t.Effect(op.Op{Write: &op.Write{Path: s.File, Content: content}}, unknown...)
}

// live sets the running kernel.
func (s Sysctl) live(t *sdk.T, now SysctlState, before, value string) {
	switch {
	case !s.Live:
	case !now.Live.Exists && s.IgnoreMissing:
		t.Reason("this kernel does not have it")
	case !now.Live.Exists:
		t.Needs(abi.Need{
			What: "kernel parameter " + s.Name, Kind: "parameter", Name: s.Name, Paths: []string{s.path()},
			Hint: "is the name right? what brings it, such as a kernel_module, has to be declared before; or ignore_missing = True",
		})
		s.set(t, &value)
	case before != value:
		t.Differ("value", before, value)
		s.set(t, &value)
		s.keep(t, now.Resets)
	}
}

func (s Sysctl) set(t *sdk.T, value *string, unknown ...string) {
	s.setOne(t, canonical(s.Name), value, unknown...)
}

// setOne sets a parameter of the running kernel by its canonical name.
func (s Sysctl) setOne(t *sdk.T, name string, value *string, unknown ...string) {
	var content *op.Blob
	if value != nil {
		text := *value + "\n"
		content = &op.Blob{Text: &text}
	}
	t.Effect(op.Op{Write: &op.Write{Path: "/proc/sys/" + name, Content: content, InPlace: true, Unsafe: true}}, unknown...)
}
