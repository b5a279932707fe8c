package community

import (
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"golang.org/x/text/unicode/norm"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func texts() []*function.Func {
	return []*function.Func{
		function.New("crc32", "", "The checksum CRC32 of the text, in hexadecimal.", func(c *call) (value, error) {
			s, err := onlyText(c)
			return str(strconv.FormatUint(uint64(crc32.ChecksumIEEE([]byte(s))), 16)), err
		}),
		function.New("unicode_normalize", "form='NFC'", "The text in a normal form of Unicode: NFC, NFD, NFKC or NFKD.", normalize),
		function.New("reveal_ansible_type", "alias=None", "The name of the value's type in Python, of a list or a dict with those in it.", reveal),
	}
}

func normalize(c *call) (value, error) {
	s, err := onlyText(c)
	if err != nil {
		return nil, err
	}
	name, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	form, ok := map[string]norm.Form{"NFC": norm.NFC, "NFD": norm.NFD, "NFKC": norm.NFKC, "NFKD": norm.NFKD}[name]
	if !ok {
		return nil, py.Errorf("the form is NFC, NFD, NFKC or NFKD, not %s", name)
	}
	out := form.String(s)
	return str(out), py.Fits("unicode_normalize", int64(len(out)))
}

func reveal(c *call) (value, error) {
	alias := starlark.NewDict(0)
	switch given := c.Values[0].(type) {
	case starlark.NoneType:
	case *starlark.Dict:
		alias = given
	default:
		return nil, py.Errorf("alias is a dict, not %s", py.TypeName(given))
	}
	name := func(v value) (string, error) {
		own := py.TypeName(v)
		other, found, err := alias.Get(str(own))
		if err != nil || !found {
			return own, err
		}
		return py.Str(other)
	}
	names := func(items []value) (string, error) {
		out := make([]string, len(items))
		for i, item := range items {
			var err error
			if out[i], err = name(item); err != nil {
				return "", err
			}
		}
		slices.Sort(out)
		return strings.Join(slices.Compact(out), "|"), c.Run.Step(len(items))
	}
	own, err := name(c.Value)
	if err != nil {
		return nil, err
	}
	switch v := c.Value.(type) {
	case *starlark.List:
		items, _ := py.Elements(v) // a list has elements
		if own != "list" || len(items) == 0 {
			break
		}
		of, err := names(items)
		return str(own + "[" + of + "]"), err
	case *starlark.Dict:
		if own != "dict" || v.Len() == 0 {
			break
		}
		var values []value
		for _, item := range v.Items() {
			values = append(values, item[1])
		}
		keys, err := names(v.Keys())
		if err != nil {
			return nil, err
		}
		of, err := names(values)
		return str(own + "[" + keys + ", " + of + "]"), err
	}
	return str(own), nil
}
