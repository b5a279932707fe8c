package op

import (
	"errors"
	"strconv"
	"strings"
)

// The kinds of op on the network.
const (
	KindHTTP    Kind = "probe.http"
	KindTCP     Kind = "probe.tcp"
	KindConnect Kind = "net.connect"
)

// HTTPProbe sends a request until the answer is as expected. It is performed by
// the controller; with Via the connection begins on that host.
type HTTPProbe struct {
	URL     string            `json:"url"`
	Method  string            `json:"method,omitempty"` // GET where empty
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// Status holds the codes that are right, Contains what the body must contain.
	Status   []int  `json:"status"`
	Contains string `json:"contains,omitempty"`
	// CA is a certificate authority to trust beside the system's, as PEM.
	CA string `json:"ca,omitempty"`
	// Insecure does not verify the server's certificate.
	Insecure bool `json:"insecure,omitempty"`
	// Follow follows redirects instead of judging them.
	Follow bool `json:"follow,omitempty"`
	// Limit is how many bytes of the body are kept, 64 KiB where 0.
	Limit int64 `json:"limit,omitempty"`
	Tries
}

// TCPProbe connects to an address until that goes as expected. It is performed
// as an HTTPProbe is.
type TCPProbe struct {
	Address string `json:"address"` // a name or an IP address
	Port    int    `json:"port"`
	// Closed expects that nothing listens there.
	Closed bool `json:"closed,omitempty"`
	// Send is sent first; Contains is what must come back.
	Send     string `json:"send,omitempty"`
	Contains string `json:"contains,omitempty"`
	Tries
}

// Tries is where a probe begins and how often it is made.
type Tries struct {
	// Via names the host from which the connection is made; "" is the controller.
	Via string `json:"via,omitempty"`
	// TimeoutMS bounds each attempt; attempts are IntervalMS apart. Both in milliseconds.
	TimeoutMS  int64 `json:"timeout_ms"`
	Attempts   int   `json:"attempts"`
	IntervalMS int64 `json:"interval_ms,omitempty"`
}

func (t *Tries) validate() error {
	if t.TimeoutMS <= 0 || t.Attempts <= 0 || t.IntervalMS < 0 {
		return errors.New("timeout and attempts must be positive")
	}
	return nil
}

// tell says from where and how often something is asked.
func (t *Tries) tell(w Words) string {
	w.Told("timeout_ms", "attempts", "interval_ms")
	text := either(t.Via == "", "", " from "+w.Quote(t.Via))
	if t.Attempts != 1 {
		text += ", " + strconv.Itoa(t.Attempts) + " times"
	}
	if t.TimeoutMS != 0 {
		text += ", " + w.Milliseconds(t.TimeoutMS) + " at most"
	}
	if t.IntervalMS != 0 {
		text += ", " + w.Milliseconds(t.IntervalMS) + " apart"
	}
	return text
}

func (p *HTTPProbe) kind() Kind      { return KindHTTP }
func (p *HTTPProbe) changes() bool   { return false }
func (p *HTTPProbe) subject() string { return p.URL }
func (p *HTTPProbe) validate() error {
	if p.URL == "" {
		return errors.New("url is empty")
	}
	if len(p.Status) == 0 {
		return errors.New("no status is right")
	}
	if p.Limit < 0 || p.Limit > MaxOutput {
		return errors.New("limit is not within 0 to " + strconv.Itoa(MaxOutput))
	}
	return p.Tries.validate()
}

func (p *HTTPProbe) scope() Scope             { return ScopeHosts }
func (p *HTTPProbe) ends()                    {}
func (p *HTTPProbe) probes()                  {}
func (p *HTTPProbe) subjectKind() SubjectKind { return SubjectURL }
func (p *HTTPProbe) check(r *Result) error    { return fits(r.HTTP != nil) }
func (p *HTTPProbe) tell(w Words) string {
	w.Told("url", "method", "via")
	method := either(p.Method == "" || p.Method == "GET", "", " with "+w.Quote(p.Method))
	return "asks " + tellURL(w, p.URL) + method + p.Tries.tell(w)
}

// tellURL writes a URL, in which more characters are usual than in other arguments.
func tellURL(w Words, url string) string {
	if strings.ContainsAny(url, " '\"<>(),;") {
		return w.Quote(url)
	}
	return either(url == "", "a URL", url)
}

func (p *TCPProbe) kind() Kind      { return KindTCP }
func (p *TCPProbe) changes() bool   { return false }
func (p *TCPProbe) subject() string { return p.Address + ":" + strconv.Itoa(p.Port) }
func (p *TCPProbe) validate() error {
	if p.Address == "" || p.Port < 1 || p.Port > 65535 {
		return errors.New("address is empty, or port is not within 1 to 65535")
	}
	return p.Tries.validate()
}

func (p *TCPProbe) scope() Scope          { return ScopeHosts }
func (p *TCPProbe) ends()                 {}
func (p *TCPProbe) probes()               {}
func (p *TCPProbe) check(r *Result) error { return fits(r.TCP != nil) }
func (p *TCPProbe) tell(w Words) string {
	w.Told("address", "port", "via")
	return "connects to " + w.Quote(p.subject()) + p.Tries.tell(w)
}

// Connect opens a TCP connection from the host and relays it: what is sent to
// the op goes to the address, what comes from there is given out. It is how the
// controller speaks from a host, and nothing that guests may ask for.
type Connect struct {
	Address string `json:"address"` // a name or an IP address
	Port    int    `json:"port"`
}

func (c *Connect) kind() Kind      { return KindConnect }
func (c *Connect) changes() bool   { return false }
func (c *Connect) subject() string { return c.Address + ":" + strconv.Itoa(c.Port) }
func (c *Connect) relays() bool    { return true }
func (c *Connect) validate() error {
	if c.Address == "" || c.Port < 1 || c.Port > 65535 {
		return errors.New("address is empty, or port is not within 1 to 65535")
	}
	return nil
}

// HTTPResult is an answer that was as expected.
type HTTPResult struct {
	Status   int    `json:"status"`
	Body     string `json:"body,omitempty"`     // what was kept of it, as UTF-8
	BodyCut  bool   `json:"body_cut,omitempty"` // there was more
	BodyRaw  string `json:"body_raw,omitempty"` // as base64, where it is not UTF-8
	Attempts int    `json:"attempts"`           // how many it took
}

func (r *HTTPResult) replace(in *Result, text, raw func(string) string) {
	replaced := *r
	replaced.Body, replaced.BodyRaw = text(r.Body), raw(r.BodyRaw)
	in.HTTP = &replaced
}

// TCPResult is a connection that went as expected.
type TCPResult struct {
	Received string `json:"received,omitempty"` // what came back, where Contains was given
	// ReceivedCut and ReceivedRaw are as those of the body of an HTTPResult.
	ReceivedCut bool   `json:"received_cut,omitempty"`
	ReceivedRaw string `json:"received_raw,omitempty"`
	Attempts    int    `json:"attempts"`
}

func (r *TCPResult) replace(in *Result, text, raw func(string) string) {
	replaced := *r
	replaced.Received, replaced.ReceivedRaw = text(r.Received), raw(r.ReceivedRaw)
	in.TCP = &replaced
}
