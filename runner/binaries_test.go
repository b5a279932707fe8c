package runner

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

func TestBinary(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	files := fstest.MapFS{
		"dist/froyo-runner-linux-arm.gz":      {Data: []byte("packed")},
		"dist/froyo-runner-linux-arm.sum":     {Data: []byte(sum + " 4711\n")},
		"dist/froyo-runner-linux-386.gz":      {Data: []byte("packed")},
		"dist/froyo-runner-linux-386.sum":     {Data: []byte(sum + "\n")},
		"dist/froyo-runner-linux-riscv64.gz":  {Data: []byte("packed")},
		"dist/froyo-runner-linux-riscv64.txt": {},
	}
	t.Run("present", func(t *testing.T) {
		gz, gotSum, size, err := binary(files, "linux", "arm")
		if err != nil || string(gz) != "packed" || gotSum != sum || size != 4711 {
			t.Errorf("got %q, %q, %d, %v", gz, gotSum, size, err)
		}
	})
	t.Run("damaged sum", func(t *testing.T) {
		if _, _, _, err := binary(files, "linux", "386"); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got %v, expected a damaged sum", err)
		}
	})
	t.Run("no sum", func(t *testing.T) {
		if _, _, _, err := binary(files, "linux", "riscv64"); err == nil {
			t.Error("a runner without a digest was accepted")
		}
	})
	t.Run("absent", func(t *testing.T) {
		_, _, _, err := binary(files, "plan9", "arm")
		unbuilt, ok := errors.AsType[*UnbuiltError](err)
		if !ok {
			t.Fatalf("got %v, expected an *UnbuiltError", err)
		}
		want := "this froyo carries no runner for plan9/arm, only for linux-386, linux-arm, linux-riscv64"
		if unbuilt.Error() != want {
			t.Errorf("got %q, want %q", unbuilt.Error(), want)
		}
	})
	t.Run("nothing built", func(t *testing.T) {
		_, _, _, err := binary(fstest.MapFS{}, "linux", "amd64")
		unbuilt, ok := errors.AsType[*UnbuiltError](err)
		if !ok || !strings.Contains(unbuilt.Hint(), "`make`") {
			t.Errorf("got %v, expected an *UnbuiltError whose hint is make", err)
		}
	})
	t.Run("hostile platform", func(t *testing.T) {
		_, _, _, err := binary(files, "../..", "\x00/")
		if _, ok := errors.AsType[*UnbuiltError](err); !ok {
			t.Errorf("got %v, expected an *UnbuiltError", err)
		}
	})
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
			gz, sum, size, err := Binary(goos, goarch)
			if err != nil {
				t.Fatal(err)
			}
			unpacked, err := gzip.NewReader(bytes.NewReader(gz))
			if err != nil {
				t.Fatal(err)
			}
			hash := sha256.New()
			n, err := io.Copy(hash, unpacked)
			if err != nil {
				t.Fatal(err)
			}
			if got := hex.EncodeToString(hash.Sum(nil)); got != sum || n != size {
				t.Errorf("unpacks to %d bytes with %s, announced are %d with %s", n, got, size, sum)
			}
		})
	}
}
