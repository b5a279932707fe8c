package gather

import (
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

const (
	intelInfo = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU   E5-2680 v4 @ 2.40GHz\nphysical id\t: 0\n\n" +
		"processor\t: 1\nvendor_id\t: Other\nmodel name\t: Other\n"
	armInfo = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"
)

func TestHWCPU(t *testing.T) {
	pkg := func(id string, cpu string) (string, string) {
		return "sys/devices/system/cpu/cpu" + cpu + "/topology/physical_package_id", id + "\n"
	}
	files := func(info string, ids ...string) map[string]string {
		all := map[string]string{"proc/cpuinfo": info}
		for i, id := range ids {
			path, text := pkg(id, string(rune('0'+i)))
			all[path] = text
		}
		return all
	}
	tests := []struct {
		name  string
		files map[string]string
		want  op.HWCPU
	}{
		{"two sockets", files(intelInfo, "0", "1", "0", "1"), op.HWCPU{Sockets: 2, Vendor: "GenuineIntel", Model: "Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz"}},
		{"no model", files(armInfo, "-1", "-1"), op.HWCPU{Sockets: 1}},
		{"nothing known", nil, op.HWCPU{Sockets: 1}},
		{"hostile", files("vendor_id: \xff\x1b\nmodel name:" + strings.Repeat("x", 1<<20)), op.HWCPU{Sockets: 1, Vendor: "\uFFFD\x1b", Model: strings.Repeat("x", maxFact) + "\uFFFD"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.want.Cores, tt.want.Arch = runtime.NumCPU(), runtime.GOARCH
			got := performtest.Do(t, fakeRoot(t, tt.files), op.Op{Facts: &op.Facts{Namespaces: []string{"hw.cpu"}}})
			if diff := cmp.Diff(&tt.want, got.Facts.HWCPU); diff != "" {
				t.Errorf("facts differ (-want +got):\n%s", diff)
			}
		})
	}
}
