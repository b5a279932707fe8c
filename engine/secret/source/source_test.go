package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/secret"
	"github.com/openfroyo/froyo/engine/secret/vault"
	"github.com/openfroyo/froyo/engine/secret/vault/vaulttest"
)

// memory is a store in memory.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	asked  int
}

func (m *memory) Get(_ context.Context, name string) ([]byte, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked++
	v, ok := m.values[name]
	switch {
	case name == "locked":
		return nil, true, errors.New("no key opens it")
	case !ok:
		return nil, false, (&diag.Error{Summary: "there is no secret " + name}).WithHint("did you mean db/password?")
	}
	return []byte(v), true, nil
}

func (m *memory) Free(name string) error {
	if name == "DB/password" {
		return errors.New("there cannot be a secret DB/password beside db/password")
	}
	return nil
}

func (m *memory) Create(_ context.Context, name string, value []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.values[name]; ok {
		return false, nil
	}
	m.values[name] = string(value)
	return true, nil
}

// place is a set with a store and files, and what it warns of.
type place struct {
	*Set
	store *memory
	dir   string
	warn  []string
	vault *vault.Vault
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{store: &memory{values: map[string]string{"db/password": "of-the-store", "nothing": ""}}, dir: t.TempDir()}
	for name, text := range map[string]string{"line": "one line\r\n", "key": "-----BEGIN\nxyz\n", "open": "readable\n", "large": strings.Repeat("x", maxSize+1), "empty": "\n"} {
		mode := os.FileMode(0o600)
		if name == "open" {
			mode = 0o644
		}
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"sealed": "of-the-vault\n", "sealed.key": "-----BEGIN\nxyz\n", "hollow": "\n"} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(vaulttest.Seal(t, "sesame", text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p.vault = vault.New(vault.Password{From: "test", Get: func() ([]byte, error) { return []byte("sesame"), nil }})
	p.renew()
	return p
}

// renew begins another run.
func (p *place) renew() {
	p.Set = New(Options{
		Store: p.store, Dir: p.dir, Env: []string{"PATH=" + os.Getenv("PATH"), "DB_PASSWORD=of-the-environment", "NONE="},
		Seal: func() (func([]byte) string, error) { return secret.Unkept, nil }, Vault: p.vault, Warn: func(w *diag.Error) { p.warn = append(p.warn, strings.TrimSuffix(w.Error()+"\n"+w.Detail, "\n")) },
	})
}

func TestSources(t *testing.T) {
	p := newPlace(t)
	for _, tt := range []struct{ name, want, err, hint string }{
		{"db/password", "of-the-store", "", ""},
		{"env:DB_PASSWORD", "of-the-environment", "", ""},
		{"file:line", "one line", "", ""},
		{"file:key", "-----BEGIN\nxyz\n", "", ""},
		{"file:open", "readable", "", ""},
		{"command:printf 'a\\nb\\n'", "a\nb", "", ""},
		{"command:cat line; echo careful >&2", "one line", "", ""},
		{"command:printf 'a\\r\\nb\\r\\n'", "a\r\nb", "", ""},
		{"command:printf 'canary-1\\ncanary-2\\nx\\n'; echo has canary-2, and x >&2; echo then canary-1 >&2", "canary-1\ncanary-2\nx", "", ""},
		{"command:echo hid; echo it is hid >&2", "hid", "", ""},
		{"vault:sealed", "of-the-vault", "", ""},
		{"vault:sealed.key", "-----BEGIN\nxyz\n", "", ""},

		{"vault:none", "", "no such file", "encrypt it: ansible-vault encrypt --output none"},
		{"vault:hollow", "", "is empty", "encrypt it: ansible-vault encrypt --output hollow"},
		{"vault:line", "", "it is not as ansible-vault encrypts a file", "ansible-vault encrypt line"},
		{"db/pasword", "", "there is no secret db/pasword", "did you mean db/password?"},
		{"locked", "", "no key opens it", ""},
		{"nothing", "", `secret "nothing" is empty`, "give it a value: froyo secret set nothing"},
		{"", "", `secret "": it has no name`, ""},
		{"env:", "", `secret "env:": it has no name`, ""},
		{"evn:DB_PASSWORD", "", `there is no source "evn"`, "did you mean env:DB_PASSWORD?"},
		{"http://x", "", `there is no source "http"`, "other sources are command:, env:, file:, vault:"},
		{"env:DB_PASWORD", "", "the environment has no variable DB_PASWORD", "did you mean env:DB_PASSWORD?"},
		{"env:OTHER_THING", "", "the environment has no variable OTHER_THING", "set OTHER_THING in the environment of froyo"},
		{"env:NONE", "", `secret "env:NONE" is empty`, "set NONE in the environment"},
		{"file:none", "", "no such file", "its name starts from the workspace's directory"},
		{"file:.", "", "it is a directory", ""},
		{"file:large", "", "is larger than 1 MiB", ""},
		{"file:empty", "", "is empty", "write it into empty"},
		{"command:true", "", `secret "command:true" is empty`, "see what it prints: true"},
		{"command:echo secret; echo why not secret >&2; exit 3", "", "exit status 3", "see what it does"},
		{"command:yes", "", "it prints more than 1 MiB", "have it print the secret and nothing else"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			marked, err := p.Get(t.Context(), tt.name, "")
			if tt.err == "" {
				if err != nil || secret.Resolve(marked) != tt.want || !secret.Marked(marked) {
					t.Errorf("got %q, %v, want %q", secret.Resolve(marked), err, tt.want)
				}
				return
			}
			e := diag.Of(err)
			if err == nil || !strings.Contains(e.Summary, tt.err) || !strings.Contains(e.Hint, tt.hint) || e.Code != diag.Usage {
				t.Errorf("got %v (%q, %d), want %q (%q)", err, e.Hint, e.Code, tt.err, tt.hint)
			}
			if strings.Contains(e.Detail, "not secret") {
				t.Errorf("what it printed is told: %q", e.Detail)
			}
		})
	}
	warned := strings.Join(p.warn, "\n")
	for _, want := range []string{`secret "file:open": others can read`, "(mode 0644)", "says: careful", "says: it is (sensitive)", "says:\nhas (sensitive), and x\nthen (sensitive)"} {
		if !strings.Contains(warned, want) {
			t.Errorf("no warning has %q: %s", want, warned)
		}
	}
	before := p.store.asked
	_, _ = p.Get(t.Context(), "db/password", "")
	_, _ = p.Get(t.Context(), "db/pasword", "")
	if p.store.asked != before {
		t.Error("the store was asked again")
	}
}

// A command that hangs ends at its limit, with what it has started.
func TestCommandHangs(t *testing.T) {
	c := commands{limit: 50 * time.Millisecond, warn: func(*diag.Error) {}}
	_, err := c.read(t.Context(), "echo waits >&2; sleep 60 & sleep 60")
	if e := diag.Of(err); err == nil || !strings.Contains(e.Summary, "it did not end within 50ms") ||
		!strings.Contains(e.Hint, "it has no terminal, so that it cannot ask: unlock its store before, and see what it does: sh -c 'echo waits") {
		t.Errorf("got %v (%s)", err, diag.Of(err).Hint)
	}
	if out, err := (commands{limit: time.Minute, warn: func(*diag.Error) {}}).read(t.Context(), "echo unlocked </dev/null"); err != nil || out != "unlocked" {
		t.Errorf("got %q, %v", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := newPlace(t)
	if _, err := p.Get(ctx, "command:echo x", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := p.Get(t.Context(), "command:echo x", ""); err != nil {
		t.Errorf("an interrupt was kept: %v", err)
	}
}

func TestGenerate(t *testing.T) {
	for spec, want := range map[string]string{
		"password(24)": `^[A-Za-z0-9][-_.A-Za-z0-9]{23}$`, "password(8)": `^.{8}$`, "alphanumeric(20)": `^[A-Za-z0-9]{20}$`, "hex(32)": `^[0-9a-f]{64}$`,
		"base64(32)": `^[A-Za-z0-9+/]{43}=$`, "uuid()": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, " hex( 8 )": `^[0-9a-f]{16}$`,
	} {
		seen := map[string]bool{}
		for _, of := range [][2]string{{"a", "1"}, {"a", "2"}, {"b", "1"}} {
			text, err := Generate(spec, of[0], of[1], secret.Unkept)
			if err != nil || !regexp.MustCompile(want).MatchString(text) || seen[text] {
				t.Errorf("%s of %v is %q, %v", spec, of, text, err)
			}
			if again, _ := Generate(spec, of[0], of[1], secret.Unkept); again != text {
				t.Errorf("%s of %v is %q and %q", spec, of, text, again)
			}
			seen[text] = true
		}
	}
	for spec, want := range map[string]string{
		"pasword(24)": "did you mean password(24)?", "secret": "one of password(24), alphanumeric(20), hex(32), base64(32), uuid()", "hex": "such as hex(32)",
		"hex(x)": "such as hex(32)", "hex(7)": "such as hex(32)", "hex(1025)": "such as hex(32)", "uuid(4)": "uuid()", "hex(32": "such as hex(32)",
	} {
		if err := Check(spec); err == nil || diag.Of(err).Hint != want {
			t.Errorf("%s: %v (%q), want %q", spec, err, diag.Of(err).Hint, want)
		}
	}
	// Characters are as likely as each other, as far as that can be seen.
	counts := map[rune]int{}
	for i := range 200 {
		text, _ := Generate("alphanumeric(1000)", "a", fmt.Sprint(i), secret.Unkept)
		for _, c := range text {
			counts[c]++
		}
	}
	for c, n := range counts {
		if n < 2800 || n > 3700 { // 3226 of 200,000 are expected, with a deviation of 56
			t.Errorf("%c comes up %d times", c, n)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d characters come up", len(counts))
	}
}

func TestGeneratedIsKeptLater(t *testing.T) {
	p := newPlace(t)
	ctx := t.Context()
	first, err := p.Get(ctx, "new", "hex(16)")
	if err != nil || len(secret.Resolve(first)) != 32 {
		t.Fatal(first, err)
	}
	if again, err := p.Get(ctx, "new", "hex(16)"); again != first || err != nil {
		t.Errorf("asked again it is another: %v", err)
	}
	for generate, want := range map[string]string{"": "generate is given elsewhere", "uuid()": "generate is uuid() here, and hex(16) elsewhere"} {
		if _, err := p.Get(ctx, "new", generate); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("generate %q: %v", generate, err)
		}
	}
	if _, err := p.Get(ctx, "env:X", "hex(16)"); err == nil || !strings.Contains(err.Error(), "only a secret of the store") {
		t.Error(err)
	}
	if there, err := p.Get(ctx, "db/password", "hex(16)"); err != nil || secret.Resolve(there) != "of-the-store" {
		t.Error("one that is there was generated", err)
	}
	for name, want := range map[string]string{
		"DB/password": "there cannot be a secret DB/password beside db/password",
		"New":         "there cannot be a secret New beside new, which is generated, too", "new/part": "there cannot be a secret new/part beside new,",
	} {
		if _, err := p.Get(ctx, name, "hex(16)"); err == nil || !strings.Contains(err.Error(), want) || diag.CodeOf(err) != diag.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
	const hint = "take a name that differs from it in more than case, and is no part of it"
	if _, err := p.Get(ctx, "new/part", "hex(16)"); err == nil || diag.Of(err).Hint != hint {
		t.Errorf("%v", err)
	}
	p.renew()
	for _, name := range []string{"new", "new2/part"} { // as it says
		if _, err := p.Get(ctx, name, "hex(16)"); err != nil {
			t.Error(err)
		}
	}
	p.renew()
	if first, err = p.Get(ctx, "new", "hex(16)"); err != nil {
		t.Fatal(err)
	}
	if there, err := p.Get(ctx, "db/password", ""); err != nil || secret.Resolve(there) != "of-the-store" {
		t.Error(err)
	}
	refs := p.Refs()
	if len(refs) != 2 || refs[0].Generate != "" || refs[1].Generate != "hex(16)" || refs[1].Nonce == "" || len(p.Fresh()) != 1 {
		t.Errorf("the plan holds %+v", refs)
	}
	if _, is := p.store.values["new"]; is {
		t.Error("it was kept while planning")
	}
	// The saved plan is applied by another process, which comes to the same.
	p.renew()
	p.Expect(refs, "the plan", "")
	if again, err := p.Get(ctx, "new", "hex(16)"); err != nil || again != first {
		t.Errorf("a saved plan comes to another: %v", err)
	}
	if err := p.Keep(ctx); err != nil || p.store.values["new"] != secret.Resolve(first) || len(p.Fresh()) != 0 {
		t.Errorf("it was not kept: %v", err)
	}
	if after := p.Refs(); fmt.Sprint(after) != fmt.Sprint(refs[1:]) {
		t.Errorf("the plan was %v, is %v", refs, after)
	}
	// Applied again it is still that plan.
	p.renew()
	p.Expect(refs, "the plan", "")
	if again, err := p.Get(ctx, "new", "hex(16)"); err != nil || again != first {
		t.Errorf("applied again: %v", err)
	}
}

func TestStale(t *testing.T) {
	p := newPlace(t)
	ctx := t.Context()
	for name, generate := range map[string]string{"db/password": "", "env:DB_PASSWORD": "", "file:line": "", "new": "hex(16)"} {
		if _, err := p.Get(ctx, name, generate); err != nil {
			t.Fatal(err)
		}
	}
	refs := p.Refs()
	stale := func(want string, then func(), name, generate string) {
		t.Helper()
		p.renew()
		p.Expect(refs, "the plan", "")
		then()
		_, err := p.Get(ctx, name, generate)
		if e := diag.Of(err); err == nil || e.Code != diag.Stale || !strings.Contains(e.Summary, name) || !strings.Contains(e.Summary, want) ||
			e.Hint != "nothing was done; make a new plan and review it" {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		p.renew() // a new plan
		if _, err := p.Get(ctx, name, cmp.Or(generate, "hex(16)")); err != nil && !strings.HasPrefix(name, "file:") {
			t.Error(err)
		}
	}
	stale("has changed since then", func() { p.store.values["db/password"] = "another" }, "db/password", "")
	stale("cannot be read any more", func() { delete(p.store.values, "db/password") }, "db/password", "")
	stale("is empty by now", func() { _ = os.WriteFile(filepath.Join(p.dir, "line"), nil, 0o600) }, "file:line", "")
	stale("cannot be read any more", func() { _ = os.Remove(filepath.Join(p.dir, "line")) }, "file:line", "")
	stale("was to be generated, and is there by now", func() { p.store.values["new"] = "of another" }, "new", "hex(16)")
	delete(p.store.values, "new")
	p.renew()
	p.Expect(refs, "the plan", "")
	if _, err := p.Get(ctx, "new", "hex(16)"); err != nil {
		t.Fatal(err)
	}
	p.store.values["new"] = "of another"
	if err := p.Keep(ctx); diag.CodeOf(err) != diag.Stale || p.store.values["new"] != "of another" {
		t.Errorf("another's was replaced: %v", err)
	}
}

// What is to replace a secret is planned with, and not written.
func TestReplace(t *testing.T) {
	p := newPlace(t)
	p.Replace("db/password", "next")
	if marked, err := p.Get(t.Context(), "db/password", ""); err != nil || secret.Resolve(marked) != "next" || p.store.values["db/password"] != "of-the-store" {
		t.Error(marked, err)
	}
}

// Many hosts ask at once, and each source is asked once.
func TestAskedOnce(t *testing.T) {
	p := newPlace(t)
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := p.Get(t.Context(), "command:echo x >>asked; cat asked", ""); err != nil {
				t.Error(err)
			}
			_, _ = p.Get(t.Context(), "db/password", "")
			_, _ = p.Get(t.Context(), "made", "uuid()")
		})
	}
	wg.Wait()
	if text, err := os.ReadFile(filepath.Join(p.dir, "asked")); err != nil || string(text) != "x\n" || p.store.asked != 2 {
		t.Errorf("the command ran for %q, the store %d times", text, p.store.asked)
	}
}

func TestStandIn(t *testing.T) {
	s := New(Options{StandIn: true})
	if marked, err := s.Get(t.Context(), "command:touch asked", ""); err != nil || !secret.Marked(marked) || len(s.Refs()) != 0 {
		t.Error(marked, err)
	}
	if _, err := s.Get(t.Context(), "evn:X", ""); err == nil {
		t.Error("a wrong name is not told")
	}
}

// TestVaultNeedsItsPassword: without the password, or with another, a file of Ansible's vault is no secret, and nothing of it is told.
func TestVaultNeedsItsPassword(t *testing.T) {
	p := newPlace(t)
	right := p.vault
	const hint = "give the password that it was encrypted with: --vault-password-file FILE, or --vault-id LABEL@FILE"
	failing := (&diag.Error{Summary: "no terminal"}).WithHint("set it")
	for _, tt := range []struct {
		vault     *vault.Vault
		err, hint string
	}{
		{nil, `secret "vault:sealed": it is encrypted with ansible-vault, and no password is given`, hint},
		{vault.New(), "and no password is given", hint},
		{vault.New(vault.Password{From: "other", Get: func() ([]byte, error) { return []byte("x"), nil }}), "the password does not open it (other)", hint},
		{vault.New(vault.Password{From: "asked", Get: func() ([]byte, error) { return nil, failing }}), `secret "vault:sealed": no terminal`, "set it"},
	} {
		p.vault = tt.vault
		p.renew()
		_, err := p.Get(t.Context(), "vault:sealed", "")
		if e := diag.Of(err); err == nil || !strings.Contains(e.Summary, tt.err) || e.Hint != tt.hint || e.Code != diag.Usage {
			t.Errorf("got %v (%q, %d)", err, e.Hint, e.Code)
		}
	}
	p.vault = right
	p.renew()
	if marked, err := p.Get(t.Context(), "vault:sealed", ""); err != nil || secret.Resolve(marked) != "of-the-vault" {
		t.Error(err)
	}
}
