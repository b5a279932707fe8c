package unit

import "strings"

// SplitSent tells whose unit it is that Sent named to a host, and its Local.
func SplitSent(to, sent string) (host, local string) {
	own, local, ok := strings.Cut(sent, "/")
	if !ok || strings.Contains(own, "[") { // a scope or a key
		return to, sent
	}
	return own, local
}

// ParseLocal is the ID of a host's unit from how Local writes it. A text of
// another shape becomes the type alone, so that nothing of it is lost.
func ParseLocal(host, local string) ID {
	typ, rest, ok := strings.Cut(local, "[")
	key, closed := strings.CutSuffix(rest, "]")
	if !ok || !closed {
		return ID{Host: host, Type: local}
	}
	id := ID{Host: host, Type: typ, Key: key}
	if at := strings.LastIndexByte(typ, ':'); at >= 0 { // an address has colons, too
		id.Delegate, id.Type = typ[:at], typ[at+1:]
	}
	return id
}
