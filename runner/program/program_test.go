package program

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
)

// fixture runs programs on this machine, with a short grace.
type fixture struct {
	*Starter
}

func (f *fixture) Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result {
	return performtest.Single{Performer: f.Starter}.Perform(ctx, o, s)
}

func newMachine(t testing.TB) *fixture {
	t.Helper()
	trees := proctree.New()
	t.Cleanup(trees.Close)
	s := New(200*time.Millisecond, trees)
	n := names.New("/etc", nil)
	s.User = n.User(context.Background(), uint32(os.Geteuid()))
	if e := n.Find(context.Background(), names.Passwd, s.User); e != nil && e[5] != "" {
		s.Home = e[5]
	}
	return &fixture{Starter: s}
}
