package complete

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/wording"
	"github.com/openfroyo/froyo/engine/worker"
	"github.com/openfroyo/froyo/runtime/cli/adhoc"
	"github.com/openfroyo/froyo/runtime/cli/client"
	"github.com/openfroyo/froyo/runtime/cli/facts"
	"github.com/openfroyo/froyo/runtime/cli/flags"
	"github.com/openfroyo/froyo/runtime/cli/here"
	"github.com/openfroyo/froyo/runtime/cli/inventory"
	"github.com/openfroyo/froyo/runtime/cli/pages"
	"github.com/openfroyo/froyo/runtime/cli/runs"
	"github.com/openfroyo/froyo/runtime/console"
)

// values are what a flag or a positional argument may be: its "complete" tag says what kind of thing that is.
func (c *cursor) values(ctx context.Context, v *kong.Value, typed string) []proposal {
	if v.Enum != "" {
		var found []proposal
		for _, value := range v.EnumSlice() {
			found = append(found, proposal{value: value})
		}
		return found
	}
	kind, extensions, _ := strings.Cut(v.Tag.Get("complete"), ":")
	switch kind {
	case "files":
		return files(typed, strings.FieldsFunc(extensions, func(r rune) bool { return r == ',' }))
	case "hosts":
		return c.hosts(ctx, typed, false)
	case "selector":
		return c.hosts(ctx, typed, true)
	case "units":
		return c.units(ctx, false)
	case "tags":
		return c.units(ctx, true)
	case "runs":
		return c.runs(ctx, func(*state.Run, []state.HostLock) bool { return true })
	case "resumable":
		return c.runs(ctx, resumable)
	case "run":
		return c.run(ctx)
	case "pages":
		return c.pages(ctx)
	case "run-units":
		return c.unitsOf(ctx)
	case "facts", "fact":
		return c.facts(kind == "fact", typed)
	case "secrets", "recipients", "keys":
		return c.secrets(ctx, kind)
	case "words":
		var found []proposal
		for word := range strings.SplitSeq(extensions, ",") {
			found = append(found, proposal{value: word})
		}
		return found
	}
	return nil
}

// facts lists the namespaces of facts of the workspace, and where fields are wanted those of the namespace that is typed.
func (c *cursor) facts(fields bool, typed string) (found []proposal) {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	registry, err := facts.Here(e)
	if err != nil {
		return nil // the command itself says what is wrong
	}
	for _, n := range registry.All() {
		found = append(found, proposal{n.Name, n.Doc})
		if !fields || !strings.HasPrefix(typed, n.Name+".") {
			continue
		}
		for i := range n.Fields {
			found = append(found, proposal{n.Name + "." + n.Fields[i].Name, n.Fields[i].Doc})
		}
	}
	return found
}

// runs lists the latest runs of the workspace that are wanted.
func (c *cursor) runs(ctx context.Context, wanted func(*state.Run, []state.HostLock) bool) []proposal {
	return c.stored(ctx, func(store state.Store, workspace string) (found []proposal) {
		const most = 20
		runs, err := store.Runs(ctx, workspace, -1)
		if err != nil {
			return nil
		}
		locks, err := store.LockedHosts(ctx, workspace)
		if err != nil {
			return nil
		}
		for i := range runs {
			if r := &runs[i]; len(found) < most && wanted(r, locks) {
				text := r.Command + " of " + wording.When(r.Started)
				if r.Runbook != "" {
					text = r.Command + " of " + r.Runbook + ", " + wording.When(r.Started)
				}
				if r.Status != state.Running {
					text += ", " + string(r.Status)
				}
				found = append(found, proposal{r.ID, strings.NewReplacer("\n", " ", "\t", " ").Replace(text)})
			}
		}
		return found
	})
}

// resumable reports whether froyo resume takes the run: also one whose process was killed, which is marked by the
// command and not here.
func resumable(r *state.Run, locks []state.HostLock) bool {
	if !runs.Applies(r) || !r.Resumable {
		return false
	}
	return r.Status == state.Failed || r.Status == state.Interrupted || r.Status == state.Running && !worker.AtWork(r, locks, time.Now())
}

// pages lists what froyo docs prints something about.
func (c *cursor) pages(ctx context.Context) (found []proposal) {
	names, err := pages.Names(ctx)
	if err != nil {
		return nil // the command itself says what is wrong
	}
	for _, name := range names {
		found = append(found, proposal{value: name})
	}
	return found
}

// unitsOf lists the units of the run before the cursor, those of all hosts and those of one.
func (c *cursor) unitsOf(ctx context.Context) []proposal {
	if len(c.args) == 0 {
		return nil
	}
	return c.stored(ctx, func(store state.Store, workspace string) (found []proposal) {
		all, err := store.Runs(ctx, workspace, -1)
		if err != nil {
			return nil
		}
		run, err := runs.Find(all, c.args[0])
		if err != nil {
			return nil
		}
		units, err := store.Units(ctx, run.ID)
		if err != nil {
			return nil
		}
		seen := map[string]bool{}
		for _, u := range units {
			if strings.ContainsAny(u.Unit, "\n\t") {
				continue
			}
			if !seen[u.Unit] {
				found = append(found, proposal{u.Unit, u.Pos.String()})
			}
			seen[u.Unit] = true
			found = append(found, proposal{u.Host + "/" + u.Unit, u.Status})
		}
		return found
	})
}

// stored lists what is found in the store of the workspace.
func (c *cursor) stored(ctx context.Context, list func(store state.Store, workspace string) []proposal) (found []proposal) {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	store, workspace, err := here.State(ctx, e)
	if err != nil || store == nil {
		return nil // the command itself says what is wrong with the state
	}
	defer func() {
		if store.Close() != nil {
			found = nil
		}
	}()
	return list(store, workspace)
}

// plans stands among extensions for saved plans, whatever their names end in.
const plans = "plans"

// isPlan reports whether a file begins as a saved plan does.
func isPlan(name string, info fs.FileInfo) bool {
	if !info.Mode().IsRegular() {
		return false // reading it might not end
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, err := io.ReadFull(f, head)
	return (err == nil || errors.Is(err, io.ErrUnexpectedEOF)) && planfile.Begins(head[:n])
}

// files lists how a path may continue: directories, and files that end in one of these.
func files(typed string, extensions []string) []proposal {
	dir, _ := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Clean("./" + dir))
	if filepath.IsAbs(dir) {
		entries, err = os.ReadDir(dir)
	}
	if err != nil {
		return nil
	}
	var found []proposal
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		hidden := strings.HasPrefix(entry.Name(), ".") && !strings.HasPrefix(filepath.Base(typed), ".")
		switch {
		case err != nil || hidden || strings.ContainsAny(entry.Name(), "\n\t"):
		case info.IsDir():
			found = append(found, proposal{value: dir + entry.Name() + "/"})
		case len(extensions) == 0 || slices.Contains(extensions, strings.TrimPrefix(filepath.Ext(entry.Name()), ".")),
			slices.Contains(extensions, plans) && isPlan(filepath.Join(dir, entry.Name()), info):
			found = append(found, proposal{value: dir + entry.Name()})
		}
	}
	return found
}

// sealed leaves out what is encrypted: completion asks for no password.
var sealed = flags.Login{Vault: flags.Vault{Sealed: true}}

// run are the words that go on with froyo run.
func (c *cursor) run(ctx context.Context) []proposal {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	line := &adhoc.Command{Words: c.args, Target: flags.Target{Inventory: c.given["inventory"], Login: sealed}, Vars: flags.Vars{Extra: c.given["extra-vars"]}}
	if file := c.given["runbook"]; len(file) > 0 {
		line.Runbook = file[len(file)-1]
	}
	var found []proposal
	for _, p := range line.Proposals(ctx, e) {
		if !strings.ContainsAny(p.Text, "\n\t") {
			found = append(found, proposal{p.Word, p.Text})
		}
	}
	return found
}

// quiet is a console that says nothing beside the proposals.
func (c *cursor) quiet() (*console.Console, func() error, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	return c.console.Quiet(null), null.Close, nil
}

// hosts lists hosts, and for selectors groups, after what is already joined to them.
func (c *cursor) hosts(ctx context.Context, typed string, selector bool) []proposal {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	f, err := (&inventory.Flags{Inventory: c.given["inventory"], Vault: sealed.Vault}).Load(ctx, e)
	if err != nil {
		return nil // the command itself says what is wrong with the inventory
	}
	before := ""
	if selector {
		before = typed[:strings.LastIndexAny(typed, ":,&!")+1]
	}
	var found []proposal
	for _, h := range f.Hosts {
		found = append(found, proposal{before + h.Name, strings.Join(h.Groups, ",")})
	}
	if selector {
		groups := f.Read.Groups()
		for _, g := range slices.Sorted(maps.Keys(groups)) {
			found = append(found, proposal{before + g, fmt.Sprintf("group of %d", len(groups[g]))})
		}
	}
	return found
}

// units lists the names of units, or their tags, as far as they are known without a connection.
func (c *cursor) units(ctx context.Context, tags bool) (found []proposal) {
	e, done, err := c.quiet()
	if err != nil {
		return nil
	}
	defer done() //nolint:errcheck // nothing is kept in it
	f := &flags.Planning{
		Target: flags.Target{Inventory: c.given["inventory"], Limit: strings.Join(c.given["limit"], ""), Login: sealed},
		Vars:   flags.Vars{Extra: c.given["extra-vars"]}, NoSecrets: true,
	}
	if len(c.args) > 0 {
		f.File = c.args[0]
	}
	l, err := client.Load(ctx, e, f)
	if err != nil {
		return nil // the command itself says what is wrong with the runbook
	}
	defer func() {
		if l.Close(ctx) != nil {
			found = nil
		}
	}()
	all, err := l.Offline(ctx)
	if err != nil {
		return nil
	}
	seen := map[string]bool{}
	for play := range l.Job.Plays() {
		for _, entry := range client.EntriesOf(all, play, tags) {
			name := entry.Tag
			if !tags {
				name = entry.Unit
			}
			if !seen[name] && !strings.ContainsAny(name, "\n\t") {
				found = append(found, proposal{name, strings.TrimPrefix(entry.Place(), " ")})
			}
			seen[name] = true
		}
	}
	return found
}
