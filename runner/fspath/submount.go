package fspath

import "sort"

// Submount is a mount at or below a path.
type Submount struct {
	Place        // of what is mounted
	Point string // where
}

// Below lists what is mounted at a path without links, or below it, by its mount points.
func (m Mounts) Below(p string) []Submount {
	var all []Submount
	for _, on := range m {
		if _, ok := below(on.point, p); ok && on.point != "/" {
			all = append(all, Submount{Place{on.dev, on.root}, on.point})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Point < all[j].Point }) // smaller than slices.SortFunc
	return all
}
