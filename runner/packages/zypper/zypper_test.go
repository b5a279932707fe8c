package zypper

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

func TestSummary(t *testing.T) {
	text := `<?xml version='1.0'?>
<stream>
<install-summary download-size="12335">
<to-install>
<solvable type="package" name="fy-app" edition="0:1.10-1" arch="noarch" summary="one &quot;of&quot; these"><description>x</description></solvable>
<solvable type="pattern" name="base" edition="1" arch="noarch"/>
<solvable type="package" name="$(reboot)" edition="1" arch="noarch"/>
</to-install>
<to-downgrade>
<solvable type="package" name="fy-lib" edition="1.0-1" arch="noarch" edition-old="1.1-1"/>
</to-downgrade>
<to-remove>
<solvable type="package" name="fy-old" edition="1.0-1" arch="noarch"/>
</to-remove>
</install-summary>
</stream>`
	want := []op.PkgChange{{Name: "fy-app", After: "1.10-1"}, {Name: "fy-lib", Before: "1.1-1", After: "1.0-1"}, {Name: "fy-old", Before: "1.0-1"}}
	if diff := cmp.Diff(want, summary(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTags(t *testing.T) {
	tests := []struct {
		name, text string
		want       []map[string]string
	}{
		{"none", "<repos/>", nil},
		{"escaped", `<repo alias="a&apos;b &amp; &lt;c&gt;" enabled="1"/>`, []map[string]string{{"alias": "a'b & <c>", "enabled": "1"}}},
		{"cut off", `<repo alias="a" enabled="`, []map[string]string{{"alias": "a"}}},
		{"two", `<repo alias="a"><url>x="y"</url></repo><repo alias="b"/>`, []map[string]string{{"alias": "a"}, {"alias": "b"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, tags(test.text, "repo")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestListen(t *testing.T) {
	tests := []struct {
		name, text string
		rc         int
		want       packages.Report
	}{
		{
			name: "lock", rc: codeLocked,
			text: "<message type=\"error\">System management is locked by the application with pid 4926 (zypper).\nClose this application before trying again.</message>\n",
			want: packages.Report{Locked: true, Holder: "zypper (process 4926)", Errors: []string{"System management is locked by the application with pid 4926 (zypper)."}},
		},
		{
			name: "unknown", rc: codeNothing, text: "<message type=\"error\">No provider of &apos;fy-nothere=1.0&apos; found.</message>\n",
			want: packages.Report{
				Failures: []packages.Failure{{Name: "fy-nothere", Code: packages.Unknown, Reason: "the package lists do not have it"}},
				Errors:   []string{"No provider of 'fy-nothere=1.0' found."},
			},
		},
		{
			name: "conflict", rc: 4, text: "<description>Problem: fy-rival-1.0-1.noarch conflicts with fy-app provided by fy-app-1.1-1.noarch\n Solution 1: x\n",
			want: packages.Report{
				Code:     packages.Depends,
				Failures: []packages.Failure{{Name: "fy-rival", Code: packages.Depends, Reason: "fy-rival-1.0-1.noarch conflicts with fy-app provided by fy-app-1.1-1.noarch"}},
				Errors:   []string{"fy-rival-1.0-1.noarch conflicts with fy-app provided by fy-app-1.1-1.noarch"},
			},
		},
		{
			name: "script", rc: codeScript, text: "warning: %post(fy-script-1.0-1.noarch) scriptlet failed, exit status 3\n",
			want: packages.Report{Scripts: []string{"fy-script"}},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(&test.want, (Tool{}).Listen(test.rc, test.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzWords(f *testing.F) {
	f.Add(`<to-install><solvable type="package" name="a" edition="1"/></to-install>`)
	f.Add(`<to-remove><solvable name="`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range summary(text) {
			if !packages.IsName(c.Name) {
				t.Errorf("%+v", c)
			}
		}
		for _, failure := range (Tool{}).Listen(codeScript, text).Failures {
			if !packages.IsName(failure.Name) {
				t.Errorf("%+v", failure)
			}
		}
	})
}

// TestKnown holds that zypper is asked of those repositories alone whose lists are there.
func TestKnown(t *testing.T) {
	tests := []struct {
		name string
		all  []repository
		want []string
		some bool
	}{
		{"none", nil, nil, false},
		{"all", []repository{{alias: "a", fetched: true}}, nil, true},
		{"one", []repository{{alias: "a", fetched: true}, {alias: "b"}}, []string{"--repo=a"}, true},
		{"no lists", []repository{{alias: "a"}}, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, some := known(test.all)
			if diff := cmp.Diff(test.want, got); diff != "" || some != test.some {
				t.Errorf("some %v; -want +got:\n%s", some, diff)
			}
		})
	}
}

func TestOffer(t *testing.T) {
	found := []map[string]string{
		{"name": "app", "edition": "2.0-1", "arch": "x86_64", "repository": "Base"},
		{"name": "app", "edition": "1.0-1", "arch": "x86_64", "repository": "Ours"},
		{"name": "app", "edition": "3.0-1", "arch": "x86_64", "repository": installedOnly},
		{"name": "application", "edition": "9", "arch": "x86_64", "repository": "Ours"},
	}
	got, ok := offer(found, "app", []repository{{name: "Base", priority: 99}, {name: "Ours", priority: 10}})
	if diff := cmp.Diff(packages.Offer{Candidate: "1.0-1", Versions: []string{"2.0-1", "1.0-1"}}, got); diff != "" || !ok {
		t.Errorf("%v; -want +got:\n%s", ok, diff)
	}
}

func TestLocked(t *testing.T) {
	root := t.TempDir() + "/"
	if got := (Tool{Root: root}).locked(); got != nil {
		t.Errorf("got %q", got)
	}
	if err := os.MkdirAll(root+"etc/zypp", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(root+locksFile, []byte("\ntype: package\nmatch_type: glob\nsolvable_name: nginx*\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"nginx*"}, (Tool{Root: root}).locked()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUnneeded(t *testing.T) {
	say := func(rc int, text string) packages.Ask {
		return func(context.Context, bool, ...string) (*op.ExecResult, error) {
			return &op.ExecResult{RC: rc, Stdout: text}, nil
		}
	}
	const text = "Reading installed packages...\nS  | Repository | Name  | Version | Arch\n---+------------+-------+---------+-------\n" +
		"i  | fy         | fy-a  | 1.0-1   | noarch\ni+ | @System    | fy-b  | 1.0-1   | noarch\ni  | fy         | -rf   | 1 | noarch\n"
	names, locked, err := Tool{}.Unneeded(t.Context(), say(0, text))
	if err != nil || locked != nil || strings.Join(names, " ") != "fy-a fy-b" {
		t.Errorf("%q, %v, %v", names, locked, err)
	}
	if _, locked, err := (Tool{}).Unneeded(t.Context(), say(codeLocked, "")); err != nil || locked == nil {
		t.Errorf("a lock: %v, %v", locked, err)
	}
	if _, _, err := (Tool{}).Unneeded(t.Context(), say(1, "")); err == nil {
		t.Error("a failure was taken for an answer")
	}
}
