// Package dialtest gives tests the real runner.
package dialtest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/openfroyo/froyo/runner/bootstrap"
	"github.com/openfroyo/froyo/runner/op"
)

// Binary builds the runner for this machine, once for all tests of a process.
func Binary(t testing.TB) func(goos, goarch string) (*bootstrap.Binary, error) {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return func(goos, goarch string) (*bootstrap.Binary, error) {
		if goos != runtime.GOOS || goarch != runtime.GOARCH {
			return nil, errors.New("tests have the runner for this machine only")
		}
		return binary, nil
	}
}

var build = sync.OnceValues(func() (*bootstrap.Binary, error) {
	dir, err := os.MkdirTemp("", "froyo-build")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "froyo-runner")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/openfroyo/froyo/runner/cmd/froyo-runner")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the runner: %w\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Pack(program)
})

// Pack makes a runner's binary of any program.
func Pack(program []byte) (*bootstrap.Binary, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &bootstrap.Binary{Gzip: b.Bytes(), Sum: op.Sum(program), Size: int64(len(program))}, nil
}
