package said

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

func TestListen(t *testing.T) {
	tests := []struct {
		name, text string
		want       packages.Report
	}{
		{name: "nothing", text: "Reading package lists...\nSetting up nginx (1.22.1-9) ...\n"},
		{
			name: "lock",
			text: "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n" +
				"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?\n",
			want: packages.Report{Locked: true, Holder: "unattended-upgr (process 812)", Errors: []string{
				"Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)",
				"Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
			}},
		},
		{
			name: "lock of dpkg",
			text: "dpkg: error: dpkg frontend lock was locked by another process with pid 937\n",
			want: packages.Report{Locked: true, Holder: "process 937"},
		},
		{
			name: "interrupted",
			text: "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem. \n",
			want: packages.Report{Undone: packages.Interrupted, Errors: []string{"dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem."}},
		},
		{
			name: "names and versions",
			text: "E: Unable to locate package nothing\nE: Package 'mail' has no installation candidate\nE: Version '9.9' for 'nginx' was not found\n",
			want: packages.Report{
				Failures: []packages.Failure{
					{Name: "nothing", Code: packages.Unknown, Reason: "the package lists do not know it"},
					{Name: "mail", Code: packages.None, Reason: "no package list has a version of it"},
					{Name: "nginx", Code: packages.Version, Reason: "Version '9.9' for 'nginx' was not found"},
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
			want: packages.Report{
				Failures: []packages.Failure{
					{Name: "fy-bad", Code: packages.Failed, Reason: "installed fy-bad package post-installation script subprocess returned error exit status 3"},
					{Name: "fy-needbad", Code: packages.Failed, Reason: "dependency problems - leaving unconfigured", Needs: []string{"fy-bad", "libc6"}},
					{Name: "other", Code: packages.Failed},
				},
				Errors: []string{"Sub-process /usr/bin/dpkg returned an error code (1)"},
			},
		},
		{
			name: "archive",
			text: "dpkg: error processing archive /var/cache/apt/archives/b_1.0_all.deb (--unpack):\n trying to overwrite '/usr/bin/x', which is also in package a 1.0\n",
			want: packages.Report{Failures: []packages.Failure{{Name: "b", Code: packages.Failed, Reason: "trying to overwrite '/usr/bin/x', which is also in package a 1.0"}}},
		},
		{
			name: "needs that are not met",
			text: `The following packages have unmet dependencies:
 app : Depends: lib (>= 2) but 1.0 is to be installed
       Depends: other but it is not installable
 libc6:i386 : Breaks: old (< 2) but 1 is to be installed
E: Unable to correct problems, you have held broken packages.
`,
			want: packages.Report{
				Failures: []packages.Failure{
					{Name: "app", Code: packages.Depends, Reason: "Depends: lib (>= 2) but 1.0 is to be installed", Needs: []string{"lib", "other"}},
					{Name: "libc6:i386", Code: packages.Depends, Reason: "Breaks: old (< 2) but 1 is to be installed", Needs: []string{"old"}},
				},
				Errors: []string{"Unable to correct problems, you have held broken packages."},
			},
		},
		{
			name: "needs of what is installed",
			text: "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution).\n",
			want: packages.Report{Undone: packages.Unmet, Errors: []string{"Unmet dependencies. Try 'apt --fix-broken install' with no packages (or specify a solution)."}},
		},
		{
			name: "removals",
			text: "The following packages will be REMOVED:\n  fy-base fy-top*\n  fy-top2\nThe following NEW packages will be installed:\n  fy-rival\nE: Packages need to be removed but remove is disabled.\n",
			want: packages.Report{Removed: []string{"fy-base", "fy-top", "fy-top2"}, Errors: []string{"Packages need to be removed but remove is disabled."}},
		},
		{
			name: "archives and lists that cannot be fetched",
			text: "E: Failed to fetch http://deb.debian.org/pool/n/nginx_1%3a1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]\nE: Failed to fetch http://deb.debian.org/dists/x/InRelease  Timeout\n",
			want: packages.Report{
				Failures: []packages.Failure{{Name: "nginx", Code: packages.Fetch, Reason: "it could not be fetched: 404  Not Found [IP: 192.0.2.1 80]"}},
				Errors: []string{
					"Failed to fetch http://deb.debian.org/pool/n/nginx_1%3a1_amd64.deb  404  Not Found [IP: 192.0.2.1 80]",
					"Failed to fetch http://deb.debian.org/dists/x/InRelease  Timeout",
				},
			},
		},
		{
			name: "removals that are allowed",
			text: "The following packages will be REMOVED:\n  fy-base\nE: no\n",
			want: packages.Report{Errors: []string{"no"}},
		},
		{
			name: "lists of which apt only warns", text: "W: Target is configured twice\nW: Failed to fetch http://x/InRelease  404\nW: Some index files failed to download.\n",
			want: packages.Report{Missed: "Failed to fetch http://x/InRelease  404"},
		},
		{name: "sudo refuses", text: "sudo: a password is required\n", want: packages.Report{Denied: true}},
		{name: "sudo refuses one program", text: "Sorry, user ops is not allowed to execute '/usr/bin/apt' as root on h1.\n", want: packages.Report{Denied: true}},
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
			if !packages.IsName(failure.Name) || len(failure.Needs) > maxNeeds {
				t.Errorf("%+v", failure)
			}
		}
		if len(w.Failures) > maxWords || len(w.Errors) > maxWords {
			t.Errorf("%d Failures, %d errors", len(w.Failures), len(w.Errors))
		}
	})
}

func TestChanges(t *testing.T) {
	const text = "Reading package lists...\nThe following packages will be upgraded:\n  a b\n" +
		"Inst a:i386 [1.0] (2.0 Debian:12/stable [i386]) []\nInst b (1:3 x [all])\nRemv c [4]\nRemv c [4]\nRemv ; [1]\nPurg d [5]\nConf b (1:3 x [all])\n" +
		"Inst \x1b[2J [1] (2 x)\nInst e\nInst\nRemv f\n"
	want := []op.PkgChange{
		{Name: "a:i386", Before: "1.0", After: "2.0"}, {Name: "b", After: "1:3"}, {Name: "c", Before: "4"}, {Name: "d", Before: "5"}, {Name: "f"},
	}
	if diff := cmp.Diff(want, Changes(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
