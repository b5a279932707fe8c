package codec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/codec"
)

// FuzzUnmarshal holds the decoder to encoding/json's verdict and value for any
// input, apart from its depth limit, and to its own round trip.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"a":[1,-2.5e3,"x\ud83d\ude00\udead"],"b":{"c":null}} `, `"\u00"`, `01`, `-`, `1e999`, `[1,]`, `{"a":1,"a":2}`,
		`{"int":3,"fs.int8":-4,"bytes":"aGk=","map":{"x":1},"nested":[{"mode":420}],"self":{"text":"\n"},"hides":1}`, "\"\xff\"", "{\"\xff\":1}",
		strings.Repeat("[", 65), strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64), `9223372036854775808`, `-0`, `-0.0`, `1.0`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		spans(t, in)
		var mine, theirs any
		mineErr, theirErr := codec.Unmarshal(in, &mine), json.Unmarshal(in, &theirs)
		if e, ok := errors.AsType[*codec.Error](mineErr); ok {
			if e.Offset > len(in) {
				t.Errorf("offset %d of %d bytes", e.Offset, len(in))
			}
			if e.Message == "nested too deep" {
				return
			}
		}
		if (mineErr == nil) != (theirErr == nil) {
			t.Fatalf("codec: %v, encoding/json: %v", mineErr, theirErr)
		}
		if mineErr != nil {
			return
		}
		out, err := codec.Marshal(mine)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(theirs, floats(mine)); diff != "" {
			t.Error(diff)
		}
		var again any
		if err := codec.Unmarshal(out, &again); err != nil {
			t.Fatal(err)
		}
		if second, err := codec.Marshal(again); err != nil || !bytes.Equal(out, second) {
			t.Errorf("%s became %s, %v", out, second, err)
		}
		typed(t, in)
	})
}

// typed decodes into a struct: where both accept, both must see the same.
func typed(t *testing.T, in []byte) {
	var mine everything
	if codec.Unmarshal(in, &mine) != nil {
		return
	}
	out, err := codec.Marshal(mine)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, standard(t, mine)) {
		t.Errorf("got %s, encoding/json gives %s", out, standard(t, mine))
	}
}

// floats turns the integers of plain data into what encoding/json makes of them.
func floats(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = floats(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = floats(v[k])
		}
	}
	return v
}
