// Package dnf is dnf as a tool of runner/packages.
//
// It imports runner/op, runner/packages and the standard library only.
package dnf

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/rpm"
)

// Tool is dnf on a host, whose system files are below Root, which ends in "/".
type Tool struct{ Root string }

// Traits implements packages.Tool.
func (Tool) Traits() packages.Traits { return packages.Traits{Name: "dnf"} }

// Installed implements packages.Tool.
func (t Tool) Installed(ctx context.Context, ask packages.Ask) (packages.Database, error) {
	db, err := rpm.Installed(ctx, ask)
	if err != nil {
		return nil, err
	}
	for _, name := range t.locked() {
		if p, ok := db.Packages[name]; ok {
			p.Held = true
			db.Packages[name] = p
		}
	}
	return db, nil
}

// Unneeded implements packages.Tool.
func (t Tool) Unneeded(ctx context.Context, ask packages.Ask) (names []string, _ *packages.Report, err error) {
	text, err := t.query(ctx, ask, "--unneeded")
	for _, r := range rows(text) {
		if !slices.Contains(names, r.name) {
			names = append(names, r.name)
		}
	}
	return names, nil, err
}

// File implements packages.Tool.
func (Tool) File(path string) []string { return rpm.File(path) }

// Packed implements packages.Tool.
func (Tool) Packed(said string) (name, version string) {
	name, version, _, _, _ = rpm.Line(said)
	return name, version
}

// What may be in the way of locks is tried again by the caller, who says so; dnf itself
// would wait for ever.
const noWait = "--setopt=exit_on_lock=1"

// format has repoquery print one line for each package. dnf 5 does not end lines by itself.
const format = "%{name}|%{epoch}:%{version}-%{release}|%{arch}|%{repoid}\n"

// maxBatch bounds the names of one question.
const maxBatch = 500

// Offers implements packages.Tool. What is in the lists is asked with -C, which
// fetches none, whatever their age.
func (t Tool) Offers(ctx context.Context, ask packages.Ask, names []string) (map[string]packages.Offer, error) {
	priorities := t.priorities()
	offers := map[string]packages.Offer{}
	for batch := range slices.Chunk(names, maxBatch) {
		text, err := t.query(ctx, ask, "--available", batch...)
		if err != nil {
			return nil, err
		}
		found := rows(text)
		for _, name := range batch {
			if o, ok := offer(found, name, priorities); ok {
				offers[name] = o
			}
		}
	}
	return offers, t.provide(ctx, ask, offers, names)
}

// row is a package in a repository.
type row struct{ name, version, arch, repo string }

func rows(text string) []row {
	var all []row
	for line := range strings.Lines(text) {
		if name, version, arch, repo, ok := rpm.Line(line); ok {
			all = append(all, row{name, version, arch, repo})
		}
	}
	return all
}

// offer collects what the lists have of a package. The candidate is the newest of
// those in the repositories with the best priority, which is the lowest number.
func offer(all []row, name string, priorities map[string]int) (o packages.Offer, ok bool) {
	best := 0
	for _, r := range all {
		if r.name != name && r.name+"."+r.arch != name {
			continue
		}
		o.Versions = rpm.Insert(o.Versions, r.version)
		priority, known := priorities[r.repo]
		if !known {
			priority = defaultPriority
		}
		if o.Candidate == "" || priority < best || priority == best && rpm.Compare(o.Candidate, r.version) < 0 {
			o.Candidate, best = r.version, priority
		}
	}
	return o, o.Candidate != ""
}

// maxProvided bounds for how many unknown names it is asked who provides them.
const maxProvided = 5

// provide finds the packages that provide names which are none. It costs a program
// more for each such name.
func (t Tool) provide(ctx context.Context, ask packages.Ask, offers map[string]packages.Offer, names []string) error {
	asked := 0
	for _, name := range names {
		if _, ok := offers[name]; ok || asked == maxProvided {
			continue
		}
		asked++
		text, err := t.query(ctx, ask, "--available", "--whatprovides="+name)
		if err != nil {
			return err
		}
		var providers []string
		for _, r := range rows(text) {
			if !slices.Contains(providers, r.name) {
				providers = append(providers, r.name)
			}
		}
		if len(providers) > 0 {
			slices.Sort(providers)
			offers[name] = packages.Offer{Providers: providers}
		}
	}
	return nil
}

func (t Tool) query(ctx context.Context, ask packages.Ask, option string, args ...string) (string, error) {
	argv := append([]string{"dnf", "-q", "-C", noWait, "repoquery", option, "--qf", format}, args...)
	for deadline := time.Now().Add(lockWait); ; {
		got, err := ask(ctx, true, argv...)
		if err != nil {
			return "", err
		}
		r := t.Listen(got.RC, got.Stdout+"\n"+got.Stderr)
		switch late := time.Now().After(deadline); {
		case got.RC == 0:
			return got.Stdout, nil
		case r.Locked && late:
			return "", packages.Fault(op.Transient, "locked", "the package lists cannot be read: dnf's lock is held by "+cmp.Or(r.Holder, "another process"))
		case !r.Locked:
			why := append(r.Errors, "exit code "+strconv.Itoa(got.RC))
			return "", packages.Fault(op.Permanent, "dnf", "asking dnf for packages failed: "+why[0])
		}
		if err := pause(ctx); err != nil {
			return "", err
		}
	}
}

// lockWait is how long a question waits for another dnf.
const lockWait = 2 * time.Minute

func pause(ctx context.Context) error {
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Forecast implements packages.Tool: dnf resolves the job and is told not to go on.
func (t Tool) Forecast(ctx context.Context, ask packages.Ask, db packages.Database, job packages.Job) (*packages.Forecast, error) {
	got, err := ask(ctx, true, command([]string{"-C", "--assumeno"}, job)...)
	if err != nil {
		return nil, err
	}
	known, ok := db.(*packages.Table)
	if !ok {
		known = &packages.Table{}
	}
	changes, complete := table(got.Stdout, known)
	if complete || job.Upgrade != "" && (got.RC == 0 || len(changes) > 0) { // an upgrade may leave some as they are
		return &packages.Forecast{Changes: changes}, nil
	}
	text := got.Stdout + "\n" + got.Stderr
	return &packages.Forecast{Report: t.Listen(got.RC, text), RC: got.RC, Text: text}, nil
}

// Commands implements packages.Tool. Lists that are there are good whatever their age:
// what was planned from them is what is installed.
func (Tool) Commands(job packages.Job) [][]string {
	return [][]string{command([]string{"-y", "--setopt=metadata_expire=-1"}, job)}
}

// command is the one that does a job. A removal takes nothing with it that others
// brought. What comes and what goes in one transaction is told to the shell of dnf.
func command(options []string, job packages.Job) []string {
	argv := append([]string{"dnf"}, options...)
	argv = append(argv, noWait, "--setopt=clean_requirements_on_remove=0")
	if job.Recommends != nil {
		argv = append(argv, "--setopt=install_weak_deps="+map[bool]string{true: "1", false: "0"}[*job.Recommends])
	}
	switch job.Upgrade {
	case op.PkgSafe:
		return append(argv, "upgrade")
	case op.PkgFull:
		return append(argv, "--allowerasing", "upgrade")
	}
	var specs []string
	for _, target := range job.Install {
		specs = append(specs, spec(target))
	}
	switch {
	case len(job.Install) == 0:
		return append(append(argv, "remove"), job.Remove...)
	case len(job.Remove) == 0:
		return append(append(argv, "install"), specs...)
	}
	argv = append([]string{"sh", "-c", `p=$1; shift; printf '%s\n' "$@" run | eval "$p"`, "sh", strings.Join(append(argv, "shell"), " ")},
		"remove "+strings.Join(job.Remove, " "), "install "+strings.Join(specs, " "))
	return argv
}

// spec names a package in a version as dnf reads it.
func spec(target packages.Target) string {
	if target.Version == "" {
		return target.Name
	}
	return target.Name + "-" + target.Version
}

// Refresh implements packages.Tool.
func (Tool) Refresh(string) []string { return []string{"dnf", "-y", noWait, "makecache", "--refresh"} }

// Fetched implements packages.Tool.
func (Tool) Fetched(root string) time.Time { return packages.Oldest(root+"var/cache/dnf", "repodata") }
