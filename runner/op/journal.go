package op

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// KindJournal is the kind of Journal.
const KindJournal Kind = "journal.read"

// Journal asks which commands of a run were performed by runners that did not
// come to a clean end. The controller asks for it, never a guest.
type Journal struct {
	Run string `json:"run"`
	// Since is when this attempt at the run began, in milliseconds since 1970. Tokens
	// of locks that are lower are of earlier attempts, whose runners may still live.
	Since int64 `json:"since,omitempty"`
	// WaitMS is how long to wait for what those runners left running to end.
	WaitMS int64 `json:"wait_ms,omitempty"`
}

func (j *Journal) kind() Kind      { return KindJournal }
func (j *Journal) changes() bool   { return false }
func (j *Journal) subject() string { return j.Run }
func (j *Journal) validate() error {
	if !IsRun(j.Run) {
		return errors.New("run " + strconv.Quote(j.Run) + " is no name of a run")
	}
	if j.WaitMS < 0 {
		return errors.New("the wait is negative")
	}
	return nil
}

// check refuses what is no entry of the run that was asked about.
func (j *Journal) check(r *Result) error {
	if r.Journal == nil {
		return errOtherKind
	}
	for i := range r.Journal.Entries {
		if err := r.Journal.Entries[i].Validate(j.Run); err != nil {
			return err
		}
	}
	return nil
}

// JournalResult holds what was performed, in that order; More says that the
// beginning is left out because there is too much.
type JournalResult struct {
	Entries []JournalEntry `json:"entries,omitempty"`
	More    bool           `json:"more,omitempty"`
	// Running is what those runners left running, and still runs.
	Running []Process `json:"running,omitempty"`
}

// shorten keeps the latest entries.
func (r *JournalResult) shorten() bool {
	if len(r.Entries) == 0 {
		return false
	}
	r.More = true
	r.Entries = r.Entries[(len(r.Entries)+1)/2:]
	return true
}

// JournalEntry is a command that was performed. Its answer may have been lost.
type JournalEntry struct {
	Key string `json:"key"`
	// OK says that the result was no error, and no program's exit code but 0.
	OK bool `json:"ok"`
	// Digest is that of the result, as commands expect it.
	Digest string `json:"digest"`
}

// Validate checks that the entry is one of a run.
func (e *JournalEntry) Validate(run string) error {
	if err := CheckKey(e.Key); err != nil {
		return err
	}
	if RunOf(e.Key) != run {
		return errors.New("the key " + strconv.Quote(e.Key) + " is of another run")
	}
	if len(e.Digest) != 64 || strings.Trim(e.Digest, "0123456789abcdef") != "" {
		return errors.New("the digest of " + strconv.Quote(e.Key) + " is not a SHA-256 in hex")
	}
	return nil
}

// The longest names.
const (
	maxRun = 128
	maxKey = 1 << 10
)

// CheckKey checks the key of a command: RUN:REST, printable, and not too long.
func CheckKey(key string) error {
	switch run, rest, ok := strings.Cut(key, ":"); {
	case len(key) > maxKey:
		return errors.New("a key is longer than " + strconv.Itoa(maxKey) + " bytes")
	case !ok || rest == "" || !IsRun(run):
		return errors.New("the key " + strconv.Quote(key) + " is not RUN:REST")
	case !utf8.ValidString(rest) || strings.ContainsFunc(rest, func(r rune) bool { return !strconv.IsPrint(r) }):
		return errors.New("the key " + strconv.Quote(key) + " cannot be printed")
	}
	return nil
}

// RunOf returns the run of a key.
func RunOf(key string) string {
	run, _, _ := strings.Cut(key, ":")
	return run
}

// IsRun reports whether a name can be a run's: it names a directory on the host, and is
// an argument of commands in hints, so that it is no option.
func IsRun(name string) bool {
	if name == "" || len(name) > maxRun || name[0] == '.' || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
