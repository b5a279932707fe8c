package rpm

import "testing"

func TestCompare(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"1.0-1", "1.0-1", 0},
		{"1.10-1", "1.9-1", 1},
		{"1.0-1", "1.0-2", -1},
		{"1:1.0-1", "2.0-1", 1},
		{"0:1.0-1", "1.0-1", 0},
		{"1.0~rc1-1", "1.0-1", -1},
		{"1.0~rc1-1", "1.0~rc2-1", -1},
		{"1.0^git1-1", "1.0-1", 1},
		{"1.0^git1-1", "1.0.1-1", -1},
		{"1.0^git1-1", "1.0^git2-1", -1},
		{"1.0a-1", "1.0-1", 1},
		{"1.0a-1", "1.01-1", -1},
		{"1.001-1", "1.1-1", 0},
		{"1_0-1", "1.0-1", 0},
		{"2.0", "2.0-5", 0}, // no release is any
		{"5.el9-1", "5.el10-1", -1},
		{"", "", 0},
		{"", "1", -1},
		{"20240101", "99999999999999999999999", -1},
	}
	for _, test := range tests {
		t.Run(test.a+" "+test.b, func(t *testing.T) {
			if got := Compare(test.a, test.b); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			if got := Compare(test.b, test.a); got != -test.want {
				t.Errorf("the other way round: got %d, want %d", got, -test.want)
			}
		})
	}
}

func FuzzCompare(f *testing.F) {
	f.Add("1:1.0~rc1-1", "1.0^git-2")
	f.Add("..", "-")
	f.Fuzz(func(t *testing.T, a, b string) {
		if x, y := Compare(a, b), Compare(b, a); x != -y {
			t.Errorf("%q and %q: %d and %d", a, b, x, y)
		}
		if c := Compare(a, a); c != 0 {
			t.Errorf("%q and itself: %d", a, c)
		}
	})
}

func TestLine(t *testing.T) {
	tests := []struct {
		line string
		want string
		ok   bool
	}{
		{"nginx|1:1.20-1.el9|x86_64|base\n", "nginx 1:1.20-1.el9 x86_64 base", true},
		{"nginx|0:1.20-1|noarch\n", "nginx 1.20-1 noarch ", true},
		{"", "", false},
		{"-rf|1|x", "", false},
		{"a b|1|x", "", false},
		{"nginx|$(reboot)|x", "", false},
		{"nginx||x", "", false},
	}
	for _, test := range tests {
		t.Run(test.line, func(t *testing.T) {
			name, version, arch, more, ok := Line(test.line)
			if got := name + " " + version + " " + arch + " " + more; ok != test.ok || ok && got != test.want {
				t.Errorf("got %q, %v", got, ok)
			}
		})
	}
}
