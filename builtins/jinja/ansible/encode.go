package ansible

import (
	"crypto/md5"  //nolint:gosec // a filter that operators use, not for security
	"crypto/sha1" //nolint:gosec // the same
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/url"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"

	"github.com/openfroyo/froyo/builtins/jinja/function"
	"github.com/openfroyo/froyo/builtins/jinja/py"
)

func encodings() []*function.Func {
	return []*function.Func{
		function.NewText("b64encode", "The text in base64.", func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		function.New("b64decode", "encoding='utf-8'", "The text that base64 stands for.", b64decode),
		function.NewText("md5", "The MD5 sum of the text.", func(s string) string { return sum(md5.New(), s) }),
		function.NewText("sha1", "The SHA-1 sum of the text.", func(s string) string { return sum(sha1.New(), s) }),
		function.NewText("checksum", "The SHA-1 sum of the text.", func(s string) string { return sum(sha1.New(), s) }),
		function.New("hash", "hashtype='sha1'", "A checksum of the text: md5, sha1, sha224, sha256, sha384 or sha512.", hashOf),
		function.New("to_uuid", "namespace='361E6D51-FAEC-444A-9079-341386DA8E2E'", "A UUID made of the text.", toUUID),
		onlyText("urldecode", "The text that a part of a URL stands for.", func(s string) value { return starlark.String(unquotePlus(s)) }),
		function.New("urlsplit", "query='', alias='urlsplit'", "The parts of a URL, or one of them.", urlSplit),
	}
}

func sum(h hash.Hash, s string) string {
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

func hashOf(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	name, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	makes := map[string]func() hash.Hash{
		"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
	}
	h, ok := makes[strings.ToLower(name)]
	if !ok {
		return nil, py.Errorf("hashtype is md5, sha1, sha224, sha256, sha384 or sha512, not %s", name)
	}
	return starlark.String(sum(h(), s)), nil
}

func b64decode(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	// Python passes over what is no base64.
	clean := strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '+' || r == '/' || r == '=') {
			return r
		}
		return -1
	}, s)
	out, err := base64.StdEncoding.DecodeString(clean)
	if err != nil {
		return nil, py.Errorf("the text is no base64")
	}
	if !utf8.Valid(out) {
		return nil, py.Errorf("what base64 stands for is no text in UTF-8")
	}
	return starlark.String(out), nil
}

func toUUID(c *call) (value, error) {
	s, err := str(c)
	if err != nil {
		return nil, err
	}
	given, err := c.Text(0)
	if err != nil {
		return nil, err
	}
	namespace, err := hex.DecodeString(strings.NewReplacer("urn:", "", "uuid:", "", "-", "", "{", "", "}", "").Replace(given))
	if err != nil || len(namespace) != 16 {
		return nil, py.Errorf("the namespace %q is no UUID", given)
	}
	h := sha1.New() //nolint:gosec // as version 5 of UUIDs has it
	h.Write(namespace)
	h.Write([]byte(s))
	u := h.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return starlark.String(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])), nil
}

// unquotePlus replaces the escapes of a URL; what is no escape stays.
func unquotePlus(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b.Write(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return strings.ToValidUTF8(b.String(), "\ufffd")
}

// urlSplit takes a URL apart as Python's urlsplit does.
func urlSplit(c *call) (value, error) {
	given, ok := c.Value.(starlark.String)
	if !ok {
		return nil, py.Errorf("expected a URL as a text, not %s", py.TypeName(c.Value))
	}
	s, part := string(given), ""
	if some, err := py.Truth(c.Values[0]); err != nil {
		return nil, err
	} else if some {
		var err error
		if part, err = c.Text(0); err != nil {
			return nil, err
		}
	}
	u, err := splitURL(s)
	if err != nil {
		return nil, err
	}
	d := starlark.NewDict(9)
	for _, name := range []string{"fragment", "hostname", "netloc", "password", "path", "port", "query", "scheme", "username"} {
		if err := d.SetKey(starlark.String(name), u[name]); err != nil {
			return nil, err
		}
	}
	if part == "" {
		return d, nil
	}
	v, found := u[part]
	if !found {
		return nil, py.Errorf("unknown URL component: %s", part)
	}
	return v, nil
}

func splitURL(s string) (map[string]value, error) {
	s = strings.NewReplacer("\n", "", "\r", "", "\t", "").Replace(strings.TrimLeft(s, " \x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r"))
	out := map[string]value{"port": starlark.None, "hostname": starlark.None, "username": starlark.None, "password": starlark.None}
	scheme, netloc := "", ""
	if i := strings.IndexByte(s, ':'); i > 0 && isScheme(s[:i]) {
		scheme, s = strings.ToLower(s[:i]), s[i+1:]
	}
	if strings.HasPrefix(s, "//") {
		end := strings.IndexAny(s[2:], "/?#")
		if end < 0 {
			end = len(s) - 2
		}
		netloc, s = s[2:2+end], s[2+end:]
	}
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	out["scheme"], out["netloc"], out["path"] = starlark.String(scheme), starlark.String(netloc), starlark.String(s)
	out["query"], out["fragment"] = starlark.String(query), starlark.String(fragment)
	host := netloc
	if i := strings.LastIndexByte(netloc, '@'); i >= 0 {
		user, password, has := strings.Cut(netloc[:i], ":")
		out["username"] = starlark.String(user)
		if has {
			out["password"] = starlark.String(password)
		}
		host = netloc[i+1:]
	}
	var hostname, port string
	var hasPort bool
	if strings.HasPrefix(host, "[") {
		var rest string
		hostname, rest, _ = strings.Cut(host[1:], "]")
		_, port, hasPort = strings.Cut(rest, ":")
	} else {
		hostname, port, hasPort = strings.Cut(host, ":")
	}
	if hostname != "" {
		out["hostname"] = starlark.String(strings.ToLower(hostname))
	}
	if hasPort && port != "" {
		n, ok := parsePort(port)
		if !ok {
			return nil, py.Errorf("the port %q is no number up to 65535", port)
		}
		out["port"] = starlark.MakeInt(n)
	}
	return out, nil
}

func isScheme(s string) bool {
	_, err := url.Parse(s + ":")
	return err == nil && s[0] != '+' && s[0] != '-' && s[0] != '.' && (s[0] < '0' || s[0] > '9')
}

func parsePort(s string) (int, bool) {
	var n int
	_, err := fmt.Sscanf(s, "%d", &n)
	return n, err == nil && fmt.Sprint(n) == strings.TrimLeft(s, "0") && n < 65536
}
