package planfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/planning"
	"github.com/openfroyo/froyo/engine/unit"
	"github.com/openfroyo/froyo/providers/abi"
)

// planOn plans one play on hosts in memory, by their names.
func planOn(t *testing.T, h *enginetest.Host, names []string, play func(host string) *unit.Play) ([]*plan.Host, *plan.Contents) {
	t.Helper()
	p := enginetest.Planner(
		func(string) plan.Target { return h },
		func(host string) *planning.Evaluation { return enginetest.Evaluation(play(host)) },
	)
	p.Delegate = func(_ context.Context, name string) (*inventory.Host, plan.Target, error) {
		return enginetest.Inventory(name), h, nil
	}
	var hosts []*inventory.Host
	for _, name := range names {
		hosts = append(hosts, enginetest.Inventory(name))
	}
	planned := p.Plan(t.Context(), hosts)
	for _, h := range planned {
		if h.Err != nil {
			t.Fatal(h.Err)
		}
	}
	return planned, p.Contents
}

// planOne plans units on a host in memory.
func planOne(t *testing.T, h *enginetest.Host, units ...*unit.Unit) (*plan.Host, *plan.Contents) {
	t.Helper()
	planned, contents := planOn(t, h, []string{"h1"}, func(string) *unit.Play { return &unit.Play{Units: units} })
	return planned[0], contents
}

// documentOf is planned hosts as they are saved.
func documentOf(t *testing.T, hosts []*plan.Host) *planfile.Document {
	t.Helper()
	d := &planfile.Document{Plays: []planfile.Play{{Name: "web"}}}
	for _, h := range hosts {
		d.Inventory = append(d.Inventory, h.Host)
		if err := d.AddHost(h, []string{"web"}, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// document saves a plan of one host and reads it back.
func document(t *testing.T, h *enginetest.Host, units ...*unit.Unit) *planfile.Document {
	t.Helper()
	planned, contents := planOne(t, h, units...)
	d := &planfile.Document{
		Format: planfile.Format, Main: "site.star", Root: "/work", Sources: map[string]string{"site.star": "x"},
		Inventory: []*inventory.Host{enginetest.Inventory("h1")},
	}
	if err := d.AddHost(planned, []string{"web"}, contents, func(data []byte) string { return "sealed:" + string(data[:1]) }); err != nil {
		t.Fatal(err)
	}
	back, err := planfile.Parse(saved(t, d), "plan.json", trusting(signer))
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestSavedPlanIsStale(t *testing.T) {
	files := func() map[string]string { return map[string]string{"/a": "old", "/b": "2"} }
	units := func() []*unit.Unit {
		return []*unit.Unit{enginetest.Set("h1", "/a", "1"), enginetest.Set("h1", "/b", "2")}
	}
	was := document(t, enginetest.NewHost(files()), units()...)
	for _, tt := range []struct {
		name   string
		change func(h *enginetest.Host)
		units  []*unit.Unit
		want   string
	}{
		{"nothing", func(*enginetest.Host) {}, units(), ""},
		{"a file that was to change", func(h *enginetest.Host) { h.Files["/a"] = "else" }, units(), "h1: set[/a]: the host has changed since the plan"},
		{"a file that was right", func(h *enginetest.Host) { h.Files["/b"] = "else" }, units(), "h1: set[/b]: the host has changed since the plan"},
		{"the machine", func(h *enginetest.Host) { h.MachineID = strings.Repeat("2", 32) }, units(), "h1: another machine answers: machine-id " + strings.Repeat("2", 32) + ", planned for " + enginetest.MachineID},
		{"a unit less", func(*enginetest.Host) {}, units()[:1], "h1: set[/b]: the unit is planned, but the runbook no longer wants it on this host"},
		{"a unit more", func(*enginetest.Host) {}, append(units(), enginetest.Set("h1", "/c", "3")), "h1: set[/c]: the runbook now wants a unit that is not in the plan"},
		{"the wish", func(*enginetest.Host) {}, []*unit.Unit{enginetest.Set("h1", "/a", "9"), units()[1]}, "h1: set[/a]: its arguments are no longer those of the plan"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := enginetest.NewHost(files())
			tt.change(h)
			now := document(t, h, tt.units...)
			err := planfile.Stale(&was.Hosts[0], &now.Hosts[0])
			switch {
			case err == nil && tt.want != "":
				t.Errorf("not stale, want %q", tt.want)
			case err != nil && err.Error() != tt.want:
				t.Errorf("got %q, want %q", err, tt.want)
			case err != nil && err.Code != diag.Stale:
				t.Errorf("exit code %d", err.Code)
			}
		})
	}
}

// TestWhatChangedSinceThePlan: each difference is named, with both sides.
func TestWhatChangedSinceThePlan(t *testing.T) {
	host := func(inputs, before, args string) *planfile.Host {
		return &planfile.Host{Name: "h1", Inputs: json.RawMessage(inputs), Units: []planfile.Unit{
			{Unit: "file[/a]", Action: abi.Update, Before: json.RawMessage(before), Args: json.RawMessage(args)},
		}}
	}
	facts := func(version, name string) string {
		return `{"facts":[{"host":"h1","namespace":"os.basic","field":"version","value":"` + version + `"},
			{"host":"h1","namespace":"os.basic","field":"name","value":"` + name + `"}]}`
	}
	read := func(digest string, line string) string {
		return `{"reads":[{"host":"h1","op":{"fs.list":{"path":"/d"}},"digest":"` + digest + `","pos":{"line":` + line + `}}]}`
	}
	sum := func(digit string) string { return strings.Repeat(digit, 64) }
	for _, tt := range []struct {
		name     string
		was, now *planfile.Host
		want     string
	}{
		{
			"a file", host("", `{"mode":420,"owner":"root","sum":"`+sum("1")+`","size":1}`, "{}"), host("", `{"mode":384,"sum":"`+sum("2")+`","size":1,"group":"x"}`, "{}"),
			"group: nothing → \"x\"\nmode: 0644 → 0600\nowner: \"root\" → nothing\nsum: sha256:111111111111 → sha256:222222222222",
		},
		{
			"another owner and another number", host("", `{"uid":0,"owner":"root","gid":4}`, "{}"), host("", `{"uid":33,"owner":"www-data","gid":5}`, "{}"),
			"gid: 4 → 5\nowner: \"root\" → \"www-data\"",
		},
		{"a file that has gone", host("", `{"exists":true}`, "{}"), host("", `{"exists":false}`, "{}"), "exists: true → false"},
		{"an argument", host("", "", `{"content":{"size":1}}`), host("", "", `{"content":{"size":2}}`), "content.size: 1 → 2"},
		{"what is sensitive", host("", "", `{"a":"(sensitive 1234)"}`), host("", "", `{"a":"(sensitive 5678)"}`), "a: (sensitive) → another value"},
		{"a fact", host(facts("12", "x"), "", "{}"), host(facts("13", "x"), "", "{}"), `facts.h1 os.basic version: "12" → "13"`},
		{"a read", host(read(sum("1"), "1"), "", "{}"), host(read(sum("2"), "2"), "", "{}"), "reads.h1 fs.list /d: sha256:111111111111 → sha256:222222222222"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := planfile.Stale(tt.was, tt.now)
			if e == nil {
				t.Fatal("not stale")
			}
			if diff := cmp.Diff(tt.want, e.Detail); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSavedPlanHoldsNoSecret(t *testing.T) {
	u := enginetest.Set("h1", "/a", "hunter2")
	u.Sensitive = true
	d := document(t, enginetest.NewHost(map[string]string{"/a": "hunter1"}), u)
	if text := saved(t, d); bytes.Contains(text, []byte("hunter")) {
		t.Errorf("the plan tells the secret:\n%s", text)
	}
	if got := d.Hosts[0].Units[0]; got.Digest == "" || got.Action != abi.Update {
		t.Errorf("%+v", got)
	}
}

func TestBarriersAreReviewed(t *testing.T) {
	at := func(name string, at int) *planfile.Host {
		hosts, _ := planOn(t, enginetest.NewHost(nil), []string{"h1"}, func(host string) *unit.Play {
			p := &unit.Play{Units: []*unit.Unit{enginetest.Set(host, "/a", "1")}}
			if name != "" {
				p.Barriers = []unit.Barrier{{Name: name, At: at, Pos: diag.Pos{File: "site.star", Line: 7}}}
			}
			return p
		})
		h, _ := documentOf(t, hosts).Host("h1")
		return h
	}
	for _, tt := range []struct {
		name       string
		saved, now *planfile.Host
		want       string
	}{
		{"same", at("x", 1), at("x", 1), ""},
		{"moved", at("x", 1), at("x", 0), `the barrier "x" is no longer as planned`},
		{"new", at("", 0), at("x", 0), `the runbook now has a barrier "x" that is not in the plan`},
		{"gone", at("x", 0), at("", 0), `the barrier "x" is planned, but the runbook no longer has it on this host`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			if stale := planfile.Stale(tt.saved, tt.now); stale != nil {
				got = stale.Summary
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestEffectsAreFoldedAndSaved: a plan that was saved tells the same as the one that was made.
func TestEffectsAreFoldedAndSaved(t *testing.T) {
	d := &planfile.Document{
		Format: planfile.Format, Main: "site.star", Root: "/work", Sources: map[string]string{"site.star": "x"},
		Plays: []planfile.Play{{Name: "web"}},
	}
	var hosts []*plan.Host
	for _, name := range []string{"h1", "h2"} {
		secret := enginetest.Set(name, "/secret", "hunter2")
		secret.Sensitive = true
		quiet := enginetest.Set(name, "/quiet", "hunter3")
		quiet.Sensitive = true
		conditional := enginetest.Set(name, "/when", "1")
		conditional.Conditions.When = enginetest.Lambda(func() (any, error) { return nil, unit.ErrPending })
		host := enginetest.NewHost(map[string]string{"/right": "1", "/first": "1", "/quiet": "hunter3"})
		h, contents := planOne(t, host, enginetest.Set(name, "/first", "1"), enginetest.Set(name, "/a", "on "+name), secret, quiet,
			enginetest.Set(name, "/b", "1"), conditional, enginetest.Set(name, "/right", "1"))
		h.Host = enginetest.Inventory(name)
		hosts = append(hosts, h)
		d.Inventory = append(d.Inventory, h.Host)
		if err := d.AddHost(h, []string{"web"}, contents, func([]byte) string { return "sealed" }); err != nil {
			t.Fatal(err)
		}
	}
	effect := func(text, unit string, may bool, hosts ...string) plan.Effect {
		return plan.Effect{Text: text, Potential: may, Unit: "set[" + unit + "]", Play: "web", Hosts: hosts}
	}
	want := []plan.Effect{
		effect("links /a to 'on h1'", "/a", false, "h1"),
		effect("links /a to 'on h2'", "/a", false, "h2"),
		effect("does what is sensitive: set[/secret]", "/secret", false, "h1", "h2"),
		effect("does what is sensitive: set[/quiet]", "/quiet", true, "h1", "h2"),
		effect("links /b to 1", "/b", false, "h1", "h2"),
		effect("links /when to 1", "/when", true, "h1", "h2"),
		effect("links /right to 1", "/right", true, "h1", "h2"),
	}
	if diff := cmp.Diff(want, plan.Effects(hosts, []string{"web"})); diff != "" {
		t.Errorf("as made: %s", diff)
	}
	back, err := planfile.Parse(saved(t, d), "p", trusting(signer))
	if err != nil {
		t.Fatal(err)
	}
	viewed, plays, _, err := back.View()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, plan.Effects(viewed, plays)); diff != "" {
		t.Errorf("as saved: %s", diff)
	}
}

// TestUnitsThatAreDoneOnceAreSaved: what is saved of them is shown as it was planned.
func TestUnitsThatAreDoneOnceAreSaved(t *testing.T) {
	hosts, _ := planOn(t, enginetest.NewHost(nil), []string{"bad", "h1", "h2"}, func(host string) *unit.Play {
		u := enginetest.Set(host, "/once", "1")
		u.Rollout.RunOnce, u.Rollout.Throttle = true, 3
		if host == "bad" {
			enginetest.Args(u, "/bad", "1")
		}
		return &unit.Play{Units: []*unit.Unit{u}}
	})
	viewed, _, _, err := documentOf(t, hosts).View()
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Summarize(viewed); got != plan.Summarize(hosts) {
		t.Error(cmp.Diff(plan.Summarize(hosts), got))
	}
	if s := viewed[2].Plays[0].Steps[0]; !s.Elsewhere() || s.Unit.Rollout.Throttle != 3 {
		t.Errorf("viewed as %+v", s)
	}
}

func TestADelegateIsSaved(t *testing.T) {
	lb := enginetest.NewHost(map[string]string{"/a": "2"})
	lb.MachineID = strings.Repeat("3", 32)
	u := enginetest.Set("h1", "/a", "2")
	u.ID.Delegate = "lb1"
	planned, _ := planOne(t, lb, u)
	d := documentOf(t, []*plan.Host{planned})
	if u := d.Hosts[0].Units[0]; u.Unit != "lb1:set[/a]" || u.Delegate != "lb1" || u.DelegateID != lb.MachineID {
		t.Errorf("saved as %+v", u)
	}
	if text := saved(t, d); !bytes.Contains(text, []byte(`"delegate": "lb1"`)) {
		t.Errorf("saved as %s", text)
	}
}
