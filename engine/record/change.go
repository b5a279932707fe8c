package record

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/openfroyo/froyo/engine/plan"
	"github.com/openfroyo/froyo/engine/runlog"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

// RecordChanges implements runlog.RunLog.
func (l *RunLog) RecordChanges(ctx context.Context, changes ...runlog.Change) error {
	kept := make([]state.Change, len(changes))
	for i := range changes {
		var err error
		if kept[i], err = l.changeOf(&changes[i]); err != nil {
			return err
		}
	}
	// What was done is recorded even where the run is being interrupted.
	return l.ref.store.RecordChange(context.WithoutCancel(ctx), kept...)
}

func (l *RunLog) changeOf(c *runlog.Change) (state.Change, error) {
	before, after, err := sides(c.Change)
	if err != nil {
		return state.Change{}, err
	}
	u := c.Unit
	kept := state.Change{
		Run: l.ref.run, Workspace: l.ref.workspace, Host: c.Host, MachineID: c.MachineID, Play: c.Play, Unit: u.ID.Local(),
		Position: l.positions[u.ID], Pos: u.Pos, Action: c.Change.Action, Status: string(c.Status), Time: time.Now(), Notify: c.Notify,
		Outputs: json.RawMessage(c.Outputs), Output: c.Output,
	}
	if c.On != nil {
		kept.Elsewhere = &state.Place{Host: c.On.Host.Name, MachineID: c.On.MachineID(), Unit: u.ID.Resource()}
	}
	if u.Sensitive || holdsSecrets(before) || holdsSecrets(after) {
		seal := func(data []byte) string { return l.seal(secret.Canonical(data)) }
		kept.Args = seal(u.Args)
		kept.Before, kept.After = state.Value{Digest: seal(before)}, state.Value{Digest: seal(after)}
	} else {
		kept.Args = op.Sum(u.Args)
		kept.Before, kept.After = state.Value{Data: before}, state.Value{Data: after}
		kept.Contents = contents(c)
	}
	return kept, nil
}

// holdsSecrets reports whether attributes, or contents that they refer to, hold
// secrets, as a host's file can that a sensitive unit wrote.
func holdsSecrets(attributes []byte) bool {
	return secret.Any() && !bytes.Equal(secret.Canonical(attributes), attributes)
}

// contents are the blobs that a change refers to.
func contents(c *runlog.Change) []*op.Blob {
	var blobs []*op.Blob
	for _, d := range c.Change.Diffs {
		for _, side := range []codec.Raw{d.Before, d.After} {
			ref, ok := plan.AsReference(side)
			if !ok {
				continue
			}
			blob := c.Contents.Blob(ref.Sum)
			if blob == nil {
				blob = c.Unit.Blobs[ref.Sum]
			}
			if blob != nil {
				blobs = append(blobs, blob)
			}
		}
	}
	return blobs
}
