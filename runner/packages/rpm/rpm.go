// Package rpm reads what rpm says is installed, and compares versions as it does.
//
// It imports runner/op, runner/packages and the standard library only.
package rpm

import (
	"context"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
)

// format has rpm print one line for each package, as Line reads it.
const format = `%{NAME}|%{EPOCHNUM}:%{VERSION}-%{RELEASE}|%{ARCH}\n`

// maxPackages bounds what is kept.
const maxPackages = 200_000

// Installed asks rpm what is installed. Of a package in several versions it is the
// newest. Each is known by its name, and by "name.arch", too.
func Installed(ctx context.Context, ask packages.Ask) (*packages.Table, error) {
	got, err := ask(ctx, false, "rpm", "-qa", "--qf", format)
	if err != nil {
		return nil, err
	}
	if got.RC != 0 {
		return nil, packages.Fault(op.Permanent, "rpm", "rpm -qa ended with exit code "+strconv.Itoa(got.RC)+"\n"+packages.Short(got.Stderr))
	}
	db := &packages.Table{Packages: map[string]packages.Package{}, Arch: map[string]packages.Package{}}
	for line := range strings.Lines(got.Stdout) {
		name, version, arch, _, ok := Line(line)
		if !ok || name == "gpg-pubkey" || len(db.Packages) >= maxPackages {
			continue // a key, which the database keeps among the packages
		}
		keep(db.Packages, name, version)
		keep(db.Arch, name+"."+arch, version)
	}
	return db, nil
}

// File is the command that says which package a file holds.
func File(path string) []string { return []string{"rpm", "-qp", "--qf", format, path} }

func keep(in map[string]packages.Package, name, version string) {
	if old := in[name].Version; old == "" || Compare(old, version) < 0 {
		in[name] = packages.Package{Version: version}
	}
}

// Line reads "name|epoch:version-release|arch|more". An epoch of 0 is not said.
func Line(line string) (name, version, arch, more string, ok bool) {
	name, rest, _ := strings.Cut(strings.TrimSpace(line), "|")
	version, rest, _ = strings.Cut(rest, "|")
	arch, more, _ = strings.Cut(rest, "|")
	version = Plain(version)
	return name, version, arch, more, packages.IsName(name) && packages.IsName(version) && packages.IsName(arch)
}

// Plain is a version without an epoch of 0.
func Plain(version string) string { return strings.TrimPrefix(version, "0:") }
