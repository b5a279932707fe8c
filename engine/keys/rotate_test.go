package keys

import (
	"bytes"
	"errors"
	"testing"
)

// TestRotation: wherever a rotation ends, there are both keys, and the next one goes on from there.
func TestRotation(t *testing.T) {
	t.Parallel()
	stop := errors.New("it ends here")
	for end := range 5 {
		k, _ := open(t)
		if _, err := k.New(t.Context(), "web", "ecdsa"); err != nil {
			t.Fatal(err)
		}
		old, err := k.Private(t.Context(), "web")
		if err != nil {
			t.Fatal(err)
		}
		r, err := k.Rotating(t.Context(), "web")
		if err != nil || r.New != "" || r.Resumed || r.Replaced {
			t.Fatalf("%+v %v", r, err)
		}
		if err := k.Successor(t.Context(), "web", &r); err != nil {
			t.Fatal(err)
		}
		first := r.New
		coming, err := k.Private(t.Context(), Next("web"))
		if err != nil || bytes.Equal(coming, old) {
			t.Fatal(err)
		}
		// What Replace does, up to some point.
		_ = errors.Join(func() error {
			if end == 0 {
				return stop
			}
			if err := k.kept.Replace(t.Context(), "web"+last, old, []byte(r.Old+"\n")); err != nil || end == 1 {
				return errors.Join(err, stop)
			}
			if err := k.kept.Replace(t.Context(), "web", coming, []byte(r.New+"\n")); err != nil || end == 2 {
				return errors.Join(err, stop)
			}
			return k.kept.Remove(t.Context(), Next("web"))
		}())
		if r, err = k.Rotating(t.Context(), "web"); err != nil || !r.Resumed || r.Replaced != (end >= 2) || r.New != first || r.Old == r.New {
			t.Errorf("after %d: %+v %v", end, r, err)
		}
		if all, err := k.List(t.Context()); err != nil || len(all) != 1 || !all[0].Rotating {
			t.Errorf("after %d: %+v %v", end, all, err)
		}
		if !r.Replaced {
			if err := errors.Join(k.Successor(t.Context(), "web", &r), k.Replace(t.Context(), "web", &r)); err != nil || r.New != first {
				t.Errorf("after %d: %+v %v", end, r, err)
			}
		}
		if err := k.Forget(t.Context(), "web"); err != nil {
			t.Error(err)
		}
		if now, err := k.Private(t.Context(), "web"); err != nil || !bytes.Equal(now, coming) {
			t.Errorf("after %d: another key, %v", end, err)
		}
		if line, err := k.Public(t.Context(), "web"); err != nil || line != first {
			t.Errorf("after %d: %q %v", end, line, err)
		}
		if r, err = k.Rotating(t.Context(), "web"); err != nil || r.Resumed || r.New != "" {
			t.Errorf("after %d: %+v %v", end, r, err)
		}
	}
}
