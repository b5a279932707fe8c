package main

import (
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/openfroyo/froyo/engine/queue"
	"github.com/openfroyo/froyo/engine/queue/bolt"
	"github.com/openfroyo/froyo/engine/state"
	"github.com/openfroyo/froyo/engine/state/sqlite"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner"
	"github.com/openfroyo/froyo/runner/proctree/proctreetest"
)

// TestMain makes the test binary serve as froyo for the scripts. Some of them kill runners, whose programs stay.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) != "froyo" {
		proctreetest.Enter()
	}
	// Scripts wait for programs and for time to pass as much as they use a processor, unless they look for races. A flag
	// overrides it.
	if !race {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	testscript.Main(m, map[string]func(){"froyo": main})
}

// generated reports why the guests and runners are not embedded, or "".
func generated() string {
	_, err := runner.Binary("linux", runtime.GOARCH)
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

// TestScripts runs testdata/script/*.txtar; with -race those of sideBySide. FROYO_UPDATE=1 rewrites what they compare.
func TestScripts(t *testing.T) {
	why := generated()
	if why != "" {
		t.Logf("scripts that work on a host are skipped: %s; run make", why)
	}
	cache := t.TempDir()
	if why == "" {
		compileGuests(t, cache)
	}
	testscript.Run(t, testscript.Params{
		Files: scripts(t), RequireUniqueNames: true, RequireExplicitExec: true, ContinueOnError: os.Getenv("FROYO_CONTINUE") != "", UpdateScripts: os.Getenv("FROYO_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/.state")
			e.Setenv("XDG_CACHE_HOME", cache)
			e.Setenv("ROOT", e.WorkDir+"/root")
			e.Setenv("EVIL", evil)
			e.Setenv("FROYO_LOCK_TIMEOUT", "5m") // where scripts have no /run of their own, they wait for each other
			e.Setenv("GORACE", goRace)
			end, err := proctreetest.Thread()
			if err != nil {
				return err
			}
			e.Defer(end)
			return os.MkdirAll(e.WorkDir+"/home", 0o700)
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "generated":
				return why == "", nil
			case "root":
				return os.Getuid() == 0, nil
			}
			return false, errors.New("unknown condition")
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "httpd": httpd, "enqueue": enqueue, "reimage": reimage, "harmless": harmless, "badly": badly, "events": events, "follow": follow, "hinted": hinted, "helps": helps, "target": target},
	})
}

// sideBySide are the scripts in which hosts, signals or workers meet. Where races are looked for froyo takes five times as
// long, so only these are run then: make test runs all scripts without -race, and these with it, too.
var sideBySide = []string{
	"apply", "delegate", "ending", "fulldisk", "interrupt", "machines", "onehost", "probe", "queue", "resume", "rollout", "signals",
	"slow", "stale",
}

// scripts lists the files of the scripts to run.
func scripts(t *testing.T) []string {
	t.Helper()
	if !race {
		all, err := filepath.Glob("testdata/script/*.txtar")
		if err != nil || len(all) == 0 {
			t.Fatal("no scripts", err)
		}
		return all
	}
	var some []string
	for _, name := range sideBySide {
		some = append(some, filepath.Join("testdata/script", name+".txtar"))
	}
	return some
}

// TestAlone: what make test leaves out where it looks for races it runs without, in each package that has a test of that name.
func TestAlone(t *testing.T) {
	text, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	setting := func(name string) string {
		m := regexp.MustCompile(`(?m)^` + name + ` *:= (.*)$`).FindSubmatch(text)
		if m == nil {
			t.Fatalf("the Makefile has no %s", name)
		}
		return string(m[1])
	}
	in := strings.Fields(setting("ALONE_IN"))
	named := regexp.MustCompile(`(?m)^func (` + setting("ALONE") + `)\(t \*testing\.T`)
	found := map[string]bool{}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range named.FindAllSubmatch(source, -1) {
			name, dir := string(m[1]), "./"+filepath.Dir(path)
			found[name] = true
			if name != "TestScripts" && !slices.Contains(in, strings.TrimSuffix(dir, "/.")) {
				t.Errorf("%s has %s, and ALONE_IN of the Makefile lacks %s", path, name, dir)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(setting("ALONE"), "|") {
		if !found[name] {
			t.Errorf("ALONE of the Makefile names %s, which there is not", name)
		}
	}
}

// goRace has a program that looks for races end at once. Without it each waits for a second, in case that others of
// its goroutines are at a race just then.
const goRace = "atexit_sleep_ms=20"

// compileGuests fills the cache that all scripts share, so that they do not all compile the same at the same time.
func compileGuests(t *testing.T, cache string) {
	t.Helper()
	t.Setenv("XDG_CACHE_HOME", cache)
	dir := runbook(t, "file(\"/nonexistent\", state = \"absent\")\nprobe_tcp(\"localhost\", port = 1)\n")
	if _, stderr, code := froyo(t, dir, "plan"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
}

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

// enqueue fills the queue of the workspace in a directory: on h1 a share of run r1
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
		_, err := q.Claim(ctx, worker, queue.Filter{IDs: []string{id}}, 1, time.Hour)
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

// reimage has the state of the workspace in a directory speak of a host as another
// machine than the one that answers: its machine-id is 00...01.
func reimage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: reimage FOLDER HOST")
	}
	root, ctx, id := ts.MkAbs(args[0]), context.Background(), strings.Repeat("0", 31)+"1"
	s, err := sqlite.Open(ctx, filepath.Join(root, "data"))
	ts.Check(err)
	ts.Check(s.CarryOver(ctx, root, args[1], id))
	_, err = s.HostSeen(ctx, state.Sighting{Workspace: root, Host: args[1], MachineID: id, Time: time.Now()})
	ts.Check(err)
	ts.Check(s.Close())
}

// target registers a host that was onboarded: target FOLDER NAME ADDRESS.
func target(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: target FOLDER NAME ADDRESS")
	}
	root, ctx := ts.MkAbs(args[0]), context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(root, "data"))
	ts.Check(err)
	ts.Check(s.Register(ctx, state.Target{
		Workspace: root, Name: args[1], Address: args[2], Port: 1, User: "froyo", Login: "root", Key: "default-ed25519", KeyLine: "ssh-ed25519 AAAA", KeyPrint: "SHA256:k",
		HostKey: "ssh-ed25519 SHA256:h", Labels: map[string]string{"env": "dev"}, Sudo: "NOPASSWD: ALL", Since: time.Now(),
	}, state.Audit{Time: time.Now(), Action: "onboard", Hosts: args[1]}))
	ts.Check(s.Close())
}

// injected begins the lines that a name of the scripts would add to the screen.
const injected = "INJECTED"

// harmless runs a command, however it ends, and fails where its output, or a
// file that it is compared with, has what a terminal would act on or hide, or a
// line that a name has begun: harmless froyo plan, or harmless -file report.xml.
func harmless(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: harmless COMMAND..., or harmless -file NAME")
	}
	names := args[1:]
	if args[0] != "-file" {
		names = []string{"stdout", "stderr"}
		if err := ts.Exec(args[0], args[1:]...); err != nil {
			if _, ok := errors.AsType[*exec.ExitError](err); !ok {
				ts.Fatalf("%v", err)
			}
		}
	}
	for _, name := range names {
		text := ts.ReadFile(name)
		for n, line := range strings.Split(text, "\n") {
			if i := strings.IndexFunc(line, acts); i >= 0 {
				ts.Fatalf("%s:%d: %q has %q", name, n+1, line, line[i:min(i+4, len(line))])
			}
			if strings.HasPrefix(strings.TrimSpace(line), injected) {
				ts.Fatalf("%s:%d: %q was begun by a name", name, n+1, line)
			}
		}
	}
}

// evil is a name that would clear the screen, reorder text, and begin a line of its own.
const evil = "a\x1b[2J\u009b1m\u202eb\rc\n" + injected

// badly writes a file anew, with EVIL in it and in its name made bad: badly TO FROM.
func badly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: badly TO FROM")
	}
	text := strings.ReplaceAll(ts.ReadFile(args[1]), "EVIL", evil)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// acts reports whether a terminal would act on a character, or not show it.
func acts(r rune) bool {
	return r == utf8.RuneError || r != '\t' && unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == '\u200b'
}

// follow runs what a message advised: the first text of the last standard error, or output, that matches a pattern, as
// it was printed but for placeholders: follow 'froyo plan --out FILE' FILE=plan.json
func follow(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: follow PATTERN [PLACEHOLDER=VALUE...]")
	}
	pattern, err := regexp.Compile("(?:" + args[0] + ")")
	ts.Check(err)
	unwrapped := strings.NewReplacer("\n    ", " ", "\n  ", " ").Replace
	command := pattern.FindString(unwrapped(ts.ReadFile("stderr")))
	if command == "" {
		command = pattern.FindString(unwrapped(ts.ReadFile("stdout")))
	}
	if command == "" {
		ts.Fatalf("nothing advises %s", args[0])
	}
	for _, a := range args[1:] {
		placeholder, value, _ := strings.Cut(a, "=")
		command = strings.ReplaceAll(command, placeholder, value)
	}
	ts.Logf("following: %s", command)
	switch err := ts.Exec("sh", "-c", command); {
	case err != nil && !neg:
		ts.Fatalf("%s: %v", command, err)
	case err == nil && neg:
		ts.Fatalf("%s: it succeeded", command)
	}
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
