package perform

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/openfroyo/froyo/runner/op"
)

func TestFault(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want op.Error
	}{
		{"kernel", &os.PathError{Op: "open", Path: "x", Err: syscall.ENOSPC}, op.Error{Class: op.Permanent, Code: "enospc", Message: "write /x: no space left on device"}},
		{"read-only", syscall.EROFS, op.Error{Class: op.Permanent, Code: "erofs", Message: "write /x: read-only file system"}},
		{"busy", syscall.EBUSY, op.Error{Class: op.Transient, Code: "ebusy", Message: "write /x: device or resource busy"}},
		{"in the way", syscall.EISDIR, op.Error{Class: op.Conflict, Code: "eisdir", Message: "write /x: is a directory"}},
		{"without a code", syscall.EXDEV, op.Error{Class: op.Permanent, Message: "write /x: invalid cross-device link"}},
		{"other", errors.New("odd \xff"), op.Error{Class: op.Permanent, Message: "write /x: odd \uFFFD"}},
		{"ready-made", Conflict("code", "text"), op.Error{Class: op.Conflict, Code: "code", Message: "text"}},
		{"given up", &Stop{Code: "timeout", Why: "did not end within 1s"}, op.Error{Class: op.Transient, Code: "timeout", Message: "write /x did not end within 1s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fault("write /x", tt.err); *got != tt.want {
				t.Errorf("got %+v, expected %+v", *got, tt.want)
			}
		})
	}
	if got := Fault("x", errors.New(strings.Repeat("é", 5000))).Message; len(got) > maxMessage+10 || Clean(got) != got {
		t.Errorf("a long error became %d bytes", len(got))
	}
	if got := Title(op.Op{Exec: &op.Exec{Shell: strings.Repeat("é", 500)}}); len(got) > maxTitle+10 || Clean(got) != got {
		t.Errorf("a long op became the title %q", got)
	}
}
