package plangraph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/plangraph"
	"github.com/openfroyo/froyo/providers/abi"
)

// drawn is a plan with one of every edge, and names that try to break out.
func drawn() *planfile.Document {
	return &planfile.Document{Hosts: []planfile.Host{
		{Name: "h1", Units: []planfile.Unit{
			{Unit: `file[/a"]; x -> y; "]`, Play: "web", Action: abi.Create, Notify: []string{"reload"}},
			{Unit: "cmd[echo `%%{init}%%` <b>&amp;\\n\x1b[31m #quot; style:x#1;]", Play: "web", Action: abi.None},
			{Unit: "file[/b]", Play: "web", Action: abi.Update, Require: []string{`file[/a"]; x -> y; "]`, "gone[x]"}},
			{Unit: "file[/secret]", Play: "web", Sensitive: true, Digest: "x"}, // an error, sealed
			{Unit: "service[nginx]", Play: "web", Handler: "reload", Action: abi.Update},
			{Unit: "file[/b]", Play: "web", Handler: "reload", Action: abi.None, Require: []string{"service[nginx]"}},
			{Unit: "probe[x]", Play: "web", Verify: true, Action: abi.Probe, Require: []string{"file[/b]"}},
		}},
		{Name: "h2", Error: "down"},
	}}
}

func TestDOT(t *testing.T) {
	var got strings.Builder
	if err := plangraph.Of(drawn()).WriteDOT(&got); err != nil {
		t.Fatal(err)
	}
	want := `digraph plan {
  rankdir=LR;
  node [shape=box, style=rounded, fontname=monospace];
  subgraph cluster_0 {
    label="h1";
    n0 [label="file[/a\"]; x -> y; \"]\ncreate", style="rounded,filled", fillcolor=lightyellow, fontcolor=black];
    n1 [label="cmd[echo ` + "`%%{init}%%`" + ` <b>&amp;amp;\\n\\x1b[31m #quot; style:x#1;]"];
    n2 [label="file[/b]\nupdate", style="rounded,filled", fillcolor=lightyellow, fontcolor=black];
    n3 [label="file[/secret]\ncannot be planned", color=red];
    subgraph cluster_1 {
      label="handler reload";
      style=dashed;
      n4 [label="service[nginx]\nupdate", style="rounded,filled", fillcolor=lightyellow, fontcolor=black];
      n5 [label="file[/b]"];
    }
    subgraph cluster_2 {
      label="verify";
      style=dashed;
      n6 [label="probe[x]\nprobe"];
    }
  }
  subgraph cluster_3 {
    label="h2";
    x4 [label="could not be planned", color=red];
  }
  n0 -> n4 [style=dashed];
  n0 -> n1 [style=dotted];
  n1 -> n2 [style=dotted];
  n0 -> n2;
  n2 -> n3 [style=dotted];
  n4 -> n5 [style=dotted];
  n4 -> n5;
  n2 -> n6;
}
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestMermaid(t *testing.T) {
	var got strings.Builder
	if err := plangraph.Of(drawn()).WriteMermaid(&got); err != nil {
		t.Fatal(err)
	}
	want := `flowchart LR
  subgraph s0["h1"]
    n0["file[/a#34;]#59; x -#62; y#59; #34;]<br/>create"]:::acts
    n1["cmd[echo #96;#37;#37;#123;init#125;#37;#37;#96; #60;b#62;#38;amp#59;#92;n#92;x1b[31m #35;quot#59; style#58;x#35;1#59;]"]
    n2["file[/b]<br/>update"]:::acts
    n3["file[/secret]<br/>cannot be planned"]:::failed
    subgraph s1["handler reload"]
      n4["service[nginx]<br/>update"]:::acts
      n5["file[/b]"]
    end
    subgraph s2["verify"]
      n6["probe[x]<br/>probe"]
    end
  end
  subgraph s3["h2"]
    x4["could not be planned"]:::failed
  end
  n0 --> n4
  n0 -.-> n1
  n1 -.-> n2
  n0 --> n2
  n2 -.-> n3
  n4 -.-> n5
  n4 --> n5
  n2 --> n6
  linkStyle 0 stroke-dasharray:6 4
  classDef acts fill:#ffffe0,stroke:#8a6d00,color:#000000
  classDef failed stroke:#d00000,stroke-width:2px
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

// FuzzGraph: whatever a plan's names are, each line that is drawn is one of those that a plain name gives.
func FuzzGraph(f *testing.F) {
	f.Add(`file[/a]`, "h1", "reload")
	f.Add("x\"]\nend\n", "\\", "%%{init: {}}%%")
	f.Fuzz(func(t *testing.T, unit, host, handler string) {
		draw := func(unit, host, handler string) []string {
			d := &planfile.Document{Hosts: []planfile.Host{{Name: host, Units: []planfile.Unit{
				{Unit: unit, Action: abi.Create, Notify: []string{handler}}, {Unit: "x", Handler: handler, Action: abi.Create},
			}}}}
			var dot, mermaid strings.Builder
			if err := plangraph.Of(d).WriteDOT(&dot); err != nil {
				t.Fatal(err)
			}
			if err := plangraph.Of(d).WriteMermaid(&mermaid); err != nil {
				t.Fatal(err)
			}
			return append(strings.Split(unquoted(dot.String()), "\n"), strings.Split(unquoted(mermaid.String()), "\n")...)
		}
		if handler == "" {
			t.Skip("no handler")
		}
		if diff := cmp.Diff(draw("x[y]", "h", "r"), draw(unit, host, handler)); diff != "" {
			t.Error(diff)
		}
	})
}

// unquoted leaves the texts in quotes out.
func unquoted(s string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(s); i++ {
		switch {
		case inside && s[i] == '\\':
			i++
		case s[i] == '"':
			inside = !inside
			b.WriteByte('"')
		case !inside:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// TestGraphOfASavedPlan: what a document says of edges survives being saved.
func TestGraphOfASavedPlan(t *testing.T) {
	data, err := json.Marshal(drawn())
	if err != nil {
		t.Fatal(err)
	}
	var back planfile.Document
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plangraph.Of(drawn()), plangraph.Of(&back)); diff != "" {
		t.Error(diff)
	}
}

// TestGraphOrderIsDrawn: its edges stand in the saved plan, and are drawn in
// place of the script's order; what comes behind the play comes after all of it.
func TestGraphOrderIsDrawn(t *testing.T) {
	host := &plan.Host{Host: enginetest.Inventory("h1"), Plays: map[int]*plan.Play{
		0: {Steps: enginetest.Creating("cmd[first]")},
		1: {
			Graph: true, Flush: []int{3},
			Steps: enginetest.Creating("file[/srv]", "cmd[a]", "file[/srv/x] <- cmd[a]", "cmd[late]", "cmd[later]"),
		},
		2: {Steps: enginetest.Creating("cmd[last]")},
	}}
	plays := []string{"one", "two", "three"}
	d := &planfile.Document{Plays: []planfile.Play{{Name: "one"}, {Name: "two", Order: planfile.OrderGraph}, {Name: "three"}}}
	if err := d.AddHost(host, plays, &plan.Contents{}, func([]byte) string { return "" }); err != nil {
		t.Fatal(err)
	}
	d.Inventory = []*inventory.Host{host.Host}
	viewed, _, _, err := d.View()
	if err != nil {
		t.Fatal(err)
	}
	if viewed[0].Plays[0].Graph || !viewed[0].Plays[1].Graph {
		t.Error("the saved plan does not tell which play is in graph order")
	}
	var got []string
	for _, e := range plangraph.Of(d).Edges {
		got = append(got, fmt.Sprintf("%s -> %s %d", strings.TrimPrefix(e.From, "h1/"), strings.TrimPrefix(e.To, "h1/"), e.Kind))
	}
	want := []string{
		"cmd[first] -> file[/srv] 0", "cmd[first] -> cmd[a] 0",
		"file[/srv] -> file[/srv/x] 0", "cmd[a] -> file[/srv/x] 1",
		"file[/srv/x] -> cmd[late] 0", "file[/srv/x] -> cmd[later] 0",
		"cmd[late] -> cmd[last] 0", "cmd[later] -> cmd[last] 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
