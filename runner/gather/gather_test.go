package gather

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

// fixture gathers the facts of a machine.
type fixture struct {
	*Collector
}

func (f *fixture) Perform(ctx context.Context, o op.Op, s perform.Stream) op.Result {
	return performtest.Single{Performer: f.Collector}.Perform(ctx, o, s)
}

// fakeRoot makes a directory with files as a machine has them.
func fakeRoot(t *testing.T, files map[string]string) *fixture {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := &Collector{Root: root + "/"}
	return &fixture{c}
}

const debianRelease = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
`

func TestOSBasic(t *testing.T) {
	const id = "0123456789abcdef0123456789abcdef"
	kernel, hostname := uname()
	same := op.OSBasic{Kernel: kernel, Hostname: hostname, Arch: runtime.GOARCH}
	tests := []struct {
		name  string
		files map[string]string
		want  op.OSBasic
	}{
		{
			"debian",
			map[string]string{"etc/os-release": debianRelease, "etc/machine-id": id + "\n", "proc/1/comm": "systemd\n"},
			op.OSBasic{
				ID: "debian", Family: "debian", Version: "12", Codename: "bookworm",
				Name: "Debian GNU/Linux 12 (bookworm)", MachineID: id, Init: "systemd",
			},
		},
		{
			"in /usr/lib, like another one, systemd hidden",
			map[string]string{
				"usr/lib/os-release":      "ID=\"linuxmint\"\nID_LIKE='ubuntu debian'\nVERSION_ID=21",
				"var/lib/dbus/machine-id": id, "proc/1/comm": "sh", "run/systemd/system/x": "",
			},
			op.OSBasic{ID: "linuxmint", Family: "debian", Version: "21", MachineID: id, Init: "systemd"},
		},
		{
			"unknown family, no id yet",
			map[string]string{"etc/os-release": "ID=void\n", "etc/machine-id": "uninitialized\n", "proc/1/comm": "runit\n"},
			op.OSBasic{ID: "void", Family: "void", Init: "runit"},
		},
		{"nothing known", nil, op.OSBasic{ID: "linux", Family: "linux"}},
		{
			"hostile",
			map[string]string{
				"etc/os-release": "ID={{ lookup('pipe', 'id') }}\nPRETTY_NAME=\"\xff\x1b[0m$(id)\"\nVERSION_ID=" + strings.Repeat("9", 5000),
				"etc/machine-id": strings.Repeat("z", 32),
			},
			op.OSBasic{
				ID: "{{ lookup('pipe', 'id') }}", Family: "{{ lookup('pipe', 'id') }}",
				Name: "\uFFFD\x1b[0m$(id)", Version: strings.Repeat("9", maxFact) + "\uFFFD",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := fakeRoot(t, tt.files)
			tt.want.Kernel, tt.want.Hostname, tt.want.Arch = same.Kernel, same.Hostname, same.Arch
			got := performtest.Do(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"os.basic"}}})
			if diff := cmp.Diff(&tt.want, got.Facts.OSBasic); diff != "" {
				t.Errorf("facts differ (-want +got):\n%s", diff)
			}
		})
	}
	large := fakeRoot(t, map[string]string{"etc/os-release": strings.Repeat("#\n", 64<<10)})
	fifo := fakeRoot(t, map[string]string{"etc/machine-id": id})
	if err := syscall.Mkfifo(fifo.Root+"etc/os-release", 0o644); err != nil {
		t.Fatal(err)
	}
	for m, want := range map[*fixture]string{large: "larger than", fifo: "not a regular file"} {
		if e := performtest.Refused(t, m, op.Op{Facts: &op.Facts{Namespaces: []string{"os.basic"}}}, "osrelease"); !strings.Contains(e.Message, want) || !strings.Contains(e.Message, "etc/os-release") {
			t.Errorf("got %q, want that the file is %s", e.Message, want)
		}
	}
	if kernel == "" || hostname == "" {
		t.Errorf("kernel %q, hostname %q", kernel, hostname)
	}
	_ = performtest.Refused(t, fakeRoot(t, nil), op.Op{Facts: &op.Facts{Namespaces: []string{"hw.gpu"}}}, "nofacts")
}

func TestFamily(t *testing.T) {
	tests := []struct{ id, like, want string }{
		{"ubuntu", "debian", "debian"},
		{"rocky", "rhel centos fedora", "redhat"},
		{"fedora", "", "redhat"},
		{"opensuse-leap", "suse opensuse", "suse"},
		{"sled", "suse", "suse"},
		{"alpine", "", "alpine"},
		{"manjaro", "arch", "arch"},
		{"nixos", "", "nixos"},
		{"odd", "unheard-of fedora", "redhat"},
	}
	for _, tt := range tests {
		t.Run(tt.id, func(t *testing.T) {
			if got := Family(tt.id, tt.like); got != tt.want {
				t.Errorf("got %q, expected %q", got, tt.want)
			}
		})
	}
}

func FuzzParseRelease(f *testing.F) {
	f.Add(debianRelease)
	f.Add("A=\"\\\"\"\nB='\\'\nC=\\\n=\n#X=1\n")
	f.Fuzz(func(t *testing.T, text string) {
		for key, value := range parseRelease(text) {
			if len(value) > maxFact+8 || perform.Clean(value) != value || strings.Contains(value, "\n") {
				t.Errorf("%q has the value %q", key, value)
			}
		}
	})
}
