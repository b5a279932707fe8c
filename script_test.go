package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner"
)

// TestMain makes the test binary serve as froyo for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"froyo": main})
}

// generated reports why the guests and runners are not embedded, or "".
func generated() string {
	_, _, _, err := runner.Binary("linux", runtime.GOARCH)
	for _, name := range providers.Names() {
		files, missing := providers.Package(name)
		if missing == nil {
			_, missing = fs.Stat(files, providers.Plugin)
		}
		err = errors.Join(err, missing)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestScripts runs testdata/script/*.txtar. FROYO_UPDATE=1 rewrites what they compare.
func TestScripts(t *testing.T) {
	why := generated()
	if why != "" {
		t.Logf("scripts that work on a host are skipped: %s; run make", why)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true, RequireExplicitExec: true, UpdateScripts: os.Getenv("FROYO_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/.state")
			e.Setenv("XDG_CACHE_HOME", cacheDir)
			e.Setenv("ROOT", e.WorkDir+"/root")
			e.Setenv("FROYO_LOCK_TIMEOUT", "5m") // scripts run side by side, and all change this machine
			return os.MkdirAll(e.WorkDir+"/home", 0o700)
		},
		Condition: func(name string) (bool, error) {
			if name == "generated" {
				return why == "", nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "httpd": httpd, "enqueue": enqueue},
	})
}

// cacheDir keeps compiled guests for all scripts of this run.
var cacheDir = func() string {
	dir, err := os.MkdirTemp("", "froyo-test-cache.")
	if err != nil {
		panic(err)
	}
	return dir
}()

// httpd starts a server whose URL is $URL, and its twin with TLS, whose URL is
// $TLS and whose authority stands in the file ca.star, as CA. They end with the script.
// /flaky answers well from the third time on.
func httpd(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: httpd")
	}
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s ready", r.Method, body)
	})
	mux.HandleFunc("/flaky", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			http.Error(w, "warming \x1b[31mup", http.StatusServiceUnavailable)
		}
	})
	plain, secure := httptest.NewServer(mux), httptest.NewUnstartedServer(mux)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	ts.Defer(plain.Close)
	ts.Defer(secure.Close)
	ts.Setenv("URL", plain.URL)
	ts.Setenv("TLS", secure.URL)
	ts.Setenv("PORT", plain.URL[strings.LastIndexByte(plain.URL, ':')+1:])
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	ts.Check(os.WriteFile(ts.MkAbs("ca.star"), fmt.Appendf(nil, "CA = \"\"\"%s\"\"\"\n", ca), 0o600))
}

// enqueue fills the queue of the workspace in a folder: on h1 a share of run r1
// waits, that on h2 was leased by w1 for an hour, that on evil was given up, and r2 has one on h1.
func enqueue(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: enqueue FOLDER")
	}
	root, ctx := ts.MkAbs(args[0]), context.Background()
	now := time.Now().Add(-time.Hour)
	q := bolt.New(filepath.Join(root, "data", "queue.db"), func() time.Time { return now })
	put := func(run, play, host string) string {
		i := queue.Item{ID: queue.ID(run, 0, play, host), Run: run, Workspace: root, Play: play, Host: host}
		ts.Check(q.Put(ctx, i))
		return i.ID
	}
	lease := func(id, worker string) {
		_, err := q.Lease(ctx, worker, queue.Filter{IDs: []string{id}}, 1, time.Hour)
		ts.Check(err)
	}
	put("r1", "web", "h1")
	leased, poison := put("r1", "web", "h2"), put("r1", "web", "evil\x1b[31m")
	put("r2", "", "h1")
	for range queue.MaxAttempts + 1 {
		lease(poison, "w0")
		now = now.Add(time.Hour)
	}
	now = time.Now()
	lease(leased, "w1")
	ts.Check(q.Close())
}

// exits runs a command and compares its exit code: exits 2 froyo plan
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
