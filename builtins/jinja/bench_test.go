package jinja_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja"
	"github.com/openfroyo/froyo/builtins/jinja/pyjson"
)

const vhost = `# {{ managed }}
server {
    listen {{ port | default(80) }}{% if tls %} ssl{% endif %};
    server_name {{ name }}{% for a in aliases %} {{ a }}{% endfor %};
    root {{ root }}/{{ name }};
{% if tls %}
    ssl_certificate /etc/ssl/{{ name }}.crt;
    ssl_certificate_key /etc/ssl/{{ name }}.key;
{% endif %}
{% for l in locations %}
    location {{ l.path }} {
{% for k, v in l.options.items() %}
        {{ k }} {{ v }};
{% endfor %}
    }
{% endfor %}
    access_log /var/log/nginx/{{ name | replace('.', '_') }}.log {{ format | upper }};
}
`

const vhostVars = `{"managed": "managed", "port": 443, "tls": true, "name": "%s.example.org", "aliases": ["a.example.org", "b.example.org"], "root": "/srv/www", "format": "main",
"locations": [{"path": "/", "options": {"try_files": "$uri $uri/ =404", "expires": "1h"}}, {"path": "/api", "options": {"proxy_pass": "http://127.0.0.1:8080", "proxy_buffering": "off"}}]}`

// benchmarks are the templates that are timed, each with the variables of its renderings.
func benchmarks() []benchmark {
	var config strings.Builder
	for i := range 100 {
		fmt.Fprintf(&config, "# option %d\noption_%d = {{ v%d }}\n{%% if v%d > 50 %%}\nlarge_%d = {{ v%d * 2 }}{{ ' # ' ~ name }}\n{%% endif %%}\n", i, i, i, i, i, i)
	}
	values := []string{`"name": "x"`}
	var items []string
	for i := range 100 {
		values = append(values, fmt.Sprintf(`"v%d": %d`, i, i))
	}
	for i := range 10000 {
		items = append(items, fmt.Sprintf(`{"name": "host%d", "port": %d, "up": %t}`, i, i, i%3 == 0))
	}
	var hosts []string
	for i := range 1000 {
		hosts = append(hosts, fmt.Sprintf(vhostVars, fmt.Sprint("host", i)))
	}
	return []benchmark{
		{"vhost", vhost, []string{fmt.Sprintf(vhostVars, "www")}},
		{"500 lines", config.String(), []string{"{" + strings.Join(values, ", ") + "}"}},
		{"10000 items", "{% for h in items %}\n{% if h.up %}\nserver {{ h.name }}:{{ h.port }}; # {{ loop.index }}\n{% else %}\n# {{ h['name'] | upper }}\n{% endif %}\n{% endfor %}\n", []string{`{"items": [` + strings.Join(items, ", ") + "]}"}},
		{"1000 hosts", vhost, hosts},
	}
}

type benchmark struct {
	name, text string
	vars       []string
}

// run renders the template with each of its variables, and returns the size of what it makes.
func (b benchmark) run(tb testing.TB) func() int {
	tb.Helper()
	fsys := fstest.MapFS{"t.j2": {Data: []byte(b.text)}}
	set := jinja.New(fsys, nil)
	var vars []jinja.Variables
	for _, text := range b.vars {
		v, err := pyjson.Load(text)
		if err != nil {
			tb.Fatal(err)
		}
		vars = append(vars, jinja.Dict(v.(*starlark.Dict)))
	}
	return func() int {
		size := 0
		for _, v := range vars {
			out, err := set.File(jinja.Rendering{Context: tb.Context(), Vars: v}, "t.j2")
			if err != nil {
				tb.Fatal(err)
			}
			size += utf8.RuneCountInString(strings.TrimRight(out, "\n")) // Ansible keeps newlines at the end
		}
		return size
	}
}

func BenchmarkRender(b *testing.B) {
	for _, bm := range benchmarks() {
		b.Run(bm.name, func(b *testing.B) {
			run := bm.run(b)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	text := benchmarks()[1].text
	b.ReportAllocs()
	for b.Loop() {
		if _, err := jinja.New(fstest.MapFS{"t.j2": {Data: []byte(text)}}, nil).File(jinja.Rendering{Context: b.Context(), Vars: jinja.Dict(starlark.NewDict(0))}, "t.j2"); err == nil {
			b.Fatal("there are no variables")
		}
	}
}

// TestBesideJinja2 prints how many times as fast as Python's Jinja2 templates are rendered, both compiled once. It runs
// where FROYO_JINJA_BENCH says for how many seconds each is timed, such as 1, since times are no matter of a test.
func TestBesideJinja2(t *testing.T) {
	limit, err := time.ParseDuration(os.Getenv("FROYO_JINJA_BENCH") + "s")
	if err != nil {
		t.Skip("FROYO_JINJA_BENCH says for how many seconds each is timed")
	}
	if err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", "import jinja2").Run(); err != nil {
		t.Skip("python3-jinja2 is not installed")
	}
	o := start(t, "/usr/bin/python3", "testdata/bench.py")
	for _, bm := range benchmarks() {
		var vars []json.RawMessage
		for _, v := range bm.vars {
			vars = append(vars, json.RawMessage(v))
		}
		run := bm.run(t)
		best, size := time.Duration(1<<62), 0
		for began, rounds := time.Now(), 0; rounds < 3 || time.Since(began) < limit; rounds++ {
			begin := time.Now()
			size = run()
			best = min(best, time.Since(begin))
		}
		said := askTime(t, o, map[string]any{"text": bm.text, "vars": vars, "limit": limit.Seconds()})
		if size != said.Size {
			t.Errorf("%s: %d characters, %d by Jinja2", bm.name, size, said.Size)
		}
		ratio := said.Seconds / best.Seconds()
		t.Logf("%-12s froyo %10s, Jinja2 %10s: %.1f times as fast", bm.name, best.Round(time.Microsecond), time.Duration(said.Seconds*1e9).Round(time.Microsecond), ratio)
		if ratio < 1 {
			t.Errorf("%s: slower than Jinja2", bm.name)
		}
	}
}

func askTime(t *testing.T, o *oracle, request any) (out struct {
	Seconds float64
	Size    int
},
) {
	t.Helper()
	w := bufio.NewWriter(o.in)
	if err := json.NewEncoder(w).Encode(request); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	reply, err := o.out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(reply, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
