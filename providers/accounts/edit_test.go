package accounts

import (
	"strings"
	"testing"
)

// FuzzEdits: whatever a file says, what was made sure of is there, and making sure of it again changes nothing.
func FuzzEdits(f *testing.F) {
	const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
	f.Add("# x\n"+key+" a\n", key, "h")
	f.Add("h,i "+key, `from="a b" `+key+" c d", "h")
	f.Add("h soft nofile 1\nh soft nofile 2", "x", "h")
	f.Add("|1|AQEBAQEBAQEBAQEBAQEBAQEBAQE=|0nvrcbPbMSUmDgJJfDszR8Idd7Q= "+key, key, "git")
	f.Fuzz(func(t *testing.T, text, line, name string) {
		l := PamLimits{Domain: "h", LimitType: "soft", LimitItem: "nofile", Value: "7"}
		again(t, text, l.edit)
		k, ok := parseKey(line)
		if !ok || strings.ContainsAny(line, "\r\n") {
			return
		}
		if same, ok := parseKey(k.line()); !ok || same != k {
			t.Fatalf("%q is read as %+v, and then as %+v", line, k, same)
		}
		for _, exclusive := range []bool{true, false} {
			after := again(t, text, func(text string) string { return withKeys(text, []publicKey{k}, exclusive) })
			if !strings.Contains(after, k.key) {
				t.Fatalf("the key is not in %q", after)
			}
		}
		if after := again(t, text, func(text string) string { return withoutKeys(text, []publicKey{k}) }); strings.Contains(withoutKeys(withKeys(text, []publicKey{k}, true), []publicKey{k}), k.kind+" "+k.key) {
			t.Fatalf("the key is still in %q", after)
		}
		if name == "" || strings.ContainsAny(name, " \t\r\n,|*?!#@\"\\\v\f") || strings.TrimSpace(name) != name || strings.ContainsRune(name, 0x85) || strings.ContainsRune(name, 0xa0) {
			return
		}
		k.before, k.comment = "", ""
		for _, hash := range []bool{true, false} {
			for _, state := range []string{"present", absent} {
				host := KnownHost{Name: name, State: state, HashHost: hash}
				again(t, text, func(text string) string { return host.edit(text, []publicKey{k}) })
			}
		}
	})
}

func again(t *testing.T, text string, edit func(string) string) string {
	t.Helper()
	once := edit(text)
	if twice := edit(once); twice != once {
		t.Fatalf("%q becomes %q, and then %q", text, once, twice)
	}
	return once
}
