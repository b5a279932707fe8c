package planfile_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/openfroyo/froyo/engine/enginetest"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/planfile"
	"github.com/openfroyo/froyo/engine/plangraph"
)

// Keys for tests: the one that is trusted, and another.
var (
	signer   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	stranger = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, ed25519.SeedSize))
)

// trusting trusts the plans of some keys.
func trusting(private ...ed25519.PrivateKey) planfile.Keys {
	return func(string) ([]ed25519.PublicKey, error) {
		var keys []ed25519.PublicKey
		for _, k := range private {
			keys = append(keys, k.Public().(ed25519.PublicKey))
		}
		return keys, nil
	}
}

// saved is a document as a file.
func saved(t *testing.T, d *planfile.Document) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := d.Write(&file, signer); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// small is a document with something of everything that is hard to write.
func small() *planfile.Document {
	return &planfile.Document{
		Format: planfile.Format, Froyo: "dev", Created: time.Unix(1700000000, 5).UTC(), Main: "site.star", Root: `/srv/"a",`,
		Sources:   map[string]string{"site.star": "<&>\u2028\u202e\xff\n"},
		Vars:      inventory.Vars{"n": int64(1) << 62, "f": 5.0, "big": 1e17, "huge": 1e300, "list": []any{int64(1), 0.5, nil, true}},
		Inventory: []*inventory.Host{enginetest.Inventory("h1")},
		Hosts:     []planfile.Host{{Name: "h1", Inputs: []byte(`{"a":"<\u202e"}`), Units: []planfile.Unit{}}},
	}
}

func TestASavedPlanComesBackAsItWas(t *testing.T) {
	file := saved(t, small())
	asked := ""
	d, err := planfile.Parse(file, "p", func(root string) ([]ed25519.PublicKey, error) {
		asked = root
		return trusting(stranger, signer)(root)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := small()
	want.Sources["site.star"] = strings.ToValidUTF8(want.Sources["site.star"], "\ufffd")
	if diff := cmp.Diff(want, d, cmpopts.IgnoreFields(planfile.Host{}, "Inputs"), cmpopts.IgnoreUnexported(inventory.Host{})); diff != "" {
		t.Error(diff)
	}
	if asked != want.Root {
		t.Errorf("keys were asked for %q, want %q", asked, want.Root)
	}
	if again := saved(t, d); !bytes.Equal(file, again) {
		t.Errorf("written again it is another:\n%s", cmp.Diff(string(file), string(again)))
	}
}

func TestASavedPlanIsRefused(t *testing.T) {
	file := string(saved(t, small()))
	at := strings.LastIndex(file, `,`+"\n"+`  "signature"`)
	text := file[:at] + "\n}\n"
	signed := func(text string) string { return string(planfile.Sign([]byte(text), signer)) }
	edit := func(old, new string) string { return strings.Replace(text, old, new, 1) }
	for _, tt := range []struct{ name, file, want string }{
		{"no JSON", "hello", `not a plan: it does not say "froyo-plan/3" as its format`},
		{"other JSON", `{"a": 1}`, `not a plan: it does not say "froyo-plan/3" as its format`},
		{"another format", signed(edit("froyo-plan/3", "froyo-plan/9")), `saved by another version of froyo: its format is "froyo-plan/9", this version reads "froyo-plan/3"`},
		{"the format of before", signed(edit("froyo-plan/3", "froyo-plan/2")), `saved by another version of froyo: its format is "froyo-plan/2", this version reads "froyo-plan/3"`},
		{"unsigned", text, "missing or damaged signature"},
		{"edited", strings.Replace(file, `"dev"`, `"def"`, 1), "signature mismatch: the file was modified after it was saved"},
		{"another's", string(planfile.Sign([]byte(text), stranger)), "signature by a key that is not trusted here, " + planfile.KeyID(stranger.Public().(ed25519.PublicKey))},
		{"something behind it", file + " ", "missing or damaged signature"},
		{"signed twice", signed(file), "not a plan: it is damaged, although its signature is valid: json: unknown field"},
		{"spaced otherwise", strings.Replace(file, `"key": `, `"key":`, 1), "missing or damaged signature"},
		{"no directory", signed(edit(`"root"`, `"tree"`)), "the signature cannot be checked: the plan does not say where"},
		{"unknown field", signed(edit(`  "froyo": `, `  "extra": 1,`+"\n"+`  "froyo": `)), "not a plan: it is damaged"},
		{"a field twice", signed(edit(`  "froyo": "dev"`, `  "froyo": "no",`+"\n"+`  "froyo": "dev"`)), "not a plan: it is not written as froyo writes one"},
		{"another spelling", signed(edit(`"froyo": `, `"FROYO": `)), "not a plan: it is not written as froyo writes one"},
		{"another escape", signed(edit(`"dev"`, `"\u0064ev"`)), "not a plan: it is not written as froyo writes one"},
		{"a value behind it", signed(strings.TrimSuffix(text, "\n}\n") + "\n}\n{\n}\n"), "not a plan: it is not written as froyo writes one"},
		{"no runbook", signed(edit(`"main": "site.star"`, `"main": "a"`)), `not a plan: its runbook "a" is not among its sources`},
		{"stray host", signed(edit(`"name": "h1",`+"\n"+`      "inputs"`, `"name": "x",`+"\n"+`      "inputs"`)), `not a plan: host "x" is not in its inventory`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := planfile.Parse([]byte(tt.file), "plan.json", trusting(signer))
			if err == nil || !strings.HasPrefix(err.Error(), "plan.json: "+tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestASavedPlanNeedsAKey(t *testing.T) {
	file := saved(t, small())
	_, err := planfile.Parse(file, "p", trusting())
	if err == nil || !strings.Contains(err.Error(), "signature by a key that is not trusted here") {
		t.Errorf("got %v without any key", err)
	}
	_, err = planfile.Parse(file, "p", func(string) ([]ed25519.PublicKey, error) { return nil, errors.New("no key today") })
	if err == nil || err.Error() != "p: the signature cannot be checked: no key today" {
		t.Errorf("got %v where the keys cannot be read", err)
	}
}

// refused reports how a file was refused otherwise than it has to be, or "".
func refused(file []byte) string {
	_, err := planfile.Parse(file, "plan.json", trusting(signer))
	if err == nil {
		return "accepted"
	}
	if text := err.Error(); !strings.HasPrefix(text, "plan.json: ") || !strings.Contains(text, "signature") && !strings.Contains(text, "not a plan") && !strings.Contains(text, "another version of froyo") {
		return text
	}
	return ""
}

func TestEveryBitOfASavedPlanCounts(t *testing.T) {
	file := saved(t, small())
	for at := range file {
		for bit := range 8 {
			file[at] ^= 1 << bit
			if wrong := refused(file); wrong != "" {
				t.Fatalf("bit %d of byte %d (%q): %s", bit, at, file[at], wrong)
			}
			file[at] ^= 1 << bit
		}
	}
}

func TestASavedPlanIsWholeOrNothing(t *testing.T) {
	file := saved(t, small())
	for n := range file {
		if wrong := refused(file[:n]); wrong != "" {
			t.Fatalf("the first %d of %d bytes: %s", n, len(file), wrong)
		}
		if n > 0 {
			if wrong := refused(file[n:]); wrong != "" {
				t.Fatalf("without the first %d bytes: %s", n, wrong)
			}
		}
	}
}

// FuzzParse reads hostile files: as they are, and as what lies behind a
// signature that fits. What is accepted has one spelling.
func FuzzParse(f *testing.F) {
	var file bytes.Buffer
	if err := small().Write(&file, signer); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	text, _, _ := strings.Cut(file.String(), ",\n  \"signature\"")
	f.Add([]byte(text + "\n}\n"))
	for _, seed := range []string{
		"", "{\n  \"format\": \"", `{"format": "froyo-plan/1", "main": "a"}`,
		"{\n  \"format\": \"froyo-plan/3\",\n  \"root\": \"/\",\n  \"inventory\": [null]\n}\n",
		"{\n  \"format\": \"froyo-plan/3\",\n  \"root\": \"/\",\n  \"hosts\": " + strings.Repeat("[", 20000) + "\n}\n",
		fmt.Sprintf("{\n  \"format\": \"froyo-plan/3\",\n  \"root\": %q,\n", strings.Repeat("/", 70000)),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, planfile.Sign(data, signer)} {
			d, err := planfile.Parse(file, "p", trusting(signer))
			if err != nil {
				continue
			}
			if again := saved(t, d); !bytes.Equal(file, again) {
				t.Errorf("%q was accepted, and is written %q", file, again)
			}
			if _, _, _, err := d.View(); err != nil {
				continue
			}
			plangraph.Of(d)
		}
	})
}
