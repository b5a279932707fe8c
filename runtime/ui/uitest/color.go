package uitest

import "fmt"

// Color is the colour that SGR parameters stand for, if it does not depend on the terminal's settings.
func Color(style string) (rgb [3]int, ok bool) {
	if n, err := fmt.Sscanf(style, "38;2;%d;%d;%d", &rgb[0], &rgb[1], &rgb[2]); n == 3 && err == nil {
		return rgb, true
	}
	var n int
	if _, err := fmt.Sscanf(style, "38;5;%d", &n); err == nil && n >= 16 {
		return indexed(n), true
	}
	return rgb, false
}

// indexed is one of the 256 colours that do not depend on the terminal's settings,
// those from 16 on: a cube of 6 steps a side, then 24 greys.
func indexed(n int) [3]int {
	if n >= 232 {
		grey := 8 + 10*(n-232)
		return [3]int{grey, grey, grey}
	}
	step := func(i int) int {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return [3]int{step(n / 36), step(n / 6 % 6), step(n % 6)}
}
