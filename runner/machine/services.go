package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/gather"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/program"
	"github.com/openfroyo/froyo/runner/systemd"
)

// services performs ops on the machine's services.
type services struct {
	root     string
	uid      int
	programs *program.Starter
}

// Perform implements perform.Performer.
func (s *services) Perform(ctx context.Context, c *perform.Call) (err error) {
	switch {
	case c.Op.SvcQuery == nil && c.Op.SvcEnsure == nil:
		return perform.ErrUnknown
	case ctx.Err() != nil:
		return perform.Stopped(ctx)
	case c.Op.SvcQuery != nil:
		c.Result.SvcQuery, err = s.manager().Query(ctx, c.Op.SvcQuery)
	default:
		c.Result.Done, err = s.manager().Ensure(ctx, c.Op.SvcEnsure)
	}
	return err
}

// manager is the manager of this machine's services.
func (s *services) manager() *systemd.Manager {
	return systemd.New(systemd.Host{
		Root: s.root, UID: s.uid, User: s.programs.User,
		Run: func(ctx context.Context, argv, env []string) (*op.ExecResult, error) {
			return s.programs.Run(ctx, program.Program{Argv: argv, Env: env, Limit: op.MaxOutput, Background: true})
		},
		Elevate: s.programs.Elevate,
		Init:    func() string { return gather.Init(s.root) },
		Distro: func() string { // for a message only
			release, _ := gather.OSRelease(s.root)
			return release["ID"]
		},
	})
}

func (s *services) units(ctx context.Context) *op.SvcUnits { return s.manager().Units(ctx) }

// unit is the state of one service.
func (s *services) unit(ctx context.Context, name string) (*op.Service, error) {
	got, err := s.manager().Query(ctx, &op.SvcQuery{Names: []string{name}})
	if err != nil {
		return nil, err
	}
	return &got.Units[0], nil
}
