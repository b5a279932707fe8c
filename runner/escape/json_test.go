package escape_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/runner/escape"
)

func TestEscapeJSON(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "a\nb ä →", `"a\nb ä →"`},
		{"C1 control", "a\u009bb", `"a\u009bb"`},
		{"reordering", "a\u202eb", `"a\u202eb"`},
		{"beyond the first plane", "a\U000e0001b", `"a\udb40\udc01b"`},
		{"delete", "a\x7fb", `"a\u007fb"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var data strings.Builder
			enc := json.NewEncoder(&data)
			if err := enc.Encode(tt.text); err != nil {
				t.Fatal(err)
			}
			got := escape.JSON([]byte(strings.TrimSpace(data.String())))
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			var back string
			if err := json.Unmarshal(got, &back); err != nil || back != tt.text {
				t.Errorf("it became %q, %v", back, err)
			}
		})
	}
}
