package linux

import "testing"

func TestMode(t *testing.T) {
	tests := []struct {
		name, text   string
		now          uint32
		file, folder uint32
	}{
		{"none", "", 0o640, 0o640, 0o640},
		{"octal", "0644", 0o7777, 0o644, 0o644},
		{"three digits", "755", 0, 0o755, 0o755},
		{"sticky", "1777", 0, 0o1777, 0o1777},
		{"zero", "000", 0o777, 0, 0},
		{"others stay", "u=rw", 0o755, 0o655, 0o655},
		{"special bits of others stay", "u=rw", 0o7755, 0o3655, 0o3655},
		{"several classes", "u=rw,go=r", 0o777, 0o644, 0o644},
		{"all", "a=rx", 0, 0o555, 0o555},
		{"nothing", "o=", 0o777, 0o770, 0o770},
		{"last wins", "a=rwx,g=r", 0, 0o747, 0o747},
		{"setuid", "u=rwxs,go=rx", 0, 0o4755, 0o4755},
		{"setgid", "g=rs", 0o755, 0o2745, 0o2745},
		{"sticky letter", "a=rwxt", 0, 0o1777, 0o1777},
		{"search", "u=rwX,go=rX", 0o600, 0o644, 0o755},
		{"search keeps programs", "u=rwX,go=rX", 0o700, 0o755, 0o755},
		{"search withdrawn", "a=rwX,o=", 0o600, 0o660, 0o770},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := parseMode(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			if file, folder := m.on(tt.now, false), m.on(tt.now, true); file != tt.file || folder != tt.folder {
				t.Errorf("got %o and %o, want %o and %o", file, folder, tt.file, tt.folder)
			}
		})
	}
}

func TestModeErrors(t *testing.T) {
	tests := []struct{ text, want string }{
		{"0999", `mode "0999" is not an octal number up to 7777`},
		{"77777", `mode "77777" is not an octal number up to 7777`},
		{"rw", `mode "rw": expected something like u=rw, found "rw"`},
		{"u=rw,", `mode "u=rw,": expected something like u=rw, found ""`},
		{"=r", `mode "=r": expected something like u=rw, found "=r"`},
		{"x=r", `mode "x=r": expected u, g, o or a before =, found "x"`},
		{"u=rz", `mode "u=rz": expected some of rwxXst after =, found "rz"`},
		{"u+r", `mode "u+r": expected something like u=rw, found "u+r"`},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			if _, err := parseMode(tt.text); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestOctal(t *testing.T) {
	for bits, want := range map[uint32]string{0: "0000", 0o644: "0644", 0o4755: "4755"} {
		if got := octal(bits); got != want {
			t.Errorf("%o: got %s", bits, got)
		}
	}
}

func FuzzMode(f *testing.F) {
	for _, seed := range []string{"0644", "u=rw,go=r", "a=rwxXst", "u=,,", "ugoa=", "7", "08"} {
		f.Add(seed, uint32(0o644))
	}
	f.Fuzz(func(t *testing.T, text string, now uint32) {
		m, err := parseMode(text)
		if err != nil {
			return
		}
		now &= permAll
		for _, dir := range []bool{false, true} {
			once := m.on(now, dir)
			if once > permAll || m.on(once, dir) != once {
				t.Errorf("%q on %o gives %o, then %o", text, now, once, m.on(once, dir))
			}
		}
	})
}
