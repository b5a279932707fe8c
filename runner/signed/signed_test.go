package signed

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// built are the files of a build: a runner, packed twice, and a guest.
func built(t testing.TB, key *ecdsa.PrivateKey) fstest.MapFS {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte("program")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"r.gz": {Data: packed.Bytes()}, "r.zst": {Data: []byte("by zstd")}, "g.wasm": {Data: []byte("guest")}}
	files["r.sum"] = &fstest.MapFile{Data: []byte(sumOf([]byte("program")) + " 7\n")}
	list := List(map[string]string{
		"r": sumOf([]byte("program")), "r.gz": sumOf(files["r.gz"].Data), "r.zst": sumOf(files["r.zst"].Data), "g.wasm": sumOf(files["g.wasm"].Data),
	})
	files[ListFile] = &fstest.MapFile{Data: []byte(list)}
	public, err := PEM(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	files[KeyFile] = &fstest.MapFile{Data: public}
	for _, name := range []string{ListFile, "r.gz", "r.zst"} {
		files[name+Suffix] = &fstest.MapFile{Data: bundleOf(t, files[name].Data, key)}
	}
	return files
}

func bundleOf(t testing.TB, data []byte, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	b, err := Sign(data, key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check reads what is signed, and checks all of it.
func check(files fs.FS) error {
	parts, err := Read(files)
	if err == nil {
		err = parts.All(files, files)
	}
	return err
}

// TestTampered: whatever is changed after it was signed is refused by name.
func TestTampered(t *testing.T) {
	key, other := newKey(t), newKey(t)
	otherPEM, err := PEM(&other.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(name string, do func(b *bundle)) func(f fstest.MapFS) {
		return func(f fstest.MapFS) {
			var b bundle
			if err := json.Unmarshal(f[name].Data, &b); err != nil {
				t.Fatal(err)
			}
			do(&b)
			data, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			f[name] = &fstest.MapFile{Data: data}
		}
	}
	replace := func(name, text string) func(f fstest.MapFS) {
		return func(f fstest.MapFS) { f[name] = &fstest.MapFile{Data: []byte(text)} }
	}
	tests := []struct {
		name string
		do   func(f fstest.MapFS)
		want string
	}{
		{"nothing", func(fstest.MapFS) {}, ""},
		{"runner by gzip", replace("r.gz", "x"), "r.gz: its SHA-256 is"},
		{"runner by zstd", replace("r.zst", "x"), "r.zst: its SHA-256 is"},
		{"digest of what it unpacks to", replace("r.sum", sumOf([]byte("x"))+" 7\n"), "r.sum: it says"},
		{"its size", replace("r.sum", sumOf([]byte("program"))+" 8\n"), "r.sum: it says"},
		{"its size, with a sign", replace("r.sum", sumOf([]byte("program"))+" +7\n"), "r.sum: it says"},
		{"no digest", func(f fstest.MapFS) { delete(f, "r.sum") }, "r.sum: it is missing"},
		{"a digest of what was not signed", replace("q.sum", sumOf([]byte("program"))+" 7\n"), "q.sum: it was not signed"},
		{"one runner in the place of another", func(f fstest.MapFS) {
			f["r.gz"], f["r.gz"+Suffix] = f["r.zst"], f["r.zst"+Suffix]
		}, "r.gz: its SHA-256 is"},
		{"guest", replace("g.wasm", "x"), "g.wasm: its SHA-256 is"},
		{"guest that is gone", func(f fstest.MapFS) { delete(f, "g.wasm") }, "g.wasm: open g.wasm: file does not exist"},
		{"guest that was added", replace("h.wasm", "x"), "h.wasm: it was not signed"},
		{"digest", func(f fstest.MapFS) {
			f[ListFile].Data = bytes.Replace(f[ListFile].Data, []byte(sumOf([]byte("guest"))), []byte(sumOf([]byte("x"))), 1)
		}, "parts: the bundle is of something else: its digest differs"},
		{"digest, and that of its bundle", func(f fstest.MapFS) {
			f[ListFile].Data = bytes.Replace(f[ListFile].Data, []byte(sumOf([]byte("guest"))), []byte(sumOf([]byte("x"))), 1)
			edit(Bundle, func(b *bundle) {
				sum := sha256.Sum256(f[ListFile].Data)
				b.MessageSignature.MessageDigest.Digest = sum[:]
			})(f)
		}, "parts: the signature does not fit"},
		{"bundle by another key", func(f fstest.MapFS) { f[Bundle].Data = bundleOf(t, f[ListFile].Data, other) }, "parts: it is signed by another key"},
		{"bundle by another key that names this one", func(f fstest.MapFS) {
			f[Bundle].Data = bundleOf(t, f[ListFile].Data, other)
			hint, err := KeyHint(&key.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			edit(Bundle, func(b *bundle) { b.VerificationMaterial.PublicKey.Hint = hint })(f)
		}, "parts: the signature does not fit"},
		{"bundle of a runner by another key", func(f fstest.MapFS) { f["r.gz"+Suffix].Data = bundleOf(t, f["r.gz"].Data, other) }, "r.gz: it is signed by another key"},
		{"truncated bundle", func(f fstest.MapFS) { f[Bundle].Data = f[Bundle].Data[:200] }, "parts: the bundle is damaged"},
		{"bundle that has more", func(f fstest.MapFS) { f[Bundle].Data = append(f[Bundle].Data, "{}"...) }, "parts: the bundle is damaged: something follows it"},
		{"bundle with a log that is not looked at", func(f fstest.MapFS) {
			f[Bundle].Data = bytes.Replace(f[Bundle].Data, []byte(`{"publicKey"`), []byte(`{"tlogEntries":[{}],"publicKey"`), 1)
		}, "parts: the bundle is damaged"},
		{"bundle of another form", edit(Bundle, func(b *bundle) { b.MediaType = "x" }), `the bundle is a "x"`},
		{"bundle of another digest", edit(Bundle, func(b *bundle) { b.MessageSignature.MessageDigest.Algorithm = "SHA1" }), "its digest differs"},
		{"no signature", edit(Bundle, func(b *bundle) { b.MessageSignature.Signature = nil }), "the signature does not fit"},
		{"no bundle", func(f fstest.MapFS) { delete(f, Bundle) }, "parts.bundle: it is missing"},
		{"large bundle", replace(Bundle, strings.Repeat(" ", maxBundle+1)), "parts.bundle: it is too large"},
		{"key", replace(KeyFile, string(otherPEM)), "parts: it is signed by another key"},
		{"no key", replace(KeyFile, "x"), "parts.pub: it holds no key in PEM"},
		{"list in another order", func(f fstest.MapFS) {
			lines := strings.SplitAfter(string(f[ListFile].Data), "\n")
			f[ListFile].Data = []byte(lines[1] + lines[0] + lines[2] + lines[3])
			f[Bundle].Data = bundleOf(t, f[ListFile].Data, key)
		}, "parts: it is no list of digests in order"},
		{"no list", func(f fstest.MapFS) { delete(f, ListFile) }, "parts: it is missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			files := built(t, key)
			tt.do(files)
			err := check(files)
			if tt.want == "" && err == nil {
				return
			}
			tampered, ok := errors.AsType[*Error](err)
			if !ok || !strings.Contains(err.Error(), "this froyo is not as it was built: ") || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %s", err, tt.want)
			}
			if tampered.Hint() != "install froyo anew, from where you trust it; one that you built yourself is made whole by: make" {
				t.Error(tampered.Hint())
			}
		})
	}
}

// TestProgramOfAnotherSum: what a runner unpacks to is signed as well.
func TestProgramOfAnotherSum(t *testing.T) {
	key := newKey(t)
	files := built(t, key)
	list := strings.Replace(string(files[ListFile].Data), sumOf([]byte("program")), sumOf([]byte("x")), 1)
	files[ListFile].Data = []byte(list)
	files[Bundle].Data = bundleOf(t, []byte(list), key)
	if err := check(files); err == nil || !strings.Contains(err.Error(), ": r: its SHA-256 is") {
		t.Error(err)
	}
}

// TestBundleOfCosign verifies what cosign 3.1.3 signed (cosign sign-blob --key --tlog-upload=false); it takes what is signed here
// in the same way (cosign verify-blob --key --insecure-ignore-tlog=true).
func TestBundleOfCosign(t *testing.T) {
	const (
		public = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQUhKsFu1de2m961ynScoaRVNpAI/
ajEUCCIrNSzoReG1bxARFZPh3hFgMRRH5V1+tsdxddICPTfehnjw+/PvNQ==
-----END PUBLIC KEY-----
`
		text = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEvUttSTGe1g94HzgS2iy26k1Lj5YW
BYNZWaW9bMxB63jFax+n8CRSPS2jwN+KOQ45ACXWvxoBD3AB9IJYjYrU/A==
-----END PUBLIC KEY-----
`
		bundle = `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{"hint":"VvffaiO4IWcHHK6QjeJr7VBeaq0j+yXiiDI/4vpW/9c="}},"messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":"Zk14c/CvTd/Ib8zasEV5boVVHFKImbc0n9Eiti4anq8="},"signature":"MEUCICW6dkxRvIgeOiJNkaqcCe1sk2QxkgqkuaGi12C5PQVEAiEAowYnSJS6pWTlSLBo05COTJ6KJdRvceIwZVlND7nUBUU="}}`
	)
	key, err := PublicKey([]byte(public))
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify([]byte(text), []byte(bundle), key); err != nil {
		t.Error(err)
	}
	if err := Verify([]byte(text+" "), []byte(bundle), key); err == nil {
		t.Error("another text is taken for it")
	}
}

// TestSameBundle: signing again gives the same bytes.
func TestSameBundle(t *testing.T) {
	key := newKey(t)
	if one, two := bundleOf(t, []byte("x"), key), bundleOf(t, []byte("x"), key); !bytes.Equal(one, two) {
		t.Errorf("%s\n%s", one, two)
	}
}

// FuzzBundle: no bundle but one of this text and key is accepted.
func FuzzBundle(f *testing.F) {
	key := newKey(f)
	good := bundleOf(f, []byte("text"), key)
	f.Add(good)
	f.Add(bundleOf(f, []byte("other"), key))
	f.Add([]byte("{}"))
	var want bundle
	if err := json.Unmarshal(good, &want); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if Verify([]byte("text"), data, &key.PublicKey) == nil {
			var got bundle
			if err := json.Unmarshal(data, &got); err != nil || !bytes.Equal(got.MessageSignature.Signature, want.MessageSignature.Signature) {
				t.Errorf("accepted: %s", data)
			}
		}
	})
}

// FuzzParts reads lists of digests, which have one spelling.
func FuzzParts(f *testing.F) {
	f.Add(string(built(f, newKey(f))[ListFile].Data))
	f.Add("x  y\n")
	f.Fuzz(func(t *testing.T, text string) {
		if sums, err := parse(text); err == nil && List(sums) != text {
			t.Errorf("%q is taken for %q", text, List(sums))
		}
	})
}
