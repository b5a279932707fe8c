package probe

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/openfroyo/froyo/runner/op"
)

// Bounds of an answer, in bytes.
const (
	maxHeaders   = 64 << 10
	maxBody      = 1 << 20 // of a body in which something is looked for
	maxRedirects = 10
)

// request is a probe over HTTP that is ready to be made.
type request struct {
	*op.HTTPProbe
	dial Dial
	tls  *tls.Config
}

// newHTTP prepares a probe. One that cannot be made fails at each attempt.
func newHTTP(p *op.HTTPProbe, dial Dial) attempt {
	r := &request{HTTPProbe: p, dial: dial}
	if f := r.prepare(); f != nil {
		return func(context.Context) (op.Result, *failure) { return op.Result{}, f }
	}
	return r.attempt
}

func (r *request) prepare() *failure {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil:
		return wrong("url cannot be read: %v", unwrapURL(err))
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong("url begins with %q, expected http:// or https://", u.Scheme)
	case u.Hostname() == "":
		return wrong("url names no host")
	}
	for name, value := range r.Headers {
		if !isToken(name) || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return wrong("header %q is not one: its name is no token, or its value has control characters", cut(name, 80))
		}
	}
	if r.Method != "" && !isToken(r.Method) {
		return wrong("method %q is not one", cut(r.Method, 80))
	}
	r.tls = &tls.Config{InsecureSkipVerify: r.Insecure} //nolint:gosec // the operator's decision, and said in the runbook
	if r.CA == "" {
		return nil
	}
	if r.tls.RootCAs, err = x509.SystemCertPool(); err != nil {
		r.tls.RootCAs = x509.NewCertPool() // a machine without roots of its own
	}
	if !r.tls.RootCAs.AppendCertsFromPEM([]byte(r.CA)) {
		return wrong("ca holds no certificate in PEM")
	}
	return nil
}

// isToken accepts what HTTP takes as the name of a header or method.
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// unwrapURL drops the URL, which may hold a password, from an error.
func unwrapURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func (r *request) attempt(ctx context.Context) (op.Result, *failure) {
	c := &connector{dial: r.dial, tls: r.tls}
	// No proxy: a probe says where its connection begins. And none of what the
	// connection was good for once is of use to the next attempt.
	transport := &http.Transport{
		DialContext: c.open, DialTLSContext: c.openTLS, ForceAttemptHTTP2: true, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeaders,
	}
	defer transport.CloseIdleConnections()
	req, err := r.request(ctx)
	if err != nil {
		return op.Result{}, wrong("%v", unwrapURL(err))
	}
	client := &http.Client{Transport: transport, CheckRedirect: r.redirect}
	resp, err := client.Do(req)
	if err != nil {
		return op.Result{}, r.noAnswer(unwrapURL(err), c.connected.Load())
	}
	defer resp.Body.Close()
	return r.judge(resp)
}

func (r *request) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(r.Method, http.MethodGet), r.URL, strings.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if r.Body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.Header.Set("User-Agent", "froyo-probe")
	for name, value := range r.Headers {
		req.Header.Set(name, value)
		if strings.EqualFold(name, "Host") {
			req.Host = value
		}
	}
	return req, nil
}

// redirect decides whether one is followed. Headers are for the server that
// the probe names: they may hold secrets.
func (r *request) redirect(req *http.Request, before []*http.Request) error {
	switch {
	case !r.Follow:
		return http.ErrUseLastResponse
	case len(before) >= maxRedirects:
		return fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, req.URL.Redacted())
	}
	if req.URL.Host != before[0].URL.Host {
		for name := range r.Headers {
			req.Header.Del(name)
		}
	}
	return nil
}

// noAnswer is a request that got none.
func (r *request) noAnswer(err error, connected bool) *failure {
	within := " within " + milliseconds(r.TimeoutMS).String()
	switch {
	case timedOut(err) && connected:
		return &failure{what: "no answer" + within, cause: err}
	case timedOut(err):
		return &failure{what: "no connection" + within, cause: err}
	case strings.Contains(err.Error(), "malformed HTTP"):
		return &failure{what: "the answer is not HTTP", evidence: cut(plainError(err), maxEvidence), cause: err}
	}
	return broken(r.Via, err)
}

// judge compares an answer with what is expected.
func (r *request) judge(resp *http.Response) (op.Result, *failure) {
	if !slices.Contains(r.Status, resp.StatusCode) {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxEvidence)) // the status alone decides
		return op.Result{}, &failure{what: fmt.Sprintf("status %d, expected %s", resp.StatusCode, r.statuses()), evidence: show(resp, body)}
	}
	kept := cmp.Or(r.Limit, op.DefaultOutput)
	limit := kept + 1 // one more tells that there is more
	if r.Contains != "" {
		limit = max(limit, maxBody)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	found := bytes.Contains(body[:min(len(body), maxBody)], []byte(r.Contains))
	switch {
	case r.Contains != "" && found:
	case err != nil:
		return op.Result{}, r.cutShort(resp, body, err)
	case !found:
		what := "body does not contain " + quote(r.Contains)
		if len(body) >= maxBody {
			what += " in its first 1 MiB"
		}
		return op.Result{}, &failure{what: what, evidence: show(resp, body)}
	}
	result := &op.HTTPResult{Status: resp.StatusCode}
	result.Body, result.BodyRaw, result.BodyCut = keep(body, int(kept))
	result.BodyCut = result.BodyCut || err != nil // it was found, and what comes behind it did not arrive
	return op.Result{HTTP: result}, nil
}

// cutShort is a body that does not come to its end.
func (r *request) cutShort(resp *http.Response, body []byte, err error) *failure {
	f := broken(r.Via, err)
	f.evidence = show(resp, body)
	switch {
	case timedOut(err):
		f.what = "the body did not end within " + milliseconds(r.TimeoutMS).String()
	case f.final: // the host that the probe begins on is lost
	default:
		f.what = fmt.Sprintf("the body broke off after %d bytes: %s", len(body), f.what)
	}
	return f
}

func (r *request) statuses() string {
	texts := make([]string, len(r.Status))
	for i, s := range r.Status {
		texts[i] = strconv.Itoa(s)
	}
	return strings.Join(texts, " or ")
}

// shown are the headers that tell why an answer is what it is.
var shown = []string{"Content-Type", "Content-Length", "Location", "Retry-After", "Server", "Www-Authenticate"}

// show writes the beginning of an answer.
func show(resp *http.Response, body []byte) string {
	var b strings.Builder
	b.WriteString(cut(resp.Proto+" "+resp.Status, maxWords))
	for _, name := range shown {
		if value := resp.Header.Get(name); value != "" {
			b.WriteString("\n" + name + ": " + cut(value, maxWords))
		}
	}
	if len(body) > 0 {
		b.WriteString("\n\n" + text(body, maxEvidence))
	}
	return b.String()
}
