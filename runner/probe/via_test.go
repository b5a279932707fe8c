package probe_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"testing"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/target"
)

// TestVia probes through a real runner.
func TestVia(t *testing.T) {
	s := dial.Open(local.New("tester", os.Environ()), dial.Options{Host: "h1", Binary: dialtest.Binary(t)})
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	prober := probe.Wrap(s, probe.Options{Host: "h1", Via: func(ctx context.Context, _ string) (probe.Dial, error) {
		return probe.From(s, ""), s.Ready(ctx, "")
	}})
	tries := op.Tries{Via: "h1", TimeoutMS: 10_000, Attempts: 1}
	a := newAuthority(t)
	plain := server(t)
	get := func(url, ca string) target.Step {
		return target.Step{Op: op.Op{HTTP: &op.HTTPProbe{URL: url, CA: ca, Status: []int{http.StatusOK}, Tries: tries}}}
	}
	connect := func(port int, closed bool) target.Step {
		return target.Step{Op: op.Op{TCP: &op.TCPProbe{Address: "localhost", Port: port, Closed: closed, Tries: tries}}}
	}
	got, err := prober.Do(t.Context(), []target.Step{
		stat("/"), get(plain.URL+"/big", ""), get(a.serve(t, -1e12, 1e15, "127.0.0.1"), a.pem),
		connect(listen(t, hold), false), connect(performtest.ClosedPort(t), true),
		connect(performtest.ClosedPort(t), false), get(a.serve(t, -1e12, 1e15, "other.example"), a.pem),
		get("http://127.0.0.1:"+itoa(performtest.ClosedPort(t)), ""), get("http://froyo-test.invalid/", ""),
		get(at(t, func(conn *net.TCPConn) { _ = conn.SetLinger(0); conn.Close() }), ""),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got[0].Stat == nil || len(got[1].HTTP.Body) != maxKept || got[2].HTTP == nil || got[2].HTTP.Body != "HTTP/2.0" || got[3].TCP == nil || got[4].TCP == nil {
		t.Errorf("got %+v", got[:5])
	}
	wantFailure(t, got[5].Error, "connection refused")
	if e := got[6].Error; e == nil {
		t.Error("a certificate for another host is taken")
	}
	wantFailure(t, got[7].Error, "connection refused")
	wantFailure(t, got[8].Error, "the name froyo-test.invalid is unknown")
	if e := got[9].Error; e == nil {
		t.Error("a connection that is reset is taken for an answer")
	}
	if _, err := s.Do(t.Context(), []target.Step{stat("/")}); err != nil {
		t.Errorf("the session does not go on: %v", err)
	}
}
