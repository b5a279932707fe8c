package inventory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// FoldNames writes names of hosts briefly: h1,h2,h3,h10 as h[1-3,10] and web01
// to web18 as web[01-18]. The result is a selector for just these names. A
// name that occurs twice counts once.
func FoldNames(names []string) string {
	f := folding{text: map[string]string{}, taken: map[string]bool{}, families: map[family][]member{}}
	for _, name := range names {
		f.add(name)
	}
	// Largest first, so that a name goes where it is folded with most others.
	slices.SortStableFunc(f.order, func(a, b family) int { return cmp.Compare(len(f.families[b]), len(f.families[a])) })
	for _, fam := range f.order {
		f.fold(fam)
	}
	var parts []string
	for _, name := range names {
		if text, ok := f.text[name]; ok {
			parts = append(parts, text)
			delete(f.text, name)
		}
	}
	return strings.Join(parts, ",")
}

// family is names that are equal but for one number.
type family struct{ before, after string }

// member is a name of a family and the digits that tell it from the others.
type member struct {
	name, digits string
	n            int
}

type folding struct {
	families map[family][]member
	order    []family
	taken    map[string]bool   // names that are folded
	text     map[string]string // what stands for names, by the first of them
}

// add enters a name into the families of each number that it has.
func (f *folding) add(name string) {
	if _, ok := f.text[name]; ok {
		return
	}
	f.text[name] = name
	if strings.Contains(name, ":") {
		return // an IPv6 address: a selector would not read it with brackets
	}
	for begin := 0; begin < len(name); {
		end := begin
		for end < len(name) && name[end] >= '0' && name[end] <= '9' {
			end++
		}
		if n, err := parseDigits(name[begin:end]); err == nil {
			fam := family{name[:begin], name[end:]}
			if f.families[fam] == nil {
				f.order = append(f.order, fam)
			}
			f.families[fam] = append(f.families[fam], member{name, name[begin:end], n})
		}
		begin = max(end, begin+1)
	}
}

// fold writes the members that no larger family has taken as one.
func (f *folding) fold(fam family) {
	members := slices.DeleteFunc(f.families[fam], func(m member) bool { return f.taken[m.name] })
	if len(members) < 2 {
		return
	}
	first := members[0].name
	for _, m := range members {
		f.taken[m.name] = true
		delete(f.text, m.name)
	}
	slices.SortFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(len(a.digits), len(b.digits)), cmp.Compare(a.n, b.n))
	})
	f.text[first] = fam.before + "[" + ranges(members) + "]" + fam.after
}

// ranges writes sorted numbers: 1-3,10.
func ranges(members []member) string {
	var parts []string
	for i := 0; i < len(members); {
		last := i
		for last+1 < len(members) && follows(members[i], members[last], members[last+1]) {
			last++
		}
		part := members[i].digits
		if last > i {
			part += "-" + members[last].digits
		}
		parts = append(parts, part)
		i = last + 1
	}
	return strings.Join(parts, ",")
}

// follows reports whether next goes on with the range that begins with first:
// with leading zeros, all numbers of a range are written equally long.
func follows(first, last, next member) bool {
	width := 0
	if padded(first) {
		width = len(first.digits)
	}
	return next.n == last.n+1 && fmt.Sprintf("%0*d", width, next.n) == next.digits && (width == 0 || len(next.digits) == width)
}

func padded(m member) bool { return len(m.digits) > 1 && m.digits[0] == '0' }
