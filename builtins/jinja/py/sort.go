package py

import "slices"

// Sort sorts values, keeping the order of equal ones.
func Sort(items []Value, down bool) error { return SortBy(items, items, down) }

// SortBy sorts values by keys, of which each has one, keeping the order of equal ones.
func SortBy(items, keys []Value, down bool) error {
	type pair struct{ item, key Value }
	pairs := make([]pair, len(items))
	for i := range items {
		pairs[i] = pair{items[i], keys[i]}
	}
	var failed error
	slices.SortStableFunc(pairs, func(a, b pair) int {
		if failed != nil {
			return 0
		}
		if down {
			a, b = b, a
		}
		c, _, err := order(a.key, b.key, "<", 0)
		if err != nil {
			failed = err
		}
		return c
	})
	for i, p := range pairs {
		items[i] = p.item
	}
	return failed
}
