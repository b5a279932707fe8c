package ssh

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/ssh/sshconfig"
	"github.com/openfroyo/froyo/runner/target"
)

// operator is who runs the test, by whose home directory ssh goes.
func operator(t *testing.T) (name, home string) {
	t.Helper()
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skip(err)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return me.Username, me.HomeDir
}

// both resolves a host by a configuration, and has ssh do so.
func both(t *testing.T, config, alias string) (*endpoint, map[string][]string, error, error) {
	t.Helper()
	name, home := operator(t)
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewDialer(Options{Home: home, User: name, ConfigFiles: []string{path}, AgentSocket: "/default/agent", Environ: append(os.Environ(), "SSH_AUTH_SOCK=/default/agent")})
	e, err := d.resolve(t.Context(), Host{Name: alias})
	cmd := exec.CommandContext(t.Context(), "ssh", "-G", "-F", path, "--", alias)
	out, refused := cmd.Output()
	told := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		told[name] = append(told[name], value)
	}
	return e, told, err, refused
}

// differences compares what a host was resolved to with what ssh tells of it.
func differences(t *testing.T, e *endpoint, told map[string][]string, alias string) []string {
	t.Helper()
	name, home := operator(t)
	tokens := sshconfig.Tokens{Home: home, Alias: alias, Host: strings.ToLower(e.address), User: e.user, Operator: name, Port: e.port, KeyAlias: e.keyAlias, Environ: os.Environ()}
	get := func(name string) string {
		if len(told[name]) == 0 {
			return ""
		}
		return told[name][0]
	}
	var wrong []string
	check := func(name, got, want string) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s: %q, and ssh has %q", name, got, want))
		}
	}
	paths := func(values []string) string {
		var all []string
		for _, v := range values {
			p, err := tokens.Path(v)
			if err != nil {
				p = err.Error()
			}
			all = append(all, p)
		}
		return strings.Join(all, " ")
	}
	check("hostname", strings.ToLower(e.address), strings.ToLower(get("hostname")))
	check("user", e.user, get("user"))
	check("port", strconv.Itoa(e.port), get("port"))
	check("hostkeyalias", e.keyAlias, get("hostkeyalias"))
	plain := strings.NewReplacer("ssh://", "", "[", "", "]", "") // ssh writes some jump hosts in another way
	jumps, command := plain.Replace(get("proxyjump")), get("proxycommand")
	if expanded, err := tokens.Proxy(jumps); err == nil {
		jumps = expanded
	}
	if expanded, err := tokens.Proxy(command); err == nil && jumps == "" {
		check("proxycommand", e.way.command, expanded)
	}
	check("proxyjump", plain.Replace(strings.Join(e.jumps, ",")), jumps)
	if e.explicit != nil {
		check("identityfile", strings.Join(e.explicit, " "), paths(slices.DeleteFunc(told["identityfile"], func(v string) bool { return v == "none" })))
	}
	check("certificatefile", strings.Join(e.certificates, " "), paths(told["certificatefile"]))
	if files := strings.TrimSuffix(get("userknownhostsfile"), " "+home+"/.ssh/known_hosts2"); !strings.HasPrefix(strings.Join(e.trust.files, " ")+" ", files+" ") {
		check("userknownhostsfile", strings.Join(e.trust.files, " "), files)
	}
	agent := cmp.Or(get("identityagent"), "SSH_AUTH_SOCK")
	switch agent {
	case "SSH_AUTH_SOCK", "$SSH_AUTH_SOCK":
		agent = "/default/agent"
	case "none":
		agent = ""
	}
	check("identityagent", e.agent, agent)
	check("identitiesonly", strconv.FormatBool(e.agentOnly), strconv.FormatBool(yes(get("identitiesonly"))))
	strict := get("stricthostkeychecking")
	check("stricthostkeychecking", strconv.FormatBool(e.trust.accept), strconv.FormatBool(strict == "accept-new" || strict == "false" || strict == "no"))
	check("hashknownhosts", strconv.FormatBool(e.trust.hash), strconv.FormatBool(yes(get("hashknownhosts"))))
	check("checkhostip", strconv.FormatBool(e.trust.checkIP), strconv.FormatBool(yes(get("checkhostip")) && e.keyAlias == ""))
	check("addressfamily", map[string]string{"tcp": "any", "tcp4": "inet", "tcp6": "inet6"}[e.way.network], get("addressfamily"))
	check("connectionattempts", strconv.Itoa(e.way.attempts), get("connectionattempts"))
	check("serveralivecountmax", strconv.Itoa(e.way.patience), get("serveralivecountmax"))
	check("serveraliveinterval", strconv.Itoa(int(e.way.keepAlive.Seconds())), get("serveraliveinterval"))
	if limit := get("connecttimeout"); limit != "none" {
		check("connecttimeout", strconv.Itoa(int(e.way.timeout.Seconds())), limit)
	}
	check("pubkeyauthentication", strconv.FormatBool(!e.rules.noKeys), strconv.FormatBool(get("pubkeyauthentication") != "false" && get("pubkeyauthentication") != "no"))
	check("requiredrsasize", strconv.Itoa(cmp.Or(e.rules.rsaBits, 1024)), get("requiredrsasize"))
	return wrong
}

// report is a configuration that a public report is about.
type report struct{ of, config, alias string }

func reports(t *testing.T) []report {
	t.Helper()
	text, err := os.ReadFile("testdata/reports.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var all []report
	for _, part := range strings.Split(string(text), "\n-- ")[1:] {
		of, config, _ := strings.Cut(part, " --\n")
		_, rest, _ := strings.Cut(config, "# host ")
		alias, _, _ := strings.Cut(rest, "\n")
		all = append(all, report{of, config + "\n", alias})
	}
	if len(all) < 40 {
		t.Fatalf("%d reports: that cannot be all", len(all))
	}
	return all
}

// optionsOf are the keywords of a configuration.
func optionsOf(config string) string {
	var all []string
	for line := range strings.Lines(config) {
		words := strings.FieldsFunc(strings.ToLower(line), func(r rune) bool { return strings.ContainsRune(" \t\n=", r) })
		if len(words) > 0 && words[0][0] != '#' && !slices.Contains(all, words[0]) {
			all = append(all, words[0])
		}
	}
	return strings.Join(all, " ")
}

// TestReports resolves configurations of public reports as ssh does.
func TestReports(t *testing.T) {
	t.Parallel()
	name, home := operator(t)
	var log strings.Builder
	log.WriteString("# of\toptions\tfroyo\tssh -G\n")
	for _, r := range reports(t) {
		e, told, err, refused := both(t, r.config, r.alias)
		came, beside := "", "the same"
		switch {
		case err != nil && refused != nil:
			came, beside = "refused", "refused"
		case err != nil:
			t.Errorf("%s: ssh takes it, and froyo does not: %v", r.of, err)
		case refused != nil:
			t.Errorf("%s: ssh refuses it, and froyo does not", r.of)
		default:
			came = strings.TrimSpace(strings.ReplaceAll(" "+e.id(), " "+name+"@", " ME@"))
			for _, wrong := range differences(t, e, told, r.alias) {
				t.Errorf("%s: %s", r.of, wrong)
			}
		}
		log.WriteString(strings.ReplaceAll(r.of+"\t"+optionsOf(r.config)+"\t"+came+"\t"+beside+"\n", home, "~"))
	}
	const kept = "testdata/reports.tsv"
	if os.Getenv("FROYO_UPDATE") != "" {
		if err := os.WriteFile(kept, []byte(log.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(kept); err != nil || string(want) != log.String() {
		t.Errorf("%s is not what came out (FROYO_UPDATE=1 writes it): %v\n%s", kept, err, log.String())
	}
}

// generator makes configurations.
type generator struct {
	*rand.Rand
	dir   string
	files int
}

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

// line is a setting as somebody may have written it.
func (g *generator) line() string {
	o := pick(g,
		[]string{"HostName", "10.0.0.1", "%h.example", "Some.Host", "a%%b"},
		[]string{"User", "ops", "root", "with.dot"},
		[]string{"Port", "22", "2222", "65535"},
		[]string{"IdentityFile", "~/.ssh/k1", "/k/%r-%h", "none", "%d/k/%p", "/with space/k", "/k/%%", "/k/%n/%u"},
		[]string{"CertificateFile", "/c/%r", "~/c"},
		[]string{"ProxyJump", "none", "gate", "u@gate:2222,second", "ssh://gate:22", "u@%h-gate"},
		[]string{"ProxyCommand", "none", "nc %h %p", "nc -X 5 \"%h\" %p # no comment", "ssh -W %h:%p gate"},
		[]string{"HostKeyAlias", "one", "two"},
		[]string{"UserKnownHostsFile", "/kh/%h", "/kh/one /kh/two", "~/kh", "/dev/null"},
		[]string{"StrictHostKeyChecking", "yes", "no", "ask", "accept-new", "off"},
		[]string{"IdentitiesOnly", "yes", "no"},
		[]string{"IdentityAgent", "none", "SSH_AUTH_SOCK", "~/agent", "/a/%r", "$SSH_AUTH_SOCK"},
		[]string{"ConnectTimeout", "5", "1m", "1h30m"},
		[]string{"ServerAliveInterval", "30", "2m"},
		[]string{"ServerAliveCountMax", "1", "9"},
		[]string{"ConnectionAttempts", "1", "4"},
		[]string{"AddressFamily", "any", "inet", "inet6"},
		[]string{"CheckHostIP", "yes", "no"},
		[]string{"HashKnownHosts", "yes", "no"},
		[]string{"PubkeyAuthentication", "yes", "no"},
		[]string{"DSAAuthentication", "yes"},
		[]string{"RequiredRSASize", "2048", "4096"},
		[]string{"Compression", "yes"},
		[]string{"SendEnv", "LANG LC_*"},
		[]string{"LocalForward", "8080 localhost:80"},
		[]string{"ControlPath", "~/.ssh/%C"},
		[]string{"Protocol", "2"},
		[]string{"LogLevel", "DEBUG", "quiet"},
		[]string{"MACs", "+hmac-md5", "hmac-sha2-*"},
	)
	if g.IntN(150) == 0 { // what ssh does not take, whichever hosts it is for
		o = pick(g, []string{"Port", "abc"}, []string{"Compression", "maybe"}, []string{"LogLevel", "loud"}, []string{"Ciphers", "rot13"}, []string{"Moon", "full"}, []string{"ConnectTimeout", "soon"})
	}
	name, value := o[0], pick(g, o[1:]...)
	whole := name == "ProxyCommand" || name == "ProxyJump"
	switch g.IntN(6) {
	case 0:
		name = strings.ToLower(name)
	case 1:
		name = strings.ToUpper(name)
	}
	if !whole && !strings.Contains(value, "/kh/one") && name != "SendEnv" && name != "LocalForward" && (g.IntN(4) == 0 || strings.Contains(value, "with space")) {
		if o[0] != "SendEnv" && o[0] != "LocalForward" {
			value = pick(g, `"`+value+`"`, `"`+value+`"`, "'"+value+"'")
		}
	}
	if !whole && g.IntN(8) == 0 {
		value += " # why"
	}
	return pick(g, "", "  ", "\t") + name + pick(g, " ", "\t", "=", " = ", "  ") + value + pick(g, "", "", "", " ", "\r")
}

func (g *generator) header() string {
	names := []string{"h1", "h2", "h*", "h?", "*", "!h1", "!h2", "web*", "other", "H1"}
	var patterns []string
	for range 1 + g.IntN(3) {
		patterns = append(patterns, pick(g, names...))
	}
	switch g.IntN(8) {
	case 0:
		return "Match all"
	case 1:
		return "Match originalhost " + strings.ToLower(strings.Join(patterns, ","))
	case 2:
		return pick(g, "Match host ", "Match user ops host ", "Match final host ", "Match exec true host ") + strings.ToLower(strings.Join(patterns, ","))
	case 3:
		return `Host="` + patterns[0] + `"`
	}
	return pick(g, "Host ", "host\t", "HOST  ") + strings.Join(patterns, pick(g, " ", "  ", "\t"))
}

// config is one of several blocks, which may include others.
func (g *generator) config(t *testing.T, depth int) string {
	t.Helper()
	var b strings.Builder
	for range 1 + g.IntN(6) {
		switch n := g.IntN(10); {
		case n < 5:
			b.WriteString(g.header() + "\n")
		case n == 5 && depth < 2:
			g.files++
			path := filepath.Join(g.dir, strconv.Itoa(g.files)+".conf")
			if err := os.WriteFile(path, []byte(g.config(t, depth+1)), 0o600); err != nil {
				t.Fatal(err)
			}
			b.WriteString("Include " + pick(g, path, `"`+path+`"`, strings.TrimSuffix(path, ".conf")+".c*") + "\n")
		case n == 6:
			b.WriteString(pick(g, "\n", "# a comment\n", "   #\n"))
		}
		for range g.IntN(4) {
			b.WriteString(g.line() + "\n")
		}
	}
	return b.String()
}

// TestSameAsSSH resolves hosts by generated configurations as ssh does. FROYO_SSH_CONFIGS sets how many.
func TestSameAsSSH(t *testing.T) {
	t.Parallel()
	many := 150
	if n, err := strconv.Atoi(os.Getenv("FROYO_SSH_CONFIGS")); err == nil {
		many = n
	}
	compared := 0
	for seed := range many {
		g := &generator{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), dir: t.TempDir()}
		config := g.config(t, 0)
		e, told, err, refused := both(t, config, "h1")
		if refused != nil && err == nil {
			t.Errorf("seed %d: ssh refuses it, and froyo does not\n%s", seed, config)
		}
		if failed, ok := errors.AsType[*target.Error](err); ok && refused == nil && !strings.Contains(failed.Message, "a%b") {
			t.Errorf("seed %d: %v\n%s", seed, err, config)
		}
		if err != nil || refused != nil {
			continue
		}
		compared++
		for _, wrong := range differences(t, e, told, "h1") {
			t.Errorf("seed %d: %s\n%s", seed, wrong, config)
		}
	}
	if compared < many/2 {
		t.Errorf("only %d of %d were compared", compared, many)
	}
}
