package pymath_test

import (
	"math"
	"testing"

	"github.com/openfroyo/froyo/builtins/jinja/pymath"
)

// The results are those of Python's math module.
func TestRounding(t *testing.T) {
	tests := []struct {
		name      string
		got, want float64
	}{
		{"cube root", pymath.Pow(3, 1.0/3), 1.4422495703074083},
		{"log10", pymath.Log10(3.14159), 0.4971495058611233},
		{"log10 of a power", pymath.Log10(1000), 3},
		{"log10 below 1", pymath.Log10(0.001), -3},
		{"log", pymath.Log(10), 2.302585092994046},
		{"square root as power", pymath.Pow(2, 0.5), 1.4142135623730951},
		{"negative power", pymath.Pow(10, -3), 0.001},
		{"negative base", pymath.Pow(-2.5, 3), -15.625},
		{"large", pymath.Pow(10, 308), 1e308},
		{"power of a fraction", pymath.Pow(1.1, 100), 13780.61233982238},
		{"exact", pymath.Pow(3, 20), 3486784401},
		{"too large", pymath.Pow(10, 400), math.Inf(1)},
		{"of zero", pymath.Pow(0, 5), 0},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
}
