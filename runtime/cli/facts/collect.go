package facts

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type collectCommand struct {
	Namespaces []string `arg:"" optional:"" complete:"facts" help:"Namespaces of facts, such as os.basic; default: all."`
	flags.Target
	Fresh bool `name:"keep-fresh" help:"Do not ask again for what is kept and not too old yet."`
	JSON  bool `name:"json" help:"Print the facts as JSON on standard output."`
}

// Help gives the command's example.
func (*collectCommand) Help() string {
	return `It asks all hosts side by side, each in one round trip, and keeps what they tell for froyo facts show, validate and --where.
A namespace that a host does not tell in time is missing, and the others are not.

Examples:
  froyo facts collect
  froyo facts collect --selector 'role=web'
  froyo facts collect os.basic hw.memory --json | jq '.hosts[].facts["hw.memory"].values.total'`
}

// Run asks the hosts.
func (c *collectCommand) Run(ctx context.Context, e *console.Console) (err error) {
	f, err := client.OpenFleet(ctx, e, &c.Target, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	namespaces, err := f.Namespaces(c.Namespaces)
	if err != nil {
		return err
	}
	before := map[string]map[string]collect.Fact{}
	for _, h := range f.Hosts {
		if before[h.Name], err = f.Collector.Kept(ctx, h); err != nil {
			return err
		}
	}
	end := f.Show("collecting", f.Hosts)
	answers, err := f.Collector.Collect(ctx, f.Hosts, namespaces, !c.Fresh)
	end()
	if err != nil {
		return err
	}
	if c.JSON {
		err = e.WriteJSON(struct {
			Hosts []hostAnswer `json:"hosts"`
		}{answersOf(answers)})
	} else {
		err = e.WriteFitted(table(answers, before, namespaces))
	}
	return errors.Join(err, failures(answers, namespaces))
}

// table has a line for each host, hosts of which there is the same to say together.
func table(answers []collect.Answer, before map[string]map[string]collect.Fact, namespaces []*facts.Namespace) string {
	var order []string
	hosts, rows := map[string][]string{}, map[string][]string{}
	for _, a := range answers {
		row := []string{"", "", "", ""}
		if a.Err != nil {
			row[0] = "failed"
		} else {
			told, kept := 0, 0
			var failed []string
			for _, n := range namespaces {
				switch f := a.Facts[n.Name]; {
				case f.Err != nil:
					failed = append(failed, n.Name)
				case f.Kept:
					kept++
				default:
					told++
				}
			}
			row[0] = strconv.Itoa(told)
			if kept > 0 {
				row[0] += fmt.Sprintf(" (%d kept)", kept)
			}
			row[1], row[2] = strings.Join(changed(a.Facts, before[a.Host.Name], namespaces), " "), strings.Join(failed, " ")
		}
		if a.Err == nil && a.MachineID == "" {
			row[3] = "not kept: the host has no machine-id"
		}
		key := strings.Join(row, "\t")
		if hosts[key] == nil {
			order = append(order, key)
		}
		hosts[key], rows[key] = append(hosts[key], a.Host.Name), row
	}
	lines := [][]string{{"HOSTS", "COLLECTED", "CHANGED", "FAILED", ""}}
	for _, key := range order {
		lines = append(lines, append([]string{ui.Readable(inventory.FoldNames(hosts[key]))}, rows[key]...))
	}
	var b strings.Builder
	layout.Columns(&b, "", lines)
	return b.String()
}

// hostAnswer is the facts of a host as JSON.
type hostAnswer struct {
	Host      string                `json:"host"`
	MachineID string                `json:"machine_id,omitempty"`
	Error     string                `json:"error,omitempty"`
	Facts     map[string]factAnswer `json:"facts,omitempty"`
}

// factAnswer is a namespace as JSON.
type factAnswer struct {
	Time   time.Time      `json:"time"`
	Source string         `json:"source"`
	Kept   bool           `json:"kept,omitempty"`
	Values map[string]any `json:"values,omitempty"`
	Error  string         `json:"error,omitempty"`
}

func answersOf(answers []collect.Answer) []hostAnswer {
	hosts := make([]hostAnswer, len(answers))
	for i, a := range answers {
		hosts[i] = hostAnswer{Host: a.Host.Name, MachineID: a.MachineID, Facts: map[string]factAnswer{}}
		if a.Err != nil {
			hosts[i].Error = a.Err.Error()
		}
		for name, f := range a.Facts {
			hosts[i].Facts[name] = answerOfFact(f)
		}
	}
	return hosts
}

func answerOfFact(f collect.Fact) factAnswer {
	a := factAnswer{Time: f.Time.UTC(), Source: f.Source, Kept: f.Kept, Values: f.Values}
	if f.Err != nil {
		a.Error = f.Err.Error()
	}
	return a
}
