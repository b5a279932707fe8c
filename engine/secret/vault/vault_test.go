package vault

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/secret/vault/vaulttest"
)

// sealed is "hunter2" as ansible-vault encrypted it with the password "open sesame", and labelled that of "prod" with "prod's".
const (
	sealed = `$ANSIBLE_VAULT;1.1;AES256
63393238386533643034313265383264343534366636393461643837376464353466373038333066
6133393636343831643562376437646338363233373032620a383539343939333233313039346435
61623939613562386533393362616135306537616361336339643330313633386538626264363262
6330643334613465620a343837373663636134376465653839623530303765313964333230316565
6666`
	labelled = `$ANSIBLE_VAULT;1.2;AES256;prod
64613331373935663131616536333464336433336163616365663831333639643933323865373932
3330653633393639396264366133623765383339396666620a633864323232643163663965326138
36356233376132393161616138313965643138333162666261306139353463333731633537316263
6665343162366363380a656365376262366435646632373035313066633733366333373031386331
3836`
)

func fixed(id, password string) Password {
	return Password{ID: id, From: "from " + id, Get: func() ([]byte, error) { return []byte(password), nil }}
}

func TestOpen(t *testing.T) {
	asked := 0
	other := Password{ID: "other", From: "other", Get: func() ([]byte, error) { asked++; return []byte("x"), nil }}
	for _, tt := range []struct {
		name, text string
		passwords  []Password
		want       string
		wantErr    string
	}{
		{"plain", sealed, []Password{fixed("", "open sesame")}, "hunter2", ""},
		{"windows", strings.ReplaceAll(sealed, "\n", "\r\n"), []Password{fixed("", "open sesame")}, "hunter2", ""},
		{"by its label first", labelled, []Password{other, fixed("prod", "prod's")}, "hunter2", ""},
		{"by another", labelled, []Password{fixed("prod", "no"), fixed("dev", "prod's")}, "hunter2", ""},
		{"none", sealed, nil, "", "encrypted with ansible-vault, and no password is given"},
		{"wrong", labelled, []Password{fixed("a", "1"), fixed("prod", "2")}, "", `encrypted with ansible-vault as "prod", and the passwords do not open it (from prod, from a), or it was changed since`},
		{"no password to be had", sealed, []Password{{Get: func() ([]byte, error) { return nil, errors.New("gone") }}}, "", "gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			v := New(tt.passwords...)
			v.OpenAll([]*Envelope{e, e})
			text, err := v.Open(e)
			if string(text) != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && err.Error() != tt.wantErr {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	if asked != 0 {
		t.Error("the password of another label was asked for")
	}
}

// TestSeal: what tests encrypt is as ansible-vault has it.
func TestSeal(t *testing.T) {
	e, err := Parse([]byte(vaulttest.Seal(t, "p", "sixteen bytes ok")))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := New(fixed("", "p")).Open(e); string(text) != "sixteen bytes ok" {
		t.Errorf("%q %v", text, err)
	}
}

// TestDamaged: what was changed anywhere is refused, and nothing of the text is given.
func TestDamaged(t *testing.T) {
	v := New(fixed("", "open sesame"))
	for _, text := range []string{
		"", "x", "$ANSIBLE_VAULT;", "$ANSIBLE_VAULT;1.1", "$ANSIBLE_VAULT;1.0;AES\n6162", "$ANSIBLE_VAULT;1.1;AES\n6162", "$ANSIBLE_VAULT;9.9;AES256\n6162",
		"$ANSIBLE_VAULT;1.1;AES256\n", "$ANSIBLE_VAULT;1.1;AES256\n616", "$ANSIBLE_VAULT;1.1;AES256\nzz", "$ANSIBLE_VAULT;1.1;AES256\n6162",
		"$ANSIBLE_VAULT;1.1;AES256\n0a0a", "$ANSIBLE_VAULT;1.2;AES256;a;b\n6162", sealed[:len(sealed)-40], sealed + "00",
	} {
		if e, err := Parse([]byte(text)); err == nil {
			if got, err := v.Open(e); err == nil {
				t.Errorf("%q gives %q", text, got)
			}
		}
	}
	for i := strings.Index(sealed, "\n") + 1; i < len(sealed); i += 7 {
		text := []byte(sealed)
		if text[i] == '\n' {
			continue
		}
		text[i] ^= 1
		if e, err := Parse(text); err == nil {
			if got, err := v.Open(e); err == nil {
				t.Errorf("changed at %d it gives %q", i, got)
			}
		}
	}
}

// TestAgainstAnsible: what the real ansible-vault encrypts is opened.
func TestAgainstAnsible(t *testing.T) {
	program, err := exec.LookPath("ansible-vault")
	if err != nil {
		t.Skip("ansible-vault is not installed")
	}
	dir := t.TempDir()
	password := "pass wörd'\"$"
	if err := os.WriteFile(filepath.Join(dir, "password"), []byte(" "+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	texts := []string{"x", "sixteen bytes ok", "zeile\n\x00\xff", strings.Repeat("a: b\n", 1000)}
	var files []string
	for i, text := range texts {
		file := filepath.Join(dir, string(rune('a'+i)))
		files = append(files, file)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"", "prod"} {
		args := append([]string{"encrypt", "--vault-id", id + "@" + filepath.Join(dir, "password")}, files...)
		if id == "" {
			args = append([]string{"encrypt", "--vault-password-file", filepath.Join(dir, "password")}, files...)
		}
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
		for i, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			e, err := Parse(data)
			if err != nil || e.ID != id {
				t.Fatal(e, err)
			}
			text, err := New(fixed(id, password)).Open(e)
			if err != nil || !bytes.Equal(text, []byte(texts[i])) {
				t.Errorf("%q: %.40q %v", id, text, err)
			}
			if err := os.WriteFile(file, []byte(texts[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{sealed, labelled, "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "$ANSIBLE_VAULT;1.2;AES256;\xff\n0a0a"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		if got, err := e.open([]byte("x")); err == nil || got != nil {
			t.Errorf("a wrong password gives %q", got)
		}
	})
}
