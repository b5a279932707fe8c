package fleet

import (
	"context"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
)

// localPool connects to this machine under any name.
func localPool(t *testing.T) *Pool {
	t.Helper()
	binary := dialtest.Binary(t)
	env := []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + t.TempDir()}
	c := NewPool(func(_ context.Context, h *inventory.Host) (Session, error) {
		return dial.Open(local.New("tester", env), dial.Options{Host: h.Name, Binary: binary}), nil
	})
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// trips counts the round trips to h1.
func (p *Pool) trips() int64 { return p.hosts["h1"].session.(*dial.Session).Stats().RoundTrips }

// ready waits until the runner is there.
func (p *Pool) ready(t *testing.T, h *inventory.Host) error {
	t.Helper()
	_, err := p.Facts(t.Context(), h, facts.Lookup(facts.Basic))
	return err
}

// TestHostileFacts has a runner tell what no host is.
func TestHostileFacts(t *testing.T) {
	const ready = `{"ready":{"protocol":1,"version":"test","uid":1,"user":"tester","pid":1,"os":"linux","arch":"amd64","dir":"/x"}}`
	tests := []struct{ name, told, want string }{
		{"bad machine-id", `{"os.basic":{"id":"debian","family":"debian","machine_id":"../x"}}`, `os.basic.machine_id: want`},
		{"nothing", `{}`, `the host tells no os.basic`},
		{"something else", `{"hw.cpu":{"cores":1,"sockets":1}}`, `the host tells no os.basic`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			binary, err := dialtest.Pack([]byte("#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '" + ready + "'\nread -r command\n" +
				"printf '%s\\n' '{\"done\":{\"id\":1,\"result\":{\"facts\":" + tt.told + "}}}'\nread -r command\n"))
			if err != nil {
				t.Fatal(err)
			}
			env := []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + t.TempDir()}
			c := NewPool(func(context.Context, *inventory.Host) (Session, error) {
				return dial.Open(local.New("tester", env), dial.Options{Host: "h1", Binary: func(string, string) (*bootstrap.Binary, error) { return binary, nil }}), nil
			})
			t.Cleanup(func() { c.Close(context.Background()) })
			if got, err := c.Facts(t.Context(), &inventory.Host{Name: "h1"}, facts.Lookup(facts.Basic)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want the error %q", got, err, tt.want)
			}
			if known := c.Known(&inventory.Host{Name: "h1"}); known != nil {
				t.Errorf("known is %+v", known)
			}
		})
	}
}

func TestFactsAreAskedForOnce(t *testing.T) {
	c, h := localPool(t), &inventory.Host{Name: "h1"}
	cpu, err := c.Facts(t.Context(), h, facts.Lookup("hw.cpu"))
	if err != nil || cpu["cores"] != int64(runtime.NumCPU()) {
		t.Fatalf("got %v, %v", cpu, err)
	}
	if known := c.Known(h); known[facts.Basic] == nil || known["hw.cpu"] == nil || known["net.ifaces"] != nil {
		t.Errorf("known is %+v, want who the host is and what was asked for", known)
	}
	before := c.trips()
	var all sync.WaitGroup
	for range 8 {
		for _, namespace := range []string{facts.Basic, "hw.cpu", "net.ifaces"} {
			all.Go(func() {
				if _, err := c.Facts(t.Context(), h, facts.Lookup(namespace)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if got := c.trips() - before; got != 1 {
		t.Errorf("%d more round trips, want 1 for net.ifaces", got)
	}
}
