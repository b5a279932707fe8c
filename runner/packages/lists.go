package packages

import (
	"os"
	"time"
)

// Oldest looks at the lists of repositories, a directory each below dir, in whose
// directory within the files are: it is when the first of them was fetched, zero for none.
func Oldest(dir, within string) time.Time {
	var oldest time.Time
	for _, name := range Names(dir) {
		newest := newest(dir + "/" + name + "/" + within)
		if !newest.IsZero() && (oldest.IsZero() || newest.Before(oldest)) {
			oldest = newest
		}
	}
	return oldest
}

// newest is when the last of the files in a directory was touched, as managers do
// with one of them where they found nothing new.
func newest(dir string) time.Time {
	var when time.Time
	for _, name := range Names(dir) {
		if info, err := os.Stat(dir + "/" + name); err == nil && info.ModTime().After(when) {
			when = info.ModTime()
		}
	}
	return when
}

// maxFiles bounds how many files of a directory are looked at.
const maxFiles = 10_000

// Names lists what is in a directory, nothing where there is none.
func Names(dir string) []string {
	f, err := os.Open(dir) //nolint:gosec // the path is the manager's
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(maxFiles) // what was read before an error counts
	return names
}
