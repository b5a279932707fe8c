// Package lockout says what on a host decides whether one gets in to it: paths, services, packages, users and groups. Units that
// change those are applied under guard, whatever their type. The tables are in tables.go; docs/guard.md shows them.
//
// It imports the standard library only.
package lockout

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// Path reports whether what is at a path, in its one spelling, decides who gets in. whole is that all that is below the path is
// meant as well: then directories above such paths do, too.
func Path(p string, whole bool) bool {
	return hasUnit(p) || slices.ContainsFunc(names(Paths), func(way string) bool { return below(p, way) || whole && below(way, p) }) ||
		whole && slices.ContainsFunc(unitDirs, func(dir string) bool { return below(dir, p) && !strings.HasPrefix(dir, "/usr/local/") }) // which mostly is not there
}

// below reports whether a path is at, or below, one whose components may be patterns. Both may have them.
func below(p, way string) bool {
	if way == "/" {
		return true
	}
	parts, want := strings.Split(p, "/"), strings.Split(way, "/")
	if len(parts) < len(want) {
		return false
	}
	for i, w := range want {
		if w != "*" && parts[i] != "*" && parts[i] != w {
			return false
		}
	}
	return true
}

// unitDirs are where units of services are, with links to them, and what adds to them.
var unitDirs = []string{
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
	"/run/systemd/transient", "/etc/systemd/system.control", "/etc/init.d", "/etc/conf.d",
}

// kindsOfUnits are what adds to all units of a kind, and so to those that let one in.
var kindsOfUnits = []string{"service.d", "socket.d"}

// hasUnit reports whether a path is of a unit that lets one in.
func hasUnit(p string) bool {
	for _, dir := range unitDirs {
		rest, is := strings.CutPrefix(p, dir+"/")
		if !is {
			continue
		}
		for part := range strings.SplitSeq(rest, "/") {
			if Service(strings.TrimSuffix(part, ".d")) || slices.Contains(kindsOfUnits, part) || adds(part) {
				return true
			}
		}
	}
	return false
}

// adds reports whether a directory adds to all units whose names begin alike, one that lets in among them: systemd-.service.d.
func adds(part string) bool {
	prefix, is := strings.CutSuffix(part, "-.service.d")
	return is && slices.ContainsFunc(names(Services), func(name string) bool { return strings.HasPrefix(name, prefix+"-") })
}

// libraries are where the libraries of the platforms are, for a *.
var libraries = []string{"x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu", "arm-linux-gnueabihf", "i386-linux-gnu"}

// Ways are the paths of the tables and the directories of units, as a host can be asked for them, with those in the home of who logs
// in. What leads to one of them by another name is judged by that one's: see Path and Home.
func Ways(login, home string) []string {
	all := slices.Clone(unitDirs)
	for _, p := range names(Paths) {
		if !strings.Contains(p, "*") {
			all = append(all, p)
			continue
		}
		for _, name := range libraries {
			all = append(all, strings.Replace(p, "*", name, 1))
		}
	}
	if home = homeOf(login, home); home != "" {
		for _, name := range names(InHome) {
			all = append(all, home+"/"+name)
		}
	}
	return all
}

// OfUnits reports whether a path is in a directory of units, where names tell what is guarded.
func OfUnits(p string) bool {
	return slices.ContainsFunc(unitDirs, func(dir string) bool { return below(p, dir) })
}

// Service reports whether a service lets one in. Those of systemd may be called with the kind of the unit behind their name, and
// be instances of a template.
func Service(name string) bool {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".service"), ".socket")
	if template, _, is := strings.Cut(name, "@"); is && slices.Contains(names(Services), template+"@") {
		return true
	}
	return slices.Contains(names(Services), name)
}

// architectures are how names end that say which, as rpm writes them.
var architectures = strings.Fields(".noarch .x86_64 .i386 .i486 .i586 .i686 .aarch64 .armv7hl .armv7hnl .armv6hl .riscv64 .ppc64le .s390x")

// Mounts is where a unit of systemd mounts something, by its name, "" where it mounts nothing.
func Mounts(name string) string {
	stem, is := strings.CutSuffix(name, ".mount")
	if !is {
		stem, is = strings.CutSuffix(name, ".automount")
	}
	if !is {
		return ""
	}
	if stem == "-" {
		return "/"
	}
	var b strings.Builder
	b.WriteByte('/')
	for i := 0; i < len(stem); i++ {
		switch c := stem[i]; {
		case c == '-':
			b.WriteByte('/')
		case c == '\\' && i+3 < len(stem) && stem[i+1] == 'x':
			n, err := strconv.ParseUint(stem[i+2:i+4], 16, 8)
			if err != nil {
				return ""
			}
			b.WriteByte(byte(n))
			i += 3
		default:
			b.WriteByte(c)
		}
	}
	return path.Clean(b.String())
}

// Package reports whether one may not get in without a package.
func Package(name string) bool {
	name, _, _ = strings.Cut(name, ":") // of an architecture, as dpkg writes it
	if arch := path.Ext(name); slices.Contains(architectures, arch) {
		name = strings.TrimSuffix(name, arch)
	}
	return slices.Contains(names(Packages), name)
}

// User reports whether one may not get in without a user, whoever logs in.
func User(name string) bool { return slices.Contains(names(Users), name) }

// Group reports whether one may not get in without a group, whoever logs in.
func Group(name string) bool { return slices.Contains(names(Groups), name) }

// Home reports whether what is at a path decides whether a user gets in: it is the user's home, or what in that is read by who logs
// in. whole is that all that is below the path is meant as well. home is "" where it is not known: then it is where homes mostly are,
// and what is called like the user is one, too.
func Home(p string, whole bool, login, home string) bool {
	if login == "" && home == "" {
		return false
	}
	known := home != ""
	home = homeOf(login, home)
	if whole && below(home, p) {
		return true
	}
	for _, name := range names(InHome) {
		if at := home + "/" + name; below(p, at) || whole && below(at, p) {
			return true
		}
		if before, _, is := strings.Cut(p+"/", "/"+name+"/"); is && !known && path.Base(before) == login {
			return true
		}
	}
	return false
}

// homeOf is a home that is known, or where that of a user mostly is; "" is that nothing is known of either.
func homeOf(login, home string) string {
	switch {
	case home != "" || login == "":
		return home
	case login == "root":
		return "/root"
	}
	return "/home/" + login
}
