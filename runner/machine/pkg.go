package machine

import (
	"context"

	"github.com/openfroyo/froyo/runner/op"
)

func (m *Machine) pkgQuery(_ context.Context, _ *op.PkgQuery) (*op.PkgQueryResult, error) {
	return nil, refusal("enosys", "not built yet")
}

func (m *Machine) pkgEnsure(_ context.Context, _ *op.PkgEnsure, _ func(string)) (*op.PkgDone, error) {
	return nil, refusal("enosys", "not built yet")
}
