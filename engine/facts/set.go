package facts

import "maps"

// Set is what is known of a host: facts as plain data, by namespace and field. A set that others
// have is not changed any more.
type Set map[string]map[string]any

// With is the set with another namespace, in place of what it holds of it.
func (s Set) With(namespace string, values map[string]any) Set {
	next := maps.Clone(s)
	if next == nil {
		next = Set{}
	}
	next[namespace] = values
	return next
}

// MachineID identifies the machine that told the facts, or is "" where that is not known.
func (s Set) MachineID() string {
	id, _ := s[Basic]["machine_id"].(string)
	return id
}
