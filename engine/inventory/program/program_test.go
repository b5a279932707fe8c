package program_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory/program"
)

// long is a limit that no test reaches.
const long = 10 * time.Minute

// script writes a shell script into a new working directory.
func script(t *testing.T, text string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("inv", []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestRun(t *testing.T) {
	script(t, "echo called >> calls\necho noise >&2\ncat\necho \"$X $*\"\n")
	r := &program.Runner{Limit: long, Env: append(os.Environ(), "X=env")}
	for range 2 {
		out, err := r.Run(t.Context(), "inv", "--list")
		if err != nil || string(out) != "env --list\n" {
			t.Errorf("got %q, %v", out, err)
		}
	}
	if out, err := r.Run(t.Context(), "inv", "--host", "h1"); err != nil || string(out) != "env --host h1\n" {
		t.Errorf("got %q, %v", out, err)
	}
	if calls, err := os.ReadFile("calls"); err != nil || strings.Count(string(calls), "called") != 2 {
		t.Errorf("calls are %q, %v; want one of --list and one of --host", calls, err)
	}
}

func TestRunFails(t *testing.T) {
	for _, tt := range []struct {
		name, script string
		limit        time.Duration
		want         string
		wantDetail   string
	}{
		{
			name: "with a status", script: "echo '{}'\necho no credentials >&2\nexit 3\n", limit: long,
			want: "inventory inv --list: exit status 3", wantDetail: "no credentials",
		},
		{name: "by a signal", script: "kill -TERM $$\n", limit: long, want: "inventory inv --list: signal: terminated"},
		{
			name: "much on standard error", script: "head -c 100000 /dev/zero | tr '\\0' x >&2\necho end >&2\nexit 1\n", limit: long,
			want: "inventory inv --list: exit status 1", wantDetail: "[...] " + strings.Repeat("x", 4092) + "end",
		},
		{
			name: "too much output, and no end", script: "cat /dev/zero\n", limit: long,
			want: "inventory inv --list: it prints more than 16 MiB",
		},
		{
			name: "too slow, and what it has started too", script: "echo waiting >&2\nsleep 1000 | cat\n", limit: 300 * time.Millisecond,
			want: "inventory inv --list: the program did not end within 300ms",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			script(t, tt.script)
			out, err := (&program.Runner{Limit: tt.limit, Env: os.Environ()}).Run(t.Context(), "inv", "--list")
			d, ok := errors.AsType[*diag.Error](err)
			if !ok || d.Summary != tt.want || out != nil {
				t.Fatalf("got %q, %v; want %s", out, err, tt.want)
			}
			if tt.wantDetail != "" && d.Detail != tt.wantDetail {
				t.Errorf("the detail is %q", d.Detail)
			}
		})
	}
}

func TestRunStops(t *testing.T) {
	script(t, "sleep 1000\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&program.Runner{Limit: long}).Run(ctx, "inv", "--list"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestRunNoProgram: who calls can tell a file that is only marked as executable.
func TestRunNoProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "hosts")
	if err := os.WriteFile(path, []byte("[web]\nw1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := (&program.Runner{Limit: long}).Run(t.Context(), path, "--list"); !errors.Is(err, syscall.ENOEXEC) {
		t.Errorf("got %v", err)
	}
}

func TestRunNoInterpreter(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("inv", []byte("#!/no/such/python\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := (&program.Runner{Limit: long}).Run(t.Context(), "inv", "--list")
	if err == nil || !strings.Contains(err.Error(), "inventory inv --list: ") || !strings.Contains(err.Error(), "its interpreter is not there: /no/such/python") {
		t.Errorf("got %v", err)
	}
}
