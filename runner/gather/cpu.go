package gather

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/sysfile"
)

// maxCPUs bounds how many processors are looked at for their package.
const maxCPUs = 4096

// hwCPU gathers what the processors are. Only some architectures tell their
// model and vendor.
func hwCPU(root string) *op.HWCPU {
	cpu := &op.HWCPU{Cores: runtime.NumCPU(), Sockets: sockets(root), Arch: runtime.GOARCH}
	cpu.Model, cpu.Vendor = parseCPU(sysfile.ReadStart(root + "proc/cpuinfo"))
	return cpu
}

// parseCPU reads the model and vendor of the first processor that tells them.
func parseCPU(text string) (model, vendor string) {
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = fact(strings.Join(strings.Fields(value), " "))
		switch strings.TrimSpace(key) {
		case "model name":
			if model == "" {
				model = value
			}
		case "vendor_id":
			if vendor == "" {
				vendor = value
			}
		}
		if model != "" && vendor != "" {
			break
		}
	}
	return model, vendor
}

// sockets counts the packages that processors are in. A machine that does not
// tell them has one.
func sockets(root string) int {
	seen := map[string]bool{}
	for i := range maxCPUs {
		dir := root + "sys/devices/system/cpu/cpu" + strconv.Itoa(i)
		if _, err := os.Lstat(dir); err != nil {
			break
		}
		text, err := sysfile.Read(dir + "/topology/physical_package_id") // a processor that is offline has none
		if id := strings.TrimSpace(text); err == nil && id != "-1" {
			seen[id] = true
		}
	}
	return max(len(seen), 1)
}
