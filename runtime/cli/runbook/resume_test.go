package runbook

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestResumeWords: hints of connections do not name -u, which froyo resume does not have.
func TestResumeWords(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../testdata/hints.tsv")
	if err != nil {
		t.Fatal(err)
	}
	user := regexp.MustCompile(`(?:^|[ (])-u\b`)
	program := regexp.MustCompile(`(sudo|journalctl .*) -u`)
	looked := 0
	for line := range strings.Lines(string(table)) {
		from, hint, _ := strings.Cut(line, "\t")
		hint, _, _ = strings.Cut(hint, "\t")
		if !strings.HasPrefix(from, "runner/") || !user.MatchString(hint) || program.MatchString(hint) {
			continue
		}
		looked++
		if said := resumeWords.Replace(hint); user.MatchString(said) {
			t.Errorf("%s: %s", from, said)
		}
	}
	if looked < 5 {
		t.Errorf("only %d hints were found", looked)
	}
}
