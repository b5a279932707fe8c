package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	codeSpan   = regexp.MustCompile("`([^`]+)`")
	argument   = regexp.MustCompile(`^(when|notify|retry|on_failure|ignore_failure|become|run_as|run_once|throttle|timeout|tags|sensitive) = `)
	expression = regexp.MustCompile(`^([a-z_]+ = )?[a-z_.]+\(|^host\.[a-z]+$`)
)

// ansibleRow is a line of a table of docs/from-ansible.md.
type ansibleRow struct {
	section, ansible, froyo string
}

func (r ansibleRow) spans() (texts []string) {
	for _, m := range codeSpan.FindAllStringSubmatch(r.froyo, -1) {
		texts = append(texts, strings.ReplaceAll(m[1], "\x00", "|"))
	}
	return texts
}

// ansibleRows reads the page's tables, and its code blocks by their language.
func ansibleRows(t *testing.T) (rows []ansibleRow, blocks map[string]string) {
	t.Helper()
	text, err := os.ReadFile("docs/from-ansible.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks = map[string]string{}
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		blocks[m[1]] = m[2]
	}
	section, began := "", false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "## "):
			section, began = strings.TrimPrefix(line, "## "), false
		case strings.HasPrefix(line, "|---"):
			began = true
		case strings.HasPrefix(line, "|") && began:
			cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
			if len(cells) != 4 {
				t.Fatalf("not two columns: %s", line)
			}
			rows = append(rows, ansibleRow{section, cells[1], strings.TrimSpace(cells[2])})
		}
	}
	return rows, blocks
}

// ansibleRunbook collects what the rows tell to write: each expression for a host of its own, so that units of one name
// do not meet.
type ansibleRunbook struct {
	loads, body strings.Builder
	hosts       []string
}

// add takes a span, if it is an expression of the language.
func (b *ansibleRunbook) add(span string) bool {
	host := fmt.Sprintf("r%d", len(b.hosts))
	switch {
	case strings.HasPrefix(span, "load("):
		if !strings.Contains(b.loads.String(), span) {
			b.loads.WriteString(span + "\n")
		}
		return true
	case strings.HasPrefix(span, "play("):
		b.body.WriteString(strings.Replace(span, `"web", hosts = "web"`, fmt.Sprintf("%q, hosts = %q", host, host), 1) + "\n")
	case argument.MatchString(span):
		fmt.Fprintf(&b.body, "play(%q, hosts = %q, do = lambda host: cmd('true', %s))\n", host, host, span)
	case strings.HasPrefix(span, "fail("):
		fmt.Fprintf(&b.body, "def %s(host):\n    lambda: %s\nplay(%q, hosts = %q, do = %s)\n", host, span, host, host, host)
	case expression.MatchString(span):
		fmt.Fprintf(&b.body, "def %s(host):\n    %s\nplay(%q, hosts = %q, do = %s)\n", host, span, host, host, host)
	default:
		return false
	}
	b.hosts = append(b.hosts, host)
	return true
}

// text is the runbook, with the functions that the rows name.
func (b *ansibleRunbook) text() string {
	return b.loads.String() + "def tasks(host):\n    cmd('true')\ndef healthy(host):\n    cmd('true', name = 'healthy')\n" +
		"def drain(host):\n    cmd('true', name = 'drain')\ndef undrain(host):\n    cmd('true', name = 'undrain')\n" + b.body.String()
}

// TestFromAnsible evaluates what docs/from-ansible.md tells to write, and looks up the flags.
func TestFromAnsible(t *testing.T) {
	rows, _ := ansibleRows(t)
	reference, _, _ := froyo(t, t.TempDir(), "docs")
	var b ansibleRunbook
	checked := 0
	for _, r := range rows {
		if r.section == "Patterns" {
			continue
		}
		checkMissing(t, r, reference)
		for _, span := range r.spans() {
			switch {
			case strings.HasPrefix(span, "froyo "):
				checkCommand(t, span)
			case strings.HasPrefix(span, "-"):
				checkCommand(t, "froyo apply "+strings.Fields(span)[0])
			case strings.HasPrefix(span, "host.facts."):
				checkFact(t, span, reference)
			case !b.add(span):
				continue
			}
			checked++
		}
	}
	if checked < 90 {
		t.Errorf("only %d expressions and flags were checked", checked)
	}
	dir := runbook(t, b.text())
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lib", "web.star"), []byte("web = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "files/app"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"app.tar.gz", "setup.sh"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, stderr, code := froyo(t, dir, "validate", "-i", strings.Join(b.hosts, ",")+","); code != 0 {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// checkMissing shows that what a row calls missing is no resource type.
func checkMissing(t *testing.T, r ansibleRow, reference string) {
	t.Helper()
	if !strings.HasPrefix(r.froyo, "Not yet.") {
		return
	}
	for _, m := range codeSpan.FindAllStringSubmatch(r.ansible, -1) {
		if strings.Contains(reference, "\n## "+m[1]+"\n") {
			t.Errorf("%s: froyo has %s now", r.ansible, m[1])
		}
	}
}

// checkFact looks up a fact, which validate cannot read without a host.
func checkFact(t *testing.T, span, reference string) {
	t.Helper()
	parts := strings.Split(span, ".") // host.facts.os.basic.family
	namespace := strings.Join(parts[2:4], ".")
	_, section, found := strings.Cut(reference, "\n## "+namespace+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !found || len(parts) > 4 && !strings.Contains(section, "| `"+parts[4]+"` |") {
		t.Errorf("there is no fact %s", span)
	}
}

// checkCommand looks up a command with its flags in the command's help.
func checkCommand(t *testing.T, line string) {
	t.Helper()
	var command, flags []string
	for _, word := range strings.Fields(line)[1:] {
		switch {
		case strings.HasPrefix(word, "-"):
			flags = append(flags, word)
		case !strings.Contains(word, "."):
			command = append(command, word)
		}
	}
	help, stderr, code := froyo(t, t.TempDir(), append(command, "--help")...)
	if code != 0 {
		t.Errorf("%s: %s", line, stderr)
	}
	for _, flag := range flags {
		if !regexp.MustCompile(`(?m)^ +(-\w, +)?(--\[no-\])?` + regexp.QuoteMeta(flag) + `\b|^ +` + flag + `, `).MatchString(help) {
			t.Errorf("%s: there is no flag %s", line, flag)
		}
	}
}

// TestPatternsFromAnsible selects the hosts of each pattern that docs/from-ansible.md lists.
func TestPatternsFromAnsible(t *testing.T) {
	rows, blocks := ansibleRows(t)
	dir := runbook(t, "play('p', hosts = 'all', do = lambda host: cmd('true'))\n")
	if err := os.WriteFile(filepath.Join(dir, "hosts.ini"), []byte(blocks["ini"]), 0o600); err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, r := range rows {
		if r.section != "Patterns" {
			continue
		}
		pattern := codeSpan.FindStringSubmatch(r.ansible)[1]
		out, stderr, code := froyo(t, dir, "plan", "--list-hosts", "--json", "-i", "hosts.ini", "-l", pattern)
		if code != 0 {
			t.Errorf("%s: %s", pattern, stderr)
			continue
		}
		var listed struct{ Plays []struct{ Hosts []string } }
		if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed.Plays) != 1 {
			t.Fatalf("%v: %s", err, out)
		}
		if got := strings.Join(listed.Plays[0].Hosts, " "); got != r.froyo {
			t.Errorf("%s: got %q, the page says %q", pattern, got, r.froyo)
		}
		checked++
	}
	if checked < 5 {
		t.Errorf("only %d patterns were checked", checked)
	}
}
