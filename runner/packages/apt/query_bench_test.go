package apt

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/packages"
	"github.com/openfroyo/froyo/runner/packages/apt/dpkg/dpkgtest"
)

// BenchmarkQuery asks for ten installed packages: of a status file that has not
// changed, and of one that must be read. FROYO_STATUS names a file to use.
func BenchmarkQuery(b *testing.B) {
	text := dpkgtest.Status
	for n := range 250 {
		text += "Package: p" + strconv.Itoa(n) + "\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1." + strconv.Itoa(n) +
			"\nDepends: libc6 (>= 2.34), zlib1g\nDescription: one of many\n" + strings.Repeat(" words words words words\n", 12) + "\n"
	}
	if path := os.Getenv("FROYO_STATUS"); path != "" {
		own, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		text = string(own)
	}
	root := dpkgtest.NewRoot(b, text)
	a := packages.New(packages.Host{}, New(root, false))
	q := &op.PkgQuery{}
	for _, name := range []string{"dpkg", "libc6", "tzdata", "bash", "coreutils", "sed", "grep", "tar", "gzip", "zlib1g"} {
		q.Packages = append(q.Packages, op.PkgAsk{Name: name})
	}
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			if _, err := a.Query(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			a = packages.New(packages.Host{}, New(root, false))
			if _, err := a.Query(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}
