package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

func (m *Machine) svcQuery(_ context.Context, _ *op.SvcQuery) (*op.SvcQueryResult, error) {
	return nil, refusal("enosys", "not built yet")
}

func (m *Machine) svcEnsure(_ context.Context, _ *op.SvcEnsure) (*op.Done, error) {
	return nil, refusal("enosys", "not built yet")
}
