package linux

import "testing"

func TestBelowText(t *testing.T) {
	tests := []struct {
		tally Tally
		want  string
	}{
		{Tally{Count: 1, Bytes: 0, Names: []string{"a"}}, "1 entry, 0 B: a"},
		{Tally{Count: 3, Bytes: 999, Names: []string{"a", "b", "c"}}, "3 entries, 999 B: a, b, c"},
		{Tally{Count: 1234, Bytes: 5_600_000, Names: []string{"a", "b", "c"}}, "1,234 entries, 5.6 MB: a, b, c, ..."},
		{Tally{Count: 200_000, Bytes: 999_960, Beyond: true, Names: []string{"a"}}, "more than 200,000 entries, 1.0 MB: a, ..."},
		{Tally{Count: 1_234_567, Bytes: 1 << 62, Names: []string{"a"}}, "1,234,567 entries, 4611686.0 TB: a, ..."},
	}
	for _, tt := range tests {
		if got := belowText(&tt.tally); got != tt.want {
			t.Errorf("got %q, expected %q", got, tt.want)
		}
	}
}
