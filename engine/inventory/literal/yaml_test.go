package literal

import (
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestScalar has what PyYAML, which Ansible reads with, makes of plain words.
func TestScalar(t *testing.T) {
	for text, want := range map[string]any{
		"yes": true, "Yes": true, "yEs": "yEs", "y": "y", "on": true, "OFF": false, "oN": "oN", "true": true, "tRue": "tRue",
		"~": nil, "null": nil, "nULL": "nULL",
		"5": int64(5), "-5": int64(-5), "+5": int64(5), "1_000": int64(1000), "0": int64(0), "00": int64(0),
		"0644": int64(420), "-010": int64(-8), "0o644": "0o644", "08": "08", "0x1F": int64(31), "0b101": int64(5),
		"1:30": int64(90), "-1:30": int64(-90), "22:22:22": int64(80542), "01:30": "01:30", "1:60": "1:60",
		"1.5": 1.5, "1.": 1.0, ".5": 0.5, "-.5": "-.5", "1e3": "1e3", "1.5e3": "1.5e3", "1.5e+3": 1500.0, "1:30.5": 90.5,
		"1.10": 1.1, "1.2.3": "1.2.3", "2020-01-01": "2020-01-01", "=": "=", "a": "a",
	} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte("k: "+text+"\n"), &doc); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := Scalar(doc.Content[0].Content[1], false)
		if err != nil || got != want {
			t.Errorf("%s: got %#v, %v; want %#v", text, got, err, want)
		}
	}
	for _, text := range []string{".inf", ".NaN", "99999999999999999999", "0x1FFFFFFFFFFFFFFFFF", "1.0e+999"} {
		if got, err := Scalar(&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}, false); err == nil {
			t.Errorf("%s: got %#v, want an error", text, got)
		}
	}
	for text, want := range map[string]any{"1e3": 1000.0, "5": int64(5), "0.5": 0.5, "true": true, "null": nil, `"yes"`: "yes"} {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(`{"k": `+text+`}`), &doc); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := Scalar(doc.Content[0].Content[1], true)
		if err != nil || got != want {
			t.Errorf("JSON %s: got %#v, %v; want %#v", text, got, err, want)
		}
	}
}
