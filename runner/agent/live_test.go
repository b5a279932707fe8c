package agent

import (
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/protocol"
)

// TestLive: lines come before the program ends, which never waits for credit; what there is none for is counted.
func TestLive(t *testing.T) {
	c := serve(t, Options{})
	dir := t.TempDir()
	id := c.command(protocol.Command{Live: true, Op: shell("echo begun; until [ -e " + dir + "/go ]; do sleep 0.02; done; seq 200000; printf end >&2")})
	if f := c.frame(); f.Output == nil || f.Output.ID != id || f.Output.Text != "begun\n" {
		t.Fatalf("got %+v, expected the first line", f)
	}
	touch := c.command(protocol.Command{Op: shell("touch " + dir + "/go")})
	var cost, left, shown int64
	for done := 0; done < 2; {
		f := c.frame()
		switch {
		case f.Output != nil && f.Output.ID == id:
			if f.Output.Text != "" {
				cost += int64(f.Output.Cost())
			}
			shown += int64(len(f.Output.Text))
			left += f.Output.Left
			if !f.Output.Stderr && f.Output.Text != "" && !strings.HasSuffix(f.Output.Text, "\n") && len(f.Output.Text) < liveText-4 {
				t.Errorf("a frame ends within a line: %q", f.Output.Text)
			}
		case f.Done != nil && (f.Done.ID == id || f.Done.ID == touch):
			done++
		default:
			t.Fatalf("got %+v", f)
		}
	}
	if cost > protocol.WindowSize || left == 0 {
		t.Errorf("output of cost %d was sent without credit, %d bytes left out", cost, left)
	}
	const printed = 1288895 + 3 // by seq 200000, and end
	if shown+left != printed {
		t.Errorf("%d bytes shown and %d left out, expected %d together", shown, left, printed)
	}
	c.exit()
}
