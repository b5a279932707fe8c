package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestLabRotate: a secret gets another value on five hosts; one that cannot take it keeps the one before until it can.
func TestLabRotate(t *testing.T) {
	f := start(t, 5)
	t.Cleanup(func() { f.clean(t) })
	f.trust(t)
	f.inventory(t, "root", nil)
	var mu sync.Mutex
	tokens := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		tokens[r.Header.Get("X-Token")]++
	}))
	t.Cleanup(server.Close)
	if code, _, _ := f.finish(t, f.command(t.Context(), "init")); code != 0 {
		t.Fatal("there is no workspace")
	}
	example, err := os.ReadFile(filepath.Join("..", "..", "examples", "secret", "site.star"))
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "site.star", string(example))
	t.Cleanup(func() { f.each(t, "rm -rf /srv/app") })

	code, out, _ := f.run(t, "apply", "-y", "-e", "url="+server.URL)
	if code != 0 || !strings.Contains(out, "+ secret app/password  will be generated: password(24)") {
		t.Fatal("not converged")
	}
	first := f.same(t, 5)

	// The last host has a directory where the file belongs.
	f.hosts[4].SSH(t, "rm /srv/app/app.conf; mkdir -p /srv/app/app.conf/full")
	code, out, errs := f.run(t, "secret", "rotate", "app/password", "--generate", "-y", "-e", "url="+server.URL)
	if code != 3 || !strings.Contains(out, "> cmd[token]") || !strings.Contains(errs, "app/password has its new value here; hosts that did not come to their end (") {
		t.Errorf("exit code %d", code)
	}
	second := f.same(t, 4)
	if second == first {
		t.Error("the secret is the same")
	}
	if old := f.hosts[4].SSH(t, "cat /srv/app/token"); old != first {
		t.Errorf("%s has %q in part, had %q", f.hosts[4].Name, old, first)
	}

	f.hosts[4].SSH(t, "rm -r /srv/app/app.conf")
	if code, _, _ := f.run(t, "apply", "-y", "-e", "url="+server.URL); code != 0 {
		t.Error("not converged after the repair")
	}
	if third := f.same(t, 5); third != second {
		t.Errorf("the secret is %q, was %q", third, second)
	}
	if code, _, _ := f.run(t, "plan", "--detailed-exitcode", "-e", "url="+server.URL); code != 0 {
		t.Error("something is left to do")
	}
	mu.Lock()
	defer mu.Unlock()
	if tokens[first] < 5 || tokens[second] < 5 || len(tokens) != 2 {
		t.Errorf("the headers were sent %d and %d times, and %d others", tokens[first], tokens[second], len(tokens)-2)
	}
	for _, text := range []string{out, errs} {
		if strings.Contains(text, first) || strings.Contains(text, second) {
			t.Error("the secret is shown")
		}
	}
}

// same is the secret that the first n hosts have, in the file and from the environment.
func (f *froyo) same(t *testing.T, n int) string {
	t.Helper()
	values := map[string]bool{}
	for _, said := range on(t, "sed 's/^password = //' /srv/app/app.conf; cat /srv/app/token; stat -c ' %a' /srv/app/app.conf", f.hosts[:n]) {
		values[said] = true
	}
	for said := range values {
		fields := strings.Fields(said)
		if len(values) != 1 || len(fields) != 3 || fields[0] != fields[1] || len(fields[0]) != 24 || fields[2] != "600" {
			t.Fatalf("the hosts have %v", values)
		}
		return fields[0]
	}
	return ""
}
