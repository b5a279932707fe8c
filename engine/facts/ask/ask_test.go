package ask

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/facts"
	"github.com/openfroyo/froyo/runner/op"
)

// told are the answers of a host: a text is what a file says where the question is one about a file, else what a program prints.
func told(q Question, texts ...string) []op.Result {
	results := make([]op.Result, len(q.source.ops))
	for i, o := range q.source.ops {
		switch {
		case o.Text != nil:
			results[i].Text = &op.TextResult{Exists: texts[i] != "", Text: texts[i]}
		case o.Exec != nil:
			results[i].Exec = &op.ExecResult{Stdout: texts[i]}
		case o.Stat != nil:
			results[i].Stat = &op.StatResult{Exists: texts[i] != "", Target: texts[i]}
		}
	}
	return results
}

var asked = time.Unix(1_700_000_000, 0)

const (
	mountinfo  = "24 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n30 24 0:26 / /srv/a\\040b ro - tmpfs tmpfs rw\n31 24 0:27 / /mnt rw - nfs4 nas:/export rw,hard\n"
	route4File = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\neth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	zero16     = "00000000000000000000000000000000"
	route6File = zero16 + " 00 " + zero16 + " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n" +
		"fe800000000000000000000000000000 40 " + zero16 + " 00 " + zero16 + " 00000100 00000001 00000000 00000001     eth0\n" +
		zero16 + "0 no line of the kernel\n" +
		"00000000000000000000000000000001 80 " + zero16 + " 00 " + zero16 + " 00000000 00000001 00000000 80200001       lo\n" +
		"ff000000000000000000000000000000 08 " + zero16 + " 00 " + zero16 + " 00000100 00000001 00000000 00000001     eth0\n"
)

func TestAnswers(t *testing.T) {
	tests := []struct {
		name, namespace string
		texts           []string
		want            map[string]any
	}{
		{
			"memory", "hw.memory",
			[]string{"MemTotal:       16303428 kB\nMemFree: 1 kB\nMemAvailable:   12000000 kB\nSwapTotal:       2097148 kB\n"},
			map[string]any{"total": int64(16303428 << 10), "available": int64(12000000 << 10), "swap": int64(2097148 << 10)},
		},
		{
			"disks", "hw.disks",
			[]string{"disk\tsda\t2048\t1\t0\tQEMU HARDDISK   \tabc\npart\tsda1\t1024\ndisk\tloop0\t0\t0\t0\t\t\ndisk\tnvme0n1\t8\t0\t0\t\t\n"},
			map[string]any{"disks": []any{
				map[string]any{
					"name": "sda", "size": int64(1 << 20), "rotational": true, "removable": false, "model": "QEMU HARDDISK", "serial": "abc",
					"partitions": []any{map[string]any{"name": "sda1", "size": int64(512 << 10)}},
				},
				map[string]any{"name": "nvme0n1", "size": int64(4096), "rotational": false, "removable": false, "model": "", "serial": "", "partitions": []any{}},
			}},
		},
		{
			"routes", "net.routes",
			[]string{route4File, strings.Replace(route6File, zero16+"0 no line of the kernel\n", "", 1)},
			map[string]any{"routes": []any{
				map[string]any{"family": "ipv4", "destination": "default", "gateway": "192.0.2.1", "iface": "eth0", "metric": int64(100)},
				map[string]any{"family": "ipv4", "destination": "192.0.2.0/24", "gateway": "", "iface": "eth0", "metric": int64(0)},
				map[string]any{"family": "ipv6", "destination": "default", "gateway": "fe80::1", "iface": "eth0", "metric": int64(1024)},
				map[string]any{"family": "ipv6", "destination": "fe80::/64", "gateway": "", "iface": "eth0", "metric": int64(256)},
			}},
		},
		{"no IPv6", "net.routes", []string{"", ""}, map[string]any{"routes": []any{}}},
		{
			"mounts", "fs.mounts",
			[]string{mountinfo, "4096 100 50 /\n4096 10 5 /srv/a b\n"},
			map[string]any{"mounts": []any{
				map[string]any{"target": "/", "source": "/dev/sda1", "fstype": "ext4", "options": []any{"rw", "relatime"}, "size": int64(409600), "available": int64(204800)},
				map[string]any{"target": "/srv/a b", "source": "tmpfs", "fstype": "tmpfs", "options": []any{"ro", "rw"}, "size": int64(40960), "available": int64(20480)},
				map[string]any{"target": "/mnt", "source": "nas:/export", "fstype": "nfs4", "options": []any{"rw", "hard"}, "size": int64(0), "available": int64(0)},
			}},
		},
		{
			"users", "users",
			[]string{
				"root:x:0:0:root:/root:/bin/bash\n+::::::\nno line\nweb:x:33:33::/srv:\nroot:x:1:1:again:/:/bin/sh\nbad:x:y:0:::\nodd\x1b:x:7:7:\x07:/:/bin/sh\n",
				"root:x:0:\nadm:x:4:web,root\n",
			},
			map[string]any{
				"users": map[string]any{
					"root":      map[string]any{"uid": int64(0), "gid": int64(0), "comment": "root", "home": "/root", "shell": "/bin/bash"},
					"web":       map[string]any{"uid": int64(33), "gid": int64(33), "comment": "", "home": "/srv", "shell": ""},
					"odd\uFFFD": map[string]any{"uid": int64(7), "gid": int64(7), "comment": "\uFFFD", "home": "/", "shell": "/bin/sh"},
				},
				"groups": map[string]any{
					"root": map[string]any{"gid": int64(0), "members": []any{}}, "adm": map[string]any{"gid": int64(4), "members": []any{"web", "root"}},
				},
			},
		},
		{
			"clock", "time",
			[]string{"cpu 1 2\nbtime 1699990000\n", "", "1700000090 +0530\nyes\n", "/usr/share/zoneinfo/Asia/Kolkata"},
			map[string]any{"timezone": "Asia/Kolkata", "offset": int64(19800), "synchronized": "yes", "skew": int64(90), "boot": int64(1699990000)},
		},
		{
			"clock of a small system", "time",
			[]string{"btime 1\n", "Europe/Vienna\n", "1700000001 -0230\n\n", ""},
			map[string]any{"timezone": "Europe/Vienna", "offset": int64(-9000), "synchronized": "", "skew": int64(0), "boot": int64(1)},
		},
		{
			"a clock that begins in 1970", "time",
			[]string{"btime 18446744073709551000\n", "UTC\n", "12 +0000\nno\n", ""},
			map[string]any{"timezone": "UTC", "offset": int64(0), "synchronized": "no", "skew": int64(12 - 1700000000), "boot": int64(0)},
		},
		{
			"a clock that is years ahead", "time",
			[]string{"btime 4000000000\n", "UTC\n", "4000000100 +0000\nno\n", ""},
			map[string]any{"timezone": "UTC", "offset": int64(0), "synchronized": "no", "skew": int64(4000000100 - 1700000000), "boot": int64(4000000000)},
		},
		{
			"a virtual machine", "virt",
			[]string{"QEMU\n", "Standard PC\n", "kvm\tno\n"},
			map[string]any{"kind": "kvm", "container": false, "vendor": "QEMU", "product": "Standard PC"},
		},
		{
			"a container does not tell of the machine below it", "virt",
			[]string{"QEMU\n", "Standard PC\n", "docker\tyes\n"},
			map[string]any{"kind": "docker", "container": true, "vendor": "", "product": ""},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := For(facts.Lookup(tt.namespace))
			got, err := q.Answer(told(q, tt.texts...), asked)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got)\n%s", err, diff)
			}
		})
	}
}

func TestBadAnswers(t *testing.T) {
	tests := []struct {
		name, namespace string
		texts           []string
		want            string
	}{
		{"no memory", "hw.memory", []string{"MemFree: 1 kB\n"}, "hw.memory.total is missing"},
		{"negative memory", "hw.memory", []string{"MemTotal: -1 kB\n"}, `/proc/meminfo: MemTotal: expected a number of kB, got "-1"`},
		{"more memory than there can be", "hw.memory", []string{"MemTotal: 9223372036854775807 kB\n"}, "expected a number of kB"},
		{"a partition of nothing", "hw.disks", []string{"part\tsda1\t8\n"}, "no disk"},
		{"a disk of words", "hw.disks", []string{"disk\tsda\tmuch\t1\t0\t\t\n"}, "no number of sectors"},
		{"half a route", "net.routes", []string{"", zero16 + "0 00 x 00 x 0 0 0 0 eth0\n"}, "no address"},
		{"sizes that overflow", "fs.mounts", []string{mountinfo, "4096 9223372036854775807 1 /\n"}, "no size"},
		{"a size without a path", "fs.mounts", []string{mountinfo, "4096 1 1\n"}, "no size"},
		{"no time", "time", []string{"", "", "now\n", ""}, "date printed"},
		{"an escape sequence for a kind", "virt", []string{"", "", "\x1b[2J\tno\n"}, "virt.kind: want"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := For(facts.Lookup(tt.namespace))
			if got, err := q.Answer(told(q, tt.texts...), asked); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want the error %q", got, err, tt.want)
			}
		})
	}
	q := For(facts.Lookup("users"))
	results := told(q, "", "")
	results[1].Error = &op.Error{Code: "timeout", Message: "did not end within 10s"}
	if _, err := q.Answer(results, asked); err == nil || !strings.Contains(err.Error(), "cat /etc/group: did not end within 10s") {
		t.Errorf("got %v", err)
	}
	q = For(facts.Lookup("hw.memory"))
	for want, text := range map[string]op.TextResult{
		"expected at most": {Exists: true, Long: 5 << 20}, "no UTF-8 text": {Exists: true, Binary: true}, "it is a link, expected a file": {Exists: true, Type: op.TypeLink},
	} {
		if _, err := q.Answer([]op.Result{{Text: &text}}, asked); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// printer is a workspace's namespace that a program tells.
func printer(t testing.TB) *facts.Namespace {
	t.Helper()
	r, err := facts.Read(fstest.MapFS{"facts/app.cue": {Data: []byte("@command(\"/opt/app/facts\", \"--json\")\n@run_as(\"app\")\n@deadline(\"5s\")\nversion: string\nports: [...int & >0]\n")}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Lookup("app")
}

func TestPrograms(t *testing.T) {
	q := For(printer(t))
	step := q.Steps("root")[0]
	if diff := cmp.Diff([]string{"/opt/app/facts", "--json"}, step.Op.Exec.Argv); diff != "" || step.User != "app" || step.Timeout != 5*time.Second || !step.Op.Exec.ReadOnly {
		t.Errorf("step is %+v", step)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"facts", `{"version": "1.2", "ports": [80, 443]}`, ""},
		{"rubbish", "hello", "what /opt/app/facts printed is no JSON: invalid character 'h'"},
		{"nothing", "", "is no JSON: EOF"},
		{"a list", "[1]", "printed JSON, but no object of fields: \"[1]\""},
		{"two values", `{"version": "1", "ports": []} {}`, "something follows the JSON object"},
		{"a name twice", `{"version": "1", "version": "2", "ports": []}`, `"version" is there twice`},
		{"deep", strings.Repeat("[", 50), "more than 20 objects and lists in one another"},
		{"a wrong type", `{"version": 3, "ports": []}`, "app.version: want a string, got the int 3"},
		{"a wrong element", `{"version": "1", "ports": [0]}`, "app.ports[0]: want"},
		{"a field too many", `{"version": "1", "ports": [], "x": 1}`, `app: "x" is no field of it`},
		{"a field too few", `{"version": "1"}`, "app.ports is missing"},
		{"a whole number with a point", `{"version": "1.2", "ports": [80.0]}`, ""},
		{"half a number", `{"version": "1", "ports": [1.5]}`, "app.ports[0]: want"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := q.Answer([]op.Result{{Exec: &op.ExecResult{Stdout: tt.text}}}, asked)
			if tt.want == "" {
				if err != nil || got["version"] != "1.2" {
					t.Errorf("got %v, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want the error %q", got, err, tt.want)
			}
		})
	}
	for want, r := range map[string]*op.ExecResult{
		"exit code 3 (expected 0): no \uFFFD": {RC: 3, Stderr: "a\nno \x1b\n"},
		"printed more than 262144 bytes":      {StdoutCut: true},
		"is no UTF-8 text":                    {StdoutRaw: "AA=="},
	} {
		if _, err := q.Answer([]op.Result{{Exec: r}}, asked); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// FuzzPrinted: whatever a program prints is facts that the definition allows, or an error.
func FuzzPrinted(f *testing.F) {
	n := printer(f)
	for _, text := range []string{`{"version":"1","ports":[1]}`, `{"version":"\u0000"}`, "[[[", `{"ports":[1e999]}`, "{}{}", `{"version":"1","ports":[9223372036854775808]}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := For(n)
		values, err := q.Answer([]op.Result{{Exec: &op.ExecResult{Stdout: text}}}, asked)
		if err == nil && n.Check(values) != nil {
			t.Errorf("%v was let through", values)
		}
	})
}

// FuzzAnswers: whatever files and programs of a host say is facts that the definition allows, or an error.
func FuzzAnswers(f *testing.F) {
	f.Add("MemTotal: 1 kB\n", "")
	f.Add(mountinfo, "4096 100 50 /\n")
	f.Add(route4File, route6File)
	f.Add("root:x:0:0:root:/root:/bin/bash\n", "adm:x:4:web\n")
	f.Add("disk\tsda\t8\t1\t0\t\t\n", "1700000000 +0000\n")
	f.Add("btime 1\n", "kvm\tno\n")
	f.Fuzz(func(t *testing.T, one, two string) {
		for name := range sources {
			n := facts.Lookup(name)
			q := For(n)
			for _, texts := range [][]string{{one, two, one, two}, {two, one, two, one}} {
				values, err := q.Answer(told(q, texts...), asked)
				if err == nil && n.Check(values) != nil {
					t.Errorf("%s: %v was let through", name, values)
				}
			}
		}
	})
}
