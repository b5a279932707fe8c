package apply_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/apply"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/protect"
	"github.com/openfroyo/froyo/engine/resume"
	"github.com/openfroyo/froyo/engine/unit"
)

// everything has a host do whatever could be noted in its plan: conditions, values and
// retries that are known only now, handlers, protections, a unit of another host, a rescue.
func everything(host string) (units []*unit.Unit, handlers []*unit.Handler) {
	ended := func(of *unit.Unit, value any) unit.Lambda {
		return reading(func(ended unit.Outcomes) (any, error) {
			if ended(of) == nil {
				return nil, unit.ErrPending
			}
			return value, nil
		})
	}
	add := func(path string) *unit.Unit {
		u := enginetest.Set(host, path, "1")
		units = append(units, u)
		return u
	}
	first := add("/first")
	first.Lifecycle.PreventDestroy = new(true)
	conditional := add("/conditional")
	conditional.Conditions.When, conditional.Require = ended(first, true), []unit.ID{first.ID}
	add("/watching").Conditions.OnChange = []unit.ID{conditional.ID}
	add("/moved").Notify = []string{"one"}
	late := add("/late")
	late.Later, late.Require = map[string]unit.Lambda{"value": ended(first, "made late")}, []unit.ID{first.ID}
	add("/free").Lifecycle.PreventDestroy = new(false)
	add("/delegated").ID.Delegate = "lb1"
	add("/again").Failure.Retry = &unit.Retry{Attempts: 2}
	skipped := add("/skipped")
	skipped.Conditions.When, skipped.Require = ended(first, false), []unit.ID{first.ID}
	add("/refused").Failure = unit.Failure{Handler: "rescue", Ignore: true}
	handlers = []*unit.Handler{handler(host, "one", "/one"), handler(host, "rescue", "/rescued")}
	handlers[0].Units[0].Later = map[string]unit.Lambda{"value": ended(late, "run late")}
	handlers[1].Rescue = true
	return units, handlers
}

// TestAPlanStaysAsItIs: nothing of a plan is written while it is applied, however deep it is.
func TestAPlanStaysAsItIs(t *testing.T) {
	for name, graph := range map[string]bool{"script order": false, "graph order": true} {
		t.Run(name, func(t *testing.T) {
			f, lb := balanced()
			h := enginetest.NewHost(map[string]string{"/conditional": "0", "/moved": "0"})
			h.Faults.Refuse, h.Faults.Stumble = map[string]bool{"/refused": true}, map[string]int{"/again": 1}
			f.hosts = map[string]*enginetest.Host{"h1": h}
			f.protector, f.protected = &protector{}, []protect.Resource{{Unit: "set[/free]"}, {Unit: "set[/kept]"}}
			f.units = func(host string) []*unit.Unit { units, _ := everything(host); return units }
			f.around = func(host string, p *unit.Play) { p.Units, p.Handlers = everything(host); p.Graph = graph }
			planned := f.plan(t.Context())
			before := deep(planned)
			for _, want := range []string{"Dormant: true", "value: func", "lb1", "set[/free]"} {
				if !strings.Contains(before, want) {
					t.Errorf("the plan does not say %s", want)
				}
			}
			h.Files["/moved"] = "by another"
			counts := f.apply(t.Context(), planned)
			if want := (apply.Count{Host: "h1", OK: 10, Changed: 10, Skipped: 1, Ignored: 1}); counts[0] != want {
				t.Fatalf("%+v, want %+v\n%s", counts[0], want, strings.Join(f.log, "\n"))
			}
			if h.Files["/late"] != "made late" || h.Files["/one"] != "run late" || h.Files["/rescued"] != "run" || lb.Files["/delegated"] != "1" {
				t.Errorf("files %v, on the other host %v", h.Files, lb.Files)
			}
			if diff := cmp.Diff(before, deep(planned)); diff != "" {
				t.Errorf("the plan was changed:\n%s", diff)
			}
		})
	}
}

// TestAResumedPlanStaysAsItIs: what was done before is not done again, and what comes of
// the rest is not written into the plan.
func TestAResumedPlanStaysAsItIs(t *testing.T) {
	f, _ := balanced()
	f.hosts = map[string]*enginetest.Host{"h1": enginetest.NewHost(nil)}
	f.units = func(host string) []*unit.Unit { units, _ := everything(host); return units }
	f.around = func(host string, p *unit.Play) { p.Units, p.Handlers = everything(host) }
	f.progress = map[string]map[string]resume.Progress{"h1": {"set[/first]": {Status: unit.Changed}, "handler[web/one]/set[/one]": {Status: unit.Changed}}}
	planned := f.plan(t.Context())
	if !strings.Contains(deep(planned), "Done: true") {
		t.Fatal("nothing is planned as done before")
	}
	before := deep(planned)
	f.apply(t.Context(), planned)
	if diff := cmp.Diff(before, deep(planned)); diff != "" {
		t.Errorf("the plan was changed:\n%s", diff)
	}
}

// TestValuesKnownLateAreAskedEachTime: a handler that runs twice is given the values of each time.
func TestValuesKnownLateAreAskedEachTime(t *testing.T) {
	h := enginetest.NewHost(nil)
	f := oneHost(h)
	asked := 0
	f.around = func(host string, p *unit.Play) {
		for _, path := range []string{"/a", "/b"} {
			u := enginetest.Set(host, path, "1")
			u.Notify = []string{"one"}
			p.Units = append(p.Units, u)
		}
		p.Flush, p.Handlers = []int{1}, []*unit.Handler{handler(host, "one", "/one")}
		p.Handlers[0].Units[0].Later = map[string]unit.Lambda{"value": lambda(func() (any, error) {
			if len(h.Files) == 0 {
				return nil, unit.ErrPending
			}
			asked++
			return fmt.Sprint("run ", asked), nil
		})}
	}
	counts := f.apply(t.Context(), f.plan(t.Context()))
	if h.Files["/one"] != "run 2" || counts[0].Changed != 4 {
		t.Errorf("the handler wrote %q: %+v\n%s", h.Files["/one"], counts, strings.Join(f.log, "\n"))
	}
}

// deep writes down all that can be reached from hosts, unexported fields too, but for the
// hosts themselves and for locks. Of functions it says whether there is one.
func deep(hosts []*plan.Host) string {
	var b strings.Builder
	d := &dump{b: &b, seen: map[uintptr]bool{}}
	d.value(reflect.ValueOf(hosts), "\n")
	return b.String()
}

type dump struct {
	b    *strings.Builder
	seen map[uintptr]bool // pointers on the way to what is written
}

func (d *dump) value(v reflect.Value, in string) {
	switch v.Kind() {
	case reflect.Func:
		fmt.Fprintf(d.b, "func %v", !v.IsNil())
	case reflect.Interface:
		if v.IsNil() || v.Type() == reflect.TypeFor[plan.Target]() {
			d.b.WriteString("-")
			return
		}
		d.value(v.Elem(), in)
	case reflect.Pointer:
		if v.IsNil() || d.seen[v.Pointer()] {
			fmt.Fprintf(d.b, "nil %v", v.IsNil())
			return
		}
		d.seen[v.Pointer()] = true
		d.value(v.Elem(), in)
		delete(d.seen, v.Pointer())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Type.PkgPath() != "sync" {
				d.b.WriteString(in + f.Name + ": ")
				d.value(v.Field(i), in+"  ")
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			d.value(v.Index(i), in)
			d.b.WriteString(",")
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			d.b.WriteString(in + fmt.Sprint(k) + ": ")
			d.value(v.MapIndex(k), in+"  ")
		}
	default:
		fmt.Fprint(d.b, v)
	}
}
