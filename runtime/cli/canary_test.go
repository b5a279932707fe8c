package cli

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/alecthomas/kong"

	"github.com/openfroyo/froyo/engine/keys"
	"github.com/openfroyo/froyo/engine/secret/store"
	"github.com/openfroyo/froyo/engine/secret/vault/vaulttest"
	"github.com/openfroyo/froyo/providers"
	"github.com/openfroyo/froyo/runner/proctree/proctreetest"
	"github.com/openfroyo/froyo/runtime/console"
)

// asFroyo makes the test binary serve as froyo.
const asFroyo = "FROYO_TEST_AS_FROYO"

func TestMain(m *testing.M) {
	if os.Getenv(asFroyo) != "" {
		signals := make(chan os.Signal, 2)
		signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		os.Exit(int(Main(context.Background(), console.Process{
			Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ, Signals: signals,
		})))
	}
	if os.Getenv("FROYO_LAB_HOSTS") == "" { // the lab's programs run outside
		proctreetest.Enter()
	}
	os.Exit(m.Run())
}

// canarySite gives a secret to everything that takes one.
const canarySite = `
load("@std//base64.star", "base64")
load("@std//json.star", "json")

def check(host):
    probe_http(vars.url, name = "canary", headers = {"X-Token": host.vars.canary}, body = vars.fromfile, method = "POST", contains = host.vars.canary)

def reload(host):
    cmd("cat >/dev/null; echo $PW >&2", name = "reload", stdin = vars.fromenv, env = {"PW": vars.fromenv})

RELOAD = handler("reload", do = reload)

def canary(host):
    pw = host.vars.canary
    stored, env, kept, printed = [secret("canary/store"), secret("env:CANARY_ENV"), secret("file:" + vars.kept), secret("command:cat " + vars.kept + ".said")]
    print("canary:", stored, env, kept, printed, pw, vars.fromenv, {"a": [vars.fromfile]}, host.vars)
    root = host.vars.root
    file(root, state = "directory")
    file(root + "/secrets", content = "%s %s %s %s" % (stored, env, kept, printed), mode = "0600")
    cmd("echo $A; cat >&2; exit 1", name = "secrets", env = {"A": stored + env}, stdin = kept + printed, ignore_failure = True)
    file(root + "/sealed", content = host.vars.sealed, mode = "0600")
    file(root + "/vaulted", content = secret("vault:" + vars.kept + ".vault"), mode = "0600")
    print(secret("vault:" + vars.kept + ".vault"))
    cmd("echo $A >&2; exit 1", name = "sealed", env = {"A": host.vars.sealed}, ignore_failure = True)
    file(root + "/content", content = "pw = " + pw, mode = "0600", backup = True, notify = RELOAD)
    file(root + "/template", content = template(text = "{{ pw }} {{ pw | upper }}", pw = pw))
    file(root + "/json", content = json.encode({"pw": "%s" % vars.fromenv}))
    file(root + "/base64", content = base64.encode(vars.fromfile))
    said = cmd("sleep 0.3; echo said $PW; echo $PW >&2", name = "env", env = {"PW": pw}, unless = "test x$PW = x")
    copied = cmd("cat", name = "stdin", stdin = vars.fromfile, changed_when = lambda r: r.stdout != "", tags = ["stdin"])
    file(root + "/copied", content = later(lambda: said.stdout + copied.stdout.strip()))
    cmd("cat " + root + "/content " + root + "/json", name = "reads it back")
    cmd("echo $PW >&2; exit 1", name = "fails", env = {"PW": pw}, ignore_failure = True, retry = retry(attempts = 2, delay = "10ms"))
    cmd("echo $PW; exit 1", env = {"PW": pw}, sensitive = True, ignore_failure = True)
    file(root + "/refused", content = pw + "\n", validate = "sh -c 'cat %s; exit 1'", ignore_failure = True)
    print(host.read(root + "/content"), host.query(["cat", root + "/json"]).stdout)
    file(root + "/clear", content = "no secret\n")
    cmd("echo $PW; exit 1", name = "ends it", env = {"PW": pw}, ignore_failure = not vars.get("fail", False))

play("canary", hosts = "all", do = canary, verify = check)
`

// canary is froyo at work with a secret that must not be found anywhere.
type canary struct {
	t        *testing.T
	dir      string // what froyo writes, and the runbook
	given    string // files that hold the secret, as they were given
	values   []string
	sources  []string // of the values
	env      []string
	hosts    string
	run      string         // of an apply that failed
	counts   map[string]int // command → hits
	places   map[string]int // where → hits
	bySource map[string]int // whose → hits
	commands int
	// control says that the secret is none, and has to be found.
	control bool
}

// newCanary makes a workspace whose hosts stand in an inventory with the secret.
func newCanary(t *testing.T, root, hosts string, env ...string) *canary {
	t.Helper()
	c := &canary{t: t, dir: t.TempDir(), given: t.TempDir(), counts: map[string]int{}, places: map[string]int{}, bySource: map[string]int{}}
	c.sources = []string{"variable of the inventory", "variable of a file", "variable of the environment", "store", "env:", "file:", "command:", "vault", "vault:"}
	for range c.sources {
		var b [9]byte
		_, _ = rand.Read(b[:])
		c.values = append(c.values, "canary-"+hex.EncodeToString(b[:]))
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(r.Body, 1<<10))
		fmt.Fprint(w, r.Header)
	}))
	t.Cleanup(server.Close)
	c.hosts = filepath.Join(c.given, "hosts.yaml")
	c.write(c.hosts, fmt.Sprintf("all:\n  vars:\n    froyo_sensitive: [canary]\n    canary: %s\n    root: %s\n    sealed: %s  hosts:\n%s",
		c.values[0], root, vaulttest.Value(t, "open sesame", c.values[7], 6), hosts))
	c.write(filepath.Join(c.given, "vault"), "open sesame\n")
	c.write(filepath.Join(c.given, "vars.yaml"), "froyo_sensitive: fromfile\nfromfile: "+c.values[1]+"\nurl: "+server.URL+"\nkept: "+filepath.Join(c.given, "kept")+"\n")
	c.write(filepath.Join(c.given, "kept"), c.values[5]+"\n")
	c.write(filepath.Join(c.given, "kept.said"), c.values[6]+"\n")
	c.write(filepath.Join(c.given, "kept.vault"), vaulttest.Seal(t, "open sesame", c.values[8]+"\n"))
	c.write(filepath.Join(c.dir, "site.star"), canarySite)
	c.write(filepath.Join(c.dir, "froyo.cue"), "{}\n")
	c.env = append(os.Environ(), asFroyo+"=1", "HOME="+c.dir, "XDG_STATE_HOME="+c.dir+"/state", "XDG_CACHE_HOME="+filepath.Join(c.dir, "cache"),
		"FROYO_VAR_fromenv="+c.values[2], "SSH_AUTH_SOCK=", "FROYO_LOCK_TIMEOUT=5m", "CANARY_ENV="+c.values[4], "VISUAL=", "EDITOR=true",
		"FROYO_IDENTITY="+filepath.Join(c.given, "identity"), "FROYO_VAULT_PASSWORD_FILE="+filepath.Join(c.given, "vault"))
	if err := c.store(true).Set(t.Context(), canarySecret, []byte(c.values[3])); err != nil {
		t.Fatal(err)
	}
	c.key()
	c.env = append(c.env, env...)
	return c
}

// canaryKey is an SSH key of the workspace.
const canaryKey = "canary-key"

// key makes a key, a line of whose private half must not be found.
func (c *canary) key() {
	c.t.Helper()
	k := keys.Of(c.store(false))
	_, err := k.New(c.t.Context(), canaryKey, "ed25519")
	if err != nil {
		c.t.Fatal(err)
	}
	pem, err := k.Private(c.t.Context(), canaryKey)
	if err != nil {
		c.t.Fatal(err)
	}
	c.sources, c.values = append(c.sources, "key"), append(c.values, strings.Split(string(pem), "\n")[3])
}

// rotated takes the key that came after another for the one that must not be found.
func (c *canary) rotated() {
	c.t.Helper()
	pem, err := keys.Of(c.store(false)).Private(c.t.Context(), canaryKey)
	if err != nil {
		c.t.Fatal(err)
	}
	line := strings.Split(string(pem), "\n")[3]
	if i := len(c.values) - 1; c.values[i] == line {
		c.t.Errorf("%s was not rotated", canaryKey)
	} else {
		c.values[i] = line
	}
}

// canarySecret is the secret of the store.
const canarySecret = "canary/store"

// store is the workspace's secrets; fresh makes a key for them.
func (c *canary) store(fresh bool) *store.Store {
	c.t.Helper()
	file := filepath.Join(c.given, "identity")
	s := store.Open(filepath.Join(c.dir, "secrets"), store.Identities{Files: []string{file}}, nil)
	if !fresh {
		return s
	}
	key, err := age.GenerateX25519Identity()
	if err != nil {
		c.t.Fatal(err)
	}
	c.write(file, key.String()+"\n")
	if err := os.Mkdir(filepath.Join(c.dir, "secrets"), 0o700); err != nil {
		c.t.Fatal(err)
	}
	c.write(filepath.Join(c.dir, "secrets", "recipients"), key.Recipient().String()+"\n")
	return s
}

// rotate gives the secret of the store another value, which must not be found either.
func (c *canary) rotate(given []string) {
	c.t.Helper()
	if code, out := c.froyo(append([]string{"secret", "rotate", canarySecret, "--generate=hex(16)", "-y"}, given...)...); code != 0 || !strings.Contains(out, "(sensitive)") {
		c.t.Errorf("the secret was not rotated: %d\n%s", code, out)
	}
	value, err := c.store(false).Get(c.t.Context(), canarySecret)
	if err != nil || string(value) == c.values[3] {
		c.t.Fatalf("the secret was not rotated: %v", err)
	}
	c.values[3] = string(value)
	c.rotated()
	for _, args := range [][]string{{"secret", "get", canarySecret}, {"secret", "edit", canarySecret}, {"runs", "list", "--json"}, {"key", "export", canaryKey, "--private"}} {
		c.froyo(args...)
	}
	c.froyo(append([]string{"plan", "--out", "rotated.json"}, given...)...)
}

func (c *canary) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// look counts the secrets in a text, in the shapes in which one comes about.
func (c *canary) look(command, place string, text []byte) {
	for i, v := range c.values {
		if c.sources[i] == "store" && place == "stdout" && strings.HasPrefix(command, "secret get ") {
			continue // which prints it
		}
		if c.sources[i] == "key" && place == "stdout" && command == "key export "+canaryKey+" --private" {
			if !bytes.Contains(text, []byte(v)) {
				c.t.Errorf("%s does not print the key", command)
			}
			continue
		}
		for _, shape := range []string{v, strings.ToUpper(v), base64.StdEncoding.EncodeToString([]byte(v)), hex.EncodeToString([]byte(v))} {
			n := bytes.Count(text, []byte(shape))
			c.counts[command] += n
			c.places[place] += n
			c.bySource[c.sources[i]] += n
			if n > 0 && !c.control {
				at := bytes.Index(text, []byte(shape))
				c.t.Errorf("%s: %d times in %s: %q", command, n, place, text[max(0, at-100):min(len(text), at+len(shape)+20)])
			}
		}
	}
	c.places[place] += 0
}

// froyo runs a command while process lists and the state are watched.
func (c *canary) froyo(args ...string) (code int, stdout string) {
	c.t.Helper()
	command := strings.Join(args, " ")
	self, err := os.Executable()
	if err != nil {
		c.t.Fatal(err)
	}
	cmd := exec.CommandContext(c.t.Context(), self, args...)
	cmd.Dir, cmd.Env = c.dir, c.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	done := make(chan struct{})
	var wg sync.WaitGroup
	var lines, wal bytes.Buffer
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
			lists, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, l := range lists {
				text, _ := os.ReadFile(l)
				lines.Write(text)
				if c.control && bytes.Contains(text, []byte(c.values[2])) {
					_ = os.WriteFile(filepath.Join(c.dir, "seen"), nil, 0o600)
				}
			}
			for _, name := range c.files("data") {
				if strings.HasSuffix(name, "-wal") || strings.HasSuffix(name, "queue.db") {
					text, _ := os.ReadFile(name)
					if slices.ContainsFunc(c.values, func(v string) bool { return bytes.Contains(text, []byte(v)) }) {
						wal.Write(text)
					}
				}
			}
		}
	})
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		c.t.Fatal(err)
	}
	close(done)
	wg.Wait()
	c.commands++
	c.look(command, "stdout", out.Bytes())
	c.look(command, "stderr", errs.Bytes())
	c.look(command, "process list", lines.Bytes())
	c.look(command, "WAL and queue at work", wal.Bytes())
	c.lookIntoFiles(command)
	code = cmd.ProcessState.ExitCode()
	if strings.Contains(errs.String(), "panic:") || code == 2 && !strings.Contains(command, "detailed") {
		c.t.Errorf("%s: exit code %d: %s", command, code, &errs)
	}
	c.t.Logf("$ froyo %s: %d", command, code)
	if testing.Verbose() && os.Getenv("FROYO_CANARY_SHOW") != "" {
		c.t.Logf("%s%s", &out, &errs)
	}
	return code, out.String()
}

// files lists what there is below a directory of the canary's.
func (c *canary) files(below string) []string {
	var names []string
	_ = filepath.WalkDir(filepath.Join(c.dir, below), func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// lookIntoFiles looks into all files that froyo wrote, and at what its database holds unpacked.
func (c *canary) lookIntoFiles(command string) {
	for _, name := range c.files(".") {
		rel, _ := filepath.Rel(c.dir, name)
		if strings.HasPrefix(rel, "cache/") {
			continue // compiled guests
		}
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it is gone
		}
		c.look(command, kindOf(rel), text)
		if filepath.Base(name) == "openfroyo.db" {
			c.look(command, "database, unpacked", dump(c.t, name))
		}
	}
}

// kindOf is where a file belongs.
func kindOf(rel string) string {
	switch base := filepath.Base(rel); {
	case strings.HasPrefix(base, "openfroyo.db"), base == "queue.db":
		return base
	case strings.HasPrefix(rel, "data/"):
		return "blobs and other state"
	default:
		return strings.TrimPrefix(filepath.Ext(base), ".") + " files"
	}
}

// dump is all that a database holds, with what is packed unpacked.
func dump(t *testing.T, name string) []byte {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+name+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var out bytes.Buffer
	for _, table := range strs(t, db, "SELECT name FROM sqlite_master WHERE type = 'table'") {
		rows, err := db.Query("SELECT * FROM \"" + table + "\"")
		if err != nil {
			t.Fatal(err)
		}
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values := make([]any, len(columns))
			for i := range values {
				values[i] = new(sql.RawBytes)
			}
			if err := rows.Scan(values...); err != nil {
				t.Fatal(err)
			}
			for _, v := range values {
				raw := *v.(*sql.RawBytes)
				out.Write(raw)
				if z, err := gzip.NewReader(bytes.NewReader(raw)); err == nil {
					_, _ = io.Copy(&out, z)
				}
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func strs(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

// leaves are all commands of the grammar, hidden ones included.
func leaves(t *testing.T) []*kong.Node {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Vars{})
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(false)
}

// arguments are what a command is given where it asks for that by name; a new
// command with another name has to be added here.
func (c *canary) arguments(n *kong.Node) []string {
	c.t.Helper()
	var args []string
	for _, p := range n.Positional {
		value, known := map[string]string{
			"file": "site.star", "dir": "new", "name": "localhost", "run": c.run, "shell": "bash", "id": c.run, "unit": "localhost/file[/x]",
			"words": "plan", "page": "events", "host": "localhost", "machine-id": "0123456789abcdef0123456789abcdef", "namespaces": "hw.cpu", "variable": "port", "what": "site.star", "namespace": "os.basic", "secret": canarySecret, "key": "localhost", "fact": "os.basic.family", "key-name": canaryKey, "key-file": "nowhere",
		}[p.Name]
		switch {
		case n.Name == "show" && p.Name == "file":
			value = "plan.json"
		case n.Path() == "froyo complete" || n.Name == "complete":
			args = append(args, "--shell", "bash", "--", "froyo", "plan", "--target", "")
			continue
		case !known:
			c.t.Errorf("%s takes %s: say in this test what it is given", n.Path(), p.Name)
		}
		args = append(args, value)
	}
	return args
}

// all runs a command in each of its ways: as it is, writing all files that it can, as JSON, in words.
func (c *canary) all(n *kong.Node) {
	path := slices.DeleteFunc(strings.Fields(n.Path()), func(name string) bool { return strings.HasPrefix(name, "(") }) // other names of the command
	if path[0] == "froyo" || len(path) > 1 && path[0] != n.Name && path[0] == "cli.test" {
		path = path[1:]
	}
	has := map[string]*kong.Flag{}
	for _, group := range n.AllFlags(false) {
		for _, f := range group {
			has[f.Name] = f
		}
	}
	base := slices.Clone(path)
	give := func(flag string, values ...string) {
		if has[flag] != nil {
			base = append(base, append([]string{"--" + flag}, values...)...)
		}
	}
	if strings.Join(path, " ") != "key rotate" { // it takes the hosts of the workspace, and no others
		give("inventory", c.hosts)
	}
	give("extra-vars", "@"+filepath.Join(c.given, "vars.yaml"))
	give("sensitive", "fromenv")
	give("auto-approve")
	give("solo")
	if path[0] == "onboard" { // nothing listens there
		give("host", "127.0.0.1")
		give("port", "1")
		defer func(env []string) { c.env = env }(c.env) // --password would be in the process list, as its help says
		c.env = append(slices.Clone(c.env), "FROYO_ONBOARD_PASSWORD="+c.values[0])
		give("create-user", "froyo")
	}
	tail := c.arguments(n)
	if n.Name == "resume" { // what the run lacks stands in the environment, and it takes no others
		base = []string{"resume", "--auto-approve"}
		defer func(env []string) { c.env = env }(c.env)
		c.env = slices.Concat(c.env, c.again())
	}
	with := func(more ...string) {
		args := slices.Concat(base, more)
		c.froyo(append(args, tail...)...)
	}
	with()
	var files []string
	for _, name := range slices.Sorted(mapsKeys(has)) {
		if f := has[name]; f.PlaceHolder == "FILE" && slices.Contains([]string{"trace", "junit", "json-into", "log", "out", "dot", "to"}, name) {
			files = append(files, "--"+name, name+".out")
		}
	}
	if len(files) > 0 {
		with(append(files, "-v")...)
	}
	for _, flag := range []string{"json", "effects", "list-units", "detailed-exitcode", "check"} {
		if has[flag] != nil {
			with("--" + flag)
		}
	}
}

func mapsKeys(m map[string]*kong.Flag) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// work goes through all commands, with runs that failed and a plan to look at.
func (c *canary) work() {
	c.t.Helper()
	given := []string{"-i", c.hosts, "-e", "@" + filepath.Join(c.given, "vars.yaml"), "--sensitive", "fromenv"}
	code, out := c.froyo(append([]string{"plan", "--out", "plan.json"}, given...)...)
	if code != 0 || !strings.Contains(out, "(sensitive)") {
		c.t.Fatalf("the plan came to nothing: %d\n%s", code, out)
	}
	if code, out := c.froyo(append([]string{"apply", "-y", "--junit", "j.xml", "--trace", "t.json", "--json-into", "e.json", "-v", "--log", "-", "-e", "fail=1"}, given...)...); code != 3 {
		c.t.Fatalf("the apply did not end in its last unit: %d\n%s", code, out)
	}
	_, out = c.froyo("runs", "list", "--json")
	var runs struct {
		Runs []struct{ ID, Status, Command string }
	}
	var list []struct{ ID, Status, Command string }
	if json.Unmarshal([]byte(out), &runs) == nil {
		list = runs.Runs
	} else if err := json.Unmarshal([]byte(out), &list); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	for _, r := range list {
		if r.Command == "apply" {
			c.run = r.ID
		}
	}
	if c.run == "" {
		c.t.Fatalf("no run is there: %s", out)
	}
	for _, n := range leaves(c.t) {
		c.all(n)
	}
	c.env = slices.Concat(c.env, c.again())
	if code, out := c.froyo(append([]string{"plan", "--out", "last.json"}, given...)...); code != 0 {
		c.t.Errorf("the last plan came to nothing: %d\n%s", code, out)
	}
	if code, out := c.froyo("apply", "--plan", "last.json"); code != 0 || !strings.Contains(out, "failed=0") {
		c.t.Errorf("the saved plan was not applied: %d\n%s", code, out)
	}
	c.rotate(given)
	c.report()
}

// again is the environment in which what plans do not hold is given once more.
func (c *canary) again() []string {
	return []string{"FROYO_VAR_canary=" + c.values[0], "FROYO_VAR_fromfile=" + c.values[1]}
}

// report prints what was counted.
func (c *canary) report() {
	hits := 0
	for _, n := range c.counts {
		hits += n
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d commands, %d hits\n", c.commands, hits)
	for _, m := range []map[string]int{c.bySource, c.counts, c.places} {
		names := make([]string, 0, len(m))
		for name := range m {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&b, "%6d  %s\n", m[name], strings.ReplaceAll(name, c.given, "GIVEN"))
		}
	}
	c.t.Log(b.String())
}

// embedded skips a test where the guests are not there.
func embedded(t *testing.T) {
	t.Helper()
	for _, name := range providers.Names() {
		files, err := providers.Package(name)
		if err == nil {
			_, err = fs.Stat(files, providers.Plugin)
		}
		if err != nil {
			t.Skipf("the guests are not embedded: %v; run make", err)
		}
	}
}

const canaryHost = "    localhost:\n      ansible_connection: local\n"

// TestCanary: a secret on every path through every command is nowhere but where it was given.
func TestCanary(t *testing.T) {
	embedded(t)
	root := filepath.Join(t.TempDir(), "root")
	c := newCanary(t, root, canaryHost)
	c.work()
	for name, want := range c.written() {
		if text, err := os.ReadFile(filepath.Join(root, name)); err != nil || string(text) != want {
			t.Errorf("%s holds %q, want %q (%v)", name, text, want, err)
		}
	}
}

// written is what stands on a host in the end.
func (c *canary) written() map[string]string {
	return map[string]string{
		"content": "pw = " + c.values[0], "template": c.values[0] + " " + strings.ToUpper(c.values[0]), "json": `{"pw":"` + c.values[2] + `"}`,
		"base64": base64.StdEncoding.EncodeToString([]byte(c.values[1])), "copied": "said " + c.values[0] + "\n" + c.values[1],
		"secrets": strings.Join(c.values[3:7], " "), "vaulted": c.values[8],
	}
}

// TestCanaryIsSeen: what is not marked is found in the same places, so that nothing
// found means that nothing is there.
func TestCanaryIsSeen(t *testing.T) {
	embedded(t)
	root := filepath.Join(t.TempDir(), "root")
	c := newCanary(t, root, canaryHost)
	c.control = true
	c.write(filepath.Join(c.dir, "site.star"), `
file(vars.root, state = "directory")
file(vars.root + "/" + vars.fromenv, content = vars.fromenv + "\n")
cmd("until [ -e %s/seen ]; do sleep 0.05; done; echo %s; exit 1" % (vars.dir, vars.fromenv), timeout = "2m")
`)
	code, _ := c.froyo("apply", "-y", "-e", "root="+root, "-e", "dir="+c.dir, "--trace", "trace.out", "--junit", "junit.xml", "--json-into", "events.json", "-v", "--log", "-")
	if code != 3 {
		t.Fatalf("exit code %d", code)
	}
	for _, place := range []string{"stdout", "stderr", "process list", "json files", "xml files", "out files", "database, unpacked", "openfroyo.db", "WAL and queue at work"} {
		if c.places[place] == 0 {
			t.Errorf("nothing is found in %s", place)
		}
	}
}
