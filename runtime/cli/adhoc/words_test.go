package adhoc

import (
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/schema"
	"github.com/openfroyo/froyo/runtime/wire"
)

func TestLiteral(t *testing.T) {
	for _, tt := range []struct{ kind, text, want string }{
		{"string", `a"b\`, `"a\"b\\"`},
		{"string", "yes", `"yes"`},
		{"bool", "yes", "True"},
		{"bool", "False", "False"},
		{"bool", "maybe", `error: got "maybe", want yes or no`},
		{"int", "-3", "-3"},
		{"int", "0644", "644"},
		{"int", "3.5", `error: got "3.5", want a whole number`},
		{"number", "3.5", "3.5"},
		{"list of strings", "a,b", `["a", "b"]`},
		{"list of strings", "", `[]`},
		{"list of strings", `["a,b", "c"]`, `["a,b", "c"]`},
		{"list of strings", `[1`, `error: got "[1", want a list: a,b or as JSON '["a", "b"]'`},
		{"list of ints", "1,2", "[1, 2]"},
		{"list of ints", "1,x", `error: got "1,x", want a list such as a,b, of which each is a whole number`},
		{"string or list of strings", "a,b", `"a,b"`},
		{"string or list of strings", "[ -f /x ]", `"[ -f /x ]"`},
		{"string or list of strings", `["a"]`, `["a"]`},
		{"bool or string", "no", "False"},
		{"bool or string", "x", `"x"`},
		{"object", `{"a": [1, null, true, "x"]}`, `{"a": [1, None, True, "x"]}`},
		{"object", `{"a": 1} {}`, "error: got"},
		{"host", "host", "host"},
		{"host", "web1", `hosts("web1")[0]`},
	} {
		got, err := literal(tt.kind, tt.text)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tt.want && (!strings.HasPrefix(tt.want, "error: ") || !strings.HasPrefix(got, tt.want)) {
			t.Errorf("%s %q: got %s, want %s", tt.kind, tt.text, got, tt.want)
		}
	}
}

func TestCallOf(t *testing.T) {
	all, err := wire.Types(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	types := all.Types()
	for _, tt := range []struct{ line, want string }{
		{"cmd uptime", `cmd("uptime")`},
		{"cmd http://x/?a=b", `cmd("http://x/?a=b")`},
		{"pkg nginx state=latest become=yes", `pkg("nginx", state = "latest", become = True)`},
		{"probe_http url=http://x/ status=200,204 via=host", `probe_http(url = "http://x/", status = [200, 204], via = host)`},
		{"pkg name=nginx", `pkg(name = "nginx")`},
		{"pkg nginx name=apache2", "name of pkg is given twice"},
		{"pkg nginx apache2", "pkg takes one value without a name, its name, and there are 2"},
		{"pkg nginx stat=latest", "pkg has no argument stat"},
		{"pkg nginx state=a state=b", "state is given twice"},
		{"pkg nginx notify=x", "pkg has no argument notify"},
		{"user app password=$6$x$y", "password of user is a secret, and every user of this machine can read a command line"},
		{"git /srv/app key=x", "key of git is a secret"},
		{`download /srv/x headers={"a":"b"}`, "headers of download is a secret"},
		{"debconf a question=b type=password value=x", "value of debconf is a secret"},
		{"debconf a question=b type=string value=x", `debconf("a", question = "b", type = "string", value = "x")`},
	} {
		words := strings.Fields(tt.line)
		i := slices.IndexFunc(types, func(t *schema.Type) bool { return t.Name == words[0] })
		w, err := split(words[1:])
		got := ""
		if err == nil {
			got, err = callOf(types[i], w)
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.line, got, tt.want)
		}
	}
}

func TestQuestionOf(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"stat /etc follow=no", `host.stat(path = "/etc", follow = False)`},
		{"find /etc recurse=yes newer=1d", `host.find(path = "/etc", recurse = True, newer = "1d")`},
		{"find path=1 newer=yes", `host.find(path = "1", newer = "yes")`},
		{"getent passwd 1000", `host.getent(db = "passwd", key = "1000")`},
		{"getent passwd key=1000", `host.getent(db = "passwd", key = "1000")`},
		{"query no max_output=10", `host.query(command = "no", max_output = 10)`},
		{`query ["a","1"]`, `host.query(command = ["a", "1"])`},
		{"read /etc/x max_size=big", `max_size of read: got "big", want a whole number`},
		{"stat /etc follow=1", `follow of stat: got "1", want yes or no`},
		{"stat", "stat needs path"},
		{"getent passwd", "getent needs key"},
		{"stat /etc path=/x", "path of stat is given twice"},
		{"stat /etc recurse=yes", "stat has no argument recurse"},
		{"services all", `services takes 0 values, and "all" is one more`},
	} {
		words := strings.Fields(tt.line)
		w, err := split(words[1:])
		got := ""
		if err == nil {
			got, err = questionOf(words[0], w)
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: got %s, want %s", tt.line, got, tt.want)
		}
	}
}
