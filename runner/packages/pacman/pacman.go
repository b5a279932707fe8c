// Package pacman is pacman as a tool of runner/packages.
//
// It imports runner/op, runner/packages and the standard library only.
package pacman

import (
	"context"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

// Tool is pacman.
type Tool struct{}

// Traits implements packages.Tool. The lock is a file, which stays where pacman was killed.
func (Tool) Traits() packages.Traits {
	return packages.Traits{Name: "pacman", Unlock: "if no pacman runs there, an earlier one was killed: remove /var/lib/pacman/db.lck on the host"}
}

// maxPackages bounds what is kept.
const maxPackages = 200_000

// Installed implements packages.Tool.
func (Tool) Installed(ctx context.Context, ask packages.Ask) (packages.Database, error) {
	got, err := ask(ctx, false, "pacman", "-Q")
	if err != nil {
		return nil, err
	}
	if got.RC != 0 && strings.Contains(got.Stderr, "error:") { // it fails, too, where nothing is installed
		return nil, packages.Fault(op.Permanent, "pacman", "pacman -Q ended with exit code "+strconv.Itoa(got.RC)+"\n"+packages.Short(got.Stderr))
	}
	db := &packages.Table{Packages: map[string]packages.Package{}}
	for line := range strings.Lines(got.Stdout) {
		name, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		if packages.IsName(name) && packages.IsName(version) && len(db.Packages) < maxPackages {
			db.Packages[name] = packages.Package{Version: version}
		}
	}
	return db, ignored(ctx, ask, db)
}

// Unneeded implements packages.Tool. pacman lists those that nothing needs, and what would be needed no more without them.
func (Tool) Unneeded(ctx context.Context, ask packages.Ask) (names []string, _ *packages.Report, err error) {
	got, err := ask(ctx, false, "pacman", "-Qdtq")
	if err != nil || strings.TrimSpace(got.Stdout) == "" {
		return nil, nil, err
	}
	got, err = ask(ctx, false, append([]string{"pacman", "-Rsp", format}, strings.Fields(got.Stdout)...)...)
	if err != nil {
		return nil, nil, err
	}
	if got.RC != 0 {
		return nil, nil, packages.Fault(op.Permanent, "pacman", "pacman -Rs ended with exit code "+strconv.Itoa(got.RC)+"\n"+packages.Short(got.Stderr))
	}
	for name := range lines(got.Stdout) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil, nil
}

// File implements packages.Tool.
func (Tool) File(path string) []string { return []string{"pacman", "-Qp", path} }

// Packed implements packages.Tool.
func (Tool) Packed(said string) (name, version string) {
	name, version, _ = strings.Cut(strings.TrimSpace(said), " ")
	return name, version
}

// ignored marks what pacman's settings keep from upgrades.
func ignored(ctx context.Context, ask packages.Ask, db *packages.Table) error {
	got, err := ask(ctx, false, "pacman-conf", "IgnorePkg")
	if err != nil {
		return err
	}
	for pattern := range strings.FieldsSeq(got.Stdout) {
		for name, p := range db.Packages {
			if ok, err := path.Match(pattern, name); err == nil && ok {
				p.Held = true
				db.Packages[name] = p
			}
		}
	}
	return nil
}

// described is a package as the lists describe it.
type described struct {
	name, version string
	conflicts     []string
}

// maxBatch bounds the names of one question.
const maxBatch = 500

// describe asks the lists for packages. Those that they do not know are left out.
func describe(ctx context.Context, ask packages.Ask, names []string) ([]described, error) {
	var all []described
	for batch := range slices.Chunk(names, maxBatch) {
		got, err := ask(ctx, false, append([]string{"pacman", "-Si"}, batch...)...)
		if err != nil {
			return nil, err
		}
		var d described
		for line := range strings.Lines(got.Stdout) {
			key, value, _ := strings.Cut(line, ":")
			switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
			case "Repository":
				d = described{}
			case "Name":
				d.name = value
			case "Version":
				d.version = value
			case "Conflicts With":
				d.conflicts = strings.Fields(value)
				if packages.IsName(d.name) && packages.IsName(d.version) {
					all = append(all, d)
				}
			}
		}
	}
	return all, nil
}

// Offers implements packages.Tool. Of repositories that have the same package the first counts.
func (Tool) Offers(ctx context.Context, ask packages.Ask, names []string) (map[string]packages.Offer, error) {
	all, err := describe(ctx, ask, names)
	if err != nil {
		return nil, err
	}
	offers := map[string]packages.Offer{}
	for _, d := range all {
		if _, known := offers[d.name]; !known {
			offers[d.name] = packages.Offer{Candidate: d.version, Versions: []string{d.version}}
		}
	}
	return offers, nil
}

// format has pacman print one line for each package of a transaction.
const format = "--print-format=%n|%v"

// Forecast implements packages.Tool. pacman removes and installs in transactions of their own.
func (t Tool) Forecast(ctx context.Context, ask packages.Ask, db packages.Database, job packages.Job) (*packages.Forecast, error) {
	f := &packages.Forecast{}
	if job.Upgrade != "" {
		return f, t.forecastInstall(ctx, ask, db, [][]string{{"pacman", "-Sup", "--noconfirm", format}}, nil, f)
	}
	if len(job.Remove) > 0 {
		if err := t.forecastRemoval(ctx, ask, db, job.Remove, f); err != nil || f.Report != nil {
			return f, err
		}
	}
	if len(job.Install) == 0 {
		return f, nil
	}
	if job.Recommends != nil && *job.Recommends {
		f.Report = &packages.Report{}
		f.Report.Say("pacman installs no optional dependencies; name those that are wanted, and leave install_recommends out")
		return f, nil
	}
	return f, t.forecastInstall(ctx, ask, db, installs(job.Install, "p", "--noconfirm", format), job.Remove, f)
}

// forecastInstall adds what commands say that they would install.
func (t Tool) forecastInstall(ctx context.Context, ask packages.Ask, db packages.Database, commands [][]string, going []string, f *packages.Forecast) error {
	versions := map[string]string{}
	for _, argv := range commands {
		got, err := ask(ctx, false, argv...)
		if err != nil {
			return err
		}
		if got.RC != 0 {
			text := got.Stdout + "\n" + got.Stderr
			f.Report, f.RC, f.Text = t.Listen(got.RC, text), got.RC, text
			return nil
		}
		maps.Copy(versions, lines(got.Stdout))
	}
	coming := make([]string, 0, len(versions))
	for name := range versions {
		coming = append(coming, name)
	}
	slices.Sort(coming)
	for _, name := range coming {
		f.Changes = append(f.Changes, op.PkgChange{Name: name, Before: db.Find(name).Version, After: versions[name]})
	}
	return conflicts(ctx, ask, db, coming, going, f)
}

// conflicts adds the installed packages that those which are to come say they are in
// conflict with: pacman would ask whether to remove them, and is told no.
func conflicts(ctx context.Context, ask packages.Ask, db packages.Database, coming, going []string, f *packages.Forecast) error {
	all, err := describe(ctx, ask, coming)
	if err != nil {
		return err
	}
	for _, d := range all {
		for _, name := range d.conflicts {
			p := db.Find(name)
			if p.Version != "" && name != d.name && !slices.Contains(going, name) && !slices.Contains(f.Gone(), name) {
				f.Changes = append(f.Changes, op.PkgChange{Name: name, Before: p.Version})
			}
		}
	}
	return nil
}

// maxRounds bounds how often a removal is tried with what depends on it.
const maxRounds = 20

// forecastRemoval finds what would have to go along: pacman names what depends on what is to go.
func (t Tool) forecastRemoval(ctx context.Context, ask packages.Ask, db packages.Database, remove []string, f *packages.Forecast) error {
	remove = slices.Clone(remove)
	for range maxRounds {
		got, err := ask(ctx, false, append([]string{"pacman", "-Rp", format}, remove...)...)
		if err != nil {
			return err
		}
		if got.RC == 0 {
			break
		}
		text := got.Stdout + "\n" + got.Stderr
		needing := dependents(text)
		if len(needing) == 0 {
			f.Report, f.RC, f.Text = t.Listen(got.RC, text), got.RC, text
			return nil
		}
		for _, name := range needing {
			if !slices.Contains(remove, name) {
				remove = append(remove, name)
			}
		}
	}
	for _, name := range remove {
		f.Changes = append(f.Changes, op.PkgChange{Name: name, Before: db.Find(name).Version})
	}
	return nil
}

// Commands implements packages.Tool. What goes, goes first: what comes may be in conflict with it.
func (Tool) Commands(job packages.Job) [][]string {
	if job.Upgrade != "" {
		return [][]string{{"pacman", "-Su", "--noconfirm", "--noprogressbar"}}
	}
	var all [][]string
	keeping := slices.DeleteFunc(slices.Clone(job.Remove), func(name string) bool { return slices.Contains(job.Purge, name) })
	if len(job.Purge) > 0 {
		all = append(all, append([]string{"pacman", "-Rn", "--noconfirm", "--noprogressbar"}, job.Purge...))
	}
	if len(keeping) > 0 {
		all = append(all, append([]string{"pacman", "-R", "--noconfirm", "--noprogressbar"}, keeping...))
	}
	return append(all, installs(job.Install, "", "--needed", "--noconfirm", "--noprogressbar")...)
}

// installs are the commands that install targets: files are told in one of their own.
func installs(targets []packages.Target, how string, options ...string) (all [][]string) {
	for _, verb := range []string{"-S", "-U"} {
		argv := append([]string{"pacman", verb + how}, options...)
		none := len(argv)
		for _, target := range targets {
			if target.IsFile() == (verb == "-U") {
				argv = append(argv, target.Name)
			}
		}
		if len(argv) > none {
			all = append(all, argv)
		}
	}
	return all
}

// Refresh implements packages.Tool.
func (Tool) Refresh(string) []string {
	return []string{"pacman", "-Sy", "--noconfirm", "--noprogressbar"}
}

// syncDir is where pacman keeps the lists, a file for each repository.
const syncDir = "var/lib/pacman/sync"

// Fetched implements packages.Tool. The files bear the server's time; when they came, the
// kernel noted.
func (Tool) Fetched(root string) time.Time {
	var oldest time.Time
	for _, name := range packages.Names(root + syncDir) {
		info, err := os.Stat(root + syncDir + "/" + name)
		if err != nil || !strings.HasSuffix(name, ".db") {
			continue
		}
		if sys, ok := info.Sys().(*syscall.Stat_t); ok {
			when := time.Unix(sys.Ctim.Unix())
			if oldest.IsZero() || when.Before(oldest) {
				oldest = when
			}
		}
	}
	return oldest
}
