package runner

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/openfroyo/froyo/runner/signed"
)

func TestBinary(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	files := fstest.MapFS{
		"dist/froyo-runner-linux-arm.gz":      {Data: []byte("packed")},
		"dist/froyo-runner-linux-arm.zst":     {Data: []byte("packed by zstd")},
		"dist/froyo-runner-linux-arm.sum":     {Data: []byte(sum + " 4711\n")},
		"dist/froyo-runner-linux-arm64.gz":    {Data: []byte("packed")},
		"dist/froyo-runner-linux-arm64.sum":   {Data: []byte(sum + " 4711\n")},
		"dist/froyo-runner-linux-386.gz":      {Data: []byte("packed")},
		"dist/froyo-runner-linux-386.sum":     {Data: []byte(sum + "\n")},
		"dist/froyo-runner-linux-riscv64.gz":  {Data: []byte("packed")},
		"dist/froyo-runner-linux-mips.gz":     {Data: []byte("packed")},
		"dist/froyo-runner-linux-mips.sum":    {Data: []byte(sum + " 4711\n")},
		"dist/froyo-runner-linux-s390x.gz":    {Data: []byte("packed")},
		"dist/froyo-runner-linux-s390x.sum":   {Data: []byte(strings.Repeat("cd", 32) + " 4711\n")},
		"dist/froyo-runner-linux-riscv64.txt": {},
	}
	trusted := list(t, map[string]string{
		"froyo-runner-linux-arm": sum, "froyo-runner-linux-arm.gz": hashed("packed"), "froyo-runner-linux-arm.zst": hashed("packed by zstd"),
		"froyo-runner-linux-arm64": sum, "froyo-runner-linux-s390x": sum,
	})
	t.Run("present", func(t *testing.T) {
		got, err := binary(files, trusted, "froyo-runner", "linux", "arm")
		if err != nil || string(got.Gzip) != "packed" || string(got.Zstd) != "packed by zstd" || got.Sum != sum || got.Size != 4711 {
			t.Errorf("got %+v, %v", got, err)
		}
		if err := errors.Join(got.Check(got.Gzip), got.Check(got.Zstd)); err != nil {
			t.Error(err)
		}
		if err := got.Check([]byte("packee")); err == nil || !strings.Contains(err.Error(), "froyo-runner-linux-arm.gz: its SHA-256 is") {
			t.Error(err)
		}
	})
	t.Run("without zstd", func(t *testing.T) {
		if got, err := binary(files, trusted, "froyo-runner", "linux", "arm64"); err != nil || got.Zstd != nil {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("damaged sum", func(t *testing.T) {
		if _, err := binary(files, trusted, "froyo-runner", "linux", "386"); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got %v, expected a damaged sum", err)
		}
	})
	t.Run("no sum", func(t *testing.T) {
		if _, err := binary(files, trusted, "froyo-runner", "linux", "riscv64"); err == nil {
			t.Error("a runner without a digest was accepted")
		}
	})
	t.Run("not signed", func(t *testing.T) {
		for _, arch := range []string{"mips", "s390x"} {
			_, err := binary(files, trusted, "froyo-runner", "linux", arch)
			if tampered, ok := errors.AsType[*signed.Error](err); !ok || tampered.Part != "froyo-runner-linux-"+arch {
				t.Errorf("%s: %v", arch, err)
			}
		}
		missing := errors.New("no list")
		if _, err := binary(files, func() (*signed.Parts, error) { return nil, missing }, "froyo-runner", "linux", "arm"); !errors.Is(err, missing) {
			t.Error(err)
		}
	})
	t.Run("absent", func(t *testing.T) {
		_, err := binary(files, trusted, "froyo-runner", "plan9", "arm")
		unbuilt, ok := errors.AsType[*UnbuiltError](err)
		if !ok {
			t.Fatalf("got %v, expected an *UnbuiltError", err)
		}
		want := "this froyo carries no runner for plan9/arm, only for linux-386, linux-arm, linux-arm64, linux-mips, linux-riscv64, linux-s390x"
		if unbuilt.Error() != want {
			t.Errorf("got %q, want %q", unbuilt.Error(), want)
		}
	})
	t.Run("nothing built", func(t *testing.T) {
		_, err := binary(fstest.MapFS{}, trusted, "froyo-runner", "linux", "amd64")
		unbuilt, ok := errors.AsType[*UnbuiltError](err)
		if !ok || !strings.Contains(unbuilt.Hint(), "`make`") {
			t.Errorf("got %v, expected an *UnbuiltError whose hint is make", err)
		}
	})
	t.Run("hostile platform", func(t *testing.T) {
		_, err := binary(files, trusted, "froyo-runner", "../..", "\x00/")
		if _, ok := errors.AsType[*UnbuiltError](err); !ok {
			t.Errorf("got %v, expected an *UnbuiltError", err)
		}
	})
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// list is what a build signed.
func list(t *testing.T, sums map[string]string) func() (*signed.Parts, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte(signed.List(sums))
	public, err := signed.PEM(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := signed.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}
	return func() (*signed.Parts, error) {
		return signed.Read(fstest.MapFS{signed.ListFile: {Data: text}, signed.KeyFile: {Data: public}, signed.Bundle: {Data: bundle}})
	}
}

// TestEmbedded checks what was built, where something was.
func TestEmbedded(t *testing.T) {
	built := platforms(dist)
	if len(built) == 0 {
		t.Skip("no runner was built, make does that")
	}
	for _, platform := range built {
		t.Run(platform, func(t *testing.T) {
			goos, goarch, _ := strings.Cut(platform, "-")
			packed, err := Binary(goos, goarch)
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := gzip.NewReader(bytes.NewReader(packed.Gzip))
			if err != nil {
				t.Fatal(err)
			}
			program, err := io.ReadAll(unpacked)
			if err != nil {
				t.Fatal(err)
			}
			if got := sha256.Sum256(program); hex.EncodeToString(got[:]) != packed.Sum || int64(len(program)) != packed.Size {
				t.Errorf("unpacks to %d bytes with %x, announced are %d with %s", len(program), got, packed.Size, packed.Sum)
			}
			if packed.Zstd == nil {
				t.Skip("built without zstd")
			}
			zstd := exec.CommandContext(t.Context(), "zstd", "-dcq")
			zstd.Stdin = bytes.NewReader(packed.Zstd)
			if again, err := zstd.Output(); err != nil || !bytes.Equal(again, program) {
				t.Errorf("by zstd it unpacks to %d bytes, %v", len(again), err)
			}
		})
	}
}
