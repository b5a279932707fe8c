package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tutorialBlock is a block of code of the tutorial: commands, what they print among other things, or a file.
var tutorialBlock = regexp.MustCompile("(?ms)^```([a-z]+)(?: ([^\n]+))?\n(.*?)^```$")

// TestLabTutorial does what docs/tutorial.md says, from an empty directory, on three hosts.
func TestLabTutorial(t *testing.T) {
	f := start(t, 3)
	t.Cleanup(func() {
		f.each(t, "apt-get -qq -y purge 'nginx*' >/dev/null 2>&1; rm -rf /srv/shop /etc/nginx; true")
	})
	text, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for i, h := range f.hosts {
		page = strings.ReplaceAll(page, "192.0.2.1"+strconv.Itoa(i+1), h.Addr)
	}
	key, err := os.ReadFile(f.hosts[0].KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, ".ssh/id_ed25519", string(key))
	f.write(t, "bin/froyo", "#!/bin/sh\nexec "+f.binary+" \"$@\"\n")
	if err := os.Chmod(filepath.Join(f.dir, "bin/froyo"), 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	var printed string
	blocks := tutorialBlock.FindAllStringSubmatch(page, -1)
	if len(blocks) < 15 {
		t.Fatalf("%d blocks: that cannot be all", len(blocks))
	}
	for _, b := range blocks {
		language, name, body := b[1], b[2], b[3]
		switch {
		case language == "sh":
			printed = f.shell(t, body)
		case language == "text":
			for line := range strings.Lines(body) {
				if words := strings.TrimSpace(line); !strings.Contains(blanks(printed), words) {
					t.Errorf("nothing printed %q", words)
				}
			}
		case name == "":
			t.Errorf("a block in %s is no file: %s", language, body)
		case strings.HasPrefix(name, "+"):
			before, err := os.ReadFile(filepath.Join(f.dir, "shop", name[1:]))
			if err != nil {
				t.Fatal(err)
			}
			f.write(t, "shop/"+name[1:], string(before)+body)
		default:
			f.write(t, "shop/"+name, body)
		}
	}
	f.clean(t)
}

// shell runs commands of the tutorial in its directory, and fails the test where one fails.
func (f *froyo) shell(t *testing.T, commands string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-ec", "[ ! -d shop ] || cd shop\n"+commands)
	cmd.Dir = f.dir
	cmd.Env = append(os.Environ(), "HOME="+f.dir, "XDG_STATE_HOME="+f.dir+"/state", "SSH_AUTH_SOCK=", "PATH="+f.dir+"/bin:"+os.Getenv("PATH"),
		"FROYO_KNOWN_HOSTS="+filepath.Join(f.dir, "known_hosts"))
	out, err := cmd.CombinedOutput()
	t.Logf("$ %s\n%s", commands, out)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return string(out)
}

// blanks is a text whose columns are parted by one blank.
func blanks(text string) string {
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(text, " ")
}
