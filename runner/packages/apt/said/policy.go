package said

import (
	"strings"

	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg"
)

// Policy reads what apt-cache policy prints:
//
//	nginx:
//	  Installed: 1.22.1-8
//	  Candidate: 1.22.1-9
//	  Version table:
//	     1.22.1-9 500
//	        500 http://deb.debian.org/debian bookworm/main amd64 Packages
//	 *** 1.22.1-8 100
//	        100 /var/lib/dpkg/status
func Policy(text string) map[string]packages.Offer {
	offers := map[string]packages.Offer{}
	name, version := "", ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if line == "" {
			continue
		}
		if line[0] != ' ' {
			name, version = strings.TrimSuffix(line, ":"), ""
			if name == line || !packages.IsName(name) {
				name = ""
				continue
			}
			offers[name] = packages.Offer{}
			continue
		}
		if name == "" {
			continue
		}
		o := offers[name]
		switch fields := strings.Fields(line); {
		case strings.HasPrefix(line, "  Candidate: "):
			if len(fields) == 2 && packages.IsName(fields[1]) {
				o.Candidate = fields[1]
			}
		case strings.HasPrefix(line, " *** ") && len(fields) > 1:
			version = fields[1]
		case strings.HasPrefix(line, "     ") && line[5:6] != " ":
			version = fields[0]
		case strings.HasPrefix(line, "      ") && len(fields) > 1 && fields[1] != "/"+dpkg.StatusFile:
			if packages.IsName(version) { // once for all of its sources
				o.Versions = append(o.Versions, version)
			}
			version = ""
		}
		offers[name] = o
	}
	return offers
}

// Provides reads who provides a name from what apt-cache showpkg prints:
//
//	Package: mail-transport-agent
//	...
//	Reverse Provides:
//	postfix 3.7.11-0+deb12u1 (= )
func Provides(text string) map[string][]string {
	provides := map[string][]string{}
	name, within := "", false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if rest, ok := strings.CutPrefix(line, "Package: "); ok {
			name, within = rest, false
			continue
		}
		if line == "Reverse Provides:" {
			within = packages.IsName(name)
			continue
		}
		provider, _, more := strings.Cut(line, " ")
		if !within || !more || !packages.IsName(provider) || len(provides[name]) == maxNeeds+1 {
			continue
		}
		if have := provides[name]; len(have) == 0 || have[len(have)-1] != provider {
			provides[name] = append(have, provider)
		}
	}
	return provides
}
