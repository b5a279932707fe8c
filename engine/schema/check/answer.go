package check

import (
	"cmp"
	"slices"

	"github.com/openfroyo/froyo/runner/codec"
)

// answer checks the call for good.
func (c *call) answer() answer {
	ties := relations{c}
	ties.missing()
	presets := judge{c}.values()
	ties.hold()
	if len(c.problems) > 0 {
		slices.SortStableFunc(c.problems, func(a, b Problem) int { return cmp.Compare(c.rank(a), c.rank(b)) })
		return answer{problems: c.problems}
	}
	return answer{args: c.encode(presets)}
}

// rank orders problems: unknown arguments, fields as they are defined, the call as a whole.
func (c *call) rank(p Problem) int {
	if i := c.t.Index(p.Field); i >= 0 {
		return i
	}
	if p.Field == "" {
		return len(c.t.Fields)
	}
	return -1
}

// encode writes the checked arguments as canonical JSON. presets holds what
// CUE filled in, where that depends on other arguments.
func (c *call) encode(presets map[int][]byte) codec.Raw {
	out := append(make([]byte, 0, 256), '{')
	for _, i := range c.t.Sorted {
		f, r, s := &c.t.Fields[i], &c.t.Rules[i], &c.slots[i]
		if f.SourceInto != "" || s.state == pending {
			continue
		}
		preset := r.Preset
		if p, ok := presets[i]; ok {
			preset = p
		}
		if s.state == absent && preset == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, r.Label...)
		switch {
		case s.state == absent:
			out = append(out, preset...)
		case s.blob != nil:
			out = appendBlob(out, s.blob)
		default:
			out = append(out, s.json...)
		}
	}
	return append(out, '}')
}
