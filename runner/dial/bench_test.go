package dial_test

import (
	"os"
	"testing"

	"github.com/openfroyo/froyo/runner/dial"
	"github.com/openfroyo/froyo/runner/dial/dialtest"
	"github.com/openfroyo/froyo/runner/local"
	"github.com/openfroyo/froyo/runner/target"
)

// BenchmarkStart is a runner put in place, one op, and the end: what a host
// with nothing to do costs without SSH.
func BenchmarkStart(b *testing.B) {
	binary := dialtest.Binary(b)
	env := []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + b.TempDir()}
	for b.Loop() {
		s := dial.Open(local.New("tester", env), dial.Options{Host: "h1", Binary: binary})
		if _, err := s.Do(b.Context(), []target.Step{stat("/")}); err != nil {
			b.Fatal(err)
		}
		if err := s.Close(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRoundTrip is one op by a runner that is there.
func BenchmarkRoundTrip(b *testing.B) {
	env := []string{"PATH=" + os.Getenv("PATH"), "XDG_RUNTIME_DIR=" + b.TempDir()}
	s := dial.Open(local.New("tester", env), dial.Options{Host: "h1", Binary: dialtest.Binary(b)})
	if _, err := s.Do(b.Context(), []target.Step{stat("/")}); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := s.Do(b.Context(), []target.Step{stat("/")}); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
