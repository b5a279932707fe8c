package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/providers/abi"
)

// drawn is a plan with one of every edge, and names that try to break out.
func drawn() *plan.Document {
	return &plan.Document{Hosts: []plan.DocumentHost{
		{Name: "h1", Units: []plan.DocumentUnit{
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
	if err := drawn().Graph().WriteDOT(&got); err != nil {
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
	if err := drawn().Graph().WriteMermaid(&got); err != nil {
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
			d := &plan.Document{Hosts: []plan.DocumentHost{{Name: host, Units: []plan.DocumentUnit{
				{Unit: unit, Action: abi.Create, Notify: []string{handler}}, {Unit: "x", Handler: handler, Action: abi.Create},
			}}}}
			var dot, mermaid strings.Builder
			if err := d.Graph().WriteDOT(&dot); err != nil {
				t.Fatal(err)
			}
			if err := d.Graph().WriteMermaid(&mermaid); err != nil {
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
	var back plan.Document
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(drawn().Graph(), back.Graph()); diff != "" {
		t.Error(diff)
	}
}
