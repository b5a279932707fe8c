package guard

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/lockout"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// way is how one gets in to a host, and what the run does there that makes paths lead to it.
type way struct {
	Access
	home  string
	ways  []string
	links []planned
}

// planned is a link that the run makes.
type planned struct {
	by     *plan.Step
	at, to string
}

func newWay(on *plan.Host, steps []*plan.Step, h *plan.Host, access Access) *way {
	w := &way{Access: access, home: homeOf(on, access.Login)}
	if !access.Remote {
		return w
	}
	w.ways = lockout.Ways(access.Login, w.home)
	for _, s := range steps {
		if s.Change == nil || hostOf(h, s) != on {
			continue
		}
		for _, e := range s.Change.Effects {
			l := e.Op.Link
			if l == nil {
				continue
			}
			for _, at := range []string{l.Path, s.Real} {
				if at == "" {
					continue
				}
				to := l.Target
				if !path.IsAbs(to) {
					to = path.Join(path.Dir(at), to)
				}
				w.links = append(w.links, planned{s, path.Clean(at), path.Clean(to)})
			}
		}
	}
	return w
}

// closes reports whether what is at a path decides who gets in.
func (w *way) closes(p string, whole bool) bool {
	return lockout.Path(p, whole) || lockout.Home(p, whole, w.Login, w.home)
}

// follow notes where the paths of a step lead by the links that the run makes, and guards it where that closes a way in. What else
// there is of its paths is to be kept apart from these.
func (w *way) follow(s *plan.Step) {
	apart := &plan.Apart{Ways: w.ways, Login: w.Login, Home: w.home}
	for _, c := range s.Unit.Order.Claims {
		if c.Namespace != unit.PathNamespace || !c.Owns && !c.Edits || lockout.OfUnits(c.Name) {
			continue
		}
		for _, p := range w.leads(s, c.Name) {
			if p != c.Name && w.closes(p, !c.Edits) {
				s.Guarded, s.Leads = true, append(s.Leads, p)
			}
			if apart.Own = append(apart.Own, p); !c.Edits {
				apart.Whole = append(apart.Whole, p)
			}
		}
	}
	if (len(apart.Own) > 0 || len(services(s)) > 0) && !s.Guarded {
		s.Apart = apart
	}
}

// maxLeads bounds where links lead that lead to each other.
const maxLeads = 32

// leads are a path and all that it leads to by links that the run makes. What is done to a link itself does not follow it.
func (w *way) leads(s *plan.Step, p string) []string {
	all := []string{p}
	if s.Real != "" && p == s.Unit.ID.Key {
		all = append(all, s.Real)
	}
	for i := 0; i < len(all) && len(all) < maxLeads; i++ {
		for _, l := range w.links {
			rest, below := strings.CutPrefix(all[i], strings.TrimSuffix(l.at, "/")+"/")
			if !below && (all[i] != l.at || l.by == s) {
				continue
			}
			if !below {
				rest = ""
			}
			if to := path.Join(l.to, rest); !slices.Contains(all, to) {
				all = append(all, to)
			}
		}
	}
	return all
}

// Ask is what a host is asked of paths, and how it is read.
func Ask(a *plan.Apart) []op.Op {
	below := &op.Overlap{}
	for _, w := range a.Ways {
		below.Losses = append(below.Losses, op.Loss{Path: w, Tree: true, File: true})
	}
	above := &op.Overlap{Keep: a.Ways}
	for _, p := range a.Own {
		if slices.Contains(a.Whole, p) { // where there is a directory, or a link to one, what is in it is meant
			p += "/."
			above.Losses = append(above.Losses, op.Loss{Path: p, Tree: true})
		}
		below.Keep = append(below.Keep, p)
	}
	if len(above.Losses) == 0 {
		return []op.Op{{Overlap: below}}
	}
	return []op.Op{{Overlap: below}, {Overlap: above}}
}

// Led is the ways in that paths lead to, by what a host answers to Ask. known is false where it could not tell, or told of what is
// beside those.
func Led(a *plan.Apart, answers []op.Result) (to []string, known bool) {
	w := &way{Access: Access{Login: a.Login}, home: a.Home}
	known = true
	for i, r := range answers {
		if r.Overlap == nil {
			return nil, false
		}
		for _, p := range r.Overlap.Pairs {
			at := ""
			switch {
			case i > 0 && p.Keep < len(a.Ways):
				at = a.Ways[p.Keep]
			case i == 0 && p.Loss < len(a.Ways):
				at = path.Join(a.Ways[p.Loss], p.Below)
			}
			if i > 0 || w.closes(at, true) {
				to = append(to, at)
				continue
			}
			known = false
		}
	}
	return to, known
}

// Together are the paths of steps that may be asked about in one.
func Together(steps []*plan.Step) *plan.Apart {
	all := &plan.Apart{}
	for _, s := range steps {
		a := s.Apart
		if a == nil || s.Guarded || !s.Acts() || len(all.Own)+len(a.Own) > maxOwn {
			continue
		}
		all.Ways, all.Login, all.Home = a.Ways, a.Login, a.Home
		all.Own, all.Whole = append(all.Own, a.Own...), append(all.Whole, a.Whole...)
	}
	if len(all.Own) == 0 {
		return nil
	}
	return all
}

// maxOwn bounds the paths of one question.
const maxOwn = 2000

// Lead asks the hosts of steps whether paths of those that act lead to ways in, through links and mounts that are there already, and
// guards these.
func Lead(ctx context.Context, h *plan.Host, steps []*plan.Step, user func(*inventory.Host) string) error {
	byHost := map[*plan.Host][]*plan.Step{}
	var hosts []*plan.Host
	for _, s := range steps {
		if s.Apart == nil || len(s.Apart.Own) == 0 || s.Err != nil || s.Done || s.Change == nil || s.Change.Action == abi.None {
			continue
		}
		on := hostOf(h, s)
		if byHost[on] == nil {
			hosts = append(hosts, on)
		}
		byHost[on] = append(byHost[on], s)
	}
	for _, on := range hosts {
		if on.Err != nil {
			continue
		}
		if err := lead(ctx, on, byHost[on], user(on.Host)); err != nil && on == h {
			return err
		}
	}
	return nil
}

// lead asks one host, at first about all of its steps together: mostly none leads anywhere.
func lead(ctx context.Context, on *plan.Host, steps []*plan.Step, user string) error {
	for part := range slices.Chunk(steps, maxOwn/maxLeads) {
		together := &plan.Apart{}
		for _, s := range part {
			together.Ways, together.Login, together.Home = s.Apart.Ways, s.Apart.Login, s.Apart.Home
			together.Own, together.Whole = append(together.Own, s.Apart.Own...), append(together.Whole, s.Apart.Whole...)
		}
		answers, err := ask(ctx, on.Target, Ask(together), user)
		if err != nil {
			return err
		}
		if to, known := Led(together, answers); known && len(to) == 0 {
			continue
		}
		var ops []op.Op
		var counts []int
		for _, s := range part {
			one := Ask(s.Apart)
			ops, counts = append(ops, one...), append(counts, len(one))
		}
		if answers, err = ask(ctx, on.Target, ops, user); err != nil {
			return err
		}
		for i, s := range part {
			to, known := Led(s.Apart, answers[:counts[i]])
			answers = answers[counts[i]:]
			if len(to) > 0 {
				s.Guarded, s.Leads = true, append(s.Leads, to...)
			}
			if len(to) > 0 || !known {
				s.Apart = nil
			}
		}
	}
	return nil
}

func ask(ctx context.Context, t Runner, ops []op.Op, user string) ([]op.Result, error) {
	asked := make([]target.Step, len(ops))
	for i, o := range ops {
		asked[i] = target.Step{Op: o, User: user}
	}
	return t.Do(ctx, asked)
}

// Ahead counts the steps from the first that may be asked about together: of what one unpacks, or copies with what is below it, it is
// not known which links are in it, so that what lies in there is asked about later.
func Ahead(steps []*plan.Step) int {
	var trees []string
	for i, s := range steps {
		if !s.Acts() {
			continue
		}
		if s.Apart != nil && slices.ContainsFunc(s.Apart.Own, func(p string) bool {
			return slices.ContainsFunc(trees, func(dir string) bool { return strings.HasPrefix(p, dir+"/") })
		}) {
			return i
		}
		for _, e := range s.Change.Effects {
			switch {
			case e.Op.Tree != nil:
				trees = append(trees, e.Op.Tree.Path)
			case e.Op.Unpack != nil:
				trees = append(trees, e.Op.Unpack.Path)
			}
		}
	}
	return len(steps)
}

// Apart is an error where paths or services of a step that is not guarded are ways in by now.
func Apart(ctx context.Context, t Runner, s *plan.Step) error {
	if s.Guarded || s.Apart == nil || !s.Acts() {
		return nil
	}
	if closesAlias(s) {
		return (&diag.Error{
			Summary: s.Unit.ID.Bare() + " is " + strings.Join(aliased(s), ", ") + " by now, under a name that was not there when it was planned, and could lock froyo out",
			Pos:     s.Unit.Pos, Code: diag.Failed,
		}).WithHint("apply again: it is done under guard then")
	}
	if len(s.Apart.Own) == 0 {
		return nil
	}
	answers, err := ask(ctx, t, Ask(s.Apart), s.Unit.User)
	if err != nil {
		return err
	}
	to, _ := Led(s.Apart, answers)
	if len(to) == 0 {
		return nil
	}
	return (&diag.Error{
		Summary: s.Unit.ID.Bare() + " leads to " + strings.Join(slices.Compact(to), ", ") + " by now, through a link or a mount that was not there when it was planned, and could lock froyo out",
		Pos:     s.Unit.Pos, Code: diag.Failed,
	}).WithHint("apply again: what leads there is done under guard then")
}
