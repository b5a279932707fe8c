package cli_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runtime/labtest"
)

// rolling is the example of a rolling update on four web servers and a balancer.
type rolling struct {
	*froyo
	example  string // its directory
	balancer labtest.Host
}

// TestLabRollingUpdate: web servers behind haproxy are updated one by one, and one that
// fails stays drained until it is repaired, while no request through the balancer fails.
func TestLabRollingUpdate(t *testing.T) {
	r := newRolling(t)
	r.planned(t)
	if code := r.apply(t, "1.0"); code != 0 {
		t.Fatal("not converged")
	}
	traffic := r.send(t)

	if code := r.apply(t, "1.1"); code != 0 {
		t.Fatal("not updated")
	}
	traffic.settled(t, "1.1", "web1", "web2", "web3", "web4")
	for range 2 { // nothing is to be drained any more
		if code, out, _ := r.run(t, "plan", "--detailed-exitcode", "-e", "version=1.1"); code != 0 || strings.Contains(out, "drain") {
			t.Error("the second plan is not empty")
		}
	}

	// web3 cannot start nginx again: it stays drained, and web4 is not begun.
	broken := r.hosts[2]
	broken.SSH(t, "echo 'broken;' >/etc/nginx/conf.d/zz-broken.conf")
	code, _, errs := r.run(t, "apply", "-y", "-e", "version=1.2")
	if code != 3 || !strings.Contains(errs, "after_change of play web was not done on web3") {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	r.wantPending(t, "after_change")
	if status := r.status(t, "web3"); status != "DRAIN" && !strings.HasPrefix(status, "DOWN") {
		t.Errorf("web3 is %s", status)
	}
	traffic.settled(t, "1.2", "web1", "web2")
	traffic.settled(t, "1.1", "web4")

	broken.SSH(t, "rm /etc/nginx/conf.d/zz-broken.conf; systemctl reset-failed nginx") // which counts starts, too: the test is quicker than an operator
	if code, _, _ := r.finish(t, r.command(t.Context(), "resume", "-y")); code != 0 {
		t.Errorf("resume ended with %d", code)
	}
	r.wantPending(t, "")
	traffic.settled(t, "1.2", "web1", "web2", "web3", "web4")
	traffic.end(t)
	r.clean(t)
}

func newRolling(t *testing.T) *rolling {
	t.Helper()
	r := &rolling{froyo: pristine(t, 5), example: filepath.Join("..", "..", "examples", "rolling")}
	r.balancer = r.hosts[4]
	for _, name := range []string{"site.star", "lb.sh", "haproxy.cfg.j2"} {
		text, err := os.ReadFile(filepath.Join(r.example, name))
		if err != nil {
			t.Fatal(err)
		}
		r.write(t, name, string(text))
	}
	var text strings.Builder
	for i, h := range r.hosts {
		name := fmt.Sprintf("web%d", i+1)
		switch i {
		case 0:
			text.WriteString("[web]\n")
		case 4:
			text.WriteString("[balancers]\n")
			name = "lb1"
		}
		fmt.Fprintf(&text, "%s ansible_host=%s ansible_user=root ansible_ssh_private_key_file=%s\n", name, h.Addr, h.KeyFile)
	}
	r.write(t, "hosts.ini", text.String())
	return r
}

func (r *rolling) apply(t *testing.T, version string) (code int) {
	t.Helper()
	code, _, _ = r.run(t, "apply", "-y", "-e", "version="+version)
	return code
}

// planned compares the plan with the example's plan.txt.
func (r *rolling) planned(t *testing.T) {
	t.Helper()
	_, out, _ := r.run(t, "plan")
	out = regexp.MustCompile(`(server web\d) [0-9.]+:8080`).ReplaceAllString(unversioned(out), "$1 (its address):8080")
	golden := filepath.Join(r.example, "plan.txt")
	if os.Getenv("FROYO_UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), out); diff != "" {
		t.Errorf("%s (-want +got):\n%s", golden, diff)
	}
}

// status is how haproxy has a server.
func (r *rolling) status(t *testing.T, server string) string {
	t.Helper()
	return strings.TrimSpace(r.balancer.SSH(t, "exec 3<>/dev/tcp/127.0.0.1/9999; echo 'show stat' >&3; grep '^web,"+server+",' <&3 | cut -d, -f18"))
}

// traffic is requests through the balancer, one after the other.
type traffic struct {
	stop  context.CancelFunc
	ended sync.WaitGroup

	mu       sync.Mutex
	answers  []string
	failures []string
}

// send begins to send requests.
func (r *rolling) send(t *testing.T) *traffic {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	tr := &traffic{stop: stop}
	t.Cleanup(func() { stop(); tr.ended.Wait() })
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 20 * time.Second}
	for range 2 {
		tr.ended.Go(func() {
			for ctx.Err() == nil {
				tr.ask(ctx, client, "http://"+r.balancer.Addr+"/")
			}
		})
	}
	return tr
}

func (tr *traffic) ask(ctx context.Context, client *http.Client, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err) // it is fixed
	}
	answer, err := client.Do(req)
	text := ""
	if err == nil {
		var body []byte
		body, err = io.ReadAll(answer.Body)
		answer.Body.Close()
		text = strings.TrimSpace(string(body))
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", answer.Status, text)
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	switch {
	case ctx.Err() != nil:
	case err != nil:
		tr.failures = append(tr.failures, err.Error())
	default:
		tr.answers = append(tr.answers, text)
	}
}

// settled waits until each of some servers has answered from now on, with a version.
func (tr *traffic) settled(t *testing.T, version string, servers ...string) {
	t.Helper()
	tr.mu.Lock()
	from := len(tr.answers)
	tr.mu.Unlock()
	last := time.Now().Add(time.Minute)
	for _, server := range servers {
		want := server + " runs " + version
		for got := ""; got == ""; got = tr.last(server, from) {
			if time.Now().After(last) {
				t.Fatalf("no answer %q within a minute", want)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if got := tr.last(server, from); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// last is what a server answered last, from the nth answer on, or "".
func (tr *traffic) last(server string, from int) string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, got := range slices.Backward(tr.answers[from:]) {
		if strings.HasPrefix(got, server+" ") {
			return got
		}
	}
	return ""
}

// end sends no more requests, and fails the test where one failed.
func (tr *traffic) end(t *testing.T) {
	t.Helper()
	tr.stop()
	tr.ended.Wait()
	t.Logf("%d requests were answered, %d failed", len(tr.answers), len(tr.failures))
	if len(tr.answers) < 100 {
		t.Errorf("only %d requests were answered", len(tr.answers))
	}
	for _, failure := range tr.failures[:min(len(tr.failures), 5)] {
		t.Errorf("a request failed: %s", failure)
	}
}
