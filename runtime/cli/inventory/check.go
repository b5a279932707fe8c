package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/openfroyo/froyo/engine/blame"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/facts/collect"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/target"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/console"
	"github.com/openfroyo/froyo/runtime/ui"
	"github.com/openfroyo/froyo/runtime/ui/layout"
)

type checkCommand struct {
	flags.Target
	Deep bool `help:"Look at each host more closely: directories, memory, clock, systemd, package manager, locks."`
	JSON bool `name:"json" help:"Print JSON on standard output."`
}

// Help gives the command's example.
func (*checkCommand) Help() string {
	return `It logs in to all hosts side by side, becomes who acts there, and changes nothing. A host that fails has its error below the table.
--deep says besides what each host lacks, and what to do, in the same connection.

Examples:
  froyo inventory check
  froyo inventory check -l web -K
  froyo inventory check --deep
  froyo inventory check --json | jq '.hosts[] | select(.answers | not) | .host'`
}

// checked is what came of a host.
type checked struct {
	Host    string   `json:"host"`
	Answers bool     `json:"answers"`
	User    string   `json:"user,omitempty"`
	Address string   `json:"address,omitempty"`
	By      string   `json:"by,omitempty"`
	Source  string   `json:"source,omitempty"`
	Jumps   []string `json:"jumps,omitempty"`
	ActsAs  string   `json:"acts_as,omitempty"`
	Limit   string   `json:"limited_to,omitempty"`
	System  string   `json:"system,omitempty"`
	Error   string   `json:"error,omitempty"`
	Hint    string   `json:"hint,omitempty"`
	// short is the error in a word or two, for the table.
	short string
	// Findings are those of a closer look.
	Findings []finding `json:"findings,omitempty"`
}

// Run checks the hosts.
func (c *checkCommand) Run(ctx context.Context, e *console.Console) (err error) {
	f, err := client.OpenFleet(ctx, e, &c.Target, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(ctx)) }()
	end := f.Show("checking", f.Hosts)
	answers, err := f.Collector.Collect(ctx, f.Hosts, []*facts.Namespace{facts.Lookup(facts.Basic)}, true)
	end()
	if err != nil {
		return err
	}
	all := make([]checked, len(answers))
	var errs []error
	for i := range answers {
		var failed error
		all[i], failed = check(f, &answers[i])
		errs = append(errs, failed)
	}
	text := ""
	if c.Deep {
		end := f.Show("looking closer", f.Hosts)
		err := look(ctx, f, all)
		if end(); err != nil {
			return err
		}
		text = deepTable(all)
	}
	if c.JSON {
		err = e.WriteJSON(struct {
			Hosts []checked `json:"hosts"`
		}{all})
	} else {
		table, gone := checkTable(all, e.Columns())
		if err = e.WriteFitted(text + table); len(gone) > 0 {
			e.Errors.Note("no room for " + strings.Join(gone, ", ") + ": a wider terminal shows them, and --json")
		}
	}
	return errors.Join(append(errs, err)...)
}

// check is what came of a host.
func check(f *client.Fleet, a *collect.Answer) (checked, error) {
	h := a.Host
	login, in, limit := f.Login(h.Name)
	c := checked{Host: h.Name, Answers: a.Err == nil, User: login.User, Address: login.Address, By: login.By, Source: here.Path(login.Source), Jumps: login.Jumps, Limit: limit}
	if login.Source == "" {
		c.Source = ""
	}
	if h.Connection == inventory.Local {
		c.Address, c.By = "this machine", "no login"
	}
	told := a.Facts[facts.Basic]
	err := a.Err
	if err == nil {
		err = told.Err
	}
	if err != nil {
		err = blame.Host(h.Name, err)
		d := diag.Of(err)
		c.short = short(err)
		c.Answers, c.Error, c.Hint = false, escape.Text(d.Summary), escape.Text(d.Hint)
		return c, err
	}
	c.ActsAs = actsAs(h, login, in)
	c.System, _ = told.Values["name"].(string)
	return c, nil
}

// short is an error in a word or two; the whole of it is below the table.
func short(err error) string {
	e, ok := errors.AsType[*target.Error](err)
	if !ok {
		return "error"
	}
	switch e.Stage {
	case target.StageConnect:
		return "unreachable"
	case target.StageHostKey:
		return "host key"
	case target.StageAuth:
		return "login refused"
	case target.StageBecome:
		return "become refused"
	case target.StageLost:
		return "connection lost"
	}
	return "runner"
}

// actsAs is who acts on a host, and how that is become.
func actsAs(h *inventory.Host, login fleet.Login, in bool) string {
	user := h.ActsAs()
	switch {
	case user == "" && in:
		return login.User
	case user == "":
		return "you"
	case in && user == login.User:
		return user
	}
	return user + " by " + cmp.Or(h.BecomeMethod, "sudo")
}

// checkTable is the hosts for people, in so many columns of a terminal (0 are any), and what had no room.
func checkTable(all []checked, columns int) (table string, gone []string) {
	rows := [][]string{{"HOST", "ANSWERS", "LOGIN", "BY", "ACTS AS", "SYSTEM"}}
	for _, c := range all {
		login := c.Address
		if c.User != "" {
			login = c.User + "@" + c.Address
		}
		if len(c.Jumps) > 0 {
			login += " via " + strings.Join(c.Jumps, ", ")
		}
		by := c.By
		if c.Source != "" {
			kind, _, _ := strings.Cut(c.By, " ")
			by = c.Source + " (" + strings.TrimPrefix(kind, "ssh-") + ")"
		}
		as := c.ActsAs
		if c.Limit != "" {
			as += ", only " + c.Limit
		}
		rows = append(rows, []string{c.Host, map[bool]string{true: "yes", false: "no"}[c.Answers], login, by, as, cmp.Or(c.System, c.short)})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = ui.Readable(row[i])
		}
	}
	if columns > 0 {
		rows, gone = layout.Narrow(rows, columns, "BY", "LOGIN", "ACTS AS")
	}
	var b strings.Builder
	layout.Columns(&b, "", rows)
	ok := 0
	for _, c := range all {
		if c.Answers {
			ok++
		}
	}
	hosts := "hosts answer"
	if len(all) == 1 {
		hosts = "host answers"
	}
	fmt.Fprintf(&b, "\n%d of %d %s.\n", ok, len(all), hosts)
	return b.String(), gone
}
