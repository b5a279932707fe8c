package dial_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/target"
)

// answering is a runner that answers every command as a stat of nothing.
const answering = `while read -r line; do case $line in
*'"exit"'*) echo '{"bye":{}}'; exit 0;;
*'"cmd"'*) id=${line#*'"id":'}; id=${id%%[,\}]*}; echo '{"done":{"id":'$id',"result":{"fs.stat":{"exists":false,"uid":0,"gid":0}}}}';;
esac; done`

func TestBootstrap(t *testing.T) {
	tests := []struct {
		name    string
		without []string
		change  func(*testing.T, *host)
	}{
		{"plain", nil, nil},
		{"no gzip", []string{"gzip", "zstd"}, nil},
		{"near", []string{"gzip", "zstd"}, func(_ *testing.T, h *host) { h.near = true }},
		{"another program for sums", []string{"gzip", "zstd", "sha256sum"}, func(t *testing.T, h *host) {
			sum, err := exec.LookPath("sha256sum")
			if err != nil {
				t.Skip("needs sha256sum")
			}
			h.install(t, "openssl", `[ "$*" = "dgst -sha256 -r" ] && exec `+sum)
		}},
		{"noise before", nil, func(_ *testing.T, h *host) { h.noise = "Welcome\x1b[2J to\r\nthe host, \xff and no newline" }},
		{"noise that repeats the line", nil, func(_ *testing.T, h *host) { h.shell = []string{"/bin/sh", "-v"} }},
		{"a shell that traces", nil, func(_ *testing.T, h *host) { h.shell = []string{"/bin/sh", "-x"} }},
		{"full directory first", nil, func(t *testing.T, h *host) {
			needRoot(t)
			h.before = "mount -t tmpfs -o nr_inodes=1 tmpfs " + h.dir
		}},
		{"full disk first", nil, func(t *testing.T, h *host) {
			needRoot(t)
			h.dir = "/mnt"
			h.before = "mount -t tmpfs -o size=4k tmpfs /mnt && yes | head -c 4096 >/mnt/full"
		}},
		{"noexec first", nil, func(t *testing.T, h *host) {
			needRoot(t)
			h.before = "mount -t tmpfs -o noexec tmpfs " + h.dir
		}},
		{"read-only first", nil, func(t *testing.T, h *host) {
			needRoot(t)
			h.before = "mount -t tmpfs -o ro tmpfs " + h.dir
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, test.without...)
			if test.change != nil {
				test.change(t, h)
			}
			s := h.open(t, dial.Options{Binary: scripted(t, answering)})
			if _, err := s.Do(t.Context(), []target.Step{stat("/a"), stat("/b")}); err != nil {
				e, _ := errors.AsType[*target.Error](err)
				t.Errorf("%v\n%+v", err, e)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// TestLoginShells passes the bootstrap, plain and wrapped by sudo, through
// shells with rules of their own.
func TestLoginShells(t *testing.T) {
	for _, shell := range []string{"sh", "bash", "dash", "zsh", "mksh", "tcsh", "csh", "fish", "busybox"} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip("needs the shell ", shell)
			}
			h := newHost(t)
			h.shell = []string{path}
			if shell == "busybox" {
				h.shell = []string{path, "sh"}
			}
			h.install(t, "sudo", fakeSudo)
			s := h.open(t, dial.Options{Binary: scripted(t, answering), Become: func() (string, error) { return "right", nil }})
			for _, user := range []string{"", "other"} {
				if _, err := s.Do(t.Context(), []target.Step{{Op: stat("/a").Op, User: user}}); err != nil {
					t.Errorf("as %q: %v", user, err)
				}
			}
		})
	}
}

func TestBootstrapFailures(t *testing.T) {
	// Other file systems hide the host's PATH below /tmp, so it moves to /mnt.
	everywhere := func(h *host, options string) {
		h.before = "mount --bind " + h.path + " /mnt; PATH=/mnt; for d in /tmp /var/tmp /dev/shm; do mount -t tmpfs -o " + options + " tmpfs $d; done"
		h.dir = "/nowhere"
	}
	tests := []struct {
		name    string
		without []string
		change  func(*testing.T, *host)
		binary  string
		stage   target.Stage
		parts   []string
	}{
		{"noexec everywhere", nil, func(t *testing.T, h *host) {
			needRoot(t)
			everywhere(h, "noexec,size=64k")
		}, answering, target.StageStart, []string{"no directory to run from: /nowhere (No such file or directory), /tmp (noexec), /var/tmp (noexec), /dev/shm (noexec), /proc/nonexistent (No such file or directory)"}},
		{"read-only everywhere", nil, func(t *testing.T, h *host) {
			needRoot(t)
			everywhere(h, "ro")
		}, answering, target.StageStart, []string{"/var/tmp (Read-only file system)"}},
		{"full everywhere", nil, func(t *testing.T, h *host) {
			needRoot(t)
			everywhere(h, "size=4k")
			h.before += "; for d in /tmp /var/tmp /dev/shm; do yes | head -c 4096 >$d/full; done"
		}, answering, target.StageStart, []string{"no directory to run from: /tmp (full), /var/tmp (full), /dev/shm (full), /nowhere (No such file or directory)", "No space left"}},
		{
			"another machine", nil, func(t *testing.T, h *host) { h.install(t, "uname", "echo Linux mips64") },
			answering, target.StageStart,
			[]string{"no runner for Linux mips64", "x86_64"},
		},
		{
			"another system", nil, func(t *testing.T, h *host) { h.install(t, "uname", "echo FreeBSD amd64") },
			answering, target.StageStart,
			[]string{"no runner for FreeBSD amd64"},
		},
		{
			"a machine that lies", nil, func(t *testing.T, h *host) { h.install(t, "uname", "printf 'Linux x86_64 1 /etc/passwd\n'") },
			answering, target.StageWire,
			[]string{"cannot be understood"},
		},
		{"no uname", []string{"uname"}, nil, answering, target.StageStart, []string{"uname failed"}},
		{"no program for sums", []string{"gzip", "zstd", "sha256sum"}, nil, answering, target.StageStart, []string{"none of gzip, zstd, sha256sum, shasum and openssl"}},
		{
			"wrong sum",
			[]string{"gzip", "zstd"},
			func(t *testing.T, h *host) { h.install(t, "sha256sum", "echo 'abc  -'") },
			answering, target.StageStart,
			[]string{"arrived damaged", "abc"},
		},
		{
			"gzip that fails", nil, func(t *testing.T, h *host) { h.install(t, "gzip", "echo 'gzip: \x1b[31mno' >&2; exit 3") },
			answering, target.StageStart,
			[]string{"unpacking the runner", `\x1b[31mno`},
		},
		{
			"login shell that refuses", nil, func(_ *testing.T, h *host) {
				h.shell = []string{"sh", "-c", "'echo This account is not available; exit 1'"}
			},
			answering, target.StageStart,
			[]string{"login shell ended", "exit status 1", "not available"},
		},
		{
			"endless noise", nil, func(_ *testing.T, h *host) { h.shell = []string{"yes", "'\x1b]0;x'", "#"} },
			answering, target.StageStart,
			[]string{"without end", `\x1b]0;x`},
		},
		{
			"endless line", nil, func(_ *testing.T, h *host) { h.shell = []string{"cat", "/dev/zero", "#"} },
			answering, target.StageStart,
			[]string{"without end", `\x00`},
		},
		{"runner for another machine", nil, nil, "\x7fELF\x02\x01\x01 no program at all", target.StageStart, []string{"does not execute the runner for what it says it is: Linux"}},
		{"runner that may not be executed", nil, nil, "#!/proc/none\n", target.StageStart, []string{"no directory to run from: ", "(cannot execute the runner)", "SELinux"}},
		{"runner that crashes", nil, nil, "#!/bin/sh\necho 'panic: \u202eoops' >&2; kill -SEGV $$", target.StageStart, []string{"signal SEGV", `panic: \u{202e}oops`}},
		{"runner that says nothing sensible", nil, nil, "#!/bin/sh\nrm -rf \"${0%/*}\"\nyes", target.StageWire, []string{"nonsense", "no greeting"}},
		{
			"runner of another protocol", nil, nil, "#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '" + strings.Replace(readyFrame, `"protocol":1`, `"protocol":2`, 1) + "'; cat",
			target.StageWire,
			[]string{"protocol 2, expected 1"},
		},
		{
			"runner of another version", nil, nil, "#!/bin/sh\nrm -rf \"${0%/*}\"\nprintf '\\n%s\\n%s\\n' \"$1\" '" + strings.Replace(readyFrame, `"test"`, `"other"`, 1) + "'; cat",
			target.StageWire,
			[]string{"version other, expected test"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, test.without...)
			if test.change != nil {
				test.change(t, h)
			}
			binary := packed(t, []byte(test.binary))
			if test.binary == answering {
				binary = scripted(t, answering)
			}
			s := h.open(t, dial.Options{Binary: binary, Version: "test"})
			_, err := s.Do(t.Context(), []target.Step{stat("/a")})
			wantError(t, err, test.stage, test.parts...)
			if _, again := s.Do(t.Context(), []target.Step{stat("/a")}); !errors.Is(again, err) {
				t.Errorf("a second use gave %v, want the same error without another try", again)
			}
		})
	}
}

// TestUnpackers starts the runner by each program that unpacks it, and without one; what arrives damaged is not executed.
func TestUnpackers(t *testing.T) {
	whole, err := scripted(t, answering)("", "")
	if err != nil {
		t.Fatal(err)
	}
	zstd := exec.CommandContext(t.Context(), "zstd", "-cq")
	program, err := gzip.NewReader(bytes.NewReader(whole.Gzip))
	if err != nil {
		t.Fatal(err)
	}
	zstd.Stdin = program
	packed, err := zstd.Output()
	if err != nil {
		t.Skip("needs zstd: ", err)
	}
	damaged := func(data []byte) []byte {
		data = bytes.Clone(data)
		data[len(data)-2] ^= 1
		return data
	}
	for _, test := range []struct {
		name    string
		without []string
		binary  *bootstrap.Binary
		fails   string
	}{
		{"both", nil, &bootstrap.Binary{Zstd: packed}, ""}, // it takes zstd
		{"zstd alone", []string{"gzip", "sha256sum"}, &bootstrap.Binary{Gzip: whole.Gzip, Zstd: packed}, ""},
		{"gzip alone", []string{"zstd", "sha256sum"}, &bootstrap.Binary{Gzip: whole.Gzip, Zstd: packed}, ""},
		{"none", []string{"zstd", "gzip"}, &bootstrap.Binary{Gzip: whole.Gzip, Zstd: packed}, ""},
		{"built without zstd", nil, &bootstrap.Binary{Gzip: whole.Gzip}, ""},
		{"built without zstd, which is all that is there", []string{"gzip"}, &bootstrap.Binary{Gzip: whole.Gzip}, ""},
		{"damaged for zstd", nil, &bootstrap.Binary{Zstd: damaged(packed)}, "zstd"},
		{"damaged for gzip", []string{"zstd"}, &bootstrap.Binary{Gzip: damaged(whole.Gzip)}, "gzip"},
		{"shorter for gzip", []string{"zstd"}, &bootstrap.Binary{Gzip: whole.Gzip[:len(whole.Gzip)-6]}, "gzip"},
		{"shorter for zstd", nil, &bootstrap.Binary{Zstd: packed[:len(packed)-6]}, "zstd"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, test.without...)
			test.binary.Sum, test.binary.Size = whole.Sum, whole.Size
			s := h.open(t, dial.Options{Binary: func(string, string) (*bootstrap.Binary, error) { return test.binary, nil }})
			_, err := s.Do(t.Context(), []target.Step{stat("/a")})
			if test.fails != "" {
				wantError(t, err, target.StageStart, "unpacking the runner", test.fails)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNotSigned: of a runner that is not what was signed nothing is sent, whichever way the host would take it.
func TestNotSigned(t *testing.T) {
	whole, err := scripted(t, answering)("", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, without := range [][]string{{"zstd"}, nil} {
		h := newHost(t, without...)
		b := &bootstrap.Binary{Gzip: whole.Gzip, Zstd: whole.Gzip, Sum: whole.Sum, Size: whole.Size, Check: func([]byte) error { return errors.New("another SHA-256") }}
		s := h.open(t, dial.Options{Binary: func(string, string) (*bootstrap.Binary, error) { return b, nil }})
		_, err := s.Do(t.Context(), []target.Step{stat("/a")})
		wantError(t, err, target.StageStart, "is damaged: another SHA-256")
	}
}

func TestNoBinary(t *testing.T) {
	h := newHost(t)
	s := h.open(t, dial.Options{Binary: func(string, string) (*bootstrap.Binary, error) { return nil, errors.New("run make") }})
	_, err := s.Do(t.Context(), []target.Step{stat("/a")})
	wantError(t, err, target.StageStart, "run make")
}

// TestControllerGone ends the streams at each point of the bootstrap, as the
// end of the controller does; newHost checks that nothing is left.
func TestControllerGone(t *testing.T) {
	whole := scripted(t, answering)
	binary, err := whole("", "")
	if err != nil {
		t.Fatal(err)
	}
	for cut := -1; cut < len(binary.Gzip); cut += len(binary.Gzip)/5 + 1 {
		h := newHost(t)
		transport := &cutting{Transport: h.transport(), after: cut}
		s := dial.Open(transport, dial.Options{Host: "h1", Binary: whole})
		if _, err := s.Do(t.Context(), []target.Step{stat("/a")}); err == nil {
			t.Errorf("cut after %d bytes, and all is well", cut)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestShortScript keeps the bootstrap within what old shells take as one word.
func TestStartTimeout(t *testing.T) {
	h := newHost(t)
	h.shell = []string{"sleep", "3600", "#"}
	s := h.open(t, dial.Options{Binary: scripted(t, answering), StartTimeout: 50e6})
	_, err := s.Do(t.Context(), []target.Step{stat("/a")})
	wantError(t, err, target.StageStart, "in time")
}
