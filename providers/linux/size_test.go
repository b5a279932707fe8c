package linux

import "testing"

func TestBelowText(t *testing.T) {
	tests := []struct {
		tally Tally
		want  string
	}{
		{Tally{Count: 1, Names: []string{"a"}}, "1 file, 0 B: a"},
		{Tally{Count: 1, Dirs: 1, Names: []string{"a"}}, "2 directories, 0 B: a"},
		{Tally{Count: 2, Dirs: 1, Bytes: 7, Names: []string{"a", "a/b"}}, "1 file in 2 directories, 7 B: a, a/b"},
		{Tally{Count: 3, Bytes: 999, Names: []string{"a", "b", "c"}}, "3 files, 999 B: a, b, c"},
		{Tally{Count: 2036, Dirs: 36, Bytes: 4000, Names: []string{"a", "b", "c"}}, "2,000 files in 37 directories, 4.0 kB: a, b, c, ..."},
		{Tally{Count: 1234, Bytes: 5_600_000, Names: []string{"a", "b", "c"}}, "1,234 files, 5.6 MB: a, b, c, ..."},
		{Tally{Count: 200_000, Dirs: 999, Bytes: 999_960, Beyond: true, Names: []string{"a"}}, "more than 199,001 files in 1,000 directories, 1.0 MB: a, ..."},
		{Tally{Count: 200_000, Dirs: 200_000, Beyond: true, Names: []string{"a"}}, "more than 200,001 directories, 0 B: a, ..."},
		{Tally{Count: 1_234_567, Bytes: 1 << 62, Names: []string{"a"}}, "1,234,567 files, 4611686.0 TB: a, ..."},
	}
	for _, tt := range tests {
		if got := belowText(&tt.tally); got != tt.want {
			t.Errorf("got %q, expected %q", got, tt.want)
		}
	}
}
