package said

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/apt/dpkg"
)

func TestListen(t *testing.T) {
	tests := []struct {
		name, text string
		want       Report
	}{
		{name: "nothing", text: "Reading package lists...\nSetting up nginx (1.22.1-9) ...\n"},
		{
			name: "lock",
			text: "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n" +
				"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n",
			want: Report{Locked: true, Holder: "unattended-upgr (process 812)", Errors: []string{
				"Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)",
				"Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
			}},
		},
		{
			name: "lock of dpkg",
			text: "dpkg: error: dpkg frontend lock was locked by another process with pid 937\n",
			want: Report{Locked: true, Holder: "process 937"},
		},
		{
			name: "interrupted",
			text: "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. \n",
			want: Report{Interrupted: true, Errors: []string{"dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. "}},
		},
		{
			name: "names and versions",
			text: "E: Unable to locate package nothing\nE: Package 'mail' has no installation candidate\nE: Version '9.9' for 'nginx' was not found\n",
			want: Report{
				Failures: []Failure{
					{Name: "nothing", Code: Unknown, Reason: "the package lists do not know it"},
					{Name: "mail", Code: None, Reason: "no package list has a version of it"},
					{Name: "nginx", Code: Version, Reason: "Version '9.9' for 'nginx' was not found"},
				},
				Errors: []string{"Unable to locate package nothing", "Package 'mail' has no installation candidate", "Version '9.9' for 'nginx' was not found"},
			},
		},
		{
			name: "scripts and what waits for them",
			text: `Setting up fy-bad (1.0) ...
cannot start the thing
dpkg: error processing package fy-bad (--configure):
 installed fy-bad package post-installation script subprocess returned error exit status 3
dpkg: dependency problems prevent configuration of fy-needbad:
 fy-needbad depends on fy-bad; however:
  Package fy-bad is not configured yet.
 fy-needbad depends on libc6 (>= 3); however:
  Version of libc6 on system is 2.

dpkg: error processing package fy-needbad (--configure):
 dependency problems - leaving unconfigured
Errors were encountered while processing:
 fy-bad
 fy-needbad
 /var/cache/apt/archives/other_1%3a2_amd64.deb
E: Sub-process /usr/bin/dpkg returned an error code (1)
`,
			want: Report{
				Failures: []Failure{
					{Name: "fy-bad", Code: Failed, Reason: "installed fy-bad package post-installation script subprocess returned error exit status 3"},
					{Name: "fy-needbad", Code: Failed, Reason: "dependency problems - leaving unconfigured", Needs: []string{"fy-bad", "libc6"}},
					{Name: "other", Code: Failed},
				},
				Errors: []string{"Sub-process /usr/bin/dpkg returned an error code (1)"},
			},
		},
		{
			name: "archive",
			text: "dpkg: error processing archive /var/cache/apt/archives/b_1.0_all.deb (--unpack):\n trying to overwrite '/usr/bin/x', which is also in package a 1.0\n",
			want: Report{Failures: []Failure{{Name: "b", Code: Failed, Reason: "trying to overwrite '/usr/bin/x', which is also in package a 1.0"}}},
		},
		{
			name: "needs that are not met",
			text: `The following packages have unmet dependencies:
 app : Depends: lib (>= 2) but 1.0 is to be installed
       Depends: other but it is not installable
 libc6:i386 : Breaks: old (< 2) but 1 is to be installed
E: Unable to correct problems, you have held broken packages.
`,
			want: Report{
				Failures: []Failure{
					{Name: "app", Code: Depends, Reason: "Depends: lib (>= 2) but 1.0 is to be installed", Needs: []string{"lib", "other"}},
					{Name: "libc6:i386", Code: Depends, Reason: "Breaks: old (< 2) but 1 is to be installed", Needs: []string{"old"}},
				},
				Errors: []string{"Unable to correct problems, you have held broken packages."},
			},
		},
		{
			name: "needs of what is installed",
			text: "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n",
			want: Report{Unmet: true, Errors: []string{"Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution)."}},
		},
		{
			name: "removals",
			text: "The following packages will be REMOVED:\n  fy-base fy-top*\n  fy-top2\nThe following NEW packages will be installed:\n  fy-rival\nE: Packages need to be removed but remove is disabled.\n",
			want: Report{Keeping: true, Removed: []string{"fy-base", "fy-top", "fy-top2"}, Errors: []string{"Packages need to be removed but remove is disabled."}},
		},
		{
			name: "archives and lists that cannot be fetched",
			text: "E: Failed to fetch http://deb.debian.org/pool/n/nginx_1%3a1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]\nE: Failed to fetch http://deb.debian.org/dists/x/InRelease  Timeout\n",
			want: Report{
				Failures: []Failure{{Name: "nginx", Code: Fetch, Reason: "it could not be fetched: 404  Not Found [IP: 192.0.2.1 80]"}},
				Errors: []string{
					"Failed to fetch http://deb.debian.org/pool/n/nginx_1%3a1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]",
					"Failed to fetch http://deb.debian.org/dists/x/InRelease  Timeout",
				},
			},
		},
		{name: "sudo refuses", text: "sudo: a password is required\n", want: Report{Denied: true}},
		{name: "sudo refuses one program", text: "Sorry, user ops is not allowed to execute '/usr/bin/apt' as root on h1.\n", want: Report{Denied: true}},
		{name: "sudo warns", text: "sudo: unable to resolve host h1: Name or service not known\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(&test.want, Listen(test.text)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func FuzzListen(f *testing.F) {
	f.Add("E: Version '\ndpkg: error processing package  (--x):\ndpkg: error processing archive\n a\n")
	f.Add("The following packages have unmet dependencies:\n : : \n a : b: c\nErrors were encountered while processing:\n /_.deb\n")
	f.Add("The following packages will be REMOVED:\n a b*\n")
	f.Fuzz(func(t *testing.T, text string) {
		w := Listen(text)
		for _, failure := range w.Failures {
			if !dpkg.IsName(failure.Name) || len(failure.Reason) > maxLine+3 || len(failure.Needs) > maxNeeds {
				t.Errorf("%+v", failure)
			}
		}
		if len(w.Failures) > maxWords || len(w.Errors) > maxWords {
			t.Errorf("%d Failures, %d errors", len(w.Failures), len(w.Errors))
		}
		if s := Tail(text); len(s) > maxTail || strings.Count(s, "\n") >= maxTailLines {
			t.Errorf("a tail of %d bytes", len(s))
		}
	})
}

func TestTail(t *testing.T) {
	long := strings.Repeat("x", 2*maxLine)
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"noise", "Reading package lists...\n(Reading database ... 5%\r(Reading database ... 10%\rSetting up a (1) ...\nE: no\n\n", "Setting up a (1) ...\nE: no"},
		{"many lines", strings.Repeat("a\n", 100), strings.TrimSuffix(strings.Repeat("a\n", maxTailLines), "\n")},
		{"long lines", strings.Repeat(long+"\n", 20), strings.TrimSuffix(strings.Repeat(long[:maxLine]+"...\n", 6), "\n")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Tail(test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestSimulated(t *testing.T) {
	text := "NOTE: This is only a simulation!\nThe following packages will be REMOVED:\n  a b\nRemv b [1.0]\nPurg a:i386 [2.0] [c:amd64 ]\nRemv b [1.0]\nInst d (1.0 localhost [all])\nRemv ; [1]\n"
	if diff := cmp.Diff([]string{"a:i386", "b"}, Simulated(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestChanges(t *testing.T) {
	const text = "Reading package lists...\nThe following packages will be upgraded:\n  a b\n" +
		"Inst a:i386 [1.0] (2.0 Debian:12/stable [i386]) []\nInst b (1:3 x [all])\nRemv c [4]\nPurg d [5]\nConf b (1:3 x [all])\n" +
		"Inst \x1b[2J [1] (2 x)\nInst e\nInst\nRemv f\n"
	want := []Change{{"a:i386", "1.0", "2.0"}, {"b", "", "1:3"}, {"c", "4", ""}, {"d", "5", ""}}
	if diff := cmp.Diff(want, Changes(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
