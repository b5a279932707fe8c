package source

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

func TestSplitWords(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		want       []word
		wantErr    error
	}{
		{name: "plain", line: "a  b\tc", want: []word{{"a", 0}, {"b", 3}, {"c", 5}}},
		{name: "quotes", line: `a="x y" b='q "r"' c=x"y z"w`, want: []word{{"a=x y", 0}, {`b=q "r"`, 8}, {"c=xy zw", 18}}},
		{name: "empty quotes", line: `a="" ''`, want: []word{{"a=", 0}, {"", 5}}},
		{name: "backslash", line: `a\ b "x\"y\n" 'x\'`, want: []word{{"a b", 0}, {`x"y\n`, 5}, {`x\`, 14}}},
		{name: "backslash at the end", line: `a\`, want: []word{{`a\`, 0}}},
		{name: "comment", line: "a b # c", want: []word{{"a", 0}, {"b", 2}}},
		{name: "comment within a word", line: "a b=c#d", want: []word{{"a", 0}, {"b=c", 2}}},
		{name: "hash in quotes", line: "a 'b#c'", want: []word{{"a", 0}, {"b#c", 2}}},
		{name: "nothing", line: "  "},
		{name: "open quote", line: "a 'b", wantErr: errQuote},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := splitWords(tt.line)
			if !errors.Is(err, tt.wantErr) {
				t.Errorf("error %v, want %v", err, tt.wantErr)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(word{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func FuzzINI(f *testing.F) {
	for _, seed := range []string{
		"", "h1", "h[1:3] a=b", "[g]\nh1 ansible_host=x\n[g:vars]\na = 'b' # c\n[all:children]\ng\n", "[g:x]\n", "[", "a 'b",
		"u@[::1]:22 x=\"y z\"", "[a:children]\nb\n[b:children]\na\n", "\x00\xff", "h[0:999999999:1]", "[g] # c\n;x\n#y\n",
		"h ansible_connection=docker ansible_port=x ansible_password=p", "h[a:z][0:9][0:99]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, src string) {
		d := newDraft("/home/me")
		d.parseINI("hosts", src)
		inv, err := d.resolve()
		if err == nil {
			for i, h := range inv.Hosts() {
				if i == 20 {
					break
				}
				if err := checkHostName(h.Name); err != nil {
					t.Errorf("host %q: %v", h.Name, err)
				}
				if _, isGroup := inv.Groups()[h.Name]; isGroup {
					continue // the name means the group
				}
				if picked, err := inv.Select(inventory.FoldNames([]string{h.Name})); err != nil || len(picked) == 0 {
					t.Errorf("host %q cannot be selected: %v", h.Name, err)
				}
			}
			return
		}
		for e := range diag.All(err) {
			if p, ok := errors.AsType[*diag.Error](e); !ok || p.Pos.File != "hosts" || strings.ContainsAny(p.Summary, "\n\x1b") {
				t.Errorf("bad error %q", e)
			}
		}
	})
}
