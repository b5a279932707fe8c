package shape_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openfroyo/froyo/engine/schema/shape"
)

func TestRefusal(t *testing.T) {
	type m = map[string]any
	type l = []any
	tests := []struct {
		expr  string
		value any
		want  string
		hint  string
	}{
		{`string`, int64(5), `x: want a string, got the int 5`, `write x = "5"`},
		{`string`, nil, `x: want a string, got None`, ``},
		{`string`, true, `x: want a string, got the bool True`, ``},
		{`string`, 1.5, `x: want a string, got the float 1.5`, ``},
		{`string`, l{}, `x: want a string, got the list []`, ``},
		{`string`, m{"a": int64(1), "b": nil}, `x: want a string, got the dict {"a": 1, "b": None}`, ``},
		{`string & !=""`, "", `x: want a string that is not empty, got ""`, ``},
		{`string & !="a" & =~"^.$" & !~"x"`, "ab", `x: want a string other than "a" and that matches ^.$ and that does not match x, got "ab"`, ``},
		{`int & >=0 & <=9`, int64(10), `x: want an int from 0 to 9, got 10`, ``},
		{`int & >0`, int64(0), `x: want an int above 0, got 0`, ``},
		{`int & <0`, int64(0), `x: want an int below 0, got 0`, ``},
		{`int & >=1`, int64(0), `x: want an int of at least 1, got 0`, ``},
		{`number & <=1 & >-1`, 1.5, `x: want a number of at most 1 and above -1, got 1.5`, ``},
		{`int`, "12", `x: want an int, got the string "12"`, `write x = 12`},
		{`int`, "twelve", `x: want an int, got the string "twelve"`, ``},
		{`bool`, "Yes", `x: want True or False, got the string "Yes"`, `write x = True`},
		{`bool`, "off", `x: want True or False, got the string "off"`, `write x = False`},
		{`bool`, "maybe", `x: want True or False, got the string "maybe"`, ``},
		{`null`, "a", `x: want None, got the string "a"`, ``},
		{`"a"`, "b", `x: want "a", got "b"`, ``},
		{`"present" | "absent"`, "presnt", `x: want one of "present", "absent", got "presnt"`, `did you mean "present"?`},
		{`"present" | "absent"`, "other", `x: want one of "present", "absent", got "other"`, ``},
		{`"present" | "absent"`, int64(1), `x: want a string, got the int 1`, `write x = "1"`},
		{`"any" | int & >0`, int64(0), `x: want an int above 0, got 0`, ``},
		{`"any" | int & >0`, "some", `x: want "any" or an int above 0, got "some"`, ``},
		{`"any" | int & >0`, nil, `x: want a string or an int, got None`, ``},
		{`string & !="" | [string, ...string]`, true, `x: want a string or a list of strings, got the bool True`, ``},
		{`string & !="" | [string, ...string]`, l{}, `x: want a list of strings with at least 1 element, got []`, ``},
		{`string & !="" | [string, ...string]`, l{"a", int64(1)}, `x[1]: want a string, got the int 1`, `write "1"`},
		{`[string, string]`, l{"a"}, `x: want a list of strings with 2 elements, got ["a"]`, ``},
		{`[...int & >=0]`, l{int64(1), int64(-1)}, `x[1]: want an int of at least 0, got -1`, ``},
		{`[...int]`, int64(1), `x: want a list of ints, got the int 1`, `write x = [1]`},
		{`[...{[string]: int}]`, "a", `x: want a list of dicts, got the string "a"`, ``},
		{`{[string]: string}`, l{}, `x: want a dict, got the list []`, ``},
		{`{[string]: string}`, m{"b": int64(1), "a\n": false}, `x["a\n"]: want a string, got the bool False`, ``},
		{`{[string]: [...int]}`, m{"b": l{"a"}}, `x["b"][0]: want an int, got the string "a"`, ``},
		{`int`, strings.Repeat("a", 500), `x: want an int, got the string "` + strings.Repeat("a", 59) + `…"`, ``},
		{`int`, strings.Repeat("\x1b[2J", 100), `x: want an int, got the string "` + strings.Repeat(`\x1b[2J`, 8) + `\x1…"`, ``},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			s, _ := compile(t, tt.expr)
			if got := s.Accept(tt.value); got != shape.No {
				t.Fatalf("verdict %v, want No", got)
			}
			r := shape.Refuse("x", s, tt.value)
			if got := r.At + ": want " + r.Want() + ", got " + r.Got(); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if got := r.Hint(false); got != tt.hint {
				t.Errorf("got hint  %s\nwant hint %s", got, tt.hint)
			}
		})
	}
}

func TestOctalHint(t *testing.T) {
	tests := map[int64]string{
		644: "0644", 0o644: "0644",
		755: "0755", 0o755: "0755",
		600: "0600", 0o600: "0600",
		640: "0640", 0o640: "0640",
		777: "0777", 0o777: "0777",
		444: "0444", 0o444: "0444",
		700: "0700", 0o700: "0700",
		1777: "1777", 0o1777: "1777",
		4755: "4755", 0o4755: "4755",
		711: "0711", 0o711: "0711",
		0: "0644", -1: "0644", 99999: "0644",
	}
	s, _ := compile(t, `string`)
	for n, want := range tests {
		if got := shape.Refuse("mode", s, n).Hint(true); got != `write mode = "`+want+`"` {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestSchema(t *testing.T) {
	tests := []struct{ expr, want string }{
		{`string & !=""`, `{"minLength":1,"type":"string"}`},
		{`string & =~"^a" & =~"b$" & !~"c" & !="d"`, `{"allOf":[{"pattern":"b$"},{"not":{"pattern":"c"}}],"not":{"const":"d"},"pattern":"^a","type":"string"}`},
		{`int & >=0 & <=255`, `{"maximum":255,"minimum":0,"type":"integer"}`},
		{`number & >0 & <1`, `{"exclusiveMaximum":1,"exclusiveMinimum":0,"type":"number"}`},
		{`string | null`, `{"anyOf":[{"type":"string"},{"const":null}]}`},
		{`*"a" | 1`, `{"enum":["a",1]}`},
		{`*true | bool`, `{"type":"boolean"}`},
		{`"a"`, `{"const":"a"}`},
		{`[int, ...int]`, `{"items":{"type":"integer"},"minItems":1,"type":"array"}`},
		{`[string, int]`, `{"items":false,"minItems":2,"prefixItems":[{"type":"string"},{"type":"integer"}],"type":"array"}`},
		{`{[string]: bool}`, `{"additionalProperties":{"type":"boolean"},"type":"object"}`},
		{`{[string]: float}`, `null`},
		{`[...float]`, `null`},
		{`[float]`, `null`},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			s, _ := compile(t, tt.expr)
			got, err := json.Marshal(s.Schema())
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
