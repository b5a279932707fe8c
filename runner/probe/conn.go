package probe

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
)

// connector makes the connections of one attempt over HTTP.
type connector struct {
	dial      Dial
	tls       *tls.Config
	connected atomic.Bool // one came about
}

// open makes a plain connection.
func (c *connector) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.connected.Store(true)
	return newPatient(conn), nil
}

// openTLS makes one with TLS in it.
func (c *connector) openTLS(ctx context.Context, network, address string) (net.Conn, error) {
	plain, err := c.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.connected.Store(true)
	config := c.tls.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
		plain.Close()
		return nil, err
	}
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	if conn.ConnectionState().NegotiatedProtocol == "h2" {
		return conn, nil // net/http has to see what it is
	}
	return newPatient(conn), nil
}

// patient is a connection on which nothing is heard before something was said.
// To net/http a server that speaks unasked is worth a line on the screen, with
// what it said.
type patient struct {
	net.Conn
	said chan struct{}
	say  func()
}

func newPatient(conn net.Conn) *patient {
	p := &patient{Conn: conn, said: make(chan struct{})}
	p.say = sync.OnceFunc(func() { close(p.said) })
	return p
}

func (p *patient) Read(b []byte) (int, error) {
	<-p.said
	return p.Conn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	p.say()
	return p.Conn.Write(b)
}

func (p *patient) Close() error {
	p.say()
	return p.Conn.Close()
}
