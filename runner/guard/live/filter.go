package live

import (
	"errors"
	"strings"
)

// Filter is what the kernel's filters of packets hold, as programs print it; "" is that there is no such program, or nothing.
type Filter struct {
	NFT string `json:"nft,omitempty"`
	V4  string `json:"v4,omitempty"`
	V6  string `json:"v6,omitempty"`
	// Had says which of them could be asked.
	Had map[string]bool `json:"had,omitempty"`
}

// readFilter reads them. A program that says that it cannot tell has none; an error is one that tells more than can be kept, or does not
// come to its end.
func readFilter() (Filter, error) {
	f := Filter{Had: map[string]bool{}}
	var unread error
	ask := func(into *string, name string, args ...string) {
		text, err := run(name, args...)
		if err == nil {
			f.Had[name], *into = true, text
		}
		if errors.Is(err, errUnread) {
			unread = err
		}
	}
	ask(&f.NFT, "nft", "list", "ruleset")
	ask(&f.V4, "iptables-save")
	ask(&f.V6, "ip6tables-save")
	return f, unread
}

// rules leaves out what differs between two looks at the same: comments with the time, and counters.
func rules(saved string) string {
	var lines []string
	for line := range strings.SplitSeq(saved, "\n") {
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if strings.HasPrefix(line, ":") { // :INPUT ACCEPT [12:3456]
			line, _, _ = strings.Cut(line, " [")
		}
		words := strings.Fields(line)
		for i := 0; i+4 < len(words); i++ { // counter packets 1 bytes 2
			if words[i] == "counter" && words[i+1] == "packets" && words[i+3] == "bytes" {
				words[i+2], words[i+4] = "", ""
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return strings.Join(lines, "\n")
}

// tables are the tables of a ruleset, each as a text of its own.
func tables(ruleset string) []string {
	var all []string
	for part := range strings.SplitSeq("\n"+ruleset, "\ntable ") {
		if strings.TrimSpace(part) != "" {
			all = append(all, "table "+part+"\n")
		}
	}
	return all
}

// emptied empties the tables of iptables that were added since, with what lets everything in for their own chains: what is
// restored touches no table that it does not name.
func emptied(before, now string) string {
	var b strings.Builder
	left := false // as it is: the table was there before
	for line := range strings.SplitSeq(now, "\n") {
		switch {
		case strings.HasPrefix(line, "*"):
			if left = strings.Contains("\n"+before, "\n"+line+"\n"); !left {
				b.WriteString(line + "\n")
			}
		case left:
		case line == "COMMIT":
			b.WriteString("COMMIT\n")
		case strings.HasPrefix(line, ":"): // :INPUT DROP [12:3456], or :own - [0:0]
			if words := strings.Fields(line); len(words) > 1 && words[1] != "-" {
				b.WriteString(words[0] + " ACCEPT\n")
			}
		}
	}
	return b.String()
}

// restore puts the filters back. A program that came only later found nothing that it could tell before: where nothing was
// known, all rules are taken away, which lets everything in, as it was.
func (f *Filter) restore(r *Result) {
	now, err := readFilter()
	if err != nil {
		r.failed("the rules are not known", err)
	}
	if now.Had["nft"] && rules(now.NFT) != rules(f.NFT) && (f.Had["nft"] || f.V4+f.V6 == "") {
		_, err := feed("flush ruleset\n"+f.NFT, "nft", "-f", "-")
		if err != nil { // it may hold what only iptables can write, below
			_, err = run("nft", "flush", "ruleset")
			for _, table := range tables(f.NFT) {
				_, _ = feed(table, "nft", "-f", "-")
			}
		}
		if err != nil {
			r.failed("nft ruleset", err)
		} else {
			r.restored("nft ruleset")
		}
		now, _ = readFilter() // what is not known stays
	}
	for _, legacy := range []struct{ save, restore, before, now string }{
		{"iptables-save", "iptables-restore", f.V4, now.V4}, {"ip6tables-save", "ip6tables-restore", f.V6, now.V6},
	} {
		if !now.Had[legacy.save] || rules(legacy.now) == rules(legacy.before) {
			continue
		}
		if _, err := feed(legacy.before+emptied(legacy.before, legacy.now), legacy.restore); err != nil {
			r.failed(legacy.restore, err)
			continue
		}
		r.restored("rules of " + strings.TrimSuffix(legacy.save, "-save"))
	}
}
