package secret

import (
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/protocol"
	"github.com/openfroyo/froyo/runner/target"
)

func TestMarkers(t *testing.T) {
	a, b := Add("alpha \"quoted\"\n"), Add("beta")
	text := "x" + a + b + "y"
	if Add("beta") != b {
		t.Error("a value has two markers")
	}
	if Add("") != "" {
		t.Error("nothing has a marker")
	}
	if got := Resolve(text); got != "xalpha \"quoted\"\nbetay" {
		t.Errorf("resolved: %q", got)
	}
	if got := Mask(text); got != "x(sensitive)(sensitive)y" {
		t.Errorf("masked: %q", got)
	}
	if got := Resolve(Add(text + "z")); got != Resolve(text)+"z" {
		t.Errorf("a secret made of secrets: %q", got)
	}
}

// A marker cannot be made up, and what is left of one that was cut is known.
func TestForgedAndDamaged(t *testing.T) {
	m := Add("gamma")
	for _, forged := range []string{
		"(sensitive-" + strings.Repeat("0", 2*nonceLen+numberLen) + ")", "(sensitive-)", "(sensitive)",
	} {
		if Marked(forged) || Damaged(forged) || Resolve(forged) != forged || Mask(forged) != forged {
			t.Errorf("%s is taken for a marker", forged)
		}
	}
	if beyond := strings.Replace(m, m[len(opening):len(opening)+numberLen], strings.Repeat("f", numberLen), 1); Marked(beyond) || Resolve(beyond) != beyond {
		t.Error("a number that nothing has is taken for a marker")
	}
	if Damaged("x" + m + m) {
		t.Error("whole markers are taken for parts")
	}
	for _, part := range []string{m[:len(m)-1], m[1:], m[:len(opening)], m[len(m)-len(closing):], strings.ToUpper(m), m + m[:len(m)-3]} {
		if !Damaged(part) {
			t.Errorf("%s is not taken for a part", part)
		}
	}
}

func TestHide(t *testing.T) {
	long, within := Given("delta-delta"), Given("delta")
	Given("abc") // is too short
	Add("derived-value")
	for _, tt := range []struct{ text, want string }{
		{"none", "none"},
		{"a delta-delta b", "a " + long + " b"},
		{"delta", within},
		{"deltadelta-deltadelt", within + long + "delt"},
		{"abc derived-value", "abc derived-value"},
	} {
		if got := Hide(tt.text); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.text, Mask(got), Mask(tt.want))
		}
	}
}

// fake answers every step alike, and keeps what it was sent.
type fake struct {
	sent   []target.Step
	answer op.Result
}

func (f *fake) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	f.sent = steps
	results := make([]op.Result, len(steps))
	for i := range results {
		results[i] = f.answer
	}
	return results, nil
}

func (f *fake) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	results, err := f.Do(ctx, steps)
	outcomes := make([]target.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = target.Outcome{Result: r, Ran: true}
	}
	return outcomes, err
}

func TestTarget(t *testing.T) {
	m := Given("epsi\"lon\n")
	stdin := op.NewBlob([]byte("in " + m))
	if err := Content(map[string]*op.Blob{stdin.Sum: stdin}); err != nil {
		t.Fatal(err)
	}
	said := op.Result{Exec: &op.ExecResult{Stdout: "hello"}}
	f := &fake{answer: said}
	exec := op.Op{Exec: &op.Exec{Argv: []string{"p", m}, Env: []string{"K=" + m}, Stdin: stdin}}
	results, err := Wrap(f).Do(t.Context(), []target.Step{{Op: exec}})
	if err != nil {
		t.Fatal(err)
	}
	got := f.sent[0].Op.Exec
	if got.Argv[1] != "epsi\"lon\n" || got.Env[0] != "K=epsi\"lon\n" || got.Stdin.Sum != op.Sum([]byte("in epsi\"lon\n")) {
		t.Errorf("sent %+v", got)
	}
	if text, err := read(got.Stdin); err != nil || text != "in epsi\"lon\n" {
		t.Errorf("sent the content %q, %v", text, err)
	}
	if !got.Sensitive {
		t.Error("the runner is not told that the environment is sensitive")
	}
	if exec.Exec.Argv[1] != m || exec.Exec.Stdin != stdin {
		t.Error("the step itself was changed")
	}
	out := results[0].Exec.Stdout
	if !Marked(out) || Resolve(out) != "hello" {
		t.Errorf("what a program said that was given a secret came back as %q", out)
	}
	// What is expected of a result with markers is asked for as the host gives it.
	if _, err := Wrap(f).Run(t.Context(), []target.Step{{Op: exec, Expect: protocol.Digest(results[0])}}); err != nil {
		t.Fatal(err)
	}
	if f.sent[0].Expect != protocol.Digest(said) {
		t.Error("another result is expected of the host than it gave")
	}
}

// TestTargetPublic: what a program prints that is no secret comes back as it is, but for values that are secret.
func TestTargetPublic(t *testing.T) {
	m := Given("nu-value")
	f := &fake{answer: op.Result{Exec: &op.ExecResult{Stdout: "main and nu-value", Stderr: "said"}}}
	for _, public := range []bool{true, false} {
		results, err := Wrap(f).Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"p"}, Public: public}}, Sensitive: true}})
		if err != nil {
			t.Fatal(err)
		}
		if got := results[0].Exec; (got.Stdout == "main and "+m && got.Stderr == "said") != public || Resolve(got.Stdout) != "main and nu-value" {
			t.Errorf("public %v: came back as %q, %q", public, Mask(got.Stdout), Mask(got.Stderr))
		}
	}
}

func TestTargetReads(t *testing.T) {
	m := Given("zeta-value")
	content, host := op.NewBlob([]byte("v="+m)), op.NewBlob([]byte("v=zeta-value"))
	if err := Content(map[string]*op.Blob{content.Sum: content}); err != nil {
		t.Fatal(err)
	}
	f := &fake{answer: op.Result{Read: &op.ReadResult{Exists: true, Regular: true, Size: host.Size, Sum: host.Sum}}}
	results, err := Wrap(f).Do(t.Context(), []target.Step{{Op: op.Op{Read: &op.Read{Path: "/f", Unless: content.Sum}}}})
	if err != nil {
		t.Fatal(err)
	}
	if f.sent[0].Op.Read.Unless != host.Sum || results[0].Read.Sum != content.Sum {
		t.Error("equal contents are not found equal")
	}
	f.answer.Read.Content = host
	results, err = Wrap(f).Do(t.Context(), []target.Step{{Op: op.Op{Read: &op.Read{Path: "/f"}}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := results[0].Read.Content.Open()
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(r); string(text) != "v="+m {
		t.Errorf("a file with a secret came back as %q", text)
	}
	f.answer = op.Result{Error: &op.Error{Class: op.Permanent, Code: "check", Message: "the check said zeta-value"}}
	results, err = Wrap(f).Do(t.Context(), []target.Step{{Op: op.Op{Write: &op.Write{Path: "/f", Content: content}}}, {Op: op.Op{Stat: &op.Stat{Path: "/f"}}}})
	if err != nil || strings.Contains(results[0].Error.Message, "said zeta") || results[1].Error.Message != "the check said "+m {
		t.Errorf("errors came back as %v, %v", results, err)
	}
}

func TestKept(t *testing.T) {
	seal := Unkept
	m := Add("eta-value")
	vars := map[string]any{"a": m, "b": []any{"x", m}, "c": "x" + m, "d": int64(1), "e": "open", "f": map[string]any{"g": m}}
	kept := KeptValue(vars, seal, func(text string) bool { return text == "open" })
	for _, missing := range []string{"a", "b", "e", "f"} {
		if !HasReference(kept.(map[string]any)[missing]) {
			t.Errorf("%s is kept as %v", missing, kept.(map[string]any)[missing])
		}
	}
	if HasReference(kept.(map[string]any)["d"]) || MarkedValue(kept) {
		t.Errorf("kept %v", kept)
	}
	again := map[string]any{"a": "eta-value", "b": []any{"x", "eta-value"}, "c": "", "d": int64(1), "e": "open", "f": map[string]any{"g": "eta-value"}}
	back, err := Restore(kept, again, seal)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.(map[string]any); got["a"] != m || got["e"] != "open" || Resolve(got["f"].(map[string]any)["g"].(string)) != "eta-value" {
		t.Errorf("restored %v", got)
	}
	again["a"] = "other"
	if _, err := Restore(kept, again, seal); err == nil {
		t.Error("another value is taken for the one that was")
	}
}

// TestTargetRawBytes has a program that was not given a secret say it among bytes that
// are no text, and a host that answers with no base64 at all.
func TestTargetRawBytes(t *testing.T) {
	m := Given("kappa-value")
	raw := base64.StdEncoding.EncodeToString([]byte("\xffkappa-value"))
	for _, said := range []string{raw, "kappa-value, no base64"} {
		f := &fake{answer: op.Result{
			Exec: &op.ExecResult{StdoutRaw: said}, HTTP: &op.HTTPResult{BodyRaw: said}, TCP: &op.TCPResult{ReceivedRaw: said},
		}}
		results, err := Wrap(f).Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Argv: []string{"p"}}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []string{results[0].Exec.StdoutRaw, results[0].HTTP.BodyRaw, results[0].TCP.ReceivedRaw} {
			if data, err := base64.StdEncoding.DecodeString(got); err == nil {
				got = string(data)
			}
			if got == "" || !strings.Contains(got, m) || strings.Contains(got, "kappa-value") {
				t.Errorf("of %q came back %q", said, got)
			}
		}
	}
}

// TestCutOutput: a secret whose beginning was left out of a long output is hidden all the same.
func TestCutOutput(t *testing.T) {
	Given("correct-horse")
	for _, tt := range []struct {
		name string
		said op.ExecResult
		want op.ExecResult
	}{
		{"the end of one", op.ExecResult{Stdout: "horse, it said", StdoutCut: true}, op.ExecResult{Stdout: "(sensitive), it said", StdoutCut: true}},
		{"of standard error", op.ExecResult{Stderr: "orrect-horse", StderrCut: true}, op.ExecResult{Stderr: "(sensitive)", StderrCut: true}},
		{"whole output", op.ExecResult{Stdout: "horse"}, op.ExecResult{Stdout: "horse"}},
		{"too little to tell", op.ExecResult{Stdout: "rse", StdoutCut: true}, op.ExecResult{Stdout: "rse", StdoutCut: true}},
		{"in the middle", op.ExecResult{Stdout: "a horse", StdoutCut: true}, op.ExecResult{Stdout: "a horse", StdoutCut: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			results, err := Wrap(says{op.Result{Exec: &tt.said}}).Do(t.Context(), []target.Step{{Op: op.Op{Exec: &op.Exec{Shell: "x"}}}})
			if err != nil {
				t.Fatal(err)
			}
			got := *results[0].Exec
			got.Stdout, got.Stderr = Mask(got.Stdout), Mask(got.Stderr)
			if got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// says is a host that answers everything alike.
type says struct{ result op.Result }

func (s says) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	return slices.Repeat([]op.Result{s.result}, len(steps)), nil
}

func (s says) Run(context.Context, []target.Step) ([]target.Outcome, error) { return nil, nil }
