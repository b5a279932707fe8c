package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/systemd"
)

// services is the manager of this machine's services.
func (m *Machine) services() *systemd.Manager {
	return systemd.New(systemd.Host{
		Root: m.root, UID: m.UID, User: m.User,
		Run: func(ctx context.Context, argv, env []string) (*op.ExecResult, error) {
			return m.run(ctx, program{argv: argv, env: env, limit: maxOutput})
		},
		Elevate: m.elevate,
		Init:    m.initName,
		Distro:  func() string { return m.osRelease()["ID"] },
	})
}

func (m *Machine) svcQuery(ctx context.Context, q *op.SvcQuery) (*op.SvcQueryResult, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return m.services().Query(ctx, q)
}

func (m *Machine) svcEnsure(ctx context.Context, e *op.SvcEnsure) (*op.Done, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return m.services().Ensure(ctx, e)
}
