package probe_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/perform/performtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// get makes one probe of a URL that expects status 200 unless told otherwise.
func get(t *testing.T, p op.HTTPProbe) op.Result {
	t.Helper()
	if p.Status == nil {
		p.Status = []int{200}
	}
	if p.Attempts == 0 {
		p.Tries = once
	}
	return ask(t, op.Op{HTTP: &p})
}

// server answers with what was asked.
func server(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s host=%s agent=%s token=%s body=%s", r.Proto, r.Method, r.Host, r.UserAgent(), r.Header.Get("X-Token"), body)
	})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(502)
		_, _ = io.WriteString(w, "upstream is \x1b[31mgone\n"+strings.Repeat("é", 5000))
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo", http.StatusMovedPermanently)
	})
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("é", 100_000)+"end")
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "event: ready\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestHTTP(t *testing.T) {
	s := server(t)
	other := server(t)
	host := strings.TrimPrefix(s.URL, "http://")
	tests := []struct {
		name  string
		probe op.HTTPProbe
		want  op.HTTPResult
	}{
		{"get", op.HTTPProbe{URL: "/echo"}, op.HTTPResult{Status: 200, Body: "HTTP/1.1 GET host=" + host + " agent=froyo-probe token= body="}},
		{
			"all there is",
			op.HTTPProbe{URL: "/echo", Method: "PUT", Body: "hello", Headers: map[string]string{"x-token": "t", "Host": "web.example", "User-Agent": "me"}, Contains: "body=hello"},
			op.HTTPResult{Status: 200, Body: "HTTP/1.1 PUT host=web.example agent=me token=t body=hello"},
		},
		{"no body", op.HTTPProbe{URL: "/echo", Method: "HEAD"}, op.HTTPResult{Status: 200}},
		{"a status among several", op.HTTPProbe{URL: "/none", Status: []int{200, 404}}, op.HTTPResult{Status: 404, Body: "404 page not found\n"}},
		{"a redirect as such", op.HTTPProbe{URL: "/moved", Status: []int{301}}, op.HTTPResult{Status: 301, Body: "<a href=\"/echo\">Moved Permanently</a>.\n\n"}},
		{
			"a redirect that is followed",
			op.HTTPProbe{URL: "/moved", Follow: true, Headers: map[string]string{"X-Token": "t"}},
			op.HTTPResult{Status: 200, Body: "HTTP/1.1 GET host=" + host + " agent=froyo-probe token=t body="},
		},
		{
			"a redirect to another server gets no headers",
			op.HTTPProbe{URL: "/away?to=" + other.URL + "/echo", Follow: true, Headers: map[string]string{"X-Token": "t"}},
			op.HTTPResult{Status: 200, Body: "HTTP/1.1 GET host=" + strings.TrimPrefix(other.URL, "http://") + " agent=froyo-probe token= body="},
		},
		{"the end of a big body", op.HTTPProbe{URL: "/big", Contains: "éend"}, op.HTTPResult{Status: 200, Body: strings.Repeat("é", maxKept/2), BodyCut: true}},
		{"a big body", op.HTTPProbe{URL: "/big"}, op.HTTPResult{Status: 200, Body: strings.Repeat("é", maxKept/2), BodyCut: true}},
		{"a big body up to a limit", op.HTTPProbe{URL: "/big", Limit: maxKept + 1}, op.HTTPResult{Status: 200, Body: strings.Repeat("é", maxKept/2), BodyCut: true}},
		{"a body without end", op.HTTPProbe{URL: "/endless"}, op.HTTPResult{Status: 200, Body: strings.Repeat("\x00", maxKept), BodyCut: true}},
		{"found in a stream", op.HTTPProbe{URL: "/stream", Contains: "ready", Tries: op.Tries{TimeoutMS: 300, Attempts: 1}}, op.HTTPResult{Status: 200, Body: "event: ready\n", BodyCut: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.probe.URL = s.URL + tt.probe.URL
			r := get(t, tt.probe)
			if r.Error != nil {
				t.Fatal(r.Error)
			}
			tt.want.Attempts = 1
			if diff := cmp.Diff(&tt.want, r.HTTP); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

const maxKept = 64 << 10

func TestHTTPFails(t *testing.T) {
	s := server(t)
	short := op.Tries{TimeoutMS: 200, Attempts: 1}
	secret := "http://user:hunter2@127.0.0.1:bad/"
	tests := []struct {
		name  string
		probe op.HTTPProbe
		want  string
		parts []string
	}{
		{"another status", op.HTTPProbe{URL: s.URL + "/bad"}, "status 502, expected 200", []string{"HTTP/1.1 502 Bad Gateway\n", "Retry-After: 120\n", "\n\nupstream is \x1b[31mgone\né"}},
		{"none of several", op.HTTPProbe{URL: s.URL + "/bad", Status: []int{200, 204}}, "status 502, expected 200 or 204", nil},
		{"a redirect", op.HTTPProbe{URL: s.URL + "/moved"}, "status 301, expected 200", []string{"Location: /echo"}},
		{"redirects without end", op.HTTPProbe{URL: s.URL + "/loop", Follow: true}, "more than 10 redirects, the last to " + s.URL + "/loop", nil},
		{"a redirect to a file", op.HTTPProbe{URL: s.URL + "/file", Follow: true}, `unsupported protocol scheme "file"`, nil},
		{"another body", op.HTTPProbe{URL: s.URL + "/echo", Contains: "ready\n"}, `body does not contain "ready\n"`, []string{"HTTP/1.1 200 OK", "GET host="}},
		{"an endless body", op.HTTPProbe{URL: s.URL + "/endless", Contains: "ready"}, `body does not contain "ready" in its first 1 MiB`, nil},
		{"a slow body", op.HTTPProbe{URL: s.URL + "/stream", Tries: short}, "the body did not end within 200ms", []string{"event: ready"}},
		{"a body that breaks off", op.HTTPProbe{URL: s.URL + "/broken"}, "the body broke off after 4 bytes: the connection was closed before the answer came", []string{"half"}},
		{"refused", op.HTTPProbe{URL: "http://127.0.0.1:" + itoa(performtest.ClosedPort(t))}, "connection refused", nil},
		{"no TLS", op.HTTPProbe{URL: "https" + strings.TrimPrefix(s.URL, "http")}, "the server does not speak TLS", nil},
		{"silence", op.HTTPProbe{URL: at(t, hold), Tries: short}, "no answer within 200ms", nil},
		{"silence instead of TLS", op.HTTPProbe{URL: "https" + strings.TrimPrefix(at(t, hold), "http"), Tries: short}, "no answer within 200ms", nil},
		{"hung up", op.HTTPProbe{URL: at(t, func(conn *net.TCPConn) { _, _ = conn.Read(make([]byte, 1)); _ = conn.CloseWrite(); hold(conn) })}, "the connection was closed before the answer came", nil},
		{"spoken to unasked", op.HTTPProbe{URL: at(t, func(conn *net.TCPConn) { _, _ = io.WriteString(conn, "220 hello\r\n"); hold(conn) })}, "the answer is not HTTP", []string{`"hello"`}},
		{"no HTTP", op.HTTPProbe{URL: at(t, says("SSH-2.0-\x1b[2J\r\n"))}, "the answer is not HTTP", []string{`SSH-2.0-\x1b[2J`}},
		{"endless headers", op.HTTPProbe{URL: at(t, endlessHeaders)}, "server response headers exceeded 65536 bytes; aborted", nil},
		{"headers drop by drop", op.HTTPProbe{URL: at(t, slowHeaders), Tries: short}, "no answer within 200ms", nil},
		{"interim answers without end", op.HTTPProbe{URL: at(t, interim)}, "server response headers exceeded 65536 bytes; aborted", nil},
		{"no scheme", op.HTTPProbe{URL: "localhost:80/"}, `url begins with "localhost", expected http:// or https://`, nil},
		{"another scheme", op.HTTPProbe{URL: "file:///etc/passwd"}, `url begins with "file", expected http:// or https://`, nil},
		{"no host", op.HTTPProbe{URL: "http:///x"}, "url names no host", nil},
		{"no URL", op.HTTPProbe{URL: secret}, `url cannot be read: invalid port ":bad" after host`, nil},
		{"no method", op.HTTPProbe{URL: s.URL, Method: "G ET"}, `method "G ET" is not one`, nil},
		{"no header", op.HTTPProbe{URL: s.URL, Headers: map[string]string{"A": "b\r\nC: d"}}, `header "A" is not one: its name is no token, or its value has control characters`, nil},
		{"no authority", op.HTTPProbe{URL: s.URL, CA: "PEM"}, "ca holds no certificate in PEM", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := get(t, tt.probe).Error
			wantFailure(t, e, tt.want, tt.parts...)
			if strings.Contains(e.Message, "hunter2") || !utf8.ValidString(e.Message) {
				t.Errorf("the message is %q", e.Message)
			}
		})
	}
}

// at is the URL of a server that handles connections by itself.
func at(t *testing.T, handle func(*net.TCPConn)) string {
	return "http://127.0.0.1:" + itoa(listen(t, handle)) + "/"
}

func endlessHeaders(conn *net.TCPConn) {
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
	for n := 0; err == nil; n++ {
		_, err = fmt.Fprintf(conn, "X-%d: %s\r\n", n, strings.Repeat("x", 1000))
	}
}

func slowHeaders(conn *net.TCPConn) {
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nX: ")
	for err == nil {
		time.Sleep(10 * time.Millisecond)
		_, err = io.WriteString(conn, "x")
	}
}

func interim(conn *net.TCPConn) {
	var err error
	for err == nil {
		_, err = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\nX: "+strings.Repeat("x", 1000)+"\r\n\r\n")
	}
}

// authority signs certificates for tests.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.key, a.cert = a.sign(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Test \x1b[31mCA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	})
	a.pem = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
	return a
}

// sign makes a certificate, signed by itself where the authority has none yet.
func (a *authority) sign(t *testing.T, c *x509.Certificate) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(1)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

// serve starts a server with a certificate for names that is valid between two times.
func (a *authority) serve(t *testing.T, from, to time.Duration, names ...string) string {
	t.Helper()
	c := &x509.Certificate{Subject: pkix.Name{CommonName: "web"}, NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to), DNSNames: names}
	if len(names) > 0 && names[0] == "127.0.0.1" {
		c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	key, cert := a.sign(t, c)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestTLS(t *testing.T) {
	const day = 24 * time.Hour
	a := newAuthority(t)
	good := a.serve(t, -day, day, "127.0.0.1")
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.DateOnly) }
	wrong := op.HTTPProbe{URL: a.serve(t, -day, day, "other.example", "b.example", "c.example", "d.example"), CA: a.pem}
	if r := get(t, op.HTTPProbe{URL: good, CA: a.pem}); r.HTTP == nil || r.HTTP.Body != "HTTP/2.0" {
		t.Errorf("got %+v, %v", r.HTTP, r.Error)
	}
	insecure := wrong
	insecure.Insecure = true
	if r := get(t, insecure); r.HTTP == nil {
		t.Errorf("without verifying: %v", r.Error)
	}
	tests := []struct {
		name  string
		probe op.HTTPProbe
		want  string
	}{
		{"for another", wrong, "certificate is for other.example, b.example, c.example and 1 more, valid until " + date(day) + ", expected 127.0.0.1"},
		{"expired", op.HTTPProbe{URL: a.serve(t, -9*day, -2*day, "127.0.0.1"), CA: a.pem}, "certificate is for 127.0.0.1, which was valid until " + date(-2*day) + "; the clock says " + date(0)},
		{"too early", op.HTTPProbe{URL: a.serve(t, 2*day, 9*day, "127.0.0.1"), CA: a.pem}, "certificate is for 127.0.0.1, not valid before " + date(2*day) + "; the clock says " + date(0)},
		{"unknown authority", op.HTTPProbe{URL: good}, "certificate is for 127.0.0.1, valid until " + date(day) + `, signed by CN=Test \x1b[31mCA, which is not trusted here`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantFailure(t, get(t, tt.probe).Error, tt.want, "issuer: CN=Test", "valid: ")
		})
	}
	t.Run("refused", func(t *testing.T) {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
		s.StartTLS()
		defer s.Close()
		wantFailure(t, get(t, op.HTTPProbe{URL: s.URL, Insecure: true}).Error, "the server refused TLS: handshake failure")
	})
}
