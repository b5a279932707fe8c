package inventory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/engine/diag"
	"github.com/openfroyo/froyo/engine/inventory"
)

func TestHostSurvivesJSON(t *testing.T) {
	want := &inventory.Host{
		Name: "h1", Address: "10.0.0.1", Port: 22, User: "ops", Key: "/k", Become: new(false), BecomeUser: "app", Connection: inventory.SSH,
		Groups: []string{"web"}, Labels: map[string]string{"a": "b"}, Pos: diag.Pos{File: "hosts", Line: 3, Col: 1},
		Vars: map[string]any{
			"whole": int64(5), "large": int64(1) << 60, "fraction": 5.0, "half": 0.5, "huge": 1e300, "text": "5", "none": nil, "yes": true,
			"deep": []any{map[string]any{"n": int64(1), "f": -2.0}},
		},
	}
	data, err := json.Marshal([]*inventory.Host{want})
	if err != nil {
		t.Fatal(err)
	}
	var got []*inventory.Host
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*inventory.Host{want}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestHostRefusesForeignJSON(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"unknown field", `{"name": "h1", "adress": "x"}`},
		{"number out of range", `{"name": "h1", "vars": {"a": [99999999999999999999]}}`},
		{"fraction out of range", `{"name": "h1", "vars": {"a": 1e999}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h inventory.Host
			if err := json.Unmarshal([]byte(tt.text), &h); err == nil {
				t.Errorf("accepted as %+v", h)
			}
		})
	}
}
