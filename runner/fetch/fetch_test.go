package fetch_test

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/openfroyo/froyo/runner/fetch"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/probe"
	"github.com/openfroyo/froyo/runner/target"
)

// host is a target that has one file, and remembers what it was sent.
type host struct {
	mu   sync.Mutex
	sum  string
	got  []op.Op
	text string
}

func (h *host) Do(_ context.Context, steps []target.Step) ([]op.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	results := make([]op.Result, len(steps))
	for i, s := range steps {
		switch o := s.Op; {
		case o.Read != nil:
			results[i].Read = &op.ReadResult{Exists: h.sum != "", Regular: h.sum != "", Sum: h.sum}
			continue
		case o.Write != nil:
			from, err := o.Write.Content.Open()
			if err != nil {
				return nil, err
			}
			text, err := io.ReadAll(from)
			if err != nil {
				return nil, err
			}
			h.text, h.sum = string(text), o.Write.Content.Sum
		}
		h.got = append(h.got, s.Op)
		results[i].Done = &op.Done{Changed: true}
	}
	return results, nil
}

func (h *host) Run(ctx context.Context, steps []target.Step) ([]target.Outcome, error) {
	results, err := h.Do(ctx, steps)
	outcomes := make([]target.Outcome, len(results))
	for i, r := range results {
		outcomes[i] = target.Outcome{Result: r, Ran: true}
	}
	return outcomes, err
}

func (h *host) kinds() string {
	var all []string
	for _, o := range h.got {
		all = append(all, string(o.Kind()))
	}
	return strings.Join(all, " ")
}

func download(t *testing.T, h *host, cache *fetch.Cache, f op.Fetch) *op.Error {
	t.Helper()
	f.Path = "/srv/x"
	via := func(context.Context, string) (probe.Dial, error) {
		return func(ctx context.Context, network, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, strings.Replace(address, "inside.example:80", net.JoinHostPort("127.0.0.1", f.Headers["Port"]), 1))
		}, nil
	}
	outcomes, err := fetch.Wrap(h, fetch.Options{Host: "h1", Via: via, Cache: cache}).Run(t.Context(), []target.Step{{Op: op.Op{Fetch: &f}}})
	if err != nil {
		t.Fatal(err)
	}
	return outcomes[0].Result.Error
}

const text = "what is downloaded\n"

func TestDownload(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, text+r.Header.Get("X-Token"))
	}))
	defer server.Close()
	cache, sum := &fetch.Cache{}, op.Sum([]byte(text))
	for range 3 { // hosts
		h := &host{}
		if err := download(t, h, cache, op.Fetch{URL: server.URL, Sum: sum}); err != nil || h.text != text || h.kinds() != "file.write" {
			t.Errorf("%v, %q, %s", err, h.text, h.kinds())
		}
	}
	if asked.Load() != 1 {
		t.Errorf("three hosts asked %d times", asked.Load())
	}
	h := &host{}
	if err := download(t, h, cache, op.Fetch{URL: server.URL, Headers: map[string]string{"X-Token": "secret"}}); err != nil || h.text != text+"secret" {
		t.Errorf("with a header: %v, %q", err, h.text)
	}
	h = &host{sum: sum}
	if err := download(t, h, cache, op.Fetch{URL: server.URL}); err != nil || h.kinds() != "file.attr" {
		t.Errorf("what is there already: %v, %s", err, h.kinds())
	}
	h = &host{}
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if err := download(t, h, cache, op.Fetch{URL: "http://inside.example/", ByHost: true, Headers: map[string]string{"Port": port}}); err != nil || h.text != text {
		t.Errorf("from the host: %v, %q", err, h.text)
	}
}

// TestRefused changes nothing where what comes is not the right file.
func TestRefused(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = w.Write(make([]byte, 1<<10))
		}
	})
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, text)
	})
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	server := httptest.NewServer(mux)
	defer server.Close()
	tls := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/down" {
			http.Redirect(w, r, server.URL+"/ok", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, text)
	}))
	defer tls.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tls.Certificate().Raw}))
	right, wrong := op.Sum([]byte(text)), op.Sum(nil)
	for _, tt := range []struct {
		f     op.Fetch
		want  string
		class op.Class
	}{
		{op.Fetch{URL: server.URL + "/ok", Sum: wrong}, "it is sha256:" + right + ", expected sha256:" + wrong, op.Permanent},
		{op.Fetch{URL: server.URL + "/nothing?token=s3cr3t"}, `/nothing answered "404 Not Found", expected 200`, op.Permanent},
		{op.Fetch{URL: server.URL + "/broken"}, "502", op.Transient},
		{op.Fetch{URL: server.URL + "/ok", MaxBytes: 3}, "more than the 3 that are allowed", op.Permanent},
		{op.Fetch{URL: server.URL + "/endless", MaxBytes: 3}, "more than the 3 bytes that are allowed", op.Permanent},
		{op.Fetch{URL: server.URL + "/short"}, "unexpected EOF", op.Transient},
		{op.Fetch{URL: server.URL + "/round"}, "more than 10 redirects", op.Transient},
		{op.Fetch{URL: server.URL + "/file"}, "redirected to file:///etc/passwd", op.Transient},
		{op.Fetch{URL: tls.URL}, "certificate", op.Transient},
		{op.Fetch{URL: tls.URL + "/down", CA: ca}, "redirected from https to http", op.Transient},
		{op.Fetch{URL: "file:///etc/passwd"}, "none of http:// or https://", op.Permanent},
		{op.Fetch{URL: "http://127.0.0.1:1/"}, "connection refused", op.Transient},
		{op.Fetch{URL: server.URL + "/ok", Proxy: "http://127.0.0.1:1"}, "connection refused", op.Transient},
		{op.Fetch{URL: tls.URL, CA: "nonsense"}, "ca holds no certificate", op.Permanent},
	} {
		h := &host{}
		err := download(t, h, &fetch.Cache{}, tt.f)
		if err == nil || !strings.Contains(err.Message, tt.want) || err.Class != tt.class || strings.Contains(err.Message, "s3cr3t") {
			t.Errorf("%s: %+v, expected %q", tt.f.URL, err, tt.want)
		}
		if len(h.got) > 0 {
			t.Errorf("%s: the host was sent %s", tt.f.URL, h.kinds())
		}
	}
	h := &host{}
	if err := download(t, h, &fetch.Cache{}, op.Fetch{URL: tls.URL, CA: ca, Sum: strings.ToUpper(right)}); err != nil || h.text != text {
		t.Errorf("with the right authority: %v, %q", err, h.text)
	}
}

// TestHeadersStay sends headers to the server that the URL names, and to no other.
func TestHeadersStay(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "token:"+r.Header.Get("X-Token"))
	}))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer server.Close()
	h := &host{}
	if err := download(t, h, &fetch.Cache{}, op.Fetch{URL: server.URL, Headers: map[string]string{"X-Token": "secret"}}); err != nil || h.text != "token:" {
		t.Errorf("%v, %q", err, h.text)
	}
}

// TestRun performs what stands around a download in its order, and nothing behind one that failed.
func TestRun(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
	defer server.Close()
	step := func(o op.Op) target.Step { return target.Step{Op: o} }
	made, attr := step(op.Op{Mkdir: &op.Mkdir{Path: "/srv"}}), step(op.Op{Attr: &op.Attr{Path: "/srv/x"}})
	for bad, want := range map[bool]string{false: "file.mkdir file.write file.attr", true: "file.mkdir"} {
		sum := op.Sum([]byte(text))
		if bad {
			sum = op.Sum(nil)
		}
		steps := []target.Step{made, step(op.Op{Fetch: &op.Fetch{Path: "/srv/x", URL: server.URL, Sum: sum}}), attr}
		h := &host{}
		outcomes, err := fetch.Wrap(h, fetch.Options{Host: "h1", Cache: &fetch.Cache{}}).Run(t.Context(), steps)
		if err != nil || len(outcomes) != len(steps) || h.kinds() != want || outcomes[2].Ran == bad {
			t.Errorf("%v, %+v, %s", err, outcomes, h.kinds())
		}
	}
	h := &host{}
	results, err := fetch.Wrap(h, fetch.Options{Host: "h1", Cache: &fetch.Cache{}}).Do(t.Context(), []target.Step{made, attr, step(op.Op{Fetch: &op.Fetch{Path: "/srv/x", URL: server.URL}})})
	if err != nil || len(results) != 3 || results[2].Done == nil {
		t.Errorf("%v, %+v", err, results)
	}
}
