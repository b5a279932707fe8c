package depend

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/hostpath"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// bringers are the steps of a host so far, which may bring what later ones need.
type bringers struct {
	steps []*plan.Step
	plays map[*plan.Step]int
	// after is what steps in graph order directly come after.
	after map[*plan.Step][]*plan.Step
	// changing says that one of the steps changes the host.
	changing bool
}

// bringer is a step that may bring a thing.
type bringer struct {
	step *plan.Step
	how  likelihood
}

// likelihood is how likely it is that a step brings a thing.
type likelihood int

const (
	never   likelihood = iota
	perhaps            // its type brings such things, but no name tells that it brings this one
	related            // its name and that of the thing have a word in common
	named              // it has the thing's name, or its arguments have it as a word
	makes              // it changes the file, or makes the directory or the link, that the thing is
)

// add takes a step in, which those that are looked at from here on come after.
func (b *bringers) add(play int, s *plan.Step) {
	b.plays[s] = play
	b.steps = append(b.steps, s)
	b.changing = b.changing || changes(s)
}

// with are the steps so far, and those that other hosts do on one in the plays before.
func (b *bringers) with(hosts []*plan.Host, but *plan.Host, before int, at string) *bringers {
	all := &bringers{after: b.after, plays: maps.Clone(b.plays)}
	for _, h := range hosts {
		if h == but || h.Err != nil {
			continue
		}
		for play, s := range h.Steps() {
			if play < before && on(s) == at {
				all.add(play, s)
			}
		}
	}
	all.steps, all.changing = append(all.steps, b.steps...), all.changing || b.changing
	return all
}

// on is the host that a step acts on.
func on(s *plan.Step) string { return cmp.Or(s.Unit.ID.Delegate, s.Unit.ID.Host) }

// find lists the steps that may bring what a step needs, the likeliest first, and of those that are as likely the nearest before it.
func (b *bringers) find(s *plan.Step, n abi.Need) []bringer {
	before := b.before(s)
	var found []bringer
	for _, c := range slices.Backward(b.steps) {
		if c.Err != nil || !before(c) || !changes(c) && !b.mayChange(c) || needs(c, n) {
			continue
		}
		how := brings(c, n)
		if (len(c.Awaits) > 0 || lacks(c, nil)) && how < makes { // what brings that may bring this, too: a service waits for its package
			how = min(how, perhaps)
		}
		if how != never {
			found = append(found, bringer{c, how})
		}
	}
	slices.SortStableFunc(found, func(x, y bringer) int { return cmp.Compare(y.how, x.how) })
	return found
}

// needs reports whether a step waits for the thing itself, or its guard does.
func needs(s *plan.Step, n abi.Need) bool {
	return lacks(s, &n) || slices.ContainsFunc(s.Awaits, func(text string) bool {
		return strings.HasPrefix(text, n.What+", ") || strings.HasPrefix(text, n.What+" (")
	})
}

// lacks reports whether a guard of the step could not be asked for want of a thing; nil is of any.
func lacks(s *plan.Step, n *abi.Need) bool {
	return s.Change != nil && slices.ContainsFunc(s.Change.Guards, func(g abi.Guard) bool {
		return g.Lacks != nil && (n == nil || g.Lacks.What == n.What)
	})
}

// before reports of steps whether they are done before s, on the host that s acts on: in script order those that stand before it,
// in graph order those that it waits for, and those of plays before.
func (b *bringers) before(s *plan.Step) func(*plan.Step) bool {
	there := func(c *plan.Step) bool { return on(c) == on(s) }
	first, graph := b.after[s]
	if !graph {
		return there
	}
	known := map[*plan.Step]bool{}
	for todo := slices.Clone(first); len(todo) > 0; {
		c := todo[len(todo)-1]
		if todo = todo[:len(todo)-1]; !known[c] {
			known[c] = true
			todo = append(todo, b.after[c]...)
		}
	}
	return func(c *plan.Step) bool {
		hook := unit.IsHook(c.Unit.ID.Scope.Handler)
		return there(c) && (known[c] || hook || b.plays[c] < b.plays[s])
	}
}

// changes reports whether a step is going to change its host: one that is said to change nothing is not.
func changes(s *plan.Step) bool {
	return s.Err == nil && s.Acts() && s.Change.Action != abi.Probe
}

// mayChange reports whether a step whose condition is false as things stand may change its host all the same, since a step
// before it does by the time it is asked.
func (b *bringers) mayChange(s *plan.Step) bool {
	_, fixed := s.Unit.Conditions.When.(unit.Const)
	return b.changing && s.Skip && !s.Done && !s.Elsewhere() && s.Change != nil && s.Unit.Conditions.When != nil && !fixed
}

// brings reports how likely it is that a step brings a thing: by the files that it changes, by what its type says that its units
// bring, and by its name.
func brings(s *plan.Step, n abi.Need) likelihood {
	how := never
	for _, e := range s.Change.Effects {
		if n.Refusal != nil && slices.ContainsFunc(n.Paths, func(at string) bool { return hostpath.Below(hostpath.Clean(e.Op.Subject()), hostpath.Clean(at)) }) {
			return makes // what stands in the way may go, too
		}
		switch what, path := e.Op.Brings(); what {
		case op.BringsAnything:
			if s.Unit.Order.MayBring(n.Kind, n.Name) {
				how = max(how, likeness(s, n))
			}
		case op.BringsNothing:
		case op.BringsFile, op.BringsDirectory, op.BringsLink:
			if slices.ContainsFunc(n.Paths, func(at string) bool { return bringsAt(what, hostpath.Clean(path), hostpath.Clean(at), n.Directory) }) {
				return makes
			}
		}
	}
	return how
}

// bringsAt reports whether what is made at path may be what is needed at a place, or lead there. A directory is brought by
// what makes it or one below it.
func bringsAt(what op.Brought, path, at string, directory bool) bool {
	switch {
	case what == op.BringsLink && hostpath.Below(at, path):
		return true
	case what == op.BringsDirectory && directory, !directory:
		return hostpath.Below(path, at)
	}
	return false
}

// likeness compares a step's name and arguments with the name of a thing.
func likeness(s *plan.Step, n abi.Need) likelihood {
	if n.Name == "" {
		return perhaps
	}
	if s.Unit.ID.Key == n.Name || has(s.Unit.ID.Key, n.Name) {
		return named
	}
	var args any
	if len(s.Unit.Args) > 0 && codec.Unmarshal(s.Unit.Args, &args) == nil && mentions(args, n.Name) {
		return named
	}
	words := wordsOf(n.Name)
	if slices.ContainsFunc(wordsOf(s.Unit.ID.Key), func(w string) bool { return slices.ContainsFunc(words, func(o string) bool { return akin(w, o) }) }) {
		return related
	}
	return perhaps
}

// mentions reports whether one of the texts in plain data has a name as a word.
func mentions(v any, name string) bool {
	switch v := v.(type) {
	case string:
		return has(v, name)
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, name) })
	case map[string]any:
		for _, e := range v {
			if mentions(e, name) {
				return true
			}
		}
	}
	return false
}

// has reports whether a text has a name as a word of its own: "app" is one of "useradd app", not of "app-data" or "/srv/app".
func has(text, name string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], name)
		if at < 0 {
			return false
		}
		at += from
		end := at + len(name)
		if (at == 0 || !inName(text[at-1]) && text[at-1] != '/') && (end == len(text) || !inName(text[end])) {
			return true
		}
		from = at + 1
	}
}

func inName(c byte) bool { return alphanumeric(c) || strings.IndexByte("-_.", c) >= 0 }

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// wordsOf are the words of a name, without such as are too short to tell: nginx, light of nginx-light.
func wordsOf(name string) []string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r < 0x80 && !alphanumeric(byte(r)) })
	return slices.DeleteFunc(words, func(w string) bool { return len(w) < 3 || ubiquitous[w] || strings.HasPrefix(w, "serv") })
}

// ubiquitous are words that have nothing to do with what a thing is.
var ubiquitous = map[string]bool{
	"usr": true, "bin": true, "sbin": true, "etc": true, "lib": true, "var": true, "srv": true, "opt": true, "local": true, "run": true,
	"data": true, "system": true, "systemd": true, "common": true, "tools": true, "www": true, "web": true,
}

// akin reports whether two words may stand for one thing: postgres and postgresql, mysql and mysqld.
func akin(a, b string) bool {
	return a == b || min(len(a), len(b)) >= 4 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// why says why nothing brings what a step needs: what might is refused itself, is said to change nothing, or is not before it.
func (b *bringers) why(s *plan.Step, n abi.Need) string {
	before := b.before(s)
	for _, c := range slices.Backward(b.steps) {
		if on(c) != on(s) || c.Change == nil && (c.Err == nil || likeness(c, n) < named) {
			continue
		}
		name := c.Unit.ID.Local()
		switch {
		case c.Err != nil && before(c) && (c.Change == nil || brings(c, n) >= named):
			return name + ", which is to bring it, could not be planned"
		case c.Change == nil || brings(c, n) < named || c.Err != nil:
		case c.Acts() && c.Change.Action == abi.Probe && before(c):
			return "no unit before this one brings it: " + name + " is said to change nothing"
		case changes(c) && !before(c):
			return "no unit that this one waits for brings it: " + name + " may, so name it in require"
		}
	}
	return "no unit before this one brings it"
}
