package apt

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/apt/said"
	"github.com/openfroyo/froyo/runner/op"
)

// Where the package lists are, and what some hosts touch when they were fetched.
const (
	listsDir    = "var/lib/apt/lists"
	maxLists    = 10_000 // files that are looked at
	updateStamp = "var/lib/apt/periodic/update-success-stamp"
)

// update fetches the package lists, unless they are young enough.
func (t *transaction) update(ctx context.Context) error {
	before := t.updated()
	if t.young(before) {
		return nil
	}
	o, err := t.aptGet(ctx, "-o", "APT::Update::Error-Mode=any", "update")
	if err != nil {
		return err
	}
	if why := missed(o); why != "" {
		t.stampLists(before) // else a part that came would make all of them young
		return fault(op.Transient, "update", "fetching the package lists failed: "+why+"\n"+said.Tail(o.text))
	}
	t.stampLists(time.Now())
	return nil
}

// young reports whether lists of that time need not be fetched again.
func (t *transaction) young(fetched time.Time) bool {
	age := time.Since(fetched)
	return t.ask.Valid > 0 && age >= 0 && age < time.Duration(t.ask.Valid)*time.Second
}

// missed returns why lists were not fetched, "" where they were. An apt that
// does not know the option only warns.
func missed(o *outcome) string {
	why := ""
	for line := range strings.SplitSeq(o.text, "\n") {
		_, rest, _ := strings.Cut(line, ": ")
		bad := strings.HasPrefix(line, "E: ") ||
			strings.HasPrefix(line, "W: ") && (strings.HasPrefix(rest, "Failed to fetch ") || strings.HasPrefix(rest, "Some index files failed"))
		if bad {
			why = said.Short(rest)
			break
		}
	}
	if why == "" && o.rc != 0 {
		why = "apt ended with exit code " + itoa(o.rc)
	}
	return why
}

// updated is when the package lists were last fetched, zero where there are none.
func (t *transaction) updated() time.Time {
	dir, err := os.Open(t.apt.host.Root + listsDir)
	if err != nil {
		return time.Time{}
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(maxLists) // what was read before an error counts
	if !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(name, "_") }) {
		return time.Time{} // nothing but the lock and directories
	}
	info, err := dir.Stat()
	if err != nil {
		return time.Time{}
	}
	when := info.ModTime()
	if info, err := os.Stat(t.apt.host.Root + updateStamp); err == nil && info.ModTime().After(when) {
		when = info.ModTime()
	}
	return when
}

// stampLists notes when the lists were fetched: apt leaves the directory as it is
// where nothing in it was new. Without being root the directory's own time has to do.
func (t *transaction) stampLists(when time.Time) {
	if t.apt.host.Sudo == nil && !when.IsZero() {
		_ = os.Chtimes(t.apt.host.Root+listsDir, when, when) // a wrong age costs an update
	}
}
