package op

import "testing"

func TestFits(t *testing.T) {
	tests := []struct {
		want, version string
		fits          bool
	}{
		{"", "1.0", true},
		{"1.0", "1.0", true},
		{"1.0", "1.0-1", false},
		{"1.0*", "1.0-1", true},
		{"1.0*", "1.0", true},
		{"1.0*", "1.1", false},
		{"1:2.*", "2.1", false},
	}
	for _, test := range tests {
		t.Run(test.want+" "+test.version, func(t *testing.T) {
			w := PkgWant{Version: test.want}
			if got := w.Fits(test.version); got != test.fits {
				t.Errorf("got %v, want %v", got, test.fits)
			}
		})
	}
}
