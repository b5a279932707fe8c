package onboard

import (
	"context"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/fleet"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// talk is a connection of its own to a host, over which one program after the other runs. close must follow.
type talk struct {
	session fleet.Session
	host    string
	by      fleet.Login
	user    string // as whom, "" for who logs in
}

// talk opens a connection.
func (p *Prover) talk(ctx context.Context, h *inventory.Host, user string) (*talk, error) {
	t := &talk{user: user, host: h.Name}
	if h.User == user {
		t.user = ""
	}
	var err error
	t.session, err = p.Doors.Open(ctx, h, fleet.Hooks{
		LoggedIn: func(l fleet.Login) { t.by = l }, Restricted: func(string, []string) {}, Note: func(string, string) {},
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *talk) close(ctx context.Context) { _ = t.session.Close(context.WithoutCancel(ctx)) } // it may be gone

// run runs a program.
func (t *talk) run(ctx context.Context, e *op.Exec) (*op.ExecResult, error) {
	outcomes, err := t.session.Run(ctx, []target.Step{{Op: op.Op{Exec: e}, User: t.user, Timeout: 2 * time.Minute}})
	if err != nil {
		return nil, err
	}
	if r := outcomes[0].Result; r.Error != nil {
		return nil, &diag.Error{Summary: r.Error.Message, Hint: r.Error.Hint(), Host: t.host}
	}
	return outcomes[0].Result.Exec, nil
}
