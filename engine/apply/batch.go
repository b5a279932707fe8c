package apply

import "github.com/openfroyo/froyo/engine/unit"

// batches splits a number of hosts into the sizes of their batches; the last
// of sizes repeats. Without sizes all hosts are one batch.
func batches(hosts int, sizes []unit.Size) []int {
	if len(sizes) == 0 || hosts == 0 {
		return []int{hosts}
	}
	var out []int
	for left := hosts; left > 0; {
		n := min(sizes[min(len(out), len(sizes)-1)].Up(hosts), left)
		out = append(out, n)
		left -= n
	}
	return out
}
