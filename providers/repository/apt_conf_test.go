package repository_test

import (
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/runner/op"
)

func TestAptConf(t *testing.T) {
	const file = "/etc/apt/apt.conf.d/95proxy"
	for _, tt := range []struct {
		name, args string
		before     string
		want       string
		mode       uint32
		action     abi.Action
	}{
		{"new", `"settings":{"Acquire::http::Proxy":"http://p:1"}`, "", "Acquire::http::Proxy \"http://p:1\";\n", 0o644, abi.Create},
		{"all kinds", `"private":true,"settings":{"B":true,"A":3,"C":["x","y"]}`, "", "A \"3\";\nB \"true\";\nC:: \"x\";\nC:: \"y\";\n", 0o600, abi.Create},
		{"another", `"settings":{"A":"x"}`, "A \"y\";\n", "A \"x\";\n", 0o644, abi.Update},
		{"there", `"settings":{"A":"x"}`, "A \"x\";\n", "A \"x\";\n", 0o644, abi.None},
		{"gone", `"state":"absent"`, "A \"x\";\n", "", 0, abi.Delete},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &providertest.Memory{Files: map[string]*providertest.Node{"/etc/apt/apt.conf.d": {Type: op.TypeDir, Mode: 0o755}}}
			if tt.before != "" {
				m.Files[file] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(tt.before))}
			}
			m.Programs = map[string]func(*op.Exec) op.Result{"! command -v apt-config >/dev/null || apt-config -c %s dump >/dev/null": providertest.Exits(0, "")}
			change, _ := providertest.New(t, providertest.Native(repository.Types()), m).Converge(providertest.Unit{Type: "apt_conf", Args: `{"name":"95proxy",` + tt.args + `}`})
			n := m.Files[file]
			if change.Action != tt.action || (n != nil) != (tt.want != "") {
				t.Fatalf("planned %s, %+v is there", change.Action, n)
			}
			if n != nil && (n.Mode != tt.mode || n.Content.Sum != op.NewBlob([]byte(tt.want)).Sum) {
				t.Errorf("%+v, expected %q", n, tt.want)
			}
		})
	}
}
