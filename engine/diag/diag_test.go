package diag_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/openfroyo/froyo/engine/diag"
)

func TestPosString(t *testing.T) {
	for _, tt := range []struct {
		name string
		pos  diag.Pos
		want string
	}{
		{"nothing", diag.Pos{}, ""},
		{"file", diag.Pos{File: "a.star"}, "a.star"},
		{"line", diag.Pos{File: "a.star", Line: 3}, "a.star:3"},
		{"column", diag.Pos{File: "a.star", Line: 3, Col: 8}, "a.star:3:8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.pos.String(); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWorstCode(t *testing.T) {
	for _, tt := range []struct {
		name  string
		codes []diag.Code
		want  diag.Code
	}{
		{"none", nil, diag.OK},
		{"only fine ones", []diag.Code{diag.OK, diag.OK}, diag.OK},
		{"failed before unreachable", []diag.Code{diag.Unreachable, diag.Failed}, diag.Failed},
		{"unreachable before stale", []diag.Code{diag.Stale, diag.Unreachable}, diag.Unreachable},
		{"stale before pending", []diag.Code{diag.Pending, diag.Stale}, diag.Stale},
		{"interrupted before all", []diag.Code{diag.Usage, diag.Failed, diag.Interrupted}, diag.Interrupted},
		{"usage before denied", []diag.Code{diag.Denied, diag.Usage}, diag.Usage},
		{"locked before failed", []diag.Code{diag.Failed, diag.Locked}, diag.Locked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := diag.Worst(tt.codes...); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestCodeOf(t *testing.T) {
	failed := diag.Errorf(diag.Pos{}, "broken").WithCode(diag.Failed)
	for _, tt := range []struct {
		name string
		err  error
		want diag.Code
	}{
		{"nil", nil, diag.OK},
		{"plain error", errors.New("x"), diag.Usage},
		{"wrapped", fmt.Errorf("about h1: %w", failed), diag.Failed},
		{"joined", errors.Join(failed, diag.Errorf(diag.Pos{}, "gone").WithCode(diag.Unreachable)), diag.Failed},
		{"joined in a join", errors.Join(errors.Join(failed), errors.New("x")), diag.Usage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := diag.CodeOf(tt.err); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestErrorKeepsItsCause(t *testing.T) {
	cause := errors.New("disk full")
	err := diag.Errorf(diag.Pos{File: "a.star", Line: 1}, "write: %w", cause)
	if !errors.Is(err, cause) {
		t.Error("the cause is lost")
	}
	err.Host, err.Unit = "h1", "file[/x]"
	if got, want := err.Error(), "a.star:1: h1: file[/x]: write: disk full"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNearest(t *testing.T) {
	names := []string{"content", "source", "state", "mode", "owner", "group"}
	for _, tt := range []struct{ given, want string }{
		{"contnet", "content"},
		{"mdoe", "mode"},
		{"Owner", "owner"},
		{"stat", "state"},
		{"zzz", ""},
		{"recursively", ""},
	} {
		t.Run(tt.given, func(t *testing.T) {
			if got := diag.Nearest(tt.given, names); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
