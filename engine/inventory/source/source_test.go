package source_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
	"github.com/openfroyo/froyo/engine/inventory/source"
)

// files writes files into a new working directory.
func files(t *testing.T, content map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range content {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// load writes one inventory file and loads it.
func load(t *testing.T, name, text string) (*inventory.Inventory, error) {
	t.Helper()
	files(t, map[string]string{name: text})
	return source.Load(t.Context(), []string{name}, source.Options{Home: "/home/me"})
}

// show writes hosts one per line, leaving out what is not set.
func show(inv *inventory.Inventory) []string {
	if inv == nil {
		return nil
	}
	var lines []string
	for _, h := range inv.Hosts() {
		line := h.Name
		add := func(cond bool, format string, args ...any) {
			if cond {
				line += " " + fmt.Sprintf(format, args...)
			}
		}
		add(h.Address != h.Name, "address=%s", h.Address)
		add(h.Port != 0, "port=%d", h.Port)
		add(h.User != "", "user=%s", h.User)
		add(h.Key != "", "key=%s", h.Key)
		if h.Become != nil {
			add(true, "become=%t", *h.Become)
		}
		add(h.BecomeUser != "", "become_user=%s", h.BecomeUser)
		add(h.Connection != inventory.SSH, "connection=%s", h.Connection)
		add(len(h.Groups) > 0, "groups=%s", strings.Join(h.Groups, ","))
		for _, k := range slices.Sorted(maps.Keys(h.Labels)) {
			add(true, "%s=%s", k, h.Labels[k])
		}
		for _, k := range slices.Sorted(maps.Keys(h.Vars)) {
			add(true, "%s:%#v", k, h.Vars[k])
		}
		lines = append(lines, line)
	}
	return lines
}

// report lists errors one per line, with hints.
func report[E error](errs ...E) []string {
	var lines []string
	for _, err := range errs {
		for e := range diag.All(err) {
			line := e.Error()
			if d, ok := errors.AsType[*diag.Error](e); !ok {
				line = "no diag.Error: " + line
			} else if d.Hint != "" {
				line += " (" + d.Hint + ")"
			}
			lines = append(lines, line)
		}
	}
	return lines
}

func reportError(err error) []string {
	if err == nil {
		return nil
	}
	return report(err)
}

func check(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

func TestLocalhost(t *testing.T) {
	check(t, "hosts", []string{"localhost connection=local"}, show(inventory.Localhost()))
}

// names lists the names of hosts.
func names(hosts []*inventory.Host) string {
	var list []string
	for _, h := range hosts {
		list = append(list, h.Name)
	}
	return strings.Join(list, " ")
}
