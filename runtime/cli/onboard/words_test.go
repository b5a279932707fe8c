package onboard

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestWords: hints of connections name no flag that the command does not have.
func TestWords(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile("../testdata/hints.tsv")
	if err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`(\S*)(?:^|[ (])(-[ukKl]|--[a-z-]+)\b`)
	others := map[string]bool{"sudo": true, "journalctl": true, "sshd": true, "chattr": true, "sed": true, "ssh": true, "-u": true}
	parser, err := kong.New(&Command{})
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Children {
		command, ok := reflect.TypeAssert[interface{ words() *strings.Replacer }](node.Target.Addr())
		if !ok {
			continue
		}
		has := map[string]bool{}
		for _, f := range node.Flags {
			has["--"+f.Name] = true
			has["-"+string(f.Short)] = true
		}
		looked := 0
		for line := range strings.Lines(string(table)) {
			from, hint, _ := strings.Cut(line, "\t")
			hint, _, _ = strings.Cut(hint, "\t")
			if !strings.HasPrefix(from, "runner/") || strings.HasPrefix(from, "runner/command") {
				continue
			}
			for _, m := range ours.FindAllStringSubmatch(command.words().Replace(hint), -1) {
				looked++
				if !has[m[2]] && !others[m[1]] {
					t.Errorf("%s has no %s: %s", node.Name, m[2], command.words().Replace(hint))
				}
			}
		}
		if looked < 5 {
			t.Errorf("%s: only %d flags were found", node.Name, looked)
		}
	}
}
