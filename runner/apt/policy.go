package apt

import (
	"context"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// offer is what the package lists have of a package.
type offer struct {
	candidate string   // what would be installed, "" for nothing
	versions  []string // in the lists, the newest first
	virtual   bool
	providers []string // of a virtual one
}

// maxBatch bounds the names of one question, so that the answer stays within
// what is kept of a program's output.
const maxBatch = 500

// plainWords has programs speak as they were written.
var plainWords = []string{"LC_ALL=C", "LANGUAGE="}

// offers asks the package lists, by the names as they were given. A name that
// the lists do not know has none.
func (a *Apt) offers(ctx context.Context, db *database, names []string) (map[string]offer, error) {
	offers := map[string]offer{}
	var empty []string
	for len(names) > 0 {
		batch := names[:min(len(names), maxBatch)]
		names = names[len(batch):]
		text, err := a.ask(ctx, "policy", batch)
		if err != nil {
			return nil, err
		}
		told := parsePolicy(text)
		for _, name := range batch {
			o, known := told[db.plain(name)]
			if !known {
				continue
			}
			offers[name] = o
			if o.candidate == "" && len(o.versions) == 0 {
				empty = append(empty, name)
			}
		}
	}
	return offers, a.provide(ctx, db, offers, empty)
}

// provide tells names that others provide from those that others merely
// mention. It costs a program more, where there is such a name at all.
func (a *Apt) provide(ctx context.Context, db *database, offers map[string]offer, names []string) error {
	if len(names) == 0 {
		return nil
	}
	text, err := a.ask(ctx, "showpkg", names)
	if err != nil {
		return err
	}
	told := parseProvides(text)
	for _, name := range names {
		if providers := told[db.plain(name)]; len(providers) > 0 {
			offers[name] = offer{virtual: true, providers: providers}
		} else {
			delete(offers, name)
		}
	}
	return nil
}

// ask runs apt-cache and returns what it prints.
func (a *Apt) ask(ctx context.Context, verb string, names []string) (string, error) {
	argv := []string{"apt-cache", "-q", verb}
	for _, name := range names {
		argv = append(argv, exactly(name))
	}
	got, err := a.host.Ask(ctx, argv, plainWords)
	switch {
	case err != nil:
		return "", err
	case got.RC != 0:
		return "", fault(op.Permanent, "aptcache", "apt-cache ended with exit code "+itoa(got.RC)+"\n"+tail(got.Stderr))
	case got.Truncated:
		return "", fault(op.Permanent, "aptcache", "apt-cache says more than is read, which it should not for "+itoa(len(names))+" packages")
	}
	return got.Stdout, nil
}

// exactly keeps apt from taking a name that it does not know for a regular
// expression, as which "g++" means half of all packages.
func exactly(name string) string {
	if !strings.ContainsAny(name, "+.") {
		return name
	}
	bare, arch, qualified := strings.Cut(name, ":")
	pattern := "^" + strings.ReplaceAll(strings.ReplaceAll(bare, "+", "[+]"), ".", "[.]") + "$"
	if qualified {
		pattern += ":" + arch
	}
	return pattern
}

// parsePolicy reads what apt-cache policy prints:
//
//	nginx:
//	  Installed: 1.22.1-8
//	  Candidate: 1.22.1-9
//	  Version table:
//	     1.22.1-9 500
//	        500 http://deb.debian.org/debian bookworm/main amd64 Packages
//	 *** 1.22.1-8 100
//	        100 /var/lib/dpkg/status
func parsePolicy(text string) map[string]offer {
	offers := map[string]offer{}
	name, version := "", ""
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if line == "" {
			continue
		}
		if line[0] != ' ' {
			name, version = strings.TrimSuffix(line, ":"), ""
			if name == line || !word(name) {
				name = ""
				continue
			}
			offers[name] = offer{}
			continue
		}
		if name == "" {
			continue
		}
		o := offers[name]
		switch fields := strings.Fields(line); {
		case strings.HasPrefix(line, "  Candidate: "):
			if len(fields) == 2 && word(fields[1]) {
				o.candidate = fields[1]
			}
		case strings.HasPrefix(line, " *** ") && len(fields) > 1:
			version = fields[1]
		case strings.HasPrefix(line, "     ") && line[5:6] != " ":
			version = fields[0]
		case strings.HasPrefix(line, "      ") && len(fields) > 1 && fields[1] != "/"+statusFile:
			if word(version) { // once for all of its sources
				o.versions = append(o.versions, version)
			}
			version = ""
		}
		offers[name] = o
	}
	return offers
}

// parseProvides reads who provides a name from what apt-cache showpkg prints:
//
//	Package: mail-transport-agent
//	...
//	Reverse Provides:
//	postfix 3.7.11-0+deb12u1 (= )
func parseProvides(text string) map[string][]string {
	provides := map[string][]string{}
	name, within := "", false
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimRight(line, " \r")
		if rest, ok := strings.CutPrefix(line, "Package: "); ok {
			name, within = rest, false
			continue
		}
		if line == "Reverse Provides:" {
			within = word(name)
			continue
		}
		provider, _, more := strings.Cut(line, " ")
		if !within || !more || !word(provider) || len(provides[name]) == maxNamed+1 {
			continue
		}
		if have := provides[name]; len(have) == 0 || have[len(have)-1] != provider {
			provides[name] = append(have, provider)
		}
	}
	return provides
}
