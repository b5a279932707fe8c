package apt

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/said"
)

// maxBatch bounds the names of one question, so that the answer stays within
// what is kept of a program's output.
const maxBatch = 500

// Offers implements packages.Tool.
func (t *Tool) Offers(ctx context.Context, ask packages.Ask, names []string) (map[string]packages.Offer, error) {
	db, err := t.dpkg.Installed()
	if err != nil {
		return nil, err
	}
	offers := map[string]packages.Offer{}
	var empty []string
	for batch := range slices.Chunk(names, maxBatch) {
		text, err := cache(ctx, ask, "policy", batch)
		if err != nil {
			return nil, err
		}
		told := said.Policy(text)
		for _, name := range batch {
			o, known := told[db.Plain(name)]
			if !known {
				continue
			}
			offers[name] = o
			if o.Candidate == "" && len(o.Versions) == 0 {
				empty = append(empty, name)
			}
		}
	}
	return offers, provide(ctx, ask, db, offers, empty)
}

// provide tells names that others provide from those that others merely
// mention. It costs a program more, where there is such a name at all.
func provide(ctx context.Context, ask packages.Ask, db packages.Database, offers map[string]packages.Offer, names []string) error {
	if len(names) == 0 {
		return nil
	}
	text, err := cache(ctx, ask, "showpkg", names)
	if err != nil {
		return err
	}
	told := said.Provides(text)
	for _, name := range names {
		if providers := told[db.Plain(name)]; len(providers) > 0 {
			offers[name] = packages.Offer{Providers: providers}
		} else {
			delete(offers, name)
		}
	}
	return nil
}

// cache asks apt-cache and returns what it prints.
func cache(ctx context.Context, ask packages.Ask, verb string, names []string) (string, error) {
	argv := []string{"apt-cache", "-q", verb}
	for _, name := range names {
		argv = append(argv, exactly(name))
	}
	got, err := ask(ctx, false, argv...)
	if err != nil {
		return "", err
	}
	if got.RC != 0 {
		return "", packages.Fault(op.Permanent, "aptcache", "apt-cache ended with exit code "+strconv.Itoa(got.RC)+"\n"+packages.Tail(got.Stderr))
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
