package said

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/packages"
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

func TestParsePolicy(t *testing.T) {
	want := map[string]packages.Offer{
		"nginx":                {Candidate: "1.22.1-9+deb12u9", Versions: []string{"1.22.1-9+deb12u9", "1.22.1-9~bpo"}},
		"pinned":               {Versions: []string{"2.0", "1.0"}},
		"mail-transport-agent": {},
		"mentioned":            {},
		"libc6:i386":           {Candidate: "2.36-9", Versions: []string{"2.36-9"}},
	}
	if diff := cmp.Diff(want, Policy(policyText)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add(policyText)
	f.Add("a:\n     \n ***\n *** 1\n      2 x\n")
	f.Add("a:\n  Candidate: 1 2\n     1;2 500\n        500 x\n")
	f.Fuzz(func(t *testing.T, text string) {
		for name, o := range Policy(text) {
			if !packages.IsName(name) || o.Candidate != "" && !packages.IsName(o.Candidate) {
				t.Errorf("%q: candidate %q", name, o.Candidate)
			}
			for _, version := range o.Versions {
				if !packages.IsName(version) {
					t.Errorf("%q: version %q", name, version)
				}
			}
		}
		for name, providers := range Provides(text) {
			if !packages.IsName(name) || len(providers) > maxNeeds+1 || slices.ContainsFunc(providers, func(p string) bool { return !packages.IsName(p) }) {
				t.Errorf("%q: provided by %q", name, providers)
			}
		}
	})
}

func TestParseProvides(t *testing.T) {
	text := `Package: mail-transport-agent
Versions: 

Reverse Depends: 
  mutt,mail-transport-agent
  exim,x 1
Dependencies: 
Provides: 
Reverse Provides: 
postfix 3.7.11-0 (= )
postfix 3.7.10-0 (= )
exim4 4.96-15 (= )
Package: mentioned
Versions: 

Reverse Depends: 
  other,mentioned
Dependencies: 
Provides: 
Reverse Provides: 
`
	want := map[string][]string{"mail-transport-agent": {"postfix", "exim4"}}
	if diff := cmp.Diff(want, Provides(text)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
