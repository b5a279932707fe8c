package text_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/providers/providertest"
	"github.com/openfroyo/froyo/providers/text"
)

// edit is one edit, for both.
type edit struct {
	Module string `json:"module"`
	Params given  `json:"params"`
	Text   string `json:"text"`
	typ    string
}

// edited is what came of one.
type edited struct {
	Text   string `json:"text"`
	Failed string `json:"failed"`
}

// pick is one of several.
func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// generate makes an edit of a text that is made for it.
func generate(r *rand.Rand) edit {
	words := []string{"Port 22", "Port 2222", "#Port 22", "  indented = 1", "a", "b", "a.b", "UsePAM yes", "", "x=1", "# x=1", "[s]", "# BEGIN X", "# END X"}
	var b strings.Builder
	for range r.IntN(8) {
		b.WriteString(pick(r, words...) + "\n")
	}
	b.WriteString(pick(r, words...))
	e := edit{Text: b.String() + pick(r, "\n", "\n", "\n", ""), Params: given{}}
	patterns := []string{"^#?Port", "^Port", "a", `a\.b`, "^a$", `(\w+)=(\d+)`, "yes$", "zzz", "^#", `^\s+(\w+)`, "(?i)PORT", "^$", `\bb\b`}
	set := func(chance int, name string, value any) {
		if r.IntN(100) < chance {
			e.Params[name] = value
		}
	}
	beside := func() {
		if name := pick(r, "insertafter", "insertbefore"); r.IntN(2) == 0 {
			e.Params[name] = pick(r, append([]string{"EOF", "BOF"}, patterns...)...)
			if name == "insertbefore" && e.Params[name] == "EOF" {
				delete(e.Params, name)
			}
		}
	}
	switch e.Module = pick(r, "lineinfile", "lineinfile", "blockinfile", "replace"); e.Module {
	case "lineinfile":
		e.typ = "line"
		e.Params["line"] = pick(r, words[:10]...)
		if r.IntN(3) > 0 {
			e.Params[pick(r, "regexp", "regexp", "search_string")] = pick(r, patterns...)
		}
		if r.IntN(5) == 0 {
			e.Params["state"] = "absent"
			break
		}
		set(30, "firstmatch", true)
		if _, is := e.Params["regexp"]; is && r.IntN(3) == 0 {
			e.Params["backrefs"], e.Params["line"] = true, pick(r, `\g<0>`, "Port 22", `<\g<0>>`)
		}
		beside()
	case "blockinfile":
		e.typ = "block"
		e.Params["marker"] = "# {mark} X"
		e.Params["block"] = pick(r, "one", "one\ntwo\n", "", "a\n\nb")
		if r.IntN(4) == 0 {
			delete(e.Params, "block")
			e.Params["state"] = "absent"
			break
		}
		beside()
		if e.Params["insertafter"] == "BOF" {
			delete(e.Params, "insertafter")
		}
	case "replace":
		e.typ = "replace"
		e.Params["regexp"], e.Params["replace"] = pick(r, patterns...), pick(r, "", "Q", `<\g<0>>`)
		set(30, "after", pick(r, patterns[2:]...))
		set(30, "before", pick(r, patterns[2:]...))
	}
	return e
}

// python is the one for which Debian installs Ansible.
const python = "/usr/bin/python3"

// TestAsAnsible compares with Ansible's modules. FROYO_TEXT_EDITS and FROYO_TEXT_SEED are how many edits are made, and from what.
func TestAsAnsible(t *testing.T) {
	if exec.CommandContext(t.Context(), python, "-c", "import ansible.modules.lineinfile").Run() != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("Ansible is not installed; .ci/run install gets it")
		}
		t.Skip("Ansible is not installed")
	}
	number, seed := 2000, uint64(1)
	if n, err := strconv.Atoi(os.Getenv("FROYO_TEXT_EDITS")); err == nil {
		number = n
	}
	if n, err := strconv.ParseUint(os.Getenv("FROYO_TEXT_SEED"), 10, 64); err == nil {
		seed = n
	}
	r := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // the same edits each time
	edits := make([]edit, number)
	for i := range edits {
		edits[i] = generate(r)
	}
	in, err := json.Marshal(edits)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "testdata/modules.py")
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var theirs []edited
	if err := json.Unmarshal(out, &theirs); err != nil {
		t.Fatal(err)
	}
	same := map[string]int{}
	for i, e := range edits {
		m := host(e.Text)
		if e.Text == "" {
			continue
		}
		kit := providertest.New(t, providertest.Native(text.Types()), m)
		outcome := "same"
		_, failed := kit.Apply(providertest.Unit{Type: e.typ, Args: args(t, e.typ, e.Params)})
		switch {
		case failed != nil && (strings.Contains(failed.Message, "each apply would") || strings.Contains(failed.Message, "does not end")):
			outcome = "refused, since it would not end"
		case (failed != nil) != (theirs[i].Failed != ""):
			t.Errorf("%s %v of %q: failed %v, Ansible %q", e.Module, e.Params, e.Text, failed, theirs[i].Failed)
		case failed == nil && m.Says(t, path) != theirs[i].Text:
			if known(e) {
				outcome = "right, other than Ansible"
				break
			}
			t.Errorf("%s %v of %q:\n%q, Ansible\n%q", e.Module, e.Params, e.Text, m.Says(t, path), theirs[i].Text)
		}
		same[outcome]++
	}
	t.Logf("%d edits: %v", number, same)
	if same["same"] < number*3/4 {
		t.Errorf("only %d of %d edits could be compared", same["same"], number)
	}
}

// known reports whether an edit is one in which Ansible does what nobody wants: it puts a new line behind a last line that
// has no end, as a part of that; it gives a last line an end where it has no block to write or remove, and does not see a mark in
// it; with firstmatch it adds a line once more that stands behind the place where it belongs.
func known(e edit) bool {
	return !strings.HasSuffix(e.Text, "\n") && (e.Params["insertafter"] != nil || e.Module == "blockinfile") ||
		e.Params["firstmatch"] == true && strings.Contains(e.Text, e.Params["line"].(string))
}
