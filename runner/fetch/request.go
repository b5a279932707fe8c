package fetch

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
)

// Bounds of a request.
const (
	maxRedirects = 10
	maxHeaders   = 64 << 10
	connectTime  = 30 * time.Second
	answerTime   = time.Minute // until the first byte of an answer
	toldAfter    = time.Second
)

// request is one download.
type request struct {
	*op.Fetch
	host string                                        // where the connection begins, where ByHost is set
	dial func(ctx context.Context) (probe.Dial, error) // nil for this machine
	note func(text string)
}

// key is equal for requests that get the same.
func (r *request) key() (string, error) {
	key, err := json.Marshal(op.Fetch{URL: r.URL, Sum: r.Sum, Headers: r.Headers, CA: r.CA, Proxy: r.Proxy, ByHost: r.ByHost, MaxBytes: r.MaxBytes})
	if r.ByHost { // each host may be answered otherwise
		key = append(key, r.host...)
	}
	return string(key), err
}

// refuse is a request that trying again will not help.
func refuse(format string, args ...any) *op.Error {
	return &op.Error{Class: op.Permanent, Code: "fetch", Message: fmt.Sprintf(format, args...)}
}

// download requests the file and keeps it where it is the right one.
func (r *request) download(ctx context.Context) (*op.Blob, error) {
	client, err := r.client(ctx)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, http.NoBody)
	if err != nil {
		return nil, refuse("url cannot be read: %v", bare(err))
	}
	req.Header.Set("User-Agent", "froyo")
	req.Header.Set("Accept-Encoding", "identity") // it is to have the digest that the server's file has
	for name, value := range r.Headers {
		req.Header.Set(name, value)
		if strings.EqualFold(name, "Host") {
			req.Host = value
		}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.fault(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		e := refuse("%s answered %s, expected 200", r.called(), bounded(resp.Status))
		if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
			e.Class = op.Transient
		}
		return nil, e
	}
	return r.keep(ctx, resp)
}

// client is what makes the request.
func (r *request) client(ctx context.Context) (*http.Client, error) {
	u, err := url.Parse(r.URL)
	switch {
	case err != nil:
		return nil, refuse("url cannot be read: %v", bare(err))
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return nil, refuse("url is none of http:// or https:// with a host")
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CA != "" {
		if config.RootCAs, err = x509.SystemCertPool(); err != nil {
			config.RootCAs = x509.NewCertPool() // a machine without roots of its own
		}
		if !config.RootCAs.AppendCertsFromPEM([]byte(r.CA)) {
			return nil, refuse("ca holds no certificate in PEM")
		}
	}
	dial := (&net.Dialer{Timeout: connectTime}).DialContext
	if r.dial != nil {
		if dial, err = r.dial(ctx); err != nil {
			return nil, err
		}
	}
	transport := &http.Transport{
		DialContext: dial, TLSClientConfig: config, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeaders,
		TLSHandshakeTimeout: connectTime, ResponseHeaderTimeout: answerTime,
	}
	if r.Proxy != "" {
		proxy, err := url.Parse(r.Proxy)
		if err != nil || proxy.Hostname() == "" {
			return nil, refuse("proxy is no URL with a host")
		}
		transport.Proxy = http.ProxyURL(proxy)
	}
	return &http.Client{Transport: transport, CheckRedirect: r.redirect}, nil
}

// redirect decides whether one is followed. Headers are for the server that the URL names: they may hold secrets.
func (r *request) redirect(req *http.Request, before []*http.Request) error {
	switch {
	case len(before) >= maxRedirects:
		return fmt.Errorf("more than %d redirects, the last to %s", maxRedirects, req.URL.Redacted())
	case before[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("redirected from https to %s, where everyone on the way can change the file", req.URL.Redacted())
	case req.URL.Scheme != "https" && req.URL.Scheme != "http":
		return fmt.Errorf("redirected to %s, expected http or https", req.URL.Redacted())
	}
	if req.URL.Host != before[0].URL.Host {
		for name := range r.Headers {
			req.Header.Del(name)
		}
	}
	return nil
}

// keep writes what comes to a file without a name, and compares it with what has to come.
func (r *request) keep(ctx context.Context, resp *http.Response) (*op.Blob, error) {
	limit := cmp.Or(r.MaxBytes, op.DefaultFetched)
	if resp.ContentLength > limit {
		return nil, refuse("%s has %d bytes, more than the %d that are allowed", r.called(), resp.ContentLength, limit)
	}
	file, err := nameless()
	if err != nil {
		return nil, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(file, sum), io.LimitReader(&told{from: resp.Body, size: resp.ContentLength, last: time.Now(), note: r.note}, limit+1))
	switch {
	case err != nil:
		err = r.fault(ctx, err)
	case n > limit:
		err = refuse("%s has more than the %d bytes that are allowed", r.called(), limit)
	case resp.ContentLength >= 0 && n != resp.ContentLength:
		err = &op.Error{Class: op.Transient, Code: "fetch", Message: fmt.Sprintf("%s broke off after %d of %d bytes", r.called(), n, resp.ContentLength)}
	}
	got := hex.EncodeToString(sum.Sum(nil))
	if err == nil && r.Sum != "" && !strings.EqualFold(got, r.Sum) {
		err = refuse("%s has the wrong checksum, and nothing was changed: it is sha256:%s, expected sha256:%s", r.called(), got, strings.ToLower(r.Sum))
	}
	if err != nil {
		_ = file.Close() // the error that led here is the one to tell
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, 0, n)), nil }
	return &op.Blob{Sum: got, Size: n, Open: open}, nil
}

// nameless makes a file without a name, which is gone with the process, or when nothing refers to it.
func nameless() (*os.File, error) {
	file, err := os.CreateTemp("", "froyo-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// fault says why a request failed.
func (r *request) fault(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &op.Error{Class: op.Transient, Code: "timeout", Message: "downloading " + r.called() + " takes longer than the unit may"}
	}
	return fmt.Errorf("downloading %s: %w", r.called(), bare(err))
}

// called is the URL without what may be secret in it.
func (r *request) called() string {
	u, err := url.Parse(r.URL)
	if err != nil {
		return "the file"
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// bare drops the URL, which may hold a password, from an error.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// bounded is a text of the server's, for a message.
func bounded(text string) string {
	const most = 80
	return fmt.Sprintf("%.*q", most, text)
}

// told reads, and tells how far that has come where it takes long.
type told struct {
	from    io.Reader
	n, size int64
	last    time.Time
	note    func(string)
}

func (t *told) Read(b []byte) (int, error) {
	n, err := t.from.Read(b)
	t.n += int64(n)
	if time.Since(t.last) > toldAfter {
		t.last = time.Now()
		text := fmt.Sprintf("downloading: %d MiB", t.n>>20)
		if t.size > 0 {
			text += fmt.Sprintf(" of %d MiB", t.size>>20)
		}
		t.note(text)
	}
	return n, err
}
