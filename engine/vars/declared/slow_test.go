package declared

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/openfroyo/froyo/engine/diag"
)

// TestSlow has declarations that take too long, and fewer of them, as the hint says.
func TestSlow(t *testing.T) {
	defer func(d time.Duration) { maxTime = d }(maxTime)
	read := func(n int) error {
		_, err := Read(Name, fmt.Appendf(nil, "import \"list\"\n\n_all: [for a in list.Range(0, %[1]d, 1) for b in list.Range(0, %[1]d, 1) {a + b}]\nport: int | *len(_all)\n", n))
		return err
	}
	maxTime = 500 * time.Millisecond
	d, is := errors.AsType[*diag.Error](read(500))
	if !is || d.Code != diag.Usage || d.Hint != "does it count or repeat something many times? make that less" {
		t.Errorf("got %#v", d)
	}
	if err := read(2); err != nil {
		t.Errorf("the hint does not help: %v", err)
	}
}
