// Package zypper is zypper as a tool of runner/packages.
//
// It imports runner/op, runner/packages and the standard library only.
package zypper

import (
	"context"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/rpm"
)

// Tool is zypper on a host, whose system files are below Root, which ends in "/".
type Tool struct{ Root string }

// Traits implements packages.Tool.
func (Tool) Traits() packages.Traits { return packages.Traits{Name: "zypper"} }

// Installed implements packages.Tool.
func (t Tool) Installed(ctx context.Context, ask packages.Ask) (packages.Database, error) {
	db, err := rpm.Installed(ctx, ask)
	if err != nil {
		return nil, err
	}
	for _, pattern := range t.locked() {
		for name, p := range db.Packages {
			if ok, err := path.Match(pattern, name); err == nil && ok {
				p.Held = true
				db.Packages[name] = p
			}
		}
	}
	return db, nil
}

// Unneeded implements packages.Tool. It is a table: a status, the repository, the name, the version and the architecture.
func (t Tool) Unneeded(ctx context.Context, ask packages.Ask) (names []string, _ *packages.Report, err error) {
	got, err := ask(ctx, true, "zypper", "--non-interactive", "--no-refresh", "packages", "--unneeded")
	if err != nil {
		return nil, nil, err
	}
	for line := range strings.Lines(got.Stdout) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(cells[0], "i") {
			continue
		}
		if name := strings.TrimSpace(cells[2]); packages.IsName(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if r := t.Listen(got.RC, got.Stdout); r.Locked {
		return nil, r, nil
	} else if got.RC != 0 {
		why := append(r.Errors, "exit code "+strconv.Itoa(got.RC))
		return nil, nil, packages.Fault(op.Permanent, "zypper", "asking zypper for packages failed: "+why[0])
	}
	return names, nil, nil
}

// File implements packages.Tool.
func (Tool) File(path string) []string { return rpm.File(path) }

// Packed implements packages.Tool.
func (Tool) Packed(said string) (name, version string) {
	name, version, _, _, _ = rpm.Line(said)
	return name, version
}

// base is zypper without questions, in a form that can be read; lists are not fetched by themselves.
var base = []string{"zypper", "--xmlout", "--non-interactive", "--no-refresh"}

// with returns base with more behind it.
func with(args ...string) []string { return append(slices.Clone(base), args...) }

// Where zypper keeps the lists, a directory for each repository.
const rawDir = "var/cache/zypp/raw"

// defaultPriority is that of a repository which says none.
const defaultPriority = 99

// repository is one that is enabled.
type repository struct {
	alias, name string
	priority    int
	fetched     bool
}

// repositories lists those that are enabled. zypper fetches what it has never fetched, even
// where it is only asked: what is not there it is not asked of.
func (t Tool) repositories(ctx context.Context, ask packages.Ask) ([]repository, error) {
	got, err := ask(ctx, false, with("repos")...)
	if err != nil {
		return nil, err
	}
	var all []repository
	for _, tag := range tags(got.Stdout, "repo") {
		if tag["enabled"] != "1" {
			continue
		}
		r := repository{alias: tag["alias"], name: tag["name"], priority: defaultPriority}
		if n, err := strconv.Atoi(tag["priority"]); err == nil {
			r.priority = n
		}
		_, err := os.Stat(t.Root + rawDir + "/" + strings.ReplaceAll(r.alias, "/", "_"))
		r.fetched = err == nil
		all = append(all, r)
	}
	return all, nil
}

// known returns the options that keep zypper to the repositories whose lists are there;
// none where that is all of them. Without any there is nothing to ask.
func known(all []repository) (options []string, some bool) {
	for _, r := range all {
		if r.fetched {
			options = append(options, "--repo="+r.alias)
		}
	}
	if len(options) == len(all) {
		return nil, len(all) > 0
	}
	return options, len(options) > 0
}

// maxBatch bounds the names of one question.
const maxBatch = 500

// Offers implements packages.Tool.
func (t Tool) Offers(ctx context.Context, ask packages.Ask, names []string) (map[string]packages.Offer, error) {
	offers := map[string]packages.Offer{}
	all, err := t.repositories(ctx, ask)
	if err != nil {
		return nil, err
	}
	options, some := known(all)
	if !some {
		return offers, nil
	}
	for batch := range slices.Chunk(names, maxBatch) {
		found, err := t.search(ctx, ask, append(slices.Clone(options), batch...)...)
		if err != nil {
			return nil, err
		}
		for _, name := range batch {
			if o, ok := offer(found, name, all); ok {
				offers[name] = o
			}
		}
	}
	return offers, t.provide(ctx, ask, offers, names, options)
}

// search looks packages up in the lists, by their exact names or by what args say.
func (t Tool) search(ctx context.Context, ask packages.Ask, args ...string) ([]map[string]string, error) {
	got, err := ask(ctx, false, append(with("search", "--details", "--match-exact", "--type=package"), args...)...)
	if err != nil {
		return nil, err
	}
	if r := t.Listen(got.RC, got.Stdout); got.RC != 0 && got.RC != codeNothing {
		why := append(r.Errors, "exit code "+strconv.Itoa(got.RC))
		return nil, packages.Fault(op.Permanent, "zypper", "asking zypper for packages failed: "+why[0])
	}
	return tags(got.Stdout, "solvable"), nil
}

// installedOnly is where zypper says that a package is from where no repository has it.
const installedOnly = "(System Packages)"

// offer collects what the lists have of a package. The candidate is the newest of
// those in the repositories with the best priority, which is the lowest number.
func offer(found []map[string]string, name string, all []repository) (o packages.Offer, ok bool) {
	best := 0
	for _, tag := range found {
		version := rpm.Plain(tag["edition"])
		if tag["repository"] == installedOnly || !packages.IsName(version) ||
			tag["name"] != name && tag["name"]+"."+tag["arch"] != name {
			continue
		}
		o.Versions = rpm.Insert(o.Versions, version)
		priority := defaultPriority
		if at := slices.IndexFunc(all, func(r repository) bool { return r.name == tag["repository"] }); at >= 0 {
			priority = all[at].priority
		}
		if o.Candidate == "" || priority < best || priority == best && rpm.Compare(o.Candidate, version) < 0 {
			o.Candidate, best = version, priority
		}
	}
	return o, o.Candidate != ""
}

// maxProvided bounds for how many unknown names it is asked who provides them.
const maxProvided = 5

// provide finds the packages that provide names which are none. It costs a program
// more for each such name.
func (t Tool) provide(ctx context.Context, ask packages.Ask, offers map[string]packages.Offer, names, options []string) error {
	asked := 0
	for _, name := range names {
		if _, ok := offers[name]; ok || asked == maxProvided {
			continue
		}
		asked++
		found, err := t.search(ctx, ask, append(slices.Clone(options), "--provides", name)...)
		if err != nil {
			return err
		}
		var providers []string
		for _, tag := range found {
			if n := tag["name"]; packages.IsName(n) && !slices.Contains(providers, n) {
				providers = append(providers, n)
			}
		}
		if len(providers) > 0 {
			slices.Sort(providers)
			offers[name] = packages.Offer{Providers: providers}
		}
	}
	return nil
}

// Forecast implements packages.Tool.
func (t Tool) Forecast(ctx context.Context, ask packages.Ask, _ packages.Database, job packages.Job) (*packages.Forecast, error) {
	var options []string
	if len(job.Install) > 0 || job.Upgrade != "" {
		all, err := t.repositories(ctx, ask)
		if err != nil {
			return nil, err
		}
		options, _ = known(all)
	}
	got, err := ask(ctx, true, command(job, append([]string{"--dry-run"}, options...)...)...)
	if err != nil {
		return nil, err
	}
	if got.RC == 0 {
		return &packages.Forecast{Changes: summary(got.Stdout)}, nil
	}
	text := got.Stdout + "\n" + got.Stderr
	return &packages.Forecast{Report: t.Listen(got.RC, text), RC: got.RC, Text: text}, nil
}

// Commands implements packages.Tool.
func (Tool) Commands(job packages.Job) [][]string { return [][]string{command(job)} }

// command is the one that does a job. A removal takes nothing with it that others brought.
func command(job packages.Job, options ...string) []string {
	switch job.Upgrade {
	case op.PkgSafe:
		return append(with("update"), options...)
	case op.PkgFull:
		return append(with("dist-upgrade"), options...)
	}
	if len(job.Install) == 0 {
		return append(append(with("remove", "--no-clean-deps"), options...), job.Remove...)
	}
	argv := append(with("install", "--oldpackage", "--name"), options...)
	if job.Recommends != nil {
		argv = append(argv, map[bool]string{true: "--recommends", false: "--no-recommends"}[*job.Recommends])
	}
	if slices.ContainsFunc(job.Install, packages.Target.IsFile) {
		argv = append(argv, "--allow-unsigned-rpm") // whose file it is, the runbook says
	}
	for _, target := range job.Install {
		if target.Version != "" {
			argv = append(argv, target.Name+"="+target.Version)
		} else {
			argv = append(argv, target.Name)
		}
	}
	for _, name := range job.Remove {
		argv = append(argv, "!"+name)
	}
	return argv
}

// Refresh implements packages.Tool.
func (Tool) Refresh(string) []string {
	return []string{"zypper", "--xmlout", "--non-interactive", "refresh"}
}

// Fetched implements packages.Tool.
func (Tool) Fetched(root string) time.Time { return packages.Oldest(root+rawDir, "repodata") }
