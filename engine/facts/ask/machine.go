package ask

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
)

// memory reads /proc/meminfo, which counts in KiB; see proc(5).
func memory(results []op.Result, _ time.Time) (map[string]any, error) {
	info, err := said(results[0].Text)
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for line := range strings.Lines(info) {
		name, rest, _ := strings.Cut(line, ":")
		field := map[string]string{"MemTotal": "total", "MemAvailable": "available", "SwapTotal": "swap"}[name]
		if field == "" {
			continue
		}
		if values[field], err = kibibytes(strings.TrimSuffix(strings.TrimSpace(rest), " kB")); err != nil {
			return nil, fmt.Errorf("/proc/meminfo: %s: %w", name, err)
		}
	}
	return values, nil
}

// kibibytes reads a number of KiB as bytes.
func kibibytes(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>10 {
		return 0, fmt.Errorf("expected a number of kB, got %.50q", text)
	}
	return n << 10, nil
}

// diskScript prints a line for each block device and partition, with tabs: disk or part, name, sectors of 512 bytes, and of
// disks rotational, removable, model, serial. It starts no other program.
const diskScript = `v() { x=; [ -r "$1" ] && IFS= read -r x < "$1"; printf '\t%s' "$x"; }
for d in /sys/block/*; do
  [ -e "$d/size" ] || continue
  case ${d##*/} in ram*) continue;; esac
  printf 'disk\t%s' "${d##*/}"; v "$d/size"; v "$d/queue/rotational"; v "$d/removable"; v "$d/device/model"; v "$d/device/serial"; echo
  for p in "$d"/*/partition; do
    [ -e "$p" ] || continue
    p=${p%/partition}; printf 'part\t%s' "${p##*/}"; v "$p/size"; echo
  done
done; :`

const sector = 512 // bytes, in which the kernel counts whatever the device's own are

// disks reads what diskScript prints.
func disks(results []op.Result, _ time.Time) (map[string]any, error) {
	text, err := output(results[0].Exec)
	if err != nil {
		return nil, err
	}
	all := []any{}
	var disk map[string]any
	for line := range strings.Lines(text) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if want := map[string]int{"disk": 7, "part": 3}[fields[0]]; want == 0 || len(fields) != want || fields[0] == "part" && disk == nil {
			return nil, fmt.Errorf("no disk: %.100q", line)
		}
		sectors, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil || sectors < 0 || sectors > math.MaxInt64/sector {
			return nil, fmt.Errorf("no number of sectors: %.100q", line)
		}
		if fields[0] == "part" {
			disk["partitions"] = append(disk["partitions"].([]any), map[string]any{"name": clean(fields[1]), "size": sectors * sector})
			continue
		}
		if strings.HasPrefix(fields[1], "loop") && sectors == 0 {
			continue
		}
		disk = map[string]any{
			"name": clean(fields[1]), "size": sectors * sector, "rotational": fields[3] == "1", "removable": fields[4] == "1",
			"model": clean(strings.TrimSpace(fields[5])), "serial": clean(strings.TrimSpace(fields[6])), "partitions": []any{},
		}
		all = append(all, disk)
	}
	return map[string]any{"disks": all}, nil
}

// virtScript prints what the machine is, as systemd-detect-virt names it, a tab, and whether that is a container. Without that
// program it looks for the marks that container managers leave, and for the processor's word for a hypervisor.
const virtScript = `if command -v systemd-detect-virt >/dev/null 2>&1; then
  c=$(systemd-detect-virt --container 2>/dev/null) || c=none
  v=$(systemd-detect-virt 2>/dev/null) || v=${v:-none}
  [ "$c" = none ] && printf '%s\tno\n' "$v" || printf '%s\tyes\n' "$c"
elif [ -r /run/systemd/container ]; then IFS= read -r c < /run/systemd/container; printf '%s\tyes\n' "$c"
elif [ -e /.dockerenv ]; then printf 'docker\tyes\n'
elif [ -e /run/.containerenv ]; then printf 'podman\tyes\n'
elif grep -q '^flags.* hypervisor' /proc/cpuinfo 2>/dev/null; then printf 'vm-other\tno\n'
else printf '\tno\n'
fi`

// virt reads the vendor and product of the machine, and what virtScript prints. What a container sees of the machine below it
// is not its own.
func virt(results []op.Result, _ time.Time) (map[string]any, error) {
	vendor, err := said(results[0].Text)
	if err != nil {
		return nil, err
	}
	product, err := said(results[1].Text)
	if err != nil {
		return nil, err
	}
	text, err := output(results[2].Exec)
	if err != nil {
		return nil, err
	}
	kind, container, _ := strings.Cut(strings.TrimSuffix(text, "\n"), "\t")
	if container == "yes" {
		vendor, product = "", ""
	}
	return map[string]any{
		"kind": clean(kind), "container": container == "yes",
		"vendor": clean(strings.TrimSpace(vendor)), "product": clean(strings.TrimSpace(product)),
	}, nil
}
