package files

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/openfroyo/froyo/runner/names"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/proctree"
	"github.com/openfroyo/froyo/runner/program"
)

// fixture performs ops on files of this machine.
type fixture struct {
	*Files
	User string
}

func (f *fixture) Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result {
	return performtest.Single{Performer: f.Files}.Perform(ctx, o, s)
}

func newMachine(t testing.TB) *fixture {
	t.Helper()
	n := names.New("/etc", nil)
	files := New(os.Geteuid(), n, program.New(200*time.Millisecond, proctree.New()))
	return &fixture{Files: files, User: n.User(t.Context(), uint32(os.Geteuid()))}
}
