package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/openfroyo/froyo/runner/escape"
	"github.com/openfroyo/froyo/runner/op"
	"github.com/openfroyo/froyo/runner/target"
)

// Bounds of what is told of an answer, in bytes.
const (
	maxWords    = 300
	maxEvidence = 1 << 10
)

// failure is an attempt that did not go as expected.
type failure struct {
	what     string // in few words, on one line, escaped
	evidence string // what came, as it came
	cause    error  // or nil
	final    bool   // another attempt would be no better
	class    op.Class
}

// result tells the failure of the last of some attempts.
func (f *failure) result(attempts int, took time.Duration) op.Result {
	e := &op.Error{Class: f.class, Code: "probe"}
	if e.Class == "" {
		e.Class = op.Transient
	}
	e.Message = fmt.Sprintf("%s (%s in %s)", f.what, plural(attempts, "attempt"), short(took))
	if f.evidence != "" {
		e.Message += "\n" + strings.ToValidUTF8(f.evidence, "\uFFFD")
	}
	return op.Result{Error: e}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// short rounds a time to what people care about.
func short(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Millisecond)
}

// wrong is a probe that cannot be made as asked.
func wrong(format string, args ...any) *failure {
	return &failure{what: words(fmt.Sprintf(format, args...)), final: true, class: op.Permanent}
}

// noVia is a host to begin on that there is no connection to.
func noVia(host string, err error) *failure {
	f := &failure{what: "there is no connection to " + words(host) + " to probe from: ", cause: err, final: true}
	lost, ok := errors.AsType[*target.Error](err)
	if !ok {
		f.what += words(err.Error())
		return f
	}
	f.what += lost.Message // escaped already
	f.evidence = lost.Detail
	return f
}

// errno is what the kernel says, here or on the host that a probe begins on.
type errno struct {
	code  string // as runners give it
	err   syscall.Errno
	words string
	// closed says that nothing took the connection, as opposed to no way there.
	closed bool
}

var errnos = []errno{
	{"econnrefused", syscall.ECONNREFUSED, "connection refused", true},
	{"econnreset", syscall.ECONNRESET, "connection reset", true},
	{"epipe", syscall.EPIPE, "connection reset", true},
	{"etimedout", syscall.ETIMEDOUT, "no connection: the address does not answer", true},
	{"ehostunreach", syscall.EHOSTUNREACH, "no route to the host", true},
	{"enetunreach", syscall.ENETUNREACH, "the network is unreachable", false},
}

// errnoOf finds what the kernel said.
func errnoOf(err error) (errno, bool) {
	remote, _ := errors.AsType[*op.Error](err)
	for _, e := range errnos {
		if remote != nil && remote.Code == e.code || errors.Is(err, e.err) {
			return e, true
		}
	}
	return errno{}, false
}

// timedOut reports whether it was the time that ended an attempt.
func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// broken is a connection, or the making of one, that went wrong.
func broken(via string, err error) *failure {
	if lost, ok := errors.AsType[*target.Error](err); ok {
		return noVia(via, lost)
	}
	f := &failure{cause: err}
	if e, ok := errnoOf(err); ok {
		f.what = e.words
		return f
	}
	remote, isRemote := errors.AsType[*op.Error](err)
	name, isName := errors.AsType[*net.DNSError](err)
	alert, isNet := errors.AsType[*net.OpError](err)
	certificate, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, isNoTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case isRemote:
		f.what = words(remote.Message)
	case isName && name.IsNotFound:
		f.what = "the name " + words(name.Name) + " is unknown"
	case isName:
		f.what = "the name " + words(name.Name) + " cannot be resolved: " + words(name.Err)
	case isCertificate:
		f.what, f.evidence = certificateWords(certificate)
	case isNet && alert.Op == "remote error": // as crypto/tls passes alerts on
		f.what = "the server refused TLS: " + words(strings.TrimPrefix(alert.Err.Error(), "tls: "))
	case isNoTLS, errors.Is(err, http.ErrSchemeMismatch):
		f.what = "the server does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.what = "the connection was closed before the answer came"
	default:
		f.what = words(plainError(err))
	}
	return f
}

// plainError drops what the libraries put before their errors.
func plainError(err error) string {
	text := err.Error()
	for _, prefix := range []string{"net/http: ", "HTTP/1.x transport connection broken: ", "net/http: ", "http2: ", "http: ", "tls: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

// certificateWords says what is wrong with a certificate, and shows whose it is.
func certificateWords(err *tls.CertificateVerificationError) (what, evidence string) {
	if len(err.UnverifiedCertificates) == 0 {
		return words("certificate: " + err.Err.Error()), ""
	}
	leaf := err.UnverifiedCertificates[0]
	names := "certificate is for " + namesOf(leaf)
	until := "valid until " + leaf.NotAfter.UTC().Format(time.DateOnly)
	evidence = fmt.Sprintf("subject: %s\nissuer: %s\nvalid: %s to %s", cut(leaf.Subject.String(), maxWords), cut(leaf.Issuer.String(), maxWords),
		leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339))
	host, isHost := errors.AsType[x509.HostnameError](err.Err)
	invalid, isInvalid := errors.AsType[x509.CertificateInvalidError](err.Err)
	_, isUnknown := errors.AsType[x509.UnknownAuthorityError](err.Err)
	switch {
	case isHost:
		what = names + ", " + until + ", expected " + words(host.Host)
	case isInvalid && invalid.Reason == x509.Expired && time.Now().Before(leaf.NotBefore):
		what = names + ", not valid before " + leaf.NotBefore.UTC().Format(time.DateOnly) + clock()
	case isInvalid && invalid.Reason == x509.Expired:
		what = names + ", which was " + until + clock()
	case isUnknown:
		what = names + ", " + until + ", signed by " + words(leaf.Issuer.String()) + ", which is not trusted here"
	default:
		what = names + ": " + words(strings.TrimPrefix(err.Err.Error(), "x509: "))
	}
	return what, evidence
}

// clock is what the clock says by which a certificate is not valid: it may be wrong.
func clock() string { return "; the clock says " + time.Now().UTC().Format(time.DateOnly) }

// namesOf lists whom a certificate is for.
func namesOf(c *x509.Certificate) string {
	names := c.DNSNames
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{c.Subject.CommonName}
	}
	const most = 3
	text := strings.Join(names[:min(len(names), most)], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return words(text)
}

// words makes foreign text fit for a line of a message.
func words(s string) string { return escape.Text(cut(s, maxWords)) }

// quote is words for text that is looked for.
func quote(s string) string { return strconv.Quote(cut(s, 80)) }

// cut bounds a text without breaking a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return string(whole([]byte(s[:limit]))) + "..."
}

// whole drops the beginning of a character from the end of what was cut off.
func whole(b []byte) []byte {
	for i := len(b) - 1; i >= max(0, len(b)-utf8.UTFMax); i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			return b
		}
	}
	return b
}

// text makes what came valid UTF-8, and bounds it.
func text(b []byte, limit int) string {
	if len(b) > limit {
		b = whole(b[:limit])
	}
	return string(bytes.ToValidUTF8(b, []byte("\uFFFD")))
}

// keep is what is kept of what came: as text, and raw where it is not UTF-8.
func keep(b []byte, limit int) (kept, raw string, cut bool) {
	cut = len(b) > limit
	valid := b
	if cut {
		b, valid = b[:limit], whole(b[:limit])
	}
	if utf8.Valid(valid) {
		return string(valid), "", cut
	}
	return text(b, op.DefaultOutput), base64.StdEncoding.EncodeToString(b), cut
}
