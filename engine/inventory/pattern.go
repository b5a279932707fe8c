package inventory

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
)

// subscript picks hosts by their place among those that a term picks, as Ansible's does: web[0], web[-1],
// web[0:2] with the last one, web[1:].
type subscript struct {
	of          term
	first, last int
	many        bool // of first:last
}

var subscripted = regexp.MustCompile(`^(.+)\[(?:(-?\d{1,9})|(-?\d{1,9})?:(-?\d{1,9})?)\]$`)

// subscriptOf makes out a subscript, or returns nil.
func subscriptOf(text string) (*subscript, error) {
	m := subscripted.FindStringSubmatch(text)
	if m == nil || strings.Contains(m[1], "=") {
		return nil, nil
	}
	base, err := parseTerm(word{text: m[1]})
	if err != nil {
		return nil, err
	}
	s := &subscript{of: base, last: -1, many: m[2] == ""}
	number := func(digits string, or int) int {
		if n, err := strconv.Atoi(digits); err == nil {
			return n
		}
		return or
	}
	if !s.many {
		s.first = number(m[2], 0)
		s.last = s.first
	} else {
		s.first, s.last = number(m[3], 0), number(m[4], -1)
	}
	return s, nil
}

// picks are the hosts of all that are picked.
func (s *subscript) picks(all []*Host) []*Host {
	place := func(i int) int {
		if i < 0 {
			i += len(all)
		}
		return i
	}
	first, last := place(s.first), min(place(s.last), len(all)-1)
	if s.many {
		first = max(first, 0)
	}
	if first < 0 || first > last {
		return nil
	}
	return all[first : last+1]
}

// subscripted gives what a subscript picks. Without colon it may as well be a glob: where what is before the
// bracket means nothing here, it is.
func (inv *Inventory) subscripted(t term, selector string) (match func(*Host) bool, ok bool, err error) {
	match, err = inv.matcher(t.index.of, selector)
	if err != nil && !t.index.many && t.glob != nil {
		return nil, false, nil
	}
	var all []*Host
	for _, h := range inv.hosts {
		if match(h) {
			all = append(all, h)
		}
	}
	picked := t.index.picks(all)
	return func(h *Host) bool { return slices.Contains(picked, h) }, true, err
}

// regexpOf reads the regular expression of ~RE. As in Ansible it begins where the name does, and may end before.
func regexpOf(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile("^(?:" + text + ")")
	if err != nil {
		return nil, &globError{1, fmt.Sprintf("not a regular expression: %v", err)}
	}
	return re, nil
}

// Unmatched is an error where a pattern in a selector picks no host and no group. Where strict is false it is no
// error of labels and of what is left out: a play may leave out what is down, and nothing is.
func (inv *Inventory) Unmatched(selector string, strict bool) error {
	terms, err := parseSelector(selector)
	if err != nil || len(inv.hosts) == 0 {
		return err
	}
	for _, t := range terms {
		if t.glob == nil && t.regexp == nil && t.index == nil || !strict && (t.sign == '!' || t.label != "") {
			continue // names are told by Select
		}
		match, err := inv.matcher(t, selector)
		if err != nil || slices.ContainsFunc(inv.hosts, match) || inv.namesGroup(t) {
			continue
		}
		return inv.unmatched(t)
	}
	return nil
}

// namesGroup reports whether a pattern is about a group, which may be empty.
func (inv *Inventory) namesGroup(t term) bool {
	for name := range inv.groups {
		if t.glob != nil && t.label == "" && t.glob.match(name) || t.regexp != nil && t.regexp.MatchString(name) {
			return true
		}
	}
	return false
}

func (inv *Inventory) unmatched(t term) error {
	d := &diag.Error{Summary: fmt.Sprintf("no host or group matches %q", t.text), Code: diag.Usage}
	names := map[string]bool{}
	for _, h := range inv.hosts {
		if t.label == "" {
			names[h.Name] = true
		}
		for k, v := range h.Labels {
			if t.label != "" {
				names[k+"="+v] = true
			}
		}
	}
	if t.label == "" {
		for name := range inv.groups {
			names[name] = true
		}
	} else {
		d.Summary = fmt.Sprintf("no host has the label %q", t.text)
	}
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`~*?[]^$\().+|:`, r) {
			return -1
		}
		return r
	}, t.text)
	if near := diag.Nearest(plain, slices.Sorted(maps.Keys(names))); near != "" {
		return d.WithHint("did you mean %q?", near)
	}
	return d.WithHint("froyo inventory list lists the hosts, their groups and labels")
}
