package bolt

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/queue"
)

func TestDecodeRefuses(t *testing.T) {
	const start = `{"id":"i","run":"r","host":"h","put":1`
	tests := []struct{ name, value, want string }{
		{"nothing", ``, "EOF"},
		{"null", `null`, "no ID"},
		{"two items", start + `}{}`, "more follows"},
		{"a field of a later froyo", start + `,"colour":1}`, "colour"},
		{"no host", `{"id":"i","run":"r","put":1}`, "no host"},
		{"attempts below 0", start + `,"attempts":-1}`, "-1 times"},
		{"too many attempts", start + `,"attempts":6}`, "6 times"},
		{"a claim that was never given", start + `,"worker":"w","until":5,"ttl":5}`, "claimed"},
		{"a claim of something dead-lettered", start + `,"attempts":5,"worker":"w","until":5,"ttl":5,"set_aside":true}`, "claimed"},
		{"a claim of no length", start + `,"attempts":1,"worker":"w","until":5}`, "0 µs"},
		{"a claim for ever", start + `,"attempts":1,"worker":"w","until":5,"ttl":86400000001}`, "86400000001 µs"},
		{"a claim to no worker", start + `,"until":5}`, "no worker"},
		{"the year 292277", start + `,"attempts":1,"worker":"w","until":9223372036854775807,"ttl":5}`, "year"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if i, err := decode([]byte(test.value)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%+v, error %v, want %q", i, err, test.want)
			}
		})
	}
}

// FuzzDecode: whatever is stored is refused, or means the same when it is stored again.
func FuzzDecode(f *testing.F) {
	claimed := item("h1")
	claimed.Put = time.UnixMicro(1).UTC()
	claimed.Deliver("w1", time.UnixMicro(2), time.Minute)
	aside := item("é\x00")
	aside.Put, aside.Attempts, aside.DeadLettered, aside.Reason = time.UnixMicro(-1).UTC(), queue.MaxAttempts, true, "why"
	for _, i := range []queue.Item{claimed, aside} {
		value, err := encode(&i)
		must(f, err)
		f.Add(value)
	}
	f.Add([]byte(`{"id":"i","run":"r","host":"h","put":1,"put":2,"PUT":3}`))
	f.Fuzz(func(t *testing.T, value []byte) {
		i, err := decode(value)
		if err != nil {
			return
		}
		if err := i.Check(); err != nil {
			t.Fatalf("decoded an item that no queue takes: %v", err)
		}
		again, err := encode(&i)
		must(t, err)
		j, err := decode(again)
		must(t, err)
		if diff := cmp.Diff(i, j); diff != "" {
			t.Errorf("first -, again +:\n%s", diff)
		}
		now := time.UnixMicro(3).UTC()
		if i.Deliver("w2", now, time.Minute); i.Worker != "" && i.Until.After(now.Add(queue.MaxTTL)) {
			t.Errorf("claimed until %v", i.Until)
		}
	})
}
