package script_test

import (
	"path"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/builtins/startest"
	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/runtime/script"
)

// in is the function of a play with a body.
func in(lines ...string) string {
	return "def do(host):\n    " + strings.Join(lines, "\n    ") + "\n\nplay(\"p\", do = do)\n"
}

// advice is a runbook that is wrong, the hint that it gets, and the runbook as the hint says.
type advice struct{ wrong, hint, right string }

// TestHintsOfRunbooks writes what hints say: the error is gone then.
func TestHintsOfRunbooks(t *testing.T) {
	for _, all := range [][]advice{adviceOfPlays, adviceOfUnits, adviceOfResults, adviceOfHosts, adviceOfLanguage, adviceOfSyntax, adviceOfTemplates} {
		for _, a := range all {
			t.Run(a.hint, func(t *testing.T) {
				told, err := outcome(t, a.wrong)
				var hints []string
				for e := range diag.All(err) {
					hints = append(hints, diag.Of(e).Summary+"; "+diag.Of(e).Hint)
				}
				hints = append(hints, told)
				if !strings.Contains(strings.Join(hints, "\n"), a.hint) {
					t.Errorf("it says\n%s", strings.Join(hints, "\n"))
				}
				if told, err := outcome(t, a.right); err != nil || strings.Contains(told, " error: ") {
					t.Errorf("the hint does not help: %v\n%s", err, told)
				}
			})
		}
	}
}

// outcome evaluates a runbook and pretends to apply it.
func outcome(t *testing.T, text string) (string, error) {
	t.Helper()
	withHints = true
	defer func() { withHints = false }()
	return runChunk(t, startest.Chunk{Name: path.Join("testdata", "hint.star:1"), Source: text + "\n#> apply \n"})
}

var adviceOfPlays = []advice{
	{in(`barrier("")`), `barrier("all stopped")`, in(`barrier("all stopped")`)},
	{in(`pause(" ")`), `say what is to be confirmed: pause("is the first host well?")`, in(`pause("is the first host well?")`)},
	{in(`barrier("a")`, `barrier("a")`), `hosts meet once at a barrier: give each a name of its own`, in(`barrier("a")`, `barrier("b")`)},
	{in(`pause("a?")`, `pause("a?")`), `each is asked about once: give each a message of its own`, in(`pause("a?")`, `pause("b?")`)},
	{
		in(`def h(host): barrier("a")`, `cmd("x", notify = [handler("h", do = h)])`), `call it in the play's function`,
		in(`barrier("a")`, `cmd("x", notify = [handler("h", do = lambda host: cmd("y"))])`),
	},
	{
		in(`def h(host): flush_handlers()`, `cmd("x", notify = [handler("h", do = h)])`), `call it in the play's function`,
		in(`cmd("x", notify = [handler("h", do = lambda host: cmd("y"))])`, `flush_handlers()`),
	},
	{
		in(`cmd("x", notify = [handler("h", do = lambda host: cmd("y")), handler("h", do = lambda host: cmd("z"))])`), `give each a name of its own`,
		in(`cmd("x", notify = [handler("h", do = lambda host: cmd("y")), handler("i", do = lambda host: cmd("z"))])`),
	},
	{
		"h = handler(\"h\", do = lambda host: cmd(\"y\"))\n\ndef drain(host):\n    cmd(\"x\", notify = [h])\n\nplay(\"p\", before_change = drain, do = lambda host: cmd(\"z\"))\n",
		`name the unit in on_change of another one of before_change, which follows it at once`,
		"def drain(host):\n    x = cmd(\"x\")\n    cmd(\"y\", on_change = [x])\n\nplay(\"p\", before_change = drain, do = lambda host: cmd(\"z\"))\n",
	},
	{
		in(`def h(host): cmd("y", on_failure = lambda host: cmd("z"))`, `cmd("x", notify = [handler("h", do = h)])`), `it belongs to units of the play's function`,
		in(`cmd("x", on_failure = lambda host: cmd("z"), notify = [handler("h", do = lambda host: cmd("y"))])`),
	},
	{in(`h = handler("h", do = lambda host: cmd("y"))`, `file("/x", content = h)`), `give it to units: notify = [...]`, in(`h = handler("h", do = lambda host: cmd("y"))`, `file("/x", content = "a", notify = [h])`)},
	{
		in(`def h(host): cmd("y", notify = [handler("i", do = lambda host: cmd("z"))])`, `cmd("x", notify = [handler("h", do = h)])`),
		`declare handlers at the top level of a file, or in a play's function`,
		in(`i = handler("i", do = lambda host: cmd("z"))`, `def h(host): cmd("y", notify = [i])`, `cmd("x", notify = [handler("h", do = h)])`),
	},
	{in(`handler("before_change", do = lambda host: cmd("y"))`), `give it another name; change hooks are arguments of play()`, in(`handler("drain", do = lambda host: cmd("y"))`)},
	{in(`handler("r")`), `handler("r", do = lambda host: service("nginx", state = "reloaded"))`, in(`handler("r", do = lambda host: service("nginx", state = "reloaded"))`)},
	{in(`handler("r", do = lambda: cmd("x"))`), `it gets the host: lambda host: ...`, in(`handler("r", do = lambda host: cmd("x"))`)},
	{in(`play("q", do = lambda host: cmd("x"))`), `plays are declared at the top level of the runbook`, "play(\"q\", do = lambda host: cmd(\"x\"))\n"},
	{"play(\"q\", hosts = \"web\")\n", `play("q", hosts = "web", do = FUNCTION)`, "FUNCTION = lambda host: cmd(\"x\")\nplay(\"q\", hosts = \"web\", do = FUNCTION)\n"},
	{"def web(): cmd(\"x\")\nplay(\"q\", do = web)\n", `it gets the host: def web(host)`, "def web(host): cmd(\"x\")\nplay(\"q\", do = web)\n"},
	{"play(\"q\", do = lambda host: cmd(\"x\"))\nplay(\"q\", do = lambda host: cmd(\"y\"))\n", `give each play a name of its own`, "play(\"q\", do = lambda host: cmd(\"x\"))\nplay(\"r\", do = lambda host: cmd(\"y\"))\n"},
	{"play(\"q\", do = lambda host: cmd(\"x\"), verify = 1)\n", `def healthy(host): probe_http("http://127.0.0.1/", via = host)`, "def healthy(host): probe_http(\"http://127.0.0.1/\", via = host)\nplay(\"q\", do = lambda host: cmd(\"x\"), verify = healthy)\n"},
	{"play(\"q\", do = lambda host: cmd(\"x\"))\ncmd(\"y\")\n", `put it into the function of a play`, "play(\"q\", do = lambda host: (cmd(\"x\"), cmd(\"y\")))\n"},
}

// marker is what stands in text for a sensitive value. What cuts it does not come from a runbook, but from something
// that does not know of it.
var marker = secret.Given("geheim7")

var adviceOfUnits = []advice{
	{
		in(`file("/x", content = "pw = ` + marker[:len(marker)-1] + `")`), `do that to the sensitive value itself, before it is formatted into text`,
		in(`file("/x", content = "pw = ` + marker + `")`),
	},
	{in(`cmd("x", retry = retry(atempts = 3))`), `did you mean "attempts"?`, in(`cmd("x", retry = retry(attempts = 3))`)},
	{in(`cmd("x", retry = retry(zzzz = 3))`), `its arguments are: attempts, delay, backoff, until`, in(`cmd("x", retry = retry(attempts = 3))`)},
	{in(`flush_handlers(now = True)`), `it takes no arguments`, in(`flush_handlers()`)},
	{in(`service("nginx", state = "restarted")`), `put it into a handler that others notify, or say when: on_change = [unit] or when = lambda: ...`, in(`c = cmd("x")`, `service("nginx", state = "restarted", on_change = [c])`)},
	{in(`service("nginx", state = "restarted")`), `put it into a handler that others notify`, in(`cmd("x", notify = [handler("r", do = lambda host: service("nginx", state = "restarted"))])`)},
	{in(`service("nginx", state = "restarted")`), `when = lambda: ...`, in(`c = cmd("x")`, `service("nginx", state = "restarted", when = lambda: c.changed)`)},
	{in(`file("/x", content = delegate("db1"))`), `its name is that of the host: "db1"`, in(`file("/x", content = "db1")`)},
	{in(`delegate("db1").nothing("x")`), `its attributes are the resource types, such as lb.cmd(...)`, in(`lb = delegate("db1")`, `lb.cmd("x")`)},
	{in(`delegate("db1").fil("/x")`), `did you mean "file"?`, in(`delegate("db1").file("/x")`)},
	{in(`delegate(3).cmd("x")`), `write delegate("lb1") or delegate(hosts("role=lb")[0])`, in(`delegate("db1").cmd("x")`, `delegate(hosts("role=db")[0]).cmd("y")`)},
	{in(`delegate("db2").cmd("x")`), `did you mean "db1"?`, in(`delegate("db1").cmd("x")`)},
	{in(`delegate("nowhere").cmd("x")`), `a host to delegate to has to be in the inventory; it need not be in the play`, in(`delegate("db1").cmd("x")`)},
	{in(`cmd("x" * 1100000)`), `give it a short name, or put a long script into a file`, in(`cmd("x" * 1100000, name = "long")`)},
	{in(`file("/x", "a")`), `write the others as name = value`, in(`file("/x", content = "a")`)},
	{in(`file("/x", content = "a", source = "x")`), `give one: content is the value itself, source a file that holds it`, in(`file("/x", content = "a")`)},
	{in(`probe_http("http://a/", via = 3)`), `via = host`, in(`probe_http("http://a/", via = host)`)},
	{in(`cmd("x", changed_when = lambda: True)`), `the argument is the unit's result: lambda r: "created" in r.stdout`, in(`cmd("x", changed_when = lambda r: "created" in r.stdout)`)},
	{in(`file("/x", contnt = "a")`), `did you mean "content"?`, in(`file("/x", content = "a")`)},
	{in(`file("/x", content = lifecycle(prevent_destroy = True))`), `give it to a unit: lifecycle = lifecycle(prevent_destroy = True)`, in(`file("/x", lifecycle = lifecycle(prevent_destroy = True))`)},
	{in(`file("/x", lifecycle = lifecycle(True))`), `write lifecycle(prevent_destroy = True) or lifecycle(ignore_changes = ["mode"])`, in(`file("/x", lifecycle = lifecycle(prevent_destroy = True))`, `file("/y", mode = "0644", lifecycle = lifecycle(ignore_changes = ["mode"]))`)},
	{in(`file("/x", mode = "0644", lifecycle = lifecycle(ignore_changes = ["path"]))`), `another path is another resource`, in(`file("/x", mode = "0644", lifecycle = lifecycle(ignore_changes = ["mode"]))`)},
	{in(`file("/x", lifecycle = lifecycle(ignore_changes = ["mod"]))`), `did you mean "mode"?`, in(`file("/x", mode = "0644", lifecycle = lifecycle(ignore_changes = ["mode"]))`)},
	{in(`file("/x", lifecycle = lifecycle(ignore_changes = ["zzzz"]))`), `its arguments are: `, in(`file("/x", mode = "0644", lifecycle = lifecycle(ignore_changes = ["mode"]))`)},
	{in(`cmd("x", when = lambda a: True)`), `write when = lambda: ...`, in(`cmd("x", when = lambda: True)`)},
	{in(`cmd("x", when = 3)`), `write when = lambda: ...`, in(`cmd("x", when = lambda: True)`)},
	{in(`file("/x", content = retry())`), `give it to a unit: retry = retry(attempts = 3)`, in(`cmd("x", retry = retry(attempts = 3))`)},
	{in(`cmd("x", retry = retry(until = 3))`), `the argument is the unit's result: until = lambda r: "ready" in r.stdout`, in(`cmd("x", retry = retry(until = lambda r: "ready" in r.stdout))`)},
	{
		in(`cmd("x", notify = [handler("h", do = lambda host: cmd("y", run_once = True))])`), `on which hosts it runs is known only then; make a unit of the play's function run_once`,
		in(`cmd("x", run_once = True, notify = [handler("h", do = lambda host: cmd("y"))])`),
	},
	{in(`cmd("x" + sensitive("geheim1"), name = sensitive("geheim1"))`), `only what is named may be`, in(`cmd("x" + sensitive("geheim1"), name = "x")`)},
	{in(`x = {sensitive("geheim1"): 1}`), `it can be joined to text with +, % and format(), passed to resources and templates, and compared with another sensitive value`, in(`cmd("x", env = {"A": "x" + sensitive("geheim1")})`)},
	{in(`file("/x", content = "a")`, `file("/x", content = "b")`), `declare it once, or give both the same arguments`, in(`file("/x", content = "a")`, `file("/x", content = "a")`)},
	{in(`cmd("x", cwd = "/a")`, `cmd("x", cwd = "/b")`), `declare it once, give both the same arguments, or give one another name`, in(`cmd("x", cwd = "/a")`, `cmd("x", cwd = "/b", name = "y")`)},
	{in(`check(3)`), `check(host.facts.hw.cpu.cores > 1, "needs two CPUs"), or check(lambda: made.rc == 0, "not made")`, in(`made = cmd("x")`, `check(host.facts.hw.cpu.cores > 1, "needs two CPUs")`, `check(lambda: made.rc == 0, "not made")`)},
	{in(`file("/x", mode = 0o644)`), `write`, in(`file("/x", mode = "0644")`)},
}

var adviceOfResults = []advice{
	{in(`cmd("x", when = lambda: cmd("y"))`), `lambdas run while hosts are being changed; declare it in the play's function`, in(`y = cmd("y")`, `cmd("x", when = lambda: y.changed)`)},
	{in(`c = cmd("x")`, `file("/x", content = later(lambda: later(lambda: c.stdout)))`), `results are known here: use the value itself`, in(`c = cmd("x")`, `file("/x", content = later(lambda: c.stdout))`)},
	{in(`c = cmd("x", when = False)`, `file("/x", content = later(lambda: c.stdout))`), `ask first: X if not unit.skipped else Y`, in(`unit = cmd("x", when = False)`, `file("/x", content = later(lambda: unit.stdout if not unit.skipped else "Y"))`)},
	{in(`c = cmd("x")`, `file("/x", content = c.stdout)`), `use it inside a lambda: when = lambda: ..., or later(lambda: ...)`, in(`c = cmd("x")`, `file("/x", content = later(lambda: c.stdout), when = lambda: c.changed)`)},
	{in(`c = cmd("x")`, `file("/x", content = c)`), `its results are attributes, known after apply: later(lambda: unit.changed)`, in(`unit = cmd("x")`, `file("/x", content = later(lambda: str(unit.changed)))`)},
	{in(`c = cmd("x")`, `file("/x", content = lambda: c.stdout)`), `a value known only after apply is written later(lambda: ...)`, in(`c = cmd("x")`, `file("/x", content = later(lambda: c.stdout))`)},
	{in(`file("/x", content = later(3))`), `write later(lambda: ...)`, in(`file("/x", content = later(lambda: "3"))`)},
	{in(`file("/x", content = later(lambda a: a))`), `write later(lambda: ...)`, in(`file("/x", content = later(lambda: "a"))`)},
	{in(`c = cmd("x")`, `file("/x", content = "a" + later(lambda: c.stdout))`), `put the whole expression inside the lambda: later(lambda: ...)`, in(`c = cmd("x")`, `file("/x", content = later(lambda: "a" + c.stdout))`)},
	{in(`c = cmd("x")`, `file("/x", content = later(lambda: later(lambda: c.stdout)))`), `later inside a lambda`, in(`c = cmd("x")`, `file("/x", content = later(lambda: c.stdout))`)},
	{in(`file("/x", content = sensitive(later(lambda: "a")))`), `put the call inside the lambda: later(lambda: sensitive(...))`, in(`file("/x", content = later(lambda: sensitive("geheim1")))`)},
	{in(`sensitive(["a"])`), `mark each text of a list or dict of its own`, in(`file("/x", content = "".join([sensitive("geheim1"), sensitive("geheim2")]))`)},
	{in(`file("/x", content = template(text = "{{ a }}", a = later(lambda: "a")))`), `put the whole call inside the lambda: later(lambda: template(...))`, in(`file("/x", content = later(lambda: template(text = "{{ a }}", a = "a")))`)},
	{in(`template()`), `template("app.conf.j2", port = 8080) or template(text = "...", port = 8080)`, in(`file("/x", content = template(text = "...", port = 8080))`)},
	{in(`file("/x", content = template(text = "{{ a }}"))`), `give it to template(), or write a | default(...)`, in(`file("/x", content = template(text = "{{ a }}{{ b | default('c') }}", a = 1))`)},
	{in(`for i in [1, 2]:`, `    cmd("x%d" % i, when = lambda: i > 1)`), `write "lambda i = i: ..." to keep the value it has here`, in(`for i in [1, 2]:`, `    cmd("x%d" % i, when = lambda i = i: i > 1)`)},
	{
		in(`for i in [1, 2]:`, `    def again(): return i > 1`, `    cmd("x%d" % i, when = again)`), `write "def again(i = i)" to keep the value it has here`,
		in(`for i in [1, 2]:`, `    def again(i = i): return i > 1`, `    cmd("x%d" % i, when = again)`),
	},
	{in(`cmd("x", when = lambda: y)`, `if False: y = 1`), `assign it before the function returns`, in(`cmd("x", when = lambda: y)`, `y = True`)},
	{in(`a = cmd("a")`, `cmd("b", when = lambda: a.changed, name = "b")`, `cmd("c", when = lambda: d.changed)`, `d = cmd("d")`), `units run in the order of the script: declare cmd[d] first`, in(`d = cmd("d")`, `cmd("c", when = lambda: d.changed)`)},
	{in(`cmd("a", when = lambda: b.changed)`, `b = cmd("b", when = lambda: a.changed)`, `a = cmd("a")`), `take one of these edges out`, in(`a = cmd("a")`, `b = cmd("b", when = lambda: a.changed)`)},
	{in(`c = cmd("x", when = False)`, `file("/x", content = later(lambda: c.stdout))`), `it was skipped`, in(`c = cmd("x", when = False)`, `file("/x", content = later(lambda: c.stdout if not c.skipped else "none"))`)},
}

var adviceOfHosts = []advice{
	{in(`host.query("long", max_output = 1048576).stdout`), `have the program say less`, in(`host.query("less", max_output = 1048576).stdout`)},
	{in(`host.facts.hw.cpu.model`), `host.query can ask for it`, in(`host.query(["lscpu"]).stdout`)},
	{"hosts(\"all\")[0].query([\"x\"])\nplay(\"p\", do = lambda host: cmd(\"x\"))\n", `put it into the function that play() gets as do`, in(`hosts("all")[0].query(["x"])`)},
	{in(`file("/x", content = host)`), `use host.name or host.address`, in(`file("/x", content = host.name + host.address)`)},
	{in(`host.labels.nothing`), `host.labels.get("nothing") gives None where it is missing`, in(`if host.labels.get("nothing") == None: cmd("x")`)},
	{in(`host.vars.nothing`), `set it in the inventory, or give -e nothing=VALUE`, in(`host.vars.zone`)},
	{in(`vars.nothing`), `give it on the command line: -e nothing=VALUE`, in(`vars.version`)},
	{in(`vars.versoin`), `did you mean "version"?`, in(`vars.version`)},
	{in(`host.vars.app.nothing`), `d.get("nothing", default) gives a default`, in(`host.vars.app["get"]`, `dict(host.vars.app).get("nothing", "default")`)},
	{in(`host.vars.app.usr`), `did you mean .user?`, in(`host.vars.app.user`)},
	{in(`host.facts.hw.cpo.cores`), `did you mean hw.cpu?`, in(`host.facts.hw.cpu.cores`)},
	{in(`host.facts.zzzz`), `there are: os, hw, net, fs, users, time, virt, pkg, svc`, in(`host.facts.os.basic.id`)},
	{in(`host.getent("hosts", "a")`), `passwd and group can be asked`, in(`host.getent("passwd", "deploy")`, `host.getent("group", "deploy")`)},
	{in(`host.read("/bin/blob")`), `host.read_bytes gives its bytes as they are`, in(`host.read_bytes("/bin/blob")`)},
	{in(`host.read("/etc/motd", max_size = 2)`), `max_size = N reads N bytes, at most 16777216; host.query can pick out the part that matters`, in(`host.read("/etc/motd", max_size = 6)`)},
	{in(`host.read("/etc/motd", max_size = 2)`), `host.query can pick out the part that matters`, in(`host.query(["head", "-c", "2", "/etc/motd"]).stdout`)},
	{in(`host.query("long").stdout`), `max_output = N takes N bytes, at most `, in(`host.query(["echo"], max_output = 10).stdout`)},
	{in(`host.query("bytes").stdout`), `stdout_bytes has its bytes as they are`, in(`host.query("bytes").stdout_bytes`)},
	{in(`host.read("/none").strip()`), `host.read, host.find and host.getent give None where there is nothing; ask first, or say fail(...)`, in(`text = host.read("/none")`, `if text: text.strip()`)},
	{in(`host.vars.fact`), `set it in the inventory; facts are no variables, a template reads them from host.facts`, in(`host.facts.os.basic.id`)},
	{in(`host.nothing()`), `a host has no .nothing`, in(`host.name`)},
	{"host.name\n", `a host is what a play's function gets: def web(host), play("web", hosts = "all", do = web)`, "def web(host): host.name\nplay(\"web\", hosts = \"all\", do = web)\n"},
}

var adviceOfLanguage = []advice{
	{in(`x = 1 + "a"`), `str(...) makes text of any value`, in(`x = str(1) + "a"`)},
	{in(`d = {}`, `d["x"]`), `d.get("x") gives None where it is missing, and d.get("x", default) a default`, in(`d = {}`, `d.get("x")`, `d.get("x", "default")`)},
	{in(`x = "%s %s" % ("a",)`), `the text has more % places than there are values`, in(`x = "%s %s" % ("a", "b")`)},
	{in(`x = "100% of %s" % "a"`), `unknown conversion`, in(`x = "100%% of %s" % "a"`)},
	{in(`x = "5%% %s%s" % "a"`), `a literal percent sign is %%`, in(`x = "5%% %s%%s" % "a"`)},
	{in(`x = "a" % (1, 2)`), `put a %s for each of them into the text`, in(`x = "a %s %s" % (1, 2)`)},
	{in(`x = "%d" % "a"`), `%s takes any value`, in(`x = "%s" % "a"`)},
	{in(`x = {["a", "b"]: 1}`), `a tuple can: ("a", "b")`, in(`x = {("a", "b"): 1}`)},
	{in(`if False: z = 1`, `print(z)`), `assign it before, or write the assignment outside of the if or for`, in(`z = 0`, `if False: z = 1`, `print(z)`)},
	{in(`def f(n): return f(n - 1)`, `f(3)`), `a function does not call itself here; write a loop: for i in range(10): ...`, in(`for i in range(10): print(i)`)},
	{in(`fial("x")`), `did you mean fail?`, in(`if False: fail("x")`)},
	{in(`pkg.nginx`), `call it; what it does is said by its arguments, such as pkg("nginx", state = "latest"): froyo docs lists them`, in(`pkg("nginx", state = "latest")`)},
	{in(`x = "a" * (1 << 40)`), `work on a part, or keep large content in a file: file(..., source = "...") sends it as it is`, in(`x = "a" * 10`)},
	{in(`"a".strp()`), `did you mean .strip?`, in(`"a".strip()`)},
	{in(`x = sensitive("geheim1")[0]`), `a sensitive value cannot be cut`, in(`x = "a" + sensitive("geheim1")`)},
	{in(`x = sensitive("geheim1")[1:]`), `a sensitive value cannot be cut`, in(`x = "a" + sensitive("geheim1")`)},
	{in(`x = None[1:]`), `None cannot be sliced`, in(`x = "a"[1:]`)},
	{"x = host_of()\n", `undefined: host_of`, "x = 1\ncmd(\"x\")\n"},
	{"x = 1\nx = 2\ncmd(\"x\")\n", `give the second one another name; inside a function names may change their value`, "x = 1\ny = 2\n" + in(`z = 1`, `z = 2`)},
	{in(`load("@std//nothing.star", "x")`), `load`, "load(\"@std//web.star\", \"vhost\")\ncmd(\"x\")\n"},
}

var adviceOfTemplates = []advice{
	{in(`file("/x", content = template(text = "{{ a | bsename }}", a = "b"))`), `did you mean basename?`, in(`file("/x", content = template(text = "{{ a | basename }}", a = "b"))`)},
	{in(`file("/x", content = template(text = "{{ prot }}", port = 1))`), `did you mean port?`, in(`file("/x", content = template(text = "{{ port }}", port = 1))`)},
	{in(`file("/x", content = template(text = "{{ a | match('b') }}", a = "b"))`), `match is a test: write value is match`, in(`file("/x", content = template(text = "{{ a is match('b') }}", a = "b"))`)},
	{in(`file("/x", content = template(text = "{{ a is basename }}", a = "b"))`), `basename is a filter: write value | basename`, in(`file("/x", content = template(text = "{{ a | basename }}", a = "b"))`)},
	{in(`file("/x", content = template(text = "{{ basename(a) }}", a = "b"))`), `basename is a filter: write value | basename`, in(`file("/x", content = template(text = "{{ a | basename }}", a = "b"))`)},
	{in(`file("/x", content = template(text = "{{ a | ansible.utils.basename }}", a = "b"))`), `write basename: the collection ansible.utils does not have it`, in(`file("/x", content = template(text = "{{ a | basename }}", a = "b"))`)},
	{
		in(`file("/x", content = template(text = "#jinja2: trim_blocks\n{{ a }}", a = "b"))`), `#jinja2: trim_blocks: False, lstrip_blocks: True`,
		in(`file("/x", content = template(text = "#jinja2: trim_blocks: False, lstrip_blocks: True\n{{ a }}", a = "b"))`),
	},
	{
		in(`file("/x", content = template(text = "{{ a | my.own.thing }}", a = "b"))`),
		`filters and tests are those of ansible.builtin, ansible.utils and community.general; plugins of other collections are Python`,
		in(`file("/x", content = template(text = "{{ a | ansible.builtin.basename }}", a = "b"))`),
	},
	{in(`template("//nowhere/a.j2")`), `there is no directory nowhere either`, in(`file("/x", content = template(text = "a"))`)},
	{in(`template("//lib/base.stra")`), `did you mean lib/base.star?`, in(`file("/x", content = template("//lib/base.star"))`)},
	{in(`template("/etc/app.j2")`), `write //x for x at the workspace's root, or a path beside hint.star`, in(`file("/x", content = template("//lib/base.star"))`, `file("/y", content = template("lib/base.star"))`)},
	{in(`template("../app.j2")`), `only files of the workspace can be read`, in(`file("/x", content = template("//lib/base.star"))`)},
}

// TestHintsOfFiles is TestHintsOfRunbooks with several files: after the runbook, lib/a.star before and as the hint says.
func TestHintsOfFiles(t *testing.T) {
	const play = "load(\"lib/a.star\", \"a\")\nplay(\"p\", do = lambda host: a(host))\n"
	for _, tt := range []struct{ main, wrong, hint, right string }{
		{play, "def a(host): pass\ncmd(\"x\")\n", "put it into a function, and call that from a play", "def a(host): cmd(\"x\")\n"},
		{"load(\"lib/a.star\", \"a\")\na()\n", "a = lambda: 1\nplay(\"q\", do = lambda host: cmd(\"x\"))\n", "put it into a function, and call that from the runbook's top level", "def a(): play(\"q\", do = lambda host: cmd(\"x\"))\n"},
		{play, "load(\"a.star\", \"b\")\na = lambda host: b\n", "move what they share into a file of its own", "load(\"b.star\", \"b\")\na = lambda host: b\n"},
		{play, "\n", "it defines nothing", "a = lambda host: 1\n"},
		{play, "conf = 1\n", "it defines: conf", "a = lambda host: 1\n"},
		{play, "aa = 1\n", "did you mean \"aa\"?", "a = lambda host: 1\n"},
		{play, "load(\"std//b.star\", \"b\")\na = lambda host: b\n", "write \"@std//x.star\", \"//x.star\" from the workspace's root, or \"x.star\" beside this file", "load(\"//lib/b.star\", \"b\")\nload(\"b.star\", c = \"b\")\nload(\"@std//web.star\", \"vhost\")\na = lambda host: b + c\n"},
		{play, "load(\"@std//wbe.star\", \"vhost\")\na = lambda host: 1\n", "did you mean @std//web.star?", "load(\"@std//web.star\", \"vhost\")\na = lambda host: 1\n"},
		{play, "load(\"@std//qqqqqq.star\", \"vhost\")\na = lambda host: 1\n", "there are: ", "load(\"@std//web.star\", \"vhost\")\na = lambda host: 1\n"},
		{play, "x = hosts(\"all\")[0].facts.os.basic.id\na = lambda host: 1\n", "read them in the function that play() gets as do; call hosts() there, too", "a = lambda host: hosts(\"all\")[0].facts.os.basic\n"},
	} {
		t.Run(tt.hint, func(t *testing.T) {
			try := func(text string) string {
				fsys := files("site.star", tt.main, "lib/a.star", text, "lib/b.star", "b = 1\n")
				opts := options(t, fsys, "site.star")
				p, err := script.Load(t.Context(), opts)
				if err == nil {
					_, err = p.Evaluate(t.Context(), opts.Inventory.Host("web1"), []int{0}, &fakeReader{})
				}
				return strings.Join(texts(t, err), "\n")
			}
			if got := try(tt.wrong); !strings.Contains(got, tt.hint) {
				t.Errorf("it says %s", got)
			}
			if got := try(tt.right); got != "" {
				t.Errorf("the hint does not help: %s", got)
			}
		})
	}
}

var adviceOfSyntax = []advice{
	{"import os\n", `names of another file are loaded: load("//lib/web.star", "web"); froyo docs std lists what comes with froyo`, "load(\"//lib/base.star\", \"base\")\ncmd(\"x\")\n"},
	{in(`port = 80`, `x = f"port {port}"`), `write "port %d" % port, or "port {}".format(port)`, in(`port = 80`, `x = "port %d" % port`, `y = "port {}".format(port)`)},
	{in(`class A: pass`), `a dict or a struct of values does: conf = {"port": 80}`, in(`conf = {"port": 80}`, `conf["port"]`)},
	{in(`try: pass`), `ask first: host.stat, host.read and host.find say whether something is there`, in(`host.stat("/etc/motd")`, `host.read("/etc/motd")`, `host.find("/srv")`)},
	{in(`if host.name == "x": raise "a"`), `fail("no such release") ends the evaluation`, in(`if host.name == "x": fail("no such release")`)},
	{in(`assert 1`), `check(host.facts.hw.cpu.cores > 1, "needs two CPUs")`, in(`check(host.facts.hw.cpu.cores > 1, "needs two CPUs")`)},
	{in(`with 1: pass`), `units are made by calls: file(...), cmd(...)`, in(`file("/x")`, `cmd("x")`)},
	{in(`del x`), `units that remove have a state: file("/srv/old", state = "absent")`, in(`file("/srv/old", state = "absent")`)},
	{in(`global x`), `a function returns what its caller needs`, in(`def f(): return 1`, `x = f()`)},
	{in(`yield 1`), `a function returns a list`, in(`def f(): return [1]`, `for x in f(): print(x)`)},
	{"async def f(): pass\n", `units on many hosts run at once as they are; background = True lets a command run on`, in(`cmd("x", background = True)`)},
	{in(`while True: pass`), `a loop has an end: for i in range(10): ...`, in(`for i in range(10): print(i)`)},
	{in(`file("/x", mode = 0644)`), `a mode is text: write "0644"; a number in octal is 0o644`, in(`x = 0o644`, `file("/x", mode = "0644")`)},
	{in(`x = [1, 2`), `is a comma, a bracket, a quote or a colon missing before it?`, in(`x = [1, 2]`)},
	{in(`docker("app")`), `froyo has no type for`, in(`cmd("docker run -d --name app nginx", unless = "docker inspect app")`)},
}
