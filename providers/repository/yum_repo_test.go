package repository_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/abi"
	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/repository"
	"github.com/openfroyo/froyo/runner/codec"
	"github.com/openfroyo/froyo/runner/op"
)

const yumText = "[x]\nname=x\nbaseurl=https://rpm.example.com/el9\nenabled=1\ngpgcheck=1\n"

// yum is a target with the directories of dnf and zypper. Fetching lists brings those of the repository.
type yum struct{ host }

func newYum(files map[string]string, fetched bool) yum {
	y := yum{newHost(files)}
	for _, dir := range []string{"/etc/yum.repos.d", "/etc/zypp/repos.d", "/var/cache/dnf", "/var/cache/zypp/raw", "/var/cache/dnf/x-y-0123"} {
		y.Files[dir] = &providertest.Node{Type: op.TypeDir, Mode: 0o755}
	}
	if fetched {
		y.fetch()
	}
	return y
}

func (y yum) fetch() {
	y.Files["/var/cache/dnf/x-0123456789abcdef"] = &providertest.Node{Type: op.TypeDir}
	y.Files["/var/cache/zypp/raw/x"] = &providertest.Node{Type: op.TypeDir}
}

func (y yum) Do(o op.Op) op.Result {
	if o.PkgEnsure != nil {
		y.fetch()
	}
	return y.Memory.Do(o)
}

func yumArgs(t *testing.T, more given) string {
	t.Helper()
	all := given{"name": "x", "state": "present", "directory": "/etc/yum.repos.d", "enabled": true, "gpgcheck": true, "baseurl": "https://rpm.example.com/el9"}
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	data, err := codec.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestYumRepo(t *testing.T) {
	const file = "/etc/yum.repos.d/x.repo"
	there := map[string]string{file: yumText}
	for _, tt := range []struct {
		name    string
		args    given
		before  map[string]string
		fetched bool
		path    string
		after   string
		action  abi.Action
		fetches int
	}{
		{"new", nil, nil, false, file, yumText, abi.Create, 1},
		{"there", nil, there, true, file, yumText, abi.None, 0},
		{"never fetched", nil, there, false, file, yumText, abi.Update, 1},
		{"not enabled", given{"enabled": false}, there, false, file, strings.Replace(yumText, "enabled=1", "enabled=0", 1), abi.Update, 0},
		{"of zypper", given{"directory": "/etc/zypp/repos.d"}, nil, false, "/etc/zypp/repos.d/x.repo", yumText, abi.Create, 1},
		{
			"all",
			given{
				"description": "ours", "baseurl": []any{"https://a/", "https://b/"}, "gpgcheck": false, "repo_gpgcheck": true, "gpgkey": "file:///k", "priority": 10,
				"proxy": "_none_", "options": given{"sslverify": "0", "includepkgs": "a*"},
			},
			there, true, file,
			"[x]\nname=ours\nbaseurl=https://a/ https://b/\nenabled=1\ngpgcheck=0\nrepo_gpgcheck=1\ngpgkey=file:///k\npriority=10\nproxy=_none_\nincludepkgs=a*\nsslverify=0\n",
			abi.Update, 1,
		},
		{"mirrors", given{"baseurl": nil, "mirrorlist": "https://m/"}, nil, false, file, strings.Replace(yumText, "baseurl=https://rpm.example.com/el9", "mirrorlist=https://m/", 1), abi.Create, 1},
		{"gone", given{"state": "absent"}, there, true, file, "nothing", abi.Delete, 0},
		{"gone already", given{"state": "absent"}, nil, false, file, "nothing", abi.None, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			y := newYum(tt.before, tt.fetched)
			change, _ := providertest.New(t, providertest.Native(repository.Types()), y).Converge(providertest.Unit{Type: "yum_repo", Args: yumArgs(t, tt.args)})
			if change.Action != tt.action || y.fetches() != tt.fetches {
				t.Errorf("planned %s and fetched %d times, expected %s and %d: %+v", change.Action, y.fetches(), tt.action, tt.fetches, change.Diffs)
			}
			if got := y.Says(t, tt.path); got != tt.after {
				t.Errorf("%s holds %q, expected %q", tt.path, got, tt.after)
			}
		})
	}
}

// TestYumHints does what the hint says.
func TestYumHints(t *testing.T) {
	kit := providertest.New(t, providertest.Native(repository.Types()), newYum(nil, false))
	_, err := kit.Plan(providertest.Unit{Type: "yum_repo", Args: yumArgs(t, given{"baseurl": nil})})
	if err == nil || err.Hint != `give baseurl = "https://...", mirrorlist or metalink` {
		t.Fatalf("got %v", err)
	}
	kit.Converge(providertest.Unit{Type: "yum_repo", Args: yumArgs(t, nil)})
}
