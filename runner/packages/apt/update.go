package apt

import (
	"os"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/packages"
)

// Where the package lists are, and what some hosts touch when they were fetched.
const (
	listsDir    = "var/lib/apt/lists"
	updateStamp = "var/lib/apt/periodic/update-success-stamp"
)

// Refresh implements packages.Tool.
func (t *Tool) Refresh(source string) []string {
	argv := []string{"-o", "APT::Update::Error-Mode=any"}
	if source != "" {
		argv = append(argv, "-o", "Dir::Etc::sourcelist="+source, "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0")
	}
	return t.aptGet(append(argv, "update")...)
}

// Fetched implements packages.Tool.
func (*Tool) Fetched(root string) time.Time {
	if !slices.ContainsFunc(packages.Names(root+listsDir), func(name string) bool { return strings.Contains(name, "_") }) {
		return time.Time{} // nothing but the lock and directories
	}
	info, err := os.Stat(root + listsDir)
	if err != nil {
		return time.Time{}
	}
	when := info.ModTime()
	if info, err := os.Stat(root + updateStamp); err == nil && info.ModTime().After(when) {
		when = info.ModTime()
	}
	return when
}

// stamp notes when the lists were fetched: apt leaves the directory as it is where
// nothing in it was new. Without being root the directory's own time has to do.
func (t *Tool) stamp(when time.Time) {
	_ = os.Chtimes(t.root+listsDir, when, when) // a wrong age costs an update
	_ = os.Chtimes(t.root+updateStamp, when, when)
}
