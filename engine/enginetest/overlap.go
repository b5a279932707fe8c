package enginetest

import (
	"path"

	"github.com/openfroyo/froyo/runner/op"
)

// overlap looks through the host's links.
func (h *Host) overlap(asked *op.Overlap) op.Result {
	h.Counts.Overlaps++
	real := func(p string) (string, []string) {
		dir, name := path.Split(p)
		if to, is := h.Links[path.Clean(dir)]; is {
			return path.Join(to, name), []string{path.Clean(dir)}
		}
		return p, nil
	}
	result := &op.OverlapResult{}
	for i, l := range asked.Losses {
		for j, k := range asked.Keep {
			lost, through := real(l.Path)
			if kept, _ := real(k); lost == kept && k != l.Own {
				result.Pairs = append(result.Pairs, op.OverlapPair{Loss: i, Keep: j, Links: through})
				break
			}
		}
	}
	return op.Result{Overlap: result}
}
