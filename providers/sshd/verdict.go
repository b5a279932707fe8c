package sshd

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/sdk"
	"github.com/openfroyo/froyo/runner/op"
)

// clean is what a program said without the ends that sshd gives its lines.
func clean(said string) string { return strings.TrimSpace(strings.ReplaceAll(said, "\r", "")) }

// refusal is why the host cannot have what the unit is to make, nil where it can.
func (s Sshd) refusal(now State, settings lines) *abi.Error {
	if now.Broken != "" {
		return &abi.Error{
			Class: op.Conflict, Message: "sshd of the host does not take the configuration that is there", Detail: now.Broken,
			Hint: "correct it before, as root: sshd -t",
		}
	}
	if s.State == absent {
		return s.verdict(now, now.Tried, now.Said)
	}
	if at := lockDown(now.Main.Text, settings); at != "" {
		return &abi.Error{
			Class: op.Conflict, Message: "onboarding has closed at " + at + " what the unit opens",
			Hint: `leave it out of the unit, or take the lines out before: block("` + mainFile + `", marker = "# {mark} ` + onboarding + `", state = "absent")`,
		}
	}
	return s.verdict(now, now.Tried, now.Said)
}

// verdict is why sshd would not have the configuration as it would be, by how the programs end and what they say; nil where it would.
func (s Sshd) verdict(now State, rc int, said string) *abi.Error {
	var keys []string
	e := &abi.Error{Class: op.Conflict, Detail: said}
	switch rc {
	case rcRefused:
		e.Message, e.Hint = "sshd does not take the configuration as it would be", "correct what it names, as root: sshd -t"
		for _, p := range now.Places {
			if key := fields(p.Text)[0]; strings.Contains(strings.ToLower(said), strings.ToLower(key)) {
				keys = append(keys, canonical(key))
			}
		}
	case rcOtherwise:
		e.Message = "sshd would not show the settings as they are wanted"
		e.Hint = "another line sets the same, and sshd adds both up or takes the first: remove it, and see what counts: sshd -T"
		keys, e.Detail = unlike(said)
	default:
		return nil
	}
	rivals := slices.DeleteFunc(now.others(s), func(p Place) bool {
		return p.Match != "" || !slices.Contains(keys, canonical(fields(p.Text)[0]))
	})
	if len(rivals) == 0 {
		return e
	}
	first := rivals[0]
	e.Message = first.at() + " sets " + fields(first.Text)[0] + ", too, and sshd does not take the unit's alone"
	if more := len(rivals) - 1; more > 0 {
		var at []string
		for _, p := range rivals[1:] {
			at = append(at, p.at())
		}
		e.Message += "; so " + plural(more) + " at " + strings.Join(at, ", ")
	}
	e.Hint = `remove that line before: line("` + first.File + `", line = ` + strconv.Quote(first.Text) + `, state = "absent")`
	return e
}

func plural(n int) string {
	if n == 1 {
		return "does the line"
	}
	return "do the lines"
}

// unlike are the keys of the settings that sshd would show otherwise, and what it would show of them.
func unlike(said string) (keys []string, detail string) {
	wanted, shown, _ := strings.Cut(said, "it would show:")
	a, b := shownBy(strings.TrimPrefix(wanted, "wanted:")), shownBy(shown)
	all := maps.Clone(a)
	maps.Copy(all, b)
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if x, y := strings.Join(a[key], ", "), strings.Join(b[key], ", "); x != y {
			keys = append(keys, key)
			out.WriteString("wanted: " + key + " " + x + "\nit would show: " + key + " " + y + "\n")
		}
	}
	return keys, strings.TrimSpace(out.String())
}

// shownBy are the values of lines as sshd -T writes them, by their keys.
func shownBy(text string) map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(text) {
		if key, value, is := strings.Cut(strings.TrimSpace(line), " "); is {
			out[key] = append(out[key], value)
		}
	}
	return out
}

// refuse ends the unit where it is executed. In a plan that is for the engine to do, unless a unit before changes what stands in the way.
func (s Sshd) refuse(t *sdk.T, now State, why *abi.Error) {
	if t.Acting() {
		t.Fail(why.Class, why.Message+"; nothing was changed", why.Detail, why.Hint)
	}
	paths := []string{mainFile, directory}
	for _, p := range now.Places {
		if !slices.Contains(paths, p.File) && !strings.HasPrefix(p.File, directory+"/") && len(paths) < 20 {
			paths = append(paths, p.File)
		}
	}
	t.Needs(abi.Need{What: "configuration of sshd that goes with the unit", Kind: "configuration", Paths: paths, Refusal: why})
	t.DifferUnknown("lines", nil)
	s.Potential(t)
	t.Output(Output{})
}
