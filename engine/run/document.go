package run

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/vars"
)

// origin is what the plan was made from, in the shape in which plans are saved:
// without the values of sensitive variables, and with the names of
// those that are left out though they were not marked.
func (p *Plan) origin() (*planfile.Document, map[string]bool, error) {
	j := p.job
	seal, err := p.job.services.Workspace.Sealer()
	if err != nil {
		return nil, nil, err
	}
	w, err := vars.FindWithheld(p.Hosts)
	if err != nil {
		return nil, nil, err
	}
	given := w.Kept("", j.given(), seal)
	hosts := j.Spec.Vars.Inventory.WithVars(func(h *inventory.Host) map[string]any { return w.Kept(h.Name, h.Vars, seal) })
	d := &planfile.Document{
		Format: planfile.Format, Froyo: j.services.Version, Created: p.created, Main: j.Spec.Main, Root: j.Spec.Root, Sources: j.sources(), Vars: given,
		Inventory: hosts.Hosts(), InventoryFiles: j.Spec.InventoryFiles, Groups: slices.Sorted(maps.Keys(j.Spec.Vars.Inventory.Groups())),
		Narrowed: planfile.Narrowed{Limit: j.Spec.Limit, Tags: j.Spec.Tags.Only, SkipTags: j.Spec.Tags.Skip, Targets: j.targets.Only(), Exclude: j.targets.Exclude()},
	}
	if j.services.Secrets != nil {
		d.Secrets = j.services.Secrets.Refs()
	}
	if j.Spec.Command != "" {
		d.Action = &planfile.Action{Command: j.Spec.Command}
	}
	if a := j.Spec.Action; a != nil {
		d.Action = &planfile.Action{Name: a.Name, Args: a.Args, Command: j.Spec.Command}
	}
	rollouts := p.Rollouts()
	for i, p := range j.program.Plays() {
		play := planfile.Play{
			Name: p.Name, Selector: p.Selector, Selected: j.selection.ByPlay[i],
			Batches: rollouts[i].Batches, MaxFail: rollouts[i].MaxFail,
		}
		if p.Graph {
			play.Order = planfile.OrderGraph
		}
		d.Plays = append(d.Plays, play)
	}
	return d, w.Found(), nil
}

// Document gives the plan the shape in which it is saved.
func (p *Plan) Document() (*planfile.Document, error) {
	seal, err := p.job.services.Workspace.Sealer()
	if err != nil {
		return nil, err
	}
	d, withheld, err := p.origin()
	if err != nil {
		return nil, err
	}
	d.Summary = plan.Summarize(p.Hosts)
	for _, h := range p.Hosts {
		if err := p.addHost(d, h, withheld, seal); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (p *Plan) addHost(d *planfile.Document, h *plan.Host, withheld map[string]bool, seal planfile.Seal) error {
	known := *h
	known.Inputs = secret.KeptJSON(h.Inputs, seal)
	for value := range withheld {
		text, stands := `"`+secret.Quoted(value)+`"`, `"(sensitive `+secret.Reference(value, seal)+`)"`
		known.Inputs = bytes.ReplaceAll(known.Inputs, []byte(text), []byte(stands))
	}
	return d.AddHost(&known, p.job.selection.Names, p.Contents, seal)
}

// Digest is the digest of the plan as it is saved.
func (p *Plan) Digest() (string, error) {
	seal, err := p.job.services.Workspace.Sealer()
	if err != nil {
		return "", err
	}
	d, withheld, err := p.origin()
	if err != nil {
		return "", err
	}
	d.Summary, d.Contents = plan.Summarize(p.Hosts), map[string]string{}
	sums := make([]string, len(p.Hosts))
	var contents sync.Mutex
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, h := range p.Hosts {
		g.Go(func() error {
			var one planfile.Document
			if err := p.addHost(&one, h, withheld, seal); err != nil {
				return err
			}
			contents.Lock()
			maps.Copy(d.Contents, one.Contents)
			contents.Unlock()
			var err error
			sums[i], err = one.Hosts[0].Sum()
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	return d.SumOver(sums)
}

// Write writes the plan as it is saved, signed.
func (p *Plan) Write(w io.Writer) error {
	d, err := p.Document()
	if err != nil {
		return err
	}
	key, err := p.job.services.Workspace.Signer()
	if err != nil {
		return err
	}
	return d.Write(w, key)
}

// resumable gives what the run can be resumed with, should it die: the saved plan that it
// carries out, or what it was planned from.
func (p *Plan) resumable() ([]byte, error) {
	d := p.job.Spec.Saved
	if d == nil {
		var err error
		if d, _, err = p.origin(); err != nil {
			return nil, err
		}
	}
	return json.Marshal(d)
}
