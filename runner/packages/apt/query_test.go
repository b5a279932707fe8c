package apt

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
)

const policyText = `nginx:
  Installed: 1.22.1-8
  Candidate: 1.22.1-9+deb12u9
  Version table:
     1.22.1-9+deb12u9 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
        500 http://security.debian.org bookworm-security/main amd64 Packages
     1.22.1-9~bpo 100
        100 http://deb.debian.org/debian bookworm-backports/main amd64 Packages
 *** 1.22.1-8 100
        100 /var/lib/dpkg/status
pinned:
  Installed: (none)
  Candidate: (none)
  Version table:
     2.0 -32768
       -32768 file:/srv/repo ./ Packages
     1.0 1001 (phased 10%)
       1001 file:/srv/repo ./ Packages
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
mentioned:
  Installed: (none)
  Candidate: (none)
  Version table:
libc6:i386:
  Installed: (none)
  Candidate: 2.36-9
  Version table:
     2.36-9 500
        500 http://deb.debian.org/debian bookworm/main i386 Packages
`

func TestExactly(t *testing.T) {
	tests := []struct{ name, want string }{
		{"nginx", "nginx"},
		{"libc6:i386", "libc6:i386"},
		{"g++", "^g[+][+]$"},
		{"python3.11:amd64", "^python3[.]11$:amd64"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := exactly(test.name); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestQueryPrograms counts the programs that a query runs.
func TestQueryPrograms(t *testing.T) {
	ask := func(want op.Want, names ...string) *op.PkgQuery {
		q := &op.PkgQuery{}
		for _, name := range names {
			q.Packages = append(q.Packages, op.PkgAsk{Name: name, Candidate: want})
		}
		return q
	}
	tests := []struct {
		name  string
		query *op.PkgQuery
		want  []string
	}{
		{"nothing wanted", ask(op.Never, "nginx", "nothing"), nil},
		{"nothing missing", ask(op.Missing, "nginx", "tzdata"), nil},
		{"some missing", ask(op.Missing, "nginx", "pinned", "g++", "unpacked"), []string{"apt-cache -q policy pinned ^g[+][+]$ unpacked"}},
		{"always", ask(op.Always, "nginx", "tzdata"), []string{"apt-cache -q policy nginx tzdata"}},
		{"provided or mentioned", ask(op.Missing, "mail-transport-agent", "mentioned", "pinned"), []string{
			"apt-cache -q policy mail-transport-agent mentioned pinned", "apt-cache -q showpkg mail-transport-agent mentioned",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var ran []string
			root := dpkgtest.NewRoot(t, dpkgtest.Status)
			a := packages.New(packages.Host{Ask: func(_ context.Context, argv, _ []string) (*op.ExecResult, error) {
				ran = append(ran, strings.Join(argv, " "))
				if argv[2] == "policy" {
					return &op.ExecResult{Stdout: policyText}, nil
				}
				return &op.ExecResult{Stdout: "Package: mentioned\nReverse Provides: \n"}, nil
			}}, New(root, false))
			if _, err := a.Query(t.Context(), test.query); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, ran); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestQueryFailures(t *testing.T) {
	tests := []struct {
		name   string
		answer *op.ExecResult
		want   string
	}{
		{"exit code", &op.ExecResult{RC: 100, Stderr: "E: The package cache file is corrupted\n"}, "apt-cache ended with exit code 100\nE: The package cache file is corrupted"},
		{"too much", &op.ExecResult{StdoutCut: true}, "apt-cache says more than is read of it, 1 MiB"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := dpkgtest.NewRoot(t, dpkgtest.Status)
			a := packages.New(packages.Host{Ask: func(context.Context, []string, []string) (*op.ExecResult, error) { return test.answer, nil }}, New(root, false))
			_, err := a.Query(t.Context(), &op.PkgQuery{Packages: []op.PkgAsk{{Name: "none", Candidate: op.Missing}}})
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}
