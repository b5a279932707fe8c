// Package literal reads values as the formats of Ansible's inventories write them:
// plain words of YAML 1.1, JSON, and in INI the literals of Python.
//
// Beside the standard library it imports the parser of YAML.
package literal

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The plain scalars of YAML 1.1 that are no text, as Ansible's reader has them.
var (
	yamlInt   = regexp.MustCompile(`^[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	yamlFloat = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$`)
	yamlOdd   = regexp.MustCompile(`^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
)

var yamlWords = map[string]any{
	"yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true, "true": true, "True": true, "TRUE": true,
	"no": false, "No": false, "NO": false, "off": false, "Off": false, "OFF": false, "false": false, "False": false, "FALSE": false,
	"": nil, "~": nil, "null": nil, "Null": nil, "NULL": nil,
}

// errBinary is a value that has no text.
var errBinary = errors.New("binary values are not supported")

// Scalar types a value as Ansible does. In YAML a plain word counts by the rules
// of YAML 1.1, where yes is a bool, 0644 is octal and 1e3 is text; in JSON by those of JSON.
func Scalar(n *yaml.Node, json bool) (any, error) {
	if n.Style == 0 && n.Kind == yaml.ScalarNode && !json {
		return plainScalar(n.Value)
	}
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool", "!!int", "!!float":
		return number(n)
	case "!!binary":
		return nil, errBinary
	}
	return n.Value, nil
}

// plainScalar reads a word without quotes and without a tag.
func plainScalar(s string) (any, error) {
	if v, ok := yamlWords[s]; ok {
		return v, nil
	}
	switch {
	case yamlInt.MatchString(s):
		return yamlInteger(s)
	case yamlFloat.MatchString(s):
		v, err := yamlReal(s)
		if err != nil || math.IsInf(v, 0) {
			return nil, tooLarge(s)
		}
		return v, nil
	case yamlOdd.MatchString(s):
		return nil, tooLarge(s)
	}
	return s, nil
}

func tooLarge(s string) error { return fmt.Errorf("number %s does not fit into 64 bits", s) }

// yamlInteger reads an integer: binary, octal, hexadecimal, decimal, or by sixties as in 1:30.
func yamlInteger(s string) (any, error) {
	digits := strings.ReplaceAll(s, "_", "")
	sign, digits := cutSign(digits)
	base := 10
	switch {
	case strings.HasPrefix(digits, "0b"):
		base, digits = 2, digits[2:]
	case strings.HasPrefix(digits, "0x"):
		base, digits = 16, digits[2:]
	case strings.Contains(digits, ":"):
		total := new(big.Int)
		for part := range strings.SplitSeq(digits, ":") {
			n, ok := new(big.Int).SetString(part, 10)
			if !ok {
				return nil, tooLarge(s)
			}
			total.Add(total.Mul(total, big.NewInt(60)), n)
		}
		base, digits = 10, total.String()
	case digits != "0" && strings.HasPrefix(digits, "0"):
		base, digits = 8, digits[1:]
	}
	n, err := strconv.ParseInt(sign+digits, base, 64)
	if err != nil {
		return nil, tooLarge(s)
	}
	return n, nil
}

// yamlReal reads a fraction, by sixties as well.
func yamlReal(s string) (float64, error) {
	sign, digits := cutSign(strings.ReplaceAll(s, "_", ""))
	total := 0.0
	for part := range strings.SplitSeq(digits, ":") {
		v, err := strconv.ParseFloat(part, 64)
		if err != nil {
			return 0, err
		}
		total = total*60 + v
	}
	if sign == "-" {
		total = -total
	}
	return total, nil
}

// cutSign takes the sign off a number; "" is plus.
func cutSign(s string) (sign, digits string) {
	switch {
	case strings.HasPrefix(s, "-"):
		return "-", s[1:]
	case strings.HasPrefix(s, "+"):
		return "", s[1:]
	}
	return "", s
}

// number reads a number or bool that a tag or JSON says is one.
func number(n *yaml.Node) (any, error) {
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case bool:
		return v, nil
	case int:
		return int64(v), nil
	case int64:
		return v, nil
	case float64:
		whole := !strings.ContainsAny(n.Value, ".eE") // too large to be exact
		if !whole && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return v, nil
		}
	}
	return nil, tooLarge(n.Value)
}
