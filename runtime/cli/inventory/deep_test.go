package inventory

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/inventory"
)

// well is what the script tells of a host on which all is right.
const well = `time 1000
arch x86_64
shell /bin/bash
dir /tmp exec 20000 -
memory 400000
memorymax max
tool gzip
tool sha256sum
init systemd
systemd running
failed
packages apt-get
sessions 10
alive 0
`

// TestFindings has each thing be wrong, and then again as its advice would have it.
func TestFindings(t *testing.T) {
	at := time.Unix(1000, 0)
	judge := func(text, check string) finding {
		for _, f := range read(text).findings(at, at.Add(time.Second)) {
			if f.Check == check {
				return f
			}
		}
		t.Fatalf("nothing is found of %s", check)
		return finding{}
	}
	tests := []struct{ check, from, to, says, advice string }{
		{"directory", "exec 20000", "noexec 20000", "none is of use: /tmp (noexec)", "let one of them have 16 MB, and allow execution"},
		{"directory", "exec 20000", "exec 100", "none is of use: /tmp (full)", "let one of them have 16 MB, and allow execution"},
		{"directory", "exec 20000 -", "exec 20000 3", "none is of use: /tmp (no inodes)", "let one of them have 16 MB, and allow execution"},
		{"memory", "memory 400000", "memory 20000", "19 MB available", "the runner takes some 10 MB, package managers take more: free some, or add swap"},
		{"memory", "memorymax max", "memorymax 16777216", "16 MB available", "the runner takes some 10 MB, package managers take more: free some, or add swap"},
		{"clock", "time 1000", "time 400", "10m0s behind", "set it, by NTP for example: timedatectl set-ntp true"},
		{"clock", "time 1000", "time 90000", "24h43m19s ahead", "set it, by NTP for example: timedatectl set-ntp true"},
		{"clock", "time 1000", "time 631153000", "175319h59m59s ahead", "set it, by NTP for example: timedatectl set-ntp true"},
		{"tools", "tool gzip", "", "sha256sum", "install gzip: without it three times as much is sent"},
		{"systemd", "systemd running\nfailed", "systemd degraded\nfailed a.service", "degraded: a.service", "look at what failed: systemctl status a.service"},
		{"systemd", "systemd running", "systemd starting", "starting", "wait until it is running: systemctl is-system-running --wait"},
		{"systemd", "systemd running", "", "not there; the first process is systemd", "units of services, timers and mounts need it"},
		{"packages", "packages apt-get", "", "no package manager that is known", "units of packages need apt, dnf, zypper or pacman"},
		{"packages", "packages apt-get", "packages apt-get\nlocked /var/lib/dpkg/lock", "apt-get, in use: /var/lib/dpkg/lock", "wait for what has it, which is told by: fuser /var/lib/dpkg/lock"},
		{"sessions", "sessions 10", "sessions 1", "at most 1 in a connection", "one is for each user that acts, and one for a relay: set MaxSessions to 10 in sshd_config"},
		{"lock", "alive 0", "held /run/froyo/lease", "held: /run/froyo/lease", "another run changes the host: wait, or see froyo lock list"},
	}
	for _, tt := range tests {
		t.Run(tt.check+" "+tt.says, func(t *testing.T) {
			if f := judge(well, tt.check); !f.OK || f.Advice != "" {
				t.Errorf("where all is right: %+v", f)
			}
			if f := judge(strings.Replace(well, tt.from, tt.to, 1), tt.check); f.OK || f.Says != tt.says || f.Advice != tt.advice {
				t.Errorf("got %+v, want %q, %q", f, tt.says, tt.advice)
			}
		})
	}
	if f := judge("tool zstd\n", "tools"); !f.OK || f.Says != "zstd" { // it unpacks the runner, too
		t.Errorf("got %+v", f)
	}
	if f := judge("dir /a missing - -\ndir /b exec - -\n", "directory"); !f.OK || f.Says != "/b; df does not tell what is free; not /a (missing)" {
		t.Errorf("got %+v", f)
	}
}

// TestReached: a host on which sudo allows some commands only is told of, with what to allow.
func TestReached(t *testing.T) {
	h := &inventory.Host{Name: "h1", Connection: inventory.SSH}
	c := &checked{User: "ops", ActsAs: "root by sudo", Limit: "/usr/bin/apt"}
	want := finding{"become", false, "acts as root by sudo, only /usr/bin/apt", "units that need other commands fail: let sudoers allow /bin/sh"}
	if found := reached(h, c); len(found) != 3 || found[2] != want {
		t.Errorf("got %+v", found)
	}
	c.Limit = ""
	if found := reached(h, c); !found[2].OK || found[2].Advice != "" {
		t.Errorf("once sudo allows /bin/sh: %+v", found)
	}
}

// TestFindingsOfNonsense: what a host prints is only text.
func TestFindingsOfNonsense(t *testing.T) {
	for _, text := range []string{"", "\x00\xff\n", "dir\ndir a\ntime x\nmemory -\nsessions\n", "systemd \x1b[31mred\n", strings.Repeat("dir / exec 1 1\n", 10000)} {
		for _, f := range read(text).findings(time.Now(), time.Now()) {
			if f.Says == "" && f.Check != "tools" || strings.ContainsRune(f.Says, 0x1b) {
				t.Errorf("%q: %+v", text[:min(len(text), 20)], f)
			}
		}
	}
}

// TestDeepScript has this machine told by the script, by each shell that there is.
func TestDeepScript(t *testing.T) {
	for _, shell := range []string{"sh", "bash", "dash", "busybox", "mksh"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		argv := []string{path, "-c", deepScript}
		if shell == "busybox" {
			argv = []string{path, "sh", "-c", deepScript}
		}
		cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
		began := time.Now()
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", shell, err)
		}
		for _, f := range read(string(out)).findings(began, time.Now()) {
			switch f.Check {
			case "shell", "architecture", "directory", "memory", "clock", "tools":
				if !f.OK || f.Says == "unknown" {
					t.Errorf("%s: %+v", shell, f)
				}
			}
		}
	}
}

// TestCheckTable shows an error in a word, and leaves columns out where a terminal is narrow.
func TestCheckTable(t *testing.T) {
	all := []checked{
		{Host: "web1", Answers: true, User: "ops", Address: "192.0.2.11:22", By: "ssh-ed25519 SHA256:x", Source: "~/.ssh/id_ed25519", ActsAs: "root by sudo", System: "Debian GNU/Linux"},
		{Host: "web2", User: "ops", Address: "192.0.2.12:22", Error: strings.Repeat("a long error ", 20), short: "host key"},
	}
	for _, columns := range []int{0, 80, 60, 30} {
		table, gone := checkTable(all, columns)
		for line := range strings.Lines(table) {
			if columns > 30 && len(line) > columns+1 {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
		if !strings.Contains(table, "host key\n") || strings.Contains(table, "long error") || (columns == 0) != (len(gone) == 0) {
			t.Errorf("%d columns, without %q:\n%s", columns, gone, table)
		}
	}
}
