package dnf

import (
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/rpm"
)

// maxTable bounds the packages that are read of a transaction.
const maxTable = 20_000

// table reads the transaction that dnf shows before it asks whether to go on. It is
// complete where nothing was skipped to make it possible.
//
//	Installing:
//	 fy-app             noarch             1.1-1               fy             6.0 k
//	     replacing  fy-old.noarch 1.0-1
//	Removing dependent packages:
//	 fy-top             noarch             1.0-1               @fy              4
func table(text string, db *packages.Table) (changes []op.PkgChange, complete bool) {
	section, skipped := "", false
	var words []string // of the package that is being read
	take := func() {
		if len(words) >= 3 && len(changes) < maxTable {
			if c, ok := change(section, words, db); ok {
				changes = append(changes, c)
			}
		}
		words = nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		fields := strings.Fields(line)
		switch {
		case line == "Transaction Summary" || line == "Transaction Summary:":
			take()
			return changes, len(changes) > 0 && !skipped
		case len(fields) == 0:
		case !strings.HasPrefix(line, " "):
			take()
			section = strings.TrimSuffix(line, ":")
			skipped = skipped || strings.HasPrefix(section, "Skipping ")
		case fields[0] == "Problem:" || strings.HasPrefix(fields[0], "Problem"):
			skipped = true
		case fields[0] == "replacing" && len(fields) > 1:
			take()
			words = nil
			if c, ok := replaced(fields[1:], db); ok && removes(section) {
				changes = append(changes, c)
			}
		case strings.HasPrefix(line, "  ") && len(words) > 0:
			words = append(words, fields...) // a long name stands on a line of its own
		default:
			take()
			words = fields
		}
	}
	return nil, false
}

// removes reports whether what is replaced in a section goes: the older version of an upgrade is replaced, too.
func removes(section string) bool {
	return strings.HasPrefix(section, "Installing") || section == "Upgrading"
}

// change reads the words of a package in a section.
func change(section string, words []string, db *packages.Table) (op.PkgChange, bool) {
	name, version := words[0], rpm.Plain(words[2])
	c := op.PkgChange{Name: name, Before: db.Packages[name].Version, After: version}
	if !packages.IsName(name) || !packages.IsName(version) {
		return c, false
	}
	verb, _, _ := strings.Cut(section, " ")
	switch verb {
	case "Removing":
		c.Before, c.After = version, ""
		return c, true
	case "Installing", "Upgrading", "Downgrading", "Reinstalling":
		return c, true
	}
	return c, false
}

// replaced reads "fy-old.noarch 1.0-1", or "fy-old noarch 1.0-1" as dnf 5 prints it. The same
// package in an older version is no removal.
func replaced(words []string, db *packages.Table) (op.PkgChange, bool) {
	name := words[0]
	if p, ok := db.Packages[name]; ok {
		return op.PkgChange{Name: name, Before: p.Version}, len(words) == 2
	}
	if at := strings.LastIndexByte(name, '.'); at > 0 {
		name = name[:at]
	}
	p, ok := db.Packages[name]
	return op.PkgChange{Name: name, Before: p.Version}, ok
}
