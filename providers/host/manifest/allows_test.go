package manifest_test

import (
	"fmt"
	"testing"

	"github.com/openfroyo/froyo/providers/host/manifest"
	"github.com/openfroyo/froyo/runner/op"
)

func TestAllowsPaths(t *testing.T) {
	tests := []struct {
		pattern string
		path    string
		want    bool
	}{
		{"/**", "/", true},
		{"/**", "/etc/../x", true},
		{"/etc/motd", "/etc/motd", true},
		{"/etc/motd", "/etc//motd/", true},
		{"/etc/motd", "/etc/motd.old", false},
		{"/etc/*", "/etc/motd", true},
		{"/etc/*", "/etc/ssh/sshd_config", false},
		{"/etc/*", "/etc", false},
		{"/etc/**", "/etc/ssh/sshd_config", true},
		{"/etc/**", "/etc", false},
		{"/etc/**", "/etcetera", false},
		{"/etc/**", "/etc/../root/.ssh", false},
		{"/etc/**", "/etc/./motd", true},
		{"/**/conf.d/*", "/conf.d/a", true},
		{"/**/conf.d/*", "/etc/app/conf.d/a", true},
		{"/**/conf.d/*", "/etc/app/conf.d/a/b", false},
		{"/srv/*/data-[ab]", "/srv/x/data-a", true},
		{"/srv/*/data-[ab]", "/srv/x/data-c", false},
		{"/a/**/b/**/c", "/a/b/b/x/c", true},
		{"/a/**/b/**/c", "/a/b/x/c/d", false},
	}
	for _, test := range tests {
		t.Run(test.pattern+" "+test.path, func(t *testing.T) {
			m := &manifest.Manifest{Capabilities: []manifest.Capability{{Kind: op.KindMkdir, Paths: []string{test.pattern}}}}
			if err := m.Allows(op.Op{Mkdir: &op.Mkdir{Path: test.path}}); (err == nil) != test.want {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestAllows(t *testing.T) {
	capabilities := []manifest.Capability{
		{Kind: op.KindStat},
		{Kind: op.KindExec, Programs: []string{"systemctl", "/usr/sbin/*", "ls*"}},
		{Kind: op.KindWrite, Paths: []string{"/etc/sudoers.d/*"}},
	}
	probes := []manifest.Capability{{Kind: op.KindHTTP, Hosts: []string{"*.example", "10.0.0.[12]", "::1"}}, {Kind: op.KindTCP, Hosts: []string{"db-?"}}}
	anywhere := []manifest.Capability{{Kind: op.KindHTTP, Hosts: []string{"*"}}}
	get := func(url string) op.Op { return op.Op{HTTP: &op.HTTPProbe{URL: url}} }
	sh := append(capabilities, manifest.Capability{Kind: op.KindExec, Programs: []string{"/bin/sh"}})
	anything := []manifest.Capability{{Kind: op.KindExec, Programs: []string{"*"}}}
	run := func(argv ...string) op.Op { return op.Op{Exec: &op.Exec{Argv: argv}} }
	checked := op.Op{Write: &op.Write{Path: "/etc/sudoers.d/ops", Content: &op.Blob{}, Check: "visudo -cf %s"}}
	tests := []struct {
		name         string
		capabilities []manifest.Capability
		op           op.Op
		want         bool
	}{
		{"a kind without paths", capabilities, op.Op{Stat: &op.Stat{Path: "/anything"}}, true},
		{"another kind", capabilities, op.Op{Read: &op.Read{Path: "/anything"}}, false},
		{"no op", capabilities, op.Op{}, false},
		{"a program", capabilities, run("systemctl", "start", "x"), true},
		{"the same elsewhere", capabilities, run("/tmp/systemctl"), false},
		{"a directory's program", capabilities, run("/usr/sbin/nginx"), true},
		{"out of the directory", capabilities, run("/usr/sbin/../../tmp/x"), false},
		{"a pattern", capabilities, run("lsblk"), true},
		{"a shell", capabilities, op.Op{Exec: &op.Exec{Shell: "systemctl start x"}}, false},
		{"a shell that is listed", sh, op.Op{Exec: &op.Exec{Shell: "systemctl start x"}}, true},
		{"a script", capabilities, op.Op{Exec: &op.Exec{Script: &op.Blob{}, Argv: []string{"systemctl"}}}, false},
		{"a script among all", anything, op.Op{Exec: &op.Exec{Script: &op.Blob{}}}, true},
		{"a shell among all", anything, op.Op{Exec: &op.Exec{Shell: "x"}}, true},
		{"another path of programs", capabilities, op.Op{Exec: &op.Exec{Argv: []string{"systemctl"}, Env: []string{"PATH=/tmp"}}}, false},
		{"a library in front", capabilities, op.Op{Exec: &op.Exec{Argv: []string{"systemctl"}, Env: []string{"A=b", "LD_PRELOAD=/tmp/x"}}}, false},
		{"harmless environment", capabilities, op.Op{Exec: &op.Exec{Argv: []string{"systemctl"}, Env: []string{"LANG=C"}}}, true},
		{"environment where all is allowed", anything, op.Op{Exec: &op.Exec{Argv: []string{"x"}, Env: []string{"PATH=/tmp"}}}, true},
		{"a host", probes, get("https://a.b.EXAMPLE.:8443/x"), true},
		{"another host", probes, get("https://example.org/"), false},
		{"the host of another's name", probes, get("https://web.example@evil.org/"), false},
		{"an address", probes, get("http://10.0.0.2:80/"), true},
		{"an address of version 6", probes, get("http://[::1]:80/"), true},
		{"no URL", probes, get("http://web.example:x/"), false},
		{"redirects may lead anywhere", probes, op.Op{HTTP: &op.HTTPProbe{URL: "http://web.example/", Follow: true}}, false},
		{"redirects where all is allowed", anywhere, op.Op{HTTP: &op.HTTPProbe{URL: "http://web.example/", Follow: true}}, true},
		{"a peer", probes, op.Op{TCP: &op.TCPProbe{Address: "db-1", Port: 1}}, true},
		{"another peer", probes, op.Op{TCP: &op.TCPProbe{Address: "web.example", Port: 1}}, false},
		{"a connection", append(probes, manifest.Capability{Kind: op.KindConnect}), op.Op{Connect: &op.Connect{Address: "db-1", Port: 1}}, false},
		{"a check is a program", capabilities, checked, false},
		{"a check with a shell", sh, checked, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := (&manifest.Manifest{Capabilities: test.capabilities}).Allows(test.op)
			if (err == nil) != test.want {
				t.Errorf("err = %v", err)
			}
		})
	}
}

// TestLinksStayWithinTheManifest: a guest whose paths are restricted makes no
// link by which a later op would leave them.
func TestLinksStayWithinTheManifest(t *testing.T) {
	below := func(kind op.Kind, patterns ...string) manifest.Capability {
		return manifest.Capability{Kind: kind, Paths: patterns}
	}
	app := []manifest.Capability{below(op.KindLink, "/srv/app/**"), below(op.KindWrite, "/srv/app/**")}
	for _, tt := range []struct {
		name         string
		capabilities []manifest.Capability
		path, target string
		want         bool
	}{
		{"within", app, "/srv/app/x", "/srv/app/y", true},
		{"within, relative", app, "/srv/app/x", "y/z", true},
		{"away", app, "/srv/app/x", "/etc", false},
		{"to all", app, "/srv/app/x", "/", false},
		{"up and down", app, "/srv/app/x", "/srv/app/../../etc", false},
		{"up within, which depends on other links", app, "/srv/app/a/x", "../y", false},
		{"what it may only name itself", append(app, below(op.KindWrite, "/opt/*")), "/srv/app/x", "/opt/pkg", false},
		{"what it may link, and not write", []manifest.Capability{below(op.KindLink, "/**"), below(op.KindWrite, "/srv/app/**")}, "/srv/app/x", "/etc", false},
		{"what it may write, and not read", append(app, below(op.KindRead, "/srv/app/**")), "/srv/app/x", "/srv/app/y", true},
		{"what it may write, and read not by the link", append(app, below(op.KindRead, "/srv/app/open/**")), "/srv/app/x", "/srv/app/y", true},
		{"what it may write, and read by the link", append(app, below(op.KindRead, "/srv/app/open/**")), "/srv/app/open", "/srv/app/y", false},
		{"by the link, by a pattern", append(app, below(op.KindRead, "/srv/app/*/x")), "/srv/app/open", "/srv/app/y", false},
		{"the link itself is read", append(app, below(op.KindRead, "/srv/app/*")), "/srv/app/open", "/srv/app/y", false},
		{"one link away, of nothing that is written", []manifest.Capability{below(op.KindLink, "/etc/localtime"), below(op.KindWrite, "/etc/hosts", "/etc/x/*")}, "/etc/localtime", "/usr/share/zoneinfo/UTC", true},
		{"one link away, and looked at", []manifest.Capability{below(op.KindLink, "/etc/localtime"), below(op.KindStat, "/etc/localtime")}, "/etc/localtime", "/usr/share/zoneinfo/UTC", false},
		{"one link away, looked at there, too", []manifest.Capability{below(op.KindLink, "/etc/localtime"), below(op.KindStat, "/etc/localtime", "/usr/share/zoneinfo/**")}, "/etc/localtime", "/usr/share/zoneinfo/UTC", true},
		{"reading is not restricted", append(app, below(op.KindRead)), "/srv/app/x", "/srv/app/y", true},
		{"nothing is restricted", []manifest.Capability{below(op.KindLink, "/**"), below(op.KindWrite, "/**")}, "/srv/app/x", "../../etc", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := (&manifest.Manifest{Capabilities: tt.capabilities}).Allows(op.Op{Link: &op.Link{Path: tt.path, Target: tt.target}})
			if (err == nil) != tt.want {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func ExampleManifest_Allows() {
	m := &manifest.Manifest{Capabilities: []manifest.Capability{{Kind: op.KindWrite, Paths: []string{"/srv/**"}}}}
	fmt.Println(m.Allows(op.Op{Write: &op.Write{Path: "/srv/app/x"}}))
	fmt.Println(m.Allows(op.Op{Write: &op.Write{Path: "/etc/passwd"}}))
	// Output:
	// <nil>
	// op file.write /etc/passwd is outside its manifest
}
