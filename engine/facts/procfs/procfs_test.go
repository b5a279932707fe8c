package procfs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/facts/procfs"
)

func TestMounts(t *testing.T) {
	got, err := procfs.Mounts("24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n" +
		"30 24 0:26 /sub /srv/a\\040b ro,nosuid - tmpfs tmpfs ro,size=10%\n")
	want := []procfs.Mount{
		{Target: "/", Source: "/dev/sda1", Type: "ext4", Options: []string{"rw", "relatime", "errors=remount-ro"}},
		{Target: "/srv/a b", Source: "tmpfs", Type: "tmpfs", Options: []string{"ro", "nosuid", "size=10%"}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	odd, err := procfs.Mounts("31 24 0:27 / /media/My\u00a0Disk rw - tmpfs  rw\n")
	if err != nil || len(odd) != 1 || odd[0].Target != "/media/My\u00a0Disk" || odd[0].Source != "" {
		t.Errorf("a blank that the kernel leaves, and no source: %+v, %v", odd, err)
	}
	for _, text := range []string{"x\n", "1 2 3 4 5 6 - a b\n", "1 2 3 4 5 - a b c\n"} {
		if _, err := procfs.Mounts(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// TestMountsOfThisMachine reads what the kernel really says.
func TestMountsOfThisMachine(t *testing.T) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Skip(err)
	}
	mounts, err := procfs.Mounts(string(text))
	if err != nil || len(mounts) != strings.Count(string(text), "\n") {
		t.Errorf("%d mounts, %v", len(mounts), err)
	}
}

func TestSockets(t *testing.T) {
	got, err := procfs.Sockets("tcp 0100007F:1F90 33\ntcp6 00000000000000000000000000000000:0016 0\ntcp 00000000:0016 0\ntcp6 0000000000000000FFFF00000100007F:1F90 33\nudp 0100007F:0035 101\n")
	want := []procfs.Socket{
		{"tcp", "0.0.0.0", 22, 0}, {"tcp", "::", 22, 0}, {"tcp", "127.0.0.1", 8080, 33}, {"udp", "127.0.0.1", 53, 101},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, text := range []string{"tcp 0100007F:1F90\n", "tcp 0100007F 0\n", "tcp 01:1 0\n", "tcp 0100007F:1FFFF 0\n", "tcp zz00007F:1 0\n", "tcp 0100007F:1 -1\n"} {
		if _, err := procfs.Sockets(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func TestProcesses(t *testing.T) {
	got, err := procfs.Processes("    1     0 root                             /sbin/init  splash\n  842     1 www-data                         nginx: worker process\n")
	want := []procfs.Process{{1, 0, "root", "/sbin/init  splash"}, {842, 1, "www-data", "nginx: worker process"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, text := range []string{"x 0 root a\n", "1 x root a\n", "1 0 root\n"} {
		if _, err := procfs.Processes(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

func FuzzTexts(f *testing.F) {
	f.Add("24 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
	f.Add("tcp 0100007F:1F90 33\n")
	f.Add("1 0 root init\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = procfs.Mounts(text)
		_, _ = procfs.Sockets(text)
		_, _ = procfs.Processes(text)
	})
}
