package system_test

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/system"
	"github.com/openfroyo/froyo/runner/op"
)

// host is a target with text files, by their paths, and links, whose targets begin with "->".
func host(files map[string]string) *providertest.Memory {
	m := &providertest.Memory{Files: map[string]*providertest.Node{
		"/etc": {Type: op.TypeDir}, "/etc/sysctl.d": {Type: op.TypeDir},
		"/usr/share/zoneinfo/UTC": {Type: op.TypeFile}, "/usr/share/zoneinfo/Europe/Bern": {Type: op.TypeFile},
	}}
	for path, text := range files {
		if dir := filepath.Dir(path); m.Files[dir] == nil {
			m.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
		}
		if target, is := strings.CutPrefix(text, "->"); is {
			m.Files[path] = &providertest.Node{Type: op.TypeLink, Target: target}
		} else {
			m.Files[path] = &providertest.Node{Type: op.TypeFile, Mode: 0o644, Content: op.NewBlob([]byte(text))}
		}
	}
	return m
}

type files = map[string]string

const (
	conf  = "/etc/sysctl.d/90-froyo.conf"
	live  = "/proc/sys/net/ipv4/ip_forward"
	hosts = "/etc/hosts"

	redirects = "/proc/sys/net/ipv4/conf/all/accept_redirects"
)

func TestSystem(t *testing.T) {
	forward := func(more string) string {
		return `{"name":"net.ipv4.ip_forward","value":"1","state":"present","file":"` + conf + `","live":true` + more + `}`
	}
	entry := func(more string) string {
		return `{"address":"192.0.2.7","state":"present","file":"/etc/hosts"` + more + `}`
	}
	for _, tt := range []struct {
		name, typ, args string
		before, after   files
		action          abi.Action
		fails           string
	}{
		{"new", "sysctl", forward(""), files{live: "0\n"}, files{conf: "net.ipv4.ip_forward = 1\n", live: "1\n"}, abi.Create, ""},
		{"number", "sysctl", strings.Replace(forward(""), `"1"`, "1", 1), files{live: "0\n"}, files{conf: "net.ipv4.ip_forward = 1\n", live: "1\n"}, abi.Create, ""},
		{"set already", "sysctl", forward(""), files{live: "1\n", conf: "net.ipv4.ip_forward=1\n"}, files{conf: "net.ipv4.ip_forward=1\n"}, abi.None, ""},
		{"only live differs", "sysctl", forward(""), files{live: "0\n", conf: "net/ipv4/ip_forward = 1\n"}, files{conf: "net/ipv4/ip_forward = 1\n", live: "1\n"}, abi.Update, ""},
		{"only the file differs", "sysctl", forward(""), files{live: "1\n", conf: "# a\nnet.ipv4.ip_forward = 0\nx.y=1"}, files{conf: "# a\nnet.ipv4.ip_forward = 1\nx.y=1"}, abi.Update, ""},
		{"twice", "sysctl", forward(""), files{live: "1\n", conf: "net.ipv4.ip_forward = 0\n#net.ipv4.ip_forward = 0\nnet.ipv4.ip_forward = 1\n"}, files{conf: "net.ipv4.ip_forward = 1\n#net.ipv4.ip_forward = 0\n"}, abi.Update, ""},
		{"blanks", "sysctl", `{"name":"net.ipv4.ping_group_range","value":"0 5","state":"present","file":"` + conf + `","live":true}`, files{"/proc/sys/net/ipv4/ping_group_range": "0\t5\n", conf: "net.ipv4.ping_group_range = 0   5\n"}, nil, abi.None, ""},
		{"that resets others", "sysctl", forward(""), files{live: "0\n", conf: "net.ipv4.conf.all.accept_redirects = 1\nnet.ipv4.conf.gone.forwarding = 1\n", redirects: "0\n"}, files{conf: "net.ipv4.ip_forward = 1\nnet.ipv4.conf.all.accept_redirects = 1\nnet.ipv4.conf.gone.forwarding = 1\n", live: "1\n", redirects: "1\n"}, abi.Update, ""},
		{"set already, behind what it resets", "sysctl", forward(""), files{live: "1\n", conf: "# a\nnet.ipv4.conf.eth0.forwarding = 0\nnet.ipv4.ip_forward = 1\n"}, files{conf: "# a\nnet.ipv4.ip_forward = 1\nnet.ipv4.conf.eth0.forwarding = 0\n"}, abi.Update, ""},
		{"that resets those of other interfaces", "sysctl", `{"name":"net.ipv6.conf.all.disable_ipv6","value":"1","state":"present","file":"` + conf + `","live":true}`, files{"/proc/sys/net/ipv6/conf/all/disable_ipv6": "0\n", "/proc/sys/net/ipv6/conf/default/disable_ipv6": "0\n", conf: "net.ipv6.conf.default.disable_ipv6 = 1\nnet.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv6.conf.default.disable_ipv6 = 0\n"}, files{"/proc/sys/net/ipv6/conf/all/disable_ipv6": "1\n", "/proc/sys/net/ipv6/conf/default/disable_ipv6": "0\n", conf: "net.ipv6.conf.all.disable_ipv6 = 1\nnet.ipv6.conf.default.disable_ipv6 = 1\nnet.ipv6.conf.default.disable_ipv6 = 0\n"}, abi.Update, ""},
		{"not live", "sysctl", strings.Replace(forward(""), `"live":true`, `"live":false`, 1), files{live: "0\n"}, files{conf: "net.ipv4.ip_forward = 1\n", live: "0\n"}, abi.Create, ""},
		{"missing and ignored", "sysctl", forward(`,"ignore_missing":true`), nil, files{conf: "net.ipv4.ip_forward = 1\n", live: "nothing"}, abi.Create, ""},
		{"a part with dots", "sysctl", `{"name":"net/ipv4/conf/eth0.1/forwarding","value":"1","state":"present","file":"` + conf + `","live":true}`, files{"/proc/sys/net/ipv4/conf/eth0.1/forwarding": "0\n"}, files{"/proc/sys/net/ipv4/conf/eth0.1/forwarding": "1\n"}, abi.Create, ""},
		{"taken out", "sysctl", `{"name":"net.ipv4.ip_forward","state":"absent","file":"` + conf + `","live":true}`, files{live: "1\n", conf: "a.b = 1\nnet.ipv4.ip_forward = 1\n"}, files{conf: "a.b = 1\n", live: "1\n"}, abi.Update, ""},
		{"nothing to take out", "sysctl", `{"name":"net.ipv4.ip_forward","state":"absent","file":"` + conf + `","live":true}`, files{live: "1\n"}, files{conf: "nothing"}, abi.None, ""},

		{"new", "host_entry", entry(`,"names":["db","db.example"]`), files{hosts: "127.0.0.1 localhost"}, files{hosts: "127.0.0.1 localhost\n192.0.2.7 db db.example\n"}, abi.Update, ""},
		{"other names", "host_entry", entry(`,"names":["db"]`), files{hosts: "192.0.2.7\tdb old # ours\n192.0.2.7 again\n"}, files{hosts: "192.0.2.7 db # ours\n"}, abi.Update, ""},
		{"there", "host_entry", entry(`,"names":["db"]`), files{hosts: "192.0.2.7\tdb\n"}, files{hosts: "192.0.2.7\tdb\n"}, abi.None, ""},
		{"gone", "host_entry", `{"address":"192.0.2.7","state":"absent","file":"/etc/hosts"}`, files{hosts: "# 192.0.2.7 db\n192.0.2.7 db\n192.0.2.70 x\n"}, files{hosts: "# 192.0.2.7 db\n192.0.2.70 x\n"}, abi.Update, ""},

		{"new", "hostname", `{"name":"web1","file":"/etc/hostname"}`, files{"/etc/hostname": "old\n", "/proc/sys/kernel/hostname": "old\n"}, files{"/etc/hostname": "web1\n", "/proc/sys/kernel/hostname": "web1\n"}, abi.Update, ""},
		{"only live", "hostname", `{"name":"web1","file":"/etc/hostname"}`, files{"/etc/hostname": "# c\nweb1\n", "/proc/sys/kernel/hostname": "old\n"}, files{"/etc/hostname": "# c\nweb1\n", "/proc/sys/kernel/hostname": "web1\n"}, abi.Update, ""},
		{"as it is", "hostname", `{"name":"web1","file":"/etc/hostname"}`, files{"/etc/hostname": "web1", "/proc/sys/kernel/hostname": "web1\n"}, nil, abi.None, ""},

		{"another zone", "timezone", `{"name":"Europe/Bern","file":"/etc/localtime"}`, files{"/etc/localtime": "->../usr/share/zoneinfo/UTC", "/etc/timezone": "UTC\n"}, files{"/etc/localtime": "->/usr/share/zoneinfo/Europe/Bern", "/etc/timezone": "Europe/Bern\n"}, abi.Update, ""},
		{"no text", "timezone", `{"name":"UTC","file":"/etc/localtime"}`, files{"/etc/localtime": "->/usr/share/zoneinfo/Europe/Bern"}, files{"/etc/localtime": "->/usr/share/zoneinfo/UTC", "/etc/timezone": "nothing"}, abi.Update, ""},
		{"the zone", "timezone", `{"name":"UTC","file":"/etc/localtime"}`, files{"/etc/localtime": "->/usr/share/zoneinfo/UTC", "/etc/timezone": "UTC\n"}, nil, abi.None, ""},
		{"a copy", "timezone", `{"name":"UTC","file":"/etc/localtime"}`, files{"/etc/localtime": "TZif"}, files{"/etc/localtime": "->/usr/share/zoneinfo/UTC"}, abi.Replace, ""},
		{"none yet", "timezone", `{"name":"UTC","file":"/etc/localtime"}`, nil, files{"/etc/localtime": "->/usr/share/zoneinfo/UTC"}, abi.Create, ""},
	} {
		t.Run(tt.typ+" "+tt.name, func(t *testing.T) {
			m := host(tt.before)
			m.Programs = map[string]func(*op.Exec) op.Result{"hostname web1": func(*op.Exec) op.Result {
				m.Files["/proc/sys/kernel/hostname"].Content = op.NewBlob([]byte("web1\n"))
				return op.Result{Exec: &op.ExecResult{}}
			}}
			change, _ := providertest.New(t, providertest.Native(system.Types()), m).Converge(providertest.Unit{Type: tt.typ, Args: tt.args})
			if change.Action != tt.action {
				t.Errorf("planned %s, expected %s: %+v", change.Action, tt.action, change.Diffs)
			}
			for path, want := range tt.after {
				if got := m.Says(t, path); got != want {
					t.Errorf("%s holds %q, expected %q", path, got, want)
				}
			}
		})
	}
}

// machine is a target whose programs do what the real ones do, as far as units see it.
func machine(before files, loaded, built string, choice *system.AlternativesState) *providertest.Memory {
	m := host(before)
	if loaded != "" {
		m.Files["/sys/module/"+loaded] = &providertest.Node{Type: op.TypeDir}
	}
	ok := op.Result{Exec: &op.ExecResult{}}
	const name = "/usr/bin/editor"
	link := func() { m.Files[name] = &providertest.Node{Type: op.TypeLink, Target: "/etc/alternatives/editor"} }
	if choice != nil && before[name] == "" {
		link()
	}
	m.Programs = map[string]func(*op.Exec) op.Result{
		"modprobe br_netfilter": func(*op.Exec) op.Result {
			m.Files["/sys/module/br_netfilter"] = &providertest.Node{Type: op.TypeDir}
			return ok
		},
		"modprobe -r br-netfilter": func(*op.Exec) op.Result { delete(m.Files, "/sys/module/br_netfilter"); return ok },
		"modprobe none":            providertest.Exits(1, "modprobe: FATAL: Module none not found"),
		"locale -a":                func(*op.Exec) op.Result { return op.Result{Exec: &op.ExecResult{Stdout: built}} },
		"locale-gen":               func(*op.Exec) op.Result { built = "C\nde_CH.utf8\n"; return ok },
		"update-alternatives --query editor": func(*op.Exec) op.Result {
			if choice == nil {
				return op.Result{Exec: &op.ExecResult{RC: 2}}
			}
			status := map[bool]string{true: "auto", false: "manual"}[choice.Auto]
			var text strings.Builder
			text.WriteString("Name: editor\nLink: /usr/bin/editor\nStatus: " + status + "\nBest: /bin/nano\nValue: " + choice.Value + "\n")
			for _, c := range choice.Choices {
				text.WriteString("\nAlternative: " + c + "\nPriority: 40\n")
			}
			return op.Result{Exec: &op.ExecResult{Stdout: text.String()}}
		},
		"update-alternatives --set editor /bin/vim": func(*op.Exec) op.Result { choice.Auto, choice.Value = false, "/bin/vim"; link(); return ok },
		"update-alternatives --auto editor":         func(*op.Exec) op.Result { choice.Auto, choice.Value = true, "/bin/nano"; link(); return ok },
		"update-alternatives --install /usr/bin/editor editor /bin/vim 50": func(*op.Exec) op.Result {
			if choice == nil {
				choice = &system.AlternativesState{Auto: true, Value: "/bin/vim"}
			}
			choice.Choices = append(choice.Choices, "/bin/vim")
			link()
			return ok
		},
	}
	return m
}

func TestByPrograms(t *testing.T) {
	const boot, params, gen = "/etc/modules-load.d/br_netfilter.conf", "/etc/modprobe.d/br_netfilter.conf", "/etc/locale.gen"
	dirs := files{"/etc/modules-load.d/x": "", "/etc/modprobe.d/x": "", "/sys/module/x": ""}
	with := func(more files) files {
		all := maps.Clone(dirs)
		maps.Copy(all, more)
		return all
	}
	both := func(auto bool, value string) *system.AlternativesState {
		return &system.AlternativesState{Auto: auto, Value: value, Choices: []string{"/bin/nano", "/bin/vim"}}
	}
	module := `{"name":"br_netfilter","state":"present","persistent":true}`
	for _, tt := range []struct {
		name, typ, args string
		before          files
		loaded, built   string
		choice          *system.AlternativesState
		after           files
		action          abi.Action
	}{
		{"loaded", "kernel_module", module, dirs, "", "", nil, files{boot: "br_netfilter\n", params: "nothing"}, abi.Create},
		{"with parameters", "kernel_module", `{"name":"br_netfilter","state":"present","persistent":true,"params":{"b":"2","a":"1"}}`, dirs, "", "", nil, files{boot: "br_netfilter\n", params: "options br_netfilter a=1 b=2\n"}, abi.Create},
		{"there", "kernel_module", module, with(files{boot: "br_netfilter\n"}), "br_netfilter", "", nil, files{boot: "br_netfilter\n"}, abi.None},
		{"other parameters by hand", "kernel_module", `{"name":"br_netfilter","state":"present","persistent":true,"params":{"a":"1"}}`, with(files{boot: "br_netfilter\n", params: "options br_netfilter a=2\n"}), "br_netfilter", "", nil, files{params: "options br_netfilter a=1\n"}, abi.Update},
		{"unloaded by hand", "kernel_module", module, with(files{boot: "br_netfilter\n"}), "", "", nil, files{boot: "br_netfilter\n"}, abi.Update},
		{"another one at boot", "kernel_module", module, with(files{boot: "x\n"}), "br_netfilter", "", nil, files{boot: "br_netfilter\n"}, abi.Update},
		{"not at boot", "kernel_module", `{"name":"br_netfilter","state":"present","persistent":false}`, with(files{boot: "br_netfilter\n"}), "br_netfilter", "", nil, files{boot: "nothing"}, abi.Delete},
		{"unloaded", "kernel_module", `{"name":"br-netfilter","state":"absent"}`, with(files{"/etc/modules-load.d/br-netfilter.conf": "br-netfilter\n"}), "br_netfilter", "", nil, files{"/etc/modules-load.d/br-netfilter.conf": "nothing"}, abi.Delete},

		{"listed as a comment", "locale", `{"name":"de_CH.UTF-8","state":"present","file":"/etc/locale.gen"}`, files{gen: "# de_AT.UTF-8 UTF-8\n# de_CH.UTF-8 UTF-8\n"}, "", "C\n", nil, files{gen: "# de_AT.UTF-8 UTF-8\nde_CH.UTF-8 UTF-8\n"}, abi.Update},
		{"not listed", "locale", `{"name":"de_CH.UTF-8","state":"present","file":"/etc/locale.gen"}`, files{gen: "x"}, "", "C\n", nil, files{gen: "x\nde_CH.UTF-8 UTF-8\n"}, abi.Update},
		{"not built", "locale", `{"name":"de_CH.UTF-8","state":"present","file":"/etc/locale.gen"}`, files{gen: "de_CH.UTF-8 UTF-8\n"}, "", "C\n", nil, nil, abi.Update},
		{"built", "locale", `{"name":"de_CH.UTF-8","state":"present","file":"/etc/locale.gen"}`, files{gen: "de_CH.UTF-8 UTF-8\n"}, "", "C\nde_CH.utf8\n", nil, nil, abi.None},

		{"chosen", "alternatives", `{"name":"editor","path":"/bin/vim","state":"selected","priority":50}`, nil, "", "", both(true, "/bin/nano"), nil, abi.Update},
		{"chosen by hand", "alternatives", `{"name":"editor","path":"/bin/vim","state":"selected","priority":50}`, nil, "", "", both(true, "/bin/vim"), nil, abi.Update},
		{"chosen already", "alternatives", `{"name":"editor","path":"/bin/vim","state":"selected","priority":50}`, nil, "", "", both(false, "/bin/vim"), nil, abi.None},
		{"leads elsewhere by hand", "alternatives", `{"name":"editor","path":"/bin/vim","state":"selected","priority":50}`, files{"/usr/bin/editor": "->/bin/cat"}, "", "", both(false, "/bin/vim"), nil, abi.Update},
		{"leads elsewhere, and by priority", "alternatives", `{"name":"editor","state":"auto","priority":50}`, files{"/usr/bin/editor": "->/bin/cat"}, "", "", both(true, "/bin/nano"), nil, abi.Update},
		{"made a choice", "alternatives", `{"name":"editor","path":"/bin/vim","link":"/usr/bin/editor","state":"present","priority":50}`, nil, "", "", &system.AlternativesState{Auto: true, Value: "/bin/nano", Choices: []string{"/bin/nano"}}, nil, abi.Update},
		{"new and chosen", "alternatives", `{"name":"editor","path":"/bin/vim","link":"/usr/bin/editor","state":"selected","priority":50}`, nil, "", "", nil, nil, abi.Create},
		{"by priority", "alternatives", `{"name":"editor","state":"auto","priority":50}`, nil, "", "", both(false, "/bin/vim"), nil, abi.Update},
	} {
		t.Run(tt.typ+" "+tt.name, func(t *testing.T) {
			m := machine(tt.before, tt.loaded, tt.built, tt.choice)
			change, _ := providertest.New(t, providertest.Native(system.Types()), m).Converge(providertest.Unit{Type: tt.typ, Args: tt.args})
			if change.Action != tt.action {
				t.Errorf("planned %s, expected %s: %+v", change.Action, tt.action, change.Diffs)
			}
			for path, want := range tt.after {
				if got := m.Says(t, path); got != want {
					t.Errorf("%s holds %q, expected %q", path, got, want)
				}
			}
		})
	}
	kit := providertest.New(t, providertest.Native(system.Types()), machine(dirs, "", "", nil))
	if _, err := kit.Apply(providertest.Unit{Type: "kernel_module", Args: `{"name":"none","state":"present","persistent":false}`}); err == nil || err.Message != "modprobe none: exit code 1 (expected 0)" || !strings.Contains(err.Detail, "not found") {
		t.Errorf("got %v", err)
	}
}

// TestNeeds: what is missing is announced, since a unit before may bring it, with a hint that works.
func TestNeeds(t *testing.T) {
	for _, tt := range []struct {
		typ, args, what, hint string
		brought               files
	}{
		{"sysctl", `{"name":"net.netfilter.x","value":"1","state":"present","file":"` + conf + `","live":true}`, "kernel parameter net.netfilter.x", "is the name right? what brings it, such as a kernel_module, has to be declared before; or ignore_missing = True", files{"/proc/sys/net/netfilter/x": "0\n"}},
		{"alternatives", `{"name":"editor","path":"/bin/vim","state":"present","priority":50}`, "choice /bin/vim of editor", "is the path right? what brings it, such as its package, has to be declared before; or give link, to make it a choice", nil},
		{"locale", `{"name":"de_CH.UTF-8","state":"present","file":"/etc/locale.gen"}`, "file /etc/locale.gen", `declare it before: pkg("locales")`, files{"/etc/locale.gen": "x\n"}},
		{"timezone", `{"name":"Mars/Base","file":"/etc/localtime"}`, "time zone Mars/Base", "is the name right? zones come with the package tzdata, which has to be declared before", files{"/usr/share/zoneinfo/Mars/Base": "TZif"}},
	} {
		change, err := providertest.New(t, providertest.Native(system.Types()), machine(nil, "", "", nil)).Plan(providertest.Unit{Type: tt.typ, Args: tt.args})
		if err != nil || len(change.Needs) != 1 || change.Needs[0].What != tt.what || change.Needs[0].Hint != tt.hint {
			t.Errorf("%s: planned %+v, %v", tt.typ, change, err)
		}
		choice := &system.AlternativesState{Choices: []string{"/bin/vim"}}
		providertest.New(t, providertest.Native(system.Types()), machine(tt.brought, "", "C\n", choice)).Converge(providertest.Unit{Type: tt.typ, Args: tt.args})
	}
	ignored := `{"name":"net.netfilter.x","value":"1","state":"present","file":"` + conf + `","live":true,"ignore_missing":true}`
	providertest.New(t, providertest.Native(system.Types()), host(nil)).Converge(providertest.Unit{Type: "sysctl", Args: ignored})
}

// TestInTheWay: what is no file is not replaced in silence.
func TestInTheWay(t *testing.T) {
	for _, tt := range []struct{ typ, args, path, hint string }{
		{"sysctl", `{"name":"a.b","value":"1","state":"present","file":"` + conf + `","live":false}`, conf, "move it away, or give another file"},
		{"timezone", `{"name":"UTC","file":"/etc/localtime"}`, "/etc/localtime", "move it away"},
		{"hostname", `{"name":"a","file":"/etc/hostname"}`, "/etc/hostname", "move it away"},
	} {
		m := host(files{"/proc/sys/kernel/hostname": "a\n"})
		m.Files[tt.path] = &providertest.Node{Type: op.TypeDir}
		kit := providertest.New(t, providertest.Native(system.Types()), m)
		if _, err := kit.Plan(providertest.Unit{Type: tt.typ, Args: tt.args}); err == nil || err.Hint != tt.hint || len(m.Done) > 0 {
			t.Errorf("%s: %v", tt.typ, err)
		}
		delete(m.Files, tt.path)
		kit.Converge(providertest.Unit{Type: tt.typ, Args: tt.args})
	}
}

// TestChoiceInTheWay: update-alternatives replaces no file by the link of a name, and says nothing of it.
func TestChoiceInTheWay(t *testing.T) {
	m := machine(files{"/usr/bin/editor": "mine"}, "", "", &system.AlternativesState{Value: "/bin/vim", Choices: []string{"/bin/vim"}})
	kit := providertest.New(t, providertest.Native(system.Types()), m)
	unit := providertest.Unit{Type: "alternatives", Args: `{"name":"editor","path":"/bin/vim","state":"selected","priority":50}`}
	if _, err := kit.Plan(unit); err == nil || err.Hint != "move it away" || len(m.Done) > 0 {
		t.Errorf("%v", err)
	}
	delete(m.Files, "/usr/bin/editor")
	if change, _ := kit.Converge(unit); change.Action != abi.Update {
		t.Errorf("planned %s", change.Action)
	}
}

// TestUnknownLocale: locale-gen says nothing of a locale that it has no source of, so froyo does.
func TestUnknownLocale(t *testing.T) {
	const gen = "/etc/locale.gen"
	m := machine(files{gen: "\n", "/usr/share/i18n/SUPPORTED": "de_CH.UTF-8 UTF-8\nde_CH ISO-8859-1\nfr_FR@euro ISO-8859-15\n"}, "", "C\n", nil)
	kit := providertest.New(t, providertest.Native(system.Types()), m)
	for args, hint := range map[string]string{
		`{"name":"xx_YY.UTF-8","state":"present","file":"` + gen + `"}`:                        "/usr/share/i18n/SUPPORTED lists those that it has; where the charset is another one, give charset",
		`{"name":"fr_FR@euro","state":"present","file":"` + gen + `"}`:                         "/usr/share/i18n/SUPPORTED lists those that it has; where the charset is another one, give charset",
		`{"name":"fr_FR@euro","state":"present","file":"` + gen + `","charset":"ISO-8859-15"}`: "",
		`{"name":"de_CH","state":"present","file":"` + gen + `"}`:                              "",
		`{"name":"xx_YY.UTF-8","state":"absent","file":"` + gen + `"}`:                         "",
	} {
		switch _, err := kit.Plan(providertest.Unit{Type: "locale", Args: args}); {
		case err == nil && hint != "":
			t.Errorf("%s: it is planned", args)
		case err != nil && err.Hint != hint:
			t.Errorf("%s: %v", args, err)
		}
	}
}
